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

export type Admission = Passed | Refused;

export interface Passed {
  readonly kind: "pass";
  /** 0: at once. */
  readonly delayMs: number;
  /** He goes too fast; else a delay only spreads what he may send at once. */
  readonly isSlowed: boolean;
  /** He is to be warned: once, until his bucket has been full again. */
  readonly warns: boolean;
}

export interface Refused {
  readonly kind: "refuse";
  readonly whose: Whose;
  /** Seconds until it would pass, and the same in milliseconds. */
  readonly retryAfter: number;
  readonly holdOffMs: number;
}

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
      if (rate === undefined) return [];
      const spacingMs = whose === "sender" && slowMs > 0 ? 1000 / peakOf(rate) : 0;
      return [{ whose, rate, spacingMs, buckets: new BoundedMap<Bucket>(remembered) }];
    });
  }

  /** Nobody is bounded. */
  get isOff(): boolean {
    return this.#kinds.length === 0;
  }

  /** May this one go now? What is refused takes nothing from any bucket. @param now milliseconds since 1970 */
  admit(keys: RateKeys, now: number): Admission {
    let delayMs = 0;
    let spreadMs = 0;
    const found: (Bucket | undefined)[] = [];
    for (const { whose, rate, spacingMs, buckets } of this.#kinds) {
      const key = keys[whose];
      const bucket = key === undefined ? undefined : buckets.get(key);
      found.push(bucket);
      if (key === undefined) continue;
      // A clock that was put back: it fills from now on, and not only when the old time has come again.
      if (bucket !== undefined && bucket.at > now) bucket.at = bucket.nextAt = now;
      const wait = waitMs(tokensAt(bucket, rate, now), rate);
      if (wait > this.#slowMs) {
        const holdOffMs = wait - this.#slowMs;
        return { kind: "refuse", whose, retryAfter: Math.max(1, Math.ceil(holdOffMs / 1000)), holdOffMs };
      }
      delayMs = Math.max(delayMs, wait);
      if (bucket !== undefined) spreadMs = Math.max(spreadMs, bucket.nextAt - now - HEAP * spacingMs);
    }
    const warns = this.#take(keys, found, now, delayMs);
    if (delayMs === 0 && spreadMs === 0) return AT_ONCE;
    return { kind: "pass", delayMs: Math.max(delayMs, spreadMs), isSlowed: delayMs > 0, warns };
  }

  /** @param found the bucket of each kind, if there is one. @returns whether the sender is to be warned */
  #take(keys: RateKeys, found: readonly (Bucket | undefined)[], now: number, delayMs: number): boolean {
    const isSlow = delayMs > this.#slowMs * WARNED_AT;
    let wasWarned = false;
    for (const [at, { whose, rate, spacingMs, buckets }] of this.#kinds.entries()) {
      const key = keys[whose];
      if (key === undefined) continue;
      const known = found[at];
      const tokens = tokensAt(known, rate, now);
      if (known === undefined) {
        buckets.set(key, { tokens: tokens - 1, at: now, nextAt: now + spacingMs, isWarned: isSlow });
        continue;
      }
      if (tokens >= rate.burst) known.isWarned = false;
      known.tokens = tokens - 1;
      known.at = now;
      known.nextAt = Math.max(known.nextAt, now) + spacingMs;
      if (known.isWarned) wasWarned = true;
      if (isSlow) known.isWarned = true;
    }
    return isSlow && !wasWarned;
  }
}

/**
 * How many of a sender's burst go in a second. He may send them; but in one heap they would stand before everybody else's
 * at the XMPP server, and all would wait until it has been through them.
 */
function peakOf({ perSecond, burst }: Rate): number {
  return Math.max(PEAK_PER_SECOND, 2 * perSecond, burst / LONGEST_SPREAD_SECONDS);
}

interface Bucket extends Level {
  tokens: number;
  at: number;
  /** When the next one would go if they were spread evenly, milliseconds since 1970. */
  nextAt: number;
  isWarned: boolean;
}

interface Kind {
  readonly whose: Whose;
  readonly rate: Rate;
  /** Between two of a burst, milliseconds; 0: it goes in one heap. */
  readonly spacingMs: number;
  readonly buckets: BoundedMap<Bucket>;
}

const WHOSE: readonly Whose[] = ["peer", "sender", "pair"];
export const AT_ONCE: Passed = { kind: "pass", delayMs: 0, isSlowed: false, warns: false };
/** What a server that shares two cores with its users' clients (Prosody) is busy with for a small part of its time. */
const PEAK_PER_SECOND = 250;
/** An eighth of a SIP sender's patience (Timer F). */
const LONGEST_SPREAD_SECONDS = 4;
/** So many go at once all the same: nobody notices, and nobody types faster. */
const HEAP = 20;
/** Of the longest delay: who is slowed a little need not hear of it. */
const WARNED_AT = 0.5;
const REMEMBERED = 50_000;
