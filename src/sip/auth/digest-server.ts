/** Checks the credentials of users who sign their requests. RFC 3261 §22, RFC 7616 §3, RFC 8760 §2. */

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { DigestSecret, DirectoryAnswer, Person } from "../../gateway/sides";
import { type AuthenticationValue, formatChallenge, parseCredentials } from "../message/challenge";
import type { HeaderField } from "../message/header-list";
import type { SipRequest } from "../message/message";
import {
  type DigestAlgorithm,
  type DigestProtection,
  digestAlgorithm,
  digestResponse,
  rememberedA2,
} from "./digest";
import { type Guess, GuessGuard } from "./guess-guard";
import { Nonces } from "./nonce";
import type { SecretSource } from "./secrets";

export type DigestVerdict =
  | { readonly kind: "valid"; readonly person: Person }
  /** Nothing for our realm, or a nonce of no use (`stale`). */
  | { readonly kind: "challenge"; readonly stale: boolean }
  /** Credentials for our realm that are wrong; the peer cannot tell a wrong user from a wrong password. */
  | { readonly kind: "wrong"; readonly username: string }
  /** The directory cannot say, or there were too many wrong answers. Seconds. */
  | { readonly kind: "later"; readonly why: "directory" | "guesses"; readonly retryAfter: number };

export interface DigestServerOptions {
  readonly realm: string;
  /** The strongest first. */
  readonly algorithms: readonly DigestAlgorithm[];
  readonly secrets: SecretSource;
}

/** What a request is judged by. */
export interface DigestContext {
  /** Source of the request. */
  readonly address: string;
  /** Take answers without qop, which prove neither the body nor that they are new (RFC 2069)? */
  readonly allowLegacy: boolean;
  /** Is MD5 alone offered, and taken? */
  readonly md5Only: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** An answer that can be judged once the secret is there. */
interface Answer {
  readonly request: SipRequest;
  readonly username: string;
  readonly nonce: string;
  readonly algorithm: DigestAlgorithm;
  readonly protection: DigestProtection;
  readonly uri: string;
  readonly response: string;
  readonly context: DigestContext;
  readonly guess: Guess;
}

export class DigestServer {
  readonly #realm: string;
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #secrets: SecretSource;
  readonly #nonces = new Nonces();
  readonly #guesses = new GuessGuard();
  readonly #hashOfA2 = rememberedA2();
  readonly #dummyKey = randomBytes(32);
  readonly #written: Readonly<Record<DigestAlgorithm, readonly [before: string, after: string]>>;

  constructor({ realm, algorithms, secrets }: DigestServerOptions) {
    this.#realm = realm;
    this.#algorithms = algorithms;
    this.#secrets = secrets;
    this.#written = {
      "SHA-512-256": this.#challengeAround("SHA-512-256"),
      "SHA-256": this.#challengeAround("SHA-256"),
      MD5: this.#challengeAround("MD5"),
    };
  }

  /** Judges the Authorization headers of a request: at once when the secret is at hand, else later. Never rejects. */
  verify(request: SipRequest, context: DigestContext): DigestVerdict | Promise<DigestVerdict> {
    for (const value of request.headers.getAll("Authorization")) {
      const credentials = parseCredentials(value);
      if (credentials?.scheme.toLowerCase() !== "digest") continue;
      if (credentials.parameters.get("realm") !== this.#realm) continue;
      return this.#judge(request, credentials, context);
    }
    return NO_CREDENTIALS;
  }

  /** WWW-Authenticate fields, the stronger first (RFC 8760 §2.3), with one nonce for all of them. */
  challenge(
    stale: boolean,
    { now, md5Only }: Pick<DigestContext, "now" | "md5Only">,
  ): readonly HeaderField[] {
    const nonce = this.#nonces.make(now);
    return this.#offered(md5Only).map((algorithm) => {
      const [before, after] = this.#written[algorithm];
      return ["WWW-Authenticate", `${before}${nonce}${after}${stale ? STALE_PARAMETER : ""}`];
    });
  }

  /** A challenge, as it is before and after its nonce. */
  #challengeAround(algorithm: DigestAlgorithm): readonly [before: string, after: string] {
    const parameters = new Map([
      ["realm", this.#realm],
      ["nonce", NONCE_GOES_HERE],
      ["algorithm", algorithm],
      ["qop", OFFERED_QOP[algorithm]],
    ]);
    const text = formatChallenge({ scheme: "Digest", parameters });
    const at = text.lastIndexOf(NONCE_GOES_HERE);
    return [text.slice(0, at), text.slice(at + NONCE_GOES_HERE.length)];
  }

  #offered(md5Only: boolean): readonly DigestAlgorithm[] {
    return md5Only ? MD5_ONLY : this.#algorithms;
  }

  #judge(
    request: SipRequest,
    { parameters }: AuthenticationValue,
    context: DigestContext,
  ): DigestVerdict | Promise<DigestVerdict> {
    const username = parameters.get("username") ?? "";
    const nonce = parameters.get("nonce") ?? "";
    const algorithm = digestAlgorithm(parameters.get("algorithm"));
    const protection = protectionOf(parameters);
    if (
      algorithm === undefined ||
      !this.#offered(context.md5Only).includes(algorithm) ||
      protection === undefined
    )
      return { kind: "wrong", username };
    if (protection.qop === "legacy" && !context.allowLegacy) return { kind: "wrong", username };
    // RFC 7616 §3.3: whether the answer is right does not matter for that, so that no forged nonce costs a look-up.
    if (this.#nonces.check(nonce, context.now) !== "good") return STALE;
    const guess = this.#guesses.take(context.address, username, context.now);
    if (typeof guess === "number") return { kind: "later", why: "guesses", retryAfter: guess };
    const uri = parameters.get("uri") ?? "";
    const response = (parameters.get("response") ?? "").toLowerCase();
    return this.#look({ request, username, nonce, algorithm, protection, uri, response, context, guess });
  }

  /** A wrong answer by a remembered secret asks once more: the password may have changed. A stranger is asked for twice as well. */
  #look(answer: Answer): DigestVerdict | Promise<DigestVerdict> {
    const secret = this.#secrets.secretOf(answer.username, this.#realm);
    if (secret instanceof Promise) return secret.then((found) => this.#decideLater(answer, found));
    if (this.#isRight(answer, secret)) return this.#decide(answer, secret, true);
    if (secret.kind === "unavailable") return this.#unavailable(answer, secret.retryAfter);
    const fresh = this.#secrets.secretOf(answer.username, this.#realm, true);
    if (!(fresh instanceof Promise)) return this.#decide(answer, fresh);
    return fresh.then((found) => this.#decideLater(answer, found.kind === "unavailable" ? secret : found));
  }

  /** While the directory was asked, others from the same address may have guessed wrong too often. */
  #decideLater(answer: Answer, secret: DirectoryAnswer<DigestSecret>): DigestVerdict {
    const { address, now } = answer.context;
    const wait = this.#guesses.waitOf(address, now);
    if (wait === 0) return this.#decide(answer, secret);
    this.#guesses.giveBack(answer.guess, now, false);
    return { kind: "later", why: "guesses", retryAfter: wait };
  }

  #decide(
    answer: Answer,
    secret: DirectoryAnswer<DigestSecret>,
    isRight = this.#isRight(answer, secret),
  ): DigestVerdict {
    const { username, nonce, protection, context, guess } = answer;
    if (secret.kind === "unavailable") return this.#unavailable(answer, secret.retryAfter);
    if (!isRight || secret.kind !== "found") {
      this.#guesses.wrong(context.address, context.now);
      return { kind: "wrong", username };
    }
    this.#guesses.giveBack(guess, context.now, true);
    const { person } = secret.value;
    if (protection.qop === "legacy") return { kind: "valid", person };
    const isFresh = this.#nonces.use(nonce, Number.parseInt(protection.nc, 16));
    return isFresh ? { kind: "valid", person } : STALE;
  }

  #unavailable({ context, guess }: Answer, retryAfter: number): DigestVerdict {
    this.#guesses.giveBack(guess, context.now, false);
    return { kind: "later", why: "directory", retryAfter };
  }

  /** An unknown user, or one without a secret for the algorithm, costs the same work, so that the time taken tells nothing. */
  #isRight(answer: Answer, secret: DirectoryAnswer<DigestSecret>): boolean {
    const { request, username, nonce, algorithm, protection, uri, response } = answer;
    const ha1 = secret.kind === "found" ? secret.value.ha1[algorithm] : undefined;
    const inputs = {
      algorithm,
      ha1: ha1 ?? this.#dummyHa1(algorithm, username),
      method: request.method,
      uri,
      nonce,
      protection,
      body: request.body,
    };
    const expected = digestResponse(inputs, this.#hashOfA2);
    return isSameText(expected, response) && ha1 !== undefined;
  }

  #dummyHa1(algorithm: DigestAlgorithm, username: string): string {
    const hex = createHmac("sha256", this.#dummyKey).update(username).digest("hex");
    return algorithm === "MD5" ? hex.slice(0, 32) : hex;
  }
}

/** qop, nc and cnonce; undefined when they do not fit together. Without qop whatever nc says means nothing (RFC 2617). */
function protectionOf(parameters: ReadonlyMap<string, string>): DigestProtection | undefined {
  const qop = parameters.get("qop")?.toLowerCase();
  if (qop === undefined) return LEGACY;
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
const OFFERED_QOP: Readonly<Record<DigestAlgorithm, string>> = {
  "SHA-512-256": "auth,auth-int",
  "SHA-256": "auth,auth-int",
  MD5: "auth",
};
const NONCE_GOES_HERE = "nonce-goes-here";
const STALE_PARAMETER = ", stale=true";
const MD5_ONLY: readonly DigestAlgorithm[] = ["MD5"];
const LEGACY: DigestProtection = { qop: "legacy" };
const NONCE_COUNT = /^[0-9A-Fa-f]{8}$/;
const NO_CREDENTIALS: DigestVerdict = { kind: "challenge", stale: false };
const STALE: DigestVerdict = { kind: "challenge", stale: true };
