/** Is anybody there? A half-open connection looks like an idle one until a ping stays without answer (bug 8). RFC 6120 §4.6. */

import type { ProofBook } from "./proof-book";

export interface LivenessTimes {
  /** Milliseconds without the answer to any ping after which we ping. */
  readonly pingEveryMs: number;
  /** How long that ping may stay without answer. */
  readonly pingDeadlineMs: number;
}

/**
 * Looks once: pings if it is time to, and says for how many milliseconds a dead link has been silent.
 * @param heardAt when anything last came, milliseconds
 */
export function silentFor(
  times: LivenessTimes,
  book: ProofBook,
  heardAt: number,
  now: number,
): number | undefined {
  const { pingEveryMs, pingDeadlineMs } = times;
  const { echoAt } = book;
  if (echoAt === undefined) {
    if (now - book.answeredAt >= pingEveryMs) book.echo();
    return undefined;
  }
  const waited = now - echoAt;
  if (waited < pingDeadlineMs) return undefined;
  // A server that still talks is slow, not gone; but not for ever.
  const silent = now - heardAt >= pingDeadlineMs;
  return silent || waited >= pingDeadlineMs * PATIENCE ? waited : undefined;
}

/** How often to look, milliseconds. */
export function lookEvery({ pingEveryMs, pingDeadlineMs }: LivenessTimes): number {
  return Math.min(pingEveryMs, pingDeadlineMs) / LOOKS;
}

const LOOKS = 5;
/** Deadlines for a server that answers no ping and yet talks. */
const PATIENCE = 4;
