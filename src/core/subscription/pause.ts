/** How long to wait before another attempt, and when to refresh: never all at once. RFC 6665 §4.1.2.2, §4.1.3. */

import type { StepContext } from "./step";

type PauseContext = Pick<StepContext, "jitter" | "settings">;

/**
 * Milliseconds before the next attempt: doubles with each failure in a row, from half to the whole of that by chance.
 * @param attempts failures before this one
 * @param retryAfter seconds that the peer asked for: at least that long
 */
export function pauseMs(
  attempts: number,
  retryAfter: number | undefined,
  { jitter, settings }: PauseContext,
): number {
  const { retryFirstMs, retryLongestMs } = settings;
  const whole = Math.min(retryLongestMs, retryFirstMs * 2 ** Math.min(attempts, DOUBLINGS));
  const own = whole * (0.5 + 0.5 * jitter);
  const asked = 1000 * Math.min(retryAfter ?? 0, LONGEST_RETRY_AFTER) * (1 + 0.1 * jitter);
  return Math.ceil(Math.max(own, asked));
}

/** Milliseconds until a dialog of this length is refreshed: in its last third, and with time left for an answer. */
export function refreshMs(seconds: number, jitter: number): number {
  return Math.max(SOONEST_REFRESH_MS, Math.ceil(1000 * seconds * (EARLIEST + (LATEST - EARLIEST) * jitter)));
}

const EARLIEST = 0.7;
const LATEST = 0.9;
/** A peer that grants a second must not keep us busy. */
const SOONEST_REFRESH_MS = 10_000;
/** Seconds. A peer that names a year means that it does not know. */
const LONGEST_RETRY_AFTER = 86_400;
/** Beyond, every pause is the longest anyway; numbers stay finite. */
const DOUBLINGS = 30;
