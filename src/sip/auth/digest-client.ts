/** Answers the challenges of a peer with the credentials we have for it. RFC 3261 §22.2, §22.3, RFC 7616 §3.4, RFC 8760 §2.4. */

import type { Ids } from "../../gateway/sides";
import { type AuthenticationValue, formatCredentials, parseChallenge } from "../message/challenge";
import type { HeaderField } from "../message/header-list";
import type { SipResponse } from "../message/message";
import {
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  type DigestProtection,
  digestAlgorithm,
  digestHa1,
  digestResponse,
} from "./digest";

export interface DigestCredentials {
  readonly username: string;
  readonly password: string;
}

/** What is signed. */
export interface SignedRequest {
  readonly method: string;
  readonly uri: string;
  readonly body: Uint8Array;
}

/** A nonce that a server gave, with the count of its uses. */
interface Session {
  readonly header: "Authorization" | "Proxy-Authorization";
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: DigestAlgorithm;
  /** The algorithm as the server spelled it; undefined when it named none. */
  readonly algorithmText: string | undefined;
  readonly qop: "auth" | "auth-int" | "legacy";
  readonly ha1: string;
  count: number;
}

/** The challenges that one request has answered; a second refusal of the same realm ends it. */
export type AnsweredRealms = Set<string>;

/** One for each peer: nonces are kept and used again, so that only the first request is challenged. */
export class DigestClient {
  readonly #credentials: DigestCredentials;
  readonly #ids: Ids;
  readonly #sessions = new Map<string, Session>();

  constructor(credentials: DigestCredentials, ids: Ids) {
    this.#credentials = credentials;
    this.#ids = ids;
  }

  /** Credentials for every realm that has challenged us. */
  sign(request: SignedRequest): readonly HeaderField[] {
    if (this.#sessions.size === 0) return NONE;
    return Array.from(this.#sessions.values(), (session) => this.#signFor(session, request));
  }

  /**
   * Takes the challenges of a 401 or 407. True: there is something new to answer, send again with `sign`.
   * @param answered realms that this request has answered before; added to
   */
  challenged(response: SipResponse, answered: AnsweredRealms): boolean {
    const isProxy = response.status === 407;
    const header = isProxy ? "Proxy-Authorization" : "Authorization";
    const strongest = new Map<string, Session & { readonly stale: boolean }>();
    const values = response.headers.getAll(isProxy ? "Proxy-Authenticate" : "WWW-Authenticate");
    for (const value of values.slice(0, MAXIMUM_CHALLENGES)) {
      const challenge = parseChallenge(value);
      const session = challenge && this.#sessionFrom(challenge, header);
      if (session === undefined) continue;
      const rival = strongest.get(session.realm);
      if (rival === undefined || rank(session.algorithm) < rank(rival.algorithm))
        strongest.set(session.realm, session);
    }
    if (strongest.size === 0) return false;
    for (const { realm, stale } of strongest.values())
      if (answered.has(`${header} ${realm}`) && !stale) return false;
    for (const { stale, ...session } of strongest.values()) {
      answered.add(`${header} ${session.realm}`);
      this.#keep(session);
    }
    return true;
  }

  #sessionFrom(
    { scheme, parameters }: AuthenticationValue,
    header: Session["header"],
  ): (Session & { readonly stale: boolean }) | undefined {
    const realm = parameters.get("realm");
    const nonce = parameters.get("nonce");
    const algorithmText = parameters.get("algorithm");
    const algorithm = digestAlgorithm(algorithmText);
    const qop = chooseQop(parameters.get("qop"));
    if (scheme.toLowerCase() !== "digest" || realm === undefined || nonce === undefined) return undefined;
    if (algorithm === undefined || qop === undefined) return undefined;
    const ha1 = digestHa1(algorithm, this.#credentials.username, realm, this.#credentials.password);
    const stale = parameters.get("stale")?.toLowerCase() === "true";
    return {
      header,
      realm,
      nonce,
      opaque: parameters.get("opaque"),
      algorithm,
      algorithmText,
      qop,
      ha1,
      count: 0,
      stale,
    };
  }

  #keep(session: Session): void {
    const key = `${session.header} ${session.realm}`;
    if (this.#sessions.size >= MAXIMUM_REALMS && !this.#sessions.has(key)) {
      for (const oldest of this.#sessions.keys()) {
        this.#sessions.delete(oldest);
        break;
      }
    }
    // The same nonce again (several requests were challenged at once): go on counting, a count must never repeat.
    const known = this.#sessions.get(key);
    if (known?.nonce === session.nonce) session.count = known.count;
    this.#sessions.set(key, session);
  }

  #signFor(session: Session, request: SignedRequest): HeaderField {
    const { realm, nonce, opaque, algorithm, algorithmText, qop, ha1 } = session;
    session.count++;
    const nc = session.count.toString(16).padStart(8, "0");
    const protection: DigestProtection =
      qop === "legacy" ? { qop } : { qop, nc, cnonce: this.#ids.random(96) };
    const parameters = new Map([
      ["username", this.#credentials.username],
      ["realm", realm],
      ["nonce", nonce],
      ["uri", request.uri],
      ["response", digestResponse({ algorithm, ha1, nonce, protection, ...request })],
    ]);
    if (algorithmText !== undefined) parameters.set("algorithm", algorithmText);
    if (opaque !== undefined) parameters.set("opaque", opaque);
    if (protection.qop !== "legacy") {
      parameters.set("qop", protection.qop);
      parameters.set("nc", protection.nc);
      parameters.set("cnonce", protection.cnonce);
    }
    return [session.header, formatCredentials({ scheme: "Digest", parameters })];
  }
}

/** auth where it is offered, else auth-int; no qop at all is RFC 2069's way; undefined when none of ours is offered. */
function chooseQop(offered: string | undefined): Session["qop"] | undefined {
  if (offered === undefined) return "legacy";
  const options = offered.split(",").map((option) => option.trim().toLowerCase());
  if (options.includes("auth")) return "auth";
  return options.includes("auth-int") ? "auth-int" : undefined;
}

function rank(algorithm: DigestAlgorithm): number {
  return DIGEST_ALGORITHMS.indexOf(algorithm);
}

const NONE: readonly HeaderField[] = [];
/** Challenges read from one response: a few algorithms for a few realms. */
const MAXIMUM_CHALLENGES = 16;
/** Realms remembered for one peer: its proxy, and servers behind it. */
const MAXIMUM_REALMS = 8;
