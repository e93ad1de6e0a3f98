/** How fast somebody may go: a token bucket, which may be overdrawn a little by those who wait. RFC 3261 §21.5.4, RFC 6120 §8.3.3.18. */

export interface Rate {
  readonly perSecond: number;
  /** How many at once, after a pause. */
  readonly burst: number;
}

/** What is left of a bucket; below 0: so many wait for their turn. */
export interface Level {
  readonly tokens: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Tokens at a later time. @param level undefined: a bucket not used for long is full */
export function tokensAt(level: Level | undefined, rate: Rate, now: number): number {
  if (level === undefined) return rate.burst;
  // A clock that was put back fills nothing.
  const filled = level.tokens + (Math.max(0, now - level.at) / 1000) * rate.perSecond;
  return Math.min(rate.burst, filled);
}

/** How long whoever takes the next token waits for it, milliseconds; 0: one is there. */
export function waitMs(tokens: number, { perSecond }: Rate): number {
  return tokens >= 1 ? 0 : ((1 - tokens) / perSecond) * 1000;
}
