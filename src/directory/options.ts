/** What the directory is told at start; the configuration fills it. */

import type { DigestSecret, PersonCard } from "../gateway/sides";
import type { LdapOptions } from "./ldap/options";

export interface DirectoryOptions {
  /** Asked in this order; the first that knows somebody wins. None: everybody is unknown. */
  readonly sources: readonly SourceOptions[];
  readonly cache: CacheOptions;
}

export type SourceOptions = UsersOptions | LdapOptions;

/** The users file. */
export interface UsersOptions {
  readonly kind: "users";
  /** Name for logs and commands: that of the file. */
  readonly name: string;
  readonly people: readonly ListedPerson[];
}

/** One user of the users file. Several may share a `uri`: they are one person with several names to sign in with. */
export interface ListedPerson {
  readonly username: string;
  readonly realm: string;
  /** Address of record. */
  readonly uri: string;
  readonly ha1: DigestSecret["ha1"];
  /** Further SIP addresses and JIDs of the same person. */
  readonly aliases: readonly string[];
  /** JID of his own; absent: the one that the domain rules give him. */
  readonly jid?: string;
  readonly isAllowed: boolean;
  readonly name?: string;
  readonly card?: PersonCard;
}

export interface CacheOptions {
  /** How long secrets and people are remembered. Milliseconds. */
  readonly lifetimeMs: number;
  /** How long it is remembered that somebody is unknown. */
  readonly absenceMs: number;
  /** Answers remembered at most; as many absences beside them. */
  readonly maximumEntries: number;
  /** Octets of remembered answers at most: photos are large. */
  readonly maximumOctets: number;
  /** One username is asked for anew at most so often, whoever guesses at its password. */
  readonly freshEveryMs: number;
}

/** Twenty minutes and 50,000 people: a university by day. */
export const DEFAULT_CACHE: CacheOptions = {
  lifetimeMs: 20 * 60_000,
  absenceMs: 60_000,
  maximumEntries: 50_000,
  maximumOctets: 64 * 1024 ** 2,
  freshEveryMs: 5_000,
};
