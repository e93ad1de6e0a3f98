/**
 * One place where senders, pairs of people and peers are kept from going too fast: first slowed, then warned once, then
 * refused, and free again with time.
 */

import { BoundedMap } from "../../core/bounded-map";
import { type Level, type Rate, tokensAt, waitMs } from "../../core/limits/rate";

/** Absent: no bound. */
export interface Rates {
  readonly sender?: Rate | undefined;
  readonly pair?: Rate | undefined;
  /** A configured SIP peer, or the domain of an XMPP server. */
  readonly peer?: Rate | undefined;
}

export type Whose = keyof Rates;

export type Admission =
  | {
      readonly kind: "pass";
      /** 0: at once. */
      readonly delayMs: number;
      /** He is to be warned: once, until his bucket has been full again. */
      readonly warns: boolean;
    }
  | {
      readonly kind: "refuse";
      readonly whose: Whose;
      /** Seconds until it would pass, and the same in milliseconds. */
      readonly retryAfter: number;
      readonly holdOffMs: number;
    };

export interface RateKeys {
  readonly sender: string;
  readonly pair?: string;
  readonly peer?: string;
}

export class RateLimiter {
  readonly #kinds: readonly Kind[];
  readonly #slowMs: number;

  /**
   * @param slowMs the longest that something is delayed; what would have to wait longer is refused. 0: nothing is delayed
   * @param remembered buckets of each kind; one that was not used for long is full, and as good as forgotten
   */
  constructor(rates: Rates, slowMs: number, remembered = REMEMBERED) {
    this.#slowMs = slowMs;
    this.#kinds = WHOSE.flatMap((whose) => {
      const rate = rates[whose];
      return rate === undefined ? [] : [{ whose, rate, buckets: new BoundedMap<Bucket>(remembered) }];
    });
  }

  /** Nobody is bounded. */
  get isOff(): boolean {
    return this.#kinds.length === 0;
  }

  /** May this one go now? What is refused takes nothing from any bucket. @param now milliseconds since 1970 */
  admit(keys: RateKeys, now: number): Admission {
    let delayMs = 0;
    const found: (Bucket | undefined)[] = [];
    for (const { whose, rate, buckets } of this.#kinds) {
      const key = keys[whose];
      const bucket = key === undefined ? undefined : buckets.get(key);
      found.push(bucket);
      if (key === undefined) continue;
      // A clock that was put back: it fills from now on, and not only when the old time has come again.
      if (bucket !== undefined && bucket.at > now) bucket.at = now;
      const wait = waitMs(tokensAt(bucket, rate, now), rate);
      if (wait > this.#slowMs) {
        const holdOffMs = wait - this.#slowMs;
        return { kind: "refuse", whose, retryAfter: Math.max(1, Math.ceil(holdOffMs / 1000)), holdOffMs };
      }
      delayMs = Math.max(delayMs, wait);
    }
    const warns = this.#take(keys, found, now, delayMs);
    return delayMs === 0 ? AT_ONCE : { kind: "pass", delayMs, warns };
  }

  /** @param found the bucket of each kind, if there is one. @returns whether the sender is to be warned */
  #take(keys: RateKeys, found: readonly (Bucket | undefined)[], now: number, delayMs: number): boolean {
    const isSlow = delayMs > this.#slowMs * WARNED_AT;
    let wasWarned = false;
    for (const [at, { whose, rate, buckets }] of this.#kinds.entries()) {
      const key = keys[whose];
      if (key === undefined) continue;
      const known = found[at];
      const tokens = tokensAt(known, rate, now);
      if (known === undefined) {
        buckets.set(key, { tokens: tokens - 1, at: now, isWarned: isSlow });
        continue;
      }
      if (tokens >= rate.burst) known.isWarned = false;
      known.tokens = tokens - 1;
      known.at = now;
      if (known.isWarned) wasWarned = true;
      if (isSlow) known.isWarned = true;
    }
    return isSlow && !wasWarned;
  }
}

interface Bucket extends Level {
  tokens: number;
  at: number;
  isWarned: boolean;
}

interface Kind {
  readonly whose: Whose;
  readonly rate: Rate;
  readonly buckets: BoundedMap<Bucket>;
}

const WHOSE: readonly Whose[] = ["peer", "sender", "pair"];
const AT_ONCE: Admission = { kind: "pass", delayMs: 0, warns: false };
/** Of the longest delay: who is slowed a little need not hear of it. */
const WARNED_AT = 0.5;
const REMEMBERED = 50_000;
