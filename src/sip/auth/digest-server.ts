/** Checks the credentials of users who sign their requests. RFC 3261 §22, RFC 7616 §3, RFC 8760 §2. */

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type AuthenticationValue, formatChallenge, parseCredentials } from "../message/challenge";
import type { HeaderField } from "../message/header-list";
import type { SipRequest } from "../message/message";
import type { DigestUser } from "../options";
import { type DigestAlgorithm, type DigestProtection, digestAlgorithm, digestResponse } from "./digest";
import { Nonces } from "./nonce";

export type DigestVerdict =
  | { readonly kind: "valid"; readonly user: DigestUser }
  /** Nothing for our realm, or a nonce of no use although the answer to it was right (`stale`). */
  | { readonly kind: "challenge"; readonly stale: boolean }
  /** Credentials for our realm that are wrong; the peer cannot tell a wrong user from a wrong password. */
  | { readonly kind: "wrong"; readonly username: string };

export class DigestServer {
  readonly #realm: string;
  readonly #users = new Map<string, DigestUser>();
  readonly #nonces = new Nonces();
  readonly #dummyKey = randomBytes(32);

  /** Users of another realm are left out: their HA1 can never fit our challenges. */
  constructor(realm: string, users: readonly DigestUser[]) {
    this.#realm = realm;
    for (const user of users) if (user.realm === realm) this.#users.set(user.username, user);
  }

  /**
   * Judges the Authorization headers of a request.
   * @param allowLegacy take answers without qop, which prove neither the body nor that they are new (RFC 2069)
   */
  verify(request: SipRequest, allowLegacy: boolean, now: number): DigestVerdict {
    for (const value of request.headers.getAll("Authorization")) {
      const credentials = parseCredentials(value);
      if (credentials?.scheme.toLowerCase() !== "digest") continue;
      if (credentials.parameters.get("realm") !== this.#realm) continue;
      return this.#judge(request, credentials, allowLegacy, now);
    }
    return { kind: "challenge", stale: false };
  }

  /** WWW-Authenticate fields, the stronger first (RFC 8760 §2.3), with one nonce for all of them. */
  challenge(stale: boolean, now: number): readonly HeaderField[] {
    const nonce = this.#nonces.make(now);
    return OFFERS.map(({ algorithm, qop }) => {
      const parameters = new Map([
        ["realm", this.#realm],
        ["nonce", nonce],
        ["algorithm", algorithm],
        ["qop", qop],
      ]);
      if (stale) parameters.set("stale", "true");
      return ["WWW-Authenticate", formatChallenge({ scheme: "Digest", parameters })];
    });
  }

  #judge(
    request: SipRequest,
    { parameters }: AuthenticationValue,
    allowLegacy: boolean,
    now: number,
  ): DigestVerdict {
    const username = parameters.get("username") ?? "";
    const nonce = parameters.get("nonce") ?? "";
    const algorithm = digestAlgorithm(parameters.get("algorithm"));
    const protection = protectionOf(parameters);
    const isOffered = OFFERS.some((offer) => offer.algorithm === algorithm);
    if (algorithm === undefined || !isOffered || protection === undefined) return { kind: "wrong", username };
    if (protection.qop === "legacy" && !allowLegacy) return { kind: "wrong", username };
    const user = this.#users.get(username);
    const expected = digestResponse({
      algorithm,
      ha1: user?.ha1[algorithm as "MD5" | "SHA-256"] ?? this.#dummyHa1(algorithm, username),
      method: request.method,
      uri: parameters.get("uri") ?? "",
      nonce,
      protection,
      body: request.body,
    });
    const isRight = isSameText(expected, (parameters.get("response") ?? "").toLowerCase());
    if (user === undefined || user.ha1[algorithm as "MD5" | "SHA-256"] === undefined || !isRight) {
      return { kind: "wrong", username };
    }
    if (this.#nonces.check(nonce, now) !== "good") return { kind: "challenge", stale: true };
    if (protection.qop === "legacy") return { kind: "valid", user };
    const isFresh = this.#nonces.use(nonce, Number.parseInt(protection.nc, 16), now);
    return isFresh ? { kind: "valid", user } : { kind: "challenge", stale: true };
  }

  /** An unknown user costs the same work as a known one, so that the time taken tells nothing. */
  #dummyHa1(algorithm: DigestAlgorithm, username: string): string {
    const hex = createHmac("sha256", this.#dummyKey).update(username).digest("hex");
    return algorithm === "MD5" ? hex.slice(0, 32) : hex;
  }
}

/** qop, nc and cnonce; undefined when they do not fit together. Without qop whatever nc says means nothing (RFC 2617). */
function protectionOf(parameters: ReadonlyMap<string, string>): DigestProtection | undefined {
  const qop = parameters.get("qop")?.toLowerCase();
  if (qop === undefined) return { qop: "legacy" };
  const nc = parameters.get("nc") ?? "";
  const cnonce = parameters.get("cnonce");
  if ((qop !== "auth" && qop !== "auth-int") || !NONCE_COUNT.test(nc) || cnonce === undefined)
    return undefined;
  return { qop, nc, cnonce };
}

function isSameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * Old phones read MD5 only, and some take the whole qop list for one word: they are offered `auth` alone. auth-int is
 * taken from either.
 */
const OFFERS = [
  { algorithm: "SHA-256", qop: "auth,auth-int" },
  { algorithm: "MD5", qop: "auth" },
] as const;
const NONCE_COUNT = /^[0-9A-Fa-f]{8}$/;
