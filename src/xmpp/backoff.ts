/** How long to wait before the next attempt to connect: doubling, bounded, with jitter. RFC 6120 §3.3. */

export interface BackoffRange {
  /** Milliseconds. */
  readonly first: number;
  readonly longest: number;
}

/**
 * The pause before an attempt, in milliseconds: between half and all of first · 2^failures, at most `longest`.
 * @param failures attempts that failed since the link was last stable
 * @param random a number from 0 to 1, so that many gateways do not come back at the same instant
 */
export function backoff(range: BackoffRange, failures: number, random: number): number {
  const full = Math.min(range.longest, range.first * 2 ** Math.min(failures, MAXIMUM_DOUBLINGS));
  return Math.round(full / 2 + (full / 2) * random);
}

/** Beyond this the power only grows past every bound. */
const MAXIMUM_DOUBLINGS = 30;
