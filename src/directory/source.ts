/** What a source of people is asked, and what it answers. */

import type { DigestSecret, DirectoryAnswer, Looked, Person } from "../gateway/sides";
import type { SipAddress } from "./addresses";

/** Who is it? Both forms of an address where the domain rules know both. */
export type Question =
  | { readonly kind: "sip"; readonly sip: SipAddress; readonly jid: string | undefined }
  | { readonly kind: "jid"; readonly jid: string; readonly sip: SipAddress | undefined }
  | {
      readonly kind: "username";
      readonly username: string;
      readonly realm: string;
      /** With name and card as well; whoever signs in needs his secret and his addresses alone. */
      readonly isWhole?: true;
    };

/** Somebody found. */
export interface Found {
  readonly person: Person;
  /** Asked for by username: digest secrets, none where the source holds none. */
  readonly ha1?: DigestSecret["ha1"];
  /** Which server said so, where there are several. */
  readonly server?: string;
}

/** One place that knows people. */
export interface Source {
  /** For logs and commands. */
  readonly name: string;
  /** At once, or a promise that never rejects and always ends. */
  find(question: Question): Looked<Found>;
  search(words: string, limit: number): Promise<DirectoryAnswer<readonly Person[]>>;
  stop(): Promise<void>;
}

export const UNKNOWN: { readonly kind: "unknown" } = Object.freeze({ kind: "unknown" });
