/** Slows whoever guesses at passwords, and not the people whom he guesses at. RFC 7616 §5.10, RFC 3261 §26.3.2.4. */

import { BoundedMap } from "../../core/bounded-map";
import { type Rate, tokensAt, waitMs } from "../../core/limits/rate";

/**
 * Buckets of wrong answers: one for each source address with a username, one for each address, one for each username. An
 * address from which the user has signed lately is not slowed by what others try elsewhere, so that nobody is locked out of
 * his account. Whoever is slowed is not judged at all, and cannot tell whether he has guessed right.
 */
export class GuessGuard {
  readonly #pairs = new Buckets(PAIR);
  readonly #addresses = new Buckets(ADDRESS);
  readonly #usernames = new Buckets(USERNAME);
  /** Pairs that have signed lately, with the time. */
  readonly #proven = new BoundedMap<number>(REMEMBERED);

  /**
   * Takes a guess at an account. An address pays for what was wrong only, once that is known (`waitOf`, `wrong`): a thousand
   * phones behind a proxy may sign in at once, while the directory looks for them. @param now milliseconds since 1970
   * @returns the guess, to be given back if it was none; or the seconds to wait
   */
  take(address: string, username: string, now: number): Guess | number {
    const pair = pairOf(address, username);
    const provenAt = this.#proven.get(pair);
    const isKnown = provenAt !== undefined && now - provenAt < PROVEN_MS;
    const wait = Math.max(
      this.#pairs.wait(pair, now),
      this.waitOf(address, now),
      isKnown ? 0 : this.#usernames.wait(username, now),
    );
    if (wait > 0) return wait;
    return {
      pair,
      ofPair: this.#pairs.take(pair, now),
      ofUsername: isKnown ? undefined : this.#usernames.take(username, now),
      provenAt,
    };
  }

  /** Seconds until an answer from this address is judged, those asked for meanwhile included; 0: at once. */
  waitOf(address: string, now: number): number {
    return this.#addresses.wait(networkOf(address), now);
  }

  /** The answer was wrong. To be called after `waitOf` or `take`, which bring the bucket up to date. */
  wrong(address: string, now: number): void {
    this.#addresses.take(networkOf(address), now);
  }

  /** It was the right answer, or none that was judged: the guess is given back. @param isProof was it right? */
  giveBack({ pair, ofPair, ofUsername, provenAt }: Guess, now: number, isProof: boolean): void {
    ofPair.tokens = Math.min(PAIR.burst, ofPair.tokens + 1);
    if (ofUsername !== undefined) ofUsername.tokens = Math.min(USERNAME.burst, ofUsername.tokens + 1);
    const isNoted = provenAt !== undefined && Math.abs(now - provenAt) < PROVEN_ANEW_MS;
    if (isProof && !isNoted) this.#proven.set(pair, now);
  }
}

/** One that was taken. */
export interface Guess {
  readonly pair: string;
  readonly ofPair: Bucket;
  /** Undefined: whoever has signed lately from there costs his account nothing. */
  readonly ofUsername: Bucket | undefined;
  readonly provenAt: number | undefined;
}

class Buckets {
  readonly #rate: Rate;
  readonly #buckets = new BoundedMap<Bucket>(REMEMBERED);

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Seconds until there is a token; 0 when there is one. */
  wait(key: string, now: number): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return 0;
    // A little back is a request that waited for the directory; more is a clock that was put back.
    const at = bucket.at - now > LONGEST_LOOK_UP_MS ? now : Math.max(now, bucket.at);
    if (at < bucket.at) bucket.at = at;
    bucket.tokens = tokensAt(bucket, this.#rate, at);
    bucket.at = at;
    return Math.ceil(waitMs(bucket.tokens, this.#rate) / 1000);
  }

  /** To be called after `wait`, which brings the bucket up to date. */
  take(key: string, now: number): Bucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) {
      known.tokens -= 1;
      return known;
    }
    const bucket = { tokens: this.#rate.burst - 1, at: now };
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

interface Bucket {
  tokens: number;
  at: number;
}

function pairOf(address: string, username: string): string {
  return `${networkOf(address)} ${username}`;
}

/** Whoever has one IPv6 address has 2^64 of them (RFC 6177): they count as one. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? [] : tail.split(":");
    while (groups.length + after.length < 8) groups.push("0");
    groups.push(...after);
  }
  return groups.slice(0, 4).join(":");
}

/** A phone with an old password tries again and again: six a minute do no harm, and no password is found so. */
const PAIR: Rate = { burst: 20, perSecond: 0.1 };
/** Many people may be behind one NAT, and all of their phones wake at once with an old password. */
const ADDRESS: Rate = { burst: 200, perSecond: 1 };
/** From everywhere together, for one account: 8,640 a day. */
const USERNAME: Rate = { burst: 100, perSecond: 0.1 };
/** A phone that signed within a week goes on from where it was; when it did is noted once an hour. */
const PROVEN_MS = 7 * 24 * 3_600_000;
const PROVEN_ANEW_MS = 3_600_000;
const LONGEST_LOOK_UP_MS = 60_000;
/** Of each kind. */
const REMEMBERED = 50_000;
