/** Every SIP timer, derived from T1, T2 and T4 in this one place. RFC 3261 §17 and Table 4; RFC 4320 §4.1. */

export interface TimerOptions {
  /** Estimate of the round trip, T2 longest retransmit interval, T4 longest life of a message in the network; milliseconds. */
  readonly t1: number;
  readonly t2: number;
  readonly t4: number;
}

export const DEFAULT_TIMERS: TimerOptions = { t1: 500, t2: 4000, t4: 5000 };

export interface Timers {
  readonly e: number;
  readonly eMaximum: number;
  readonly f: number;
  readonly g: number;
  readonly gMaximum: number;
  readonly h: number;
  readonly i: number;
  readonly j: number;
  readonly k: number;
  readonly t2: number;
  /** How long a client's Timer E takes to be reset to T2: only then may, and must, a 100 answer a non-INVITE (RFC 4320 §4.1). */
  readonly trying: number;
}

/**
 * Derives the timers of a transaction, in milliseconds.
 * @param reliable is the transport a stream? Then nothing is retransmitted and nothing lingers.
 */
export function timersFor(options: TimerOptions, reliable: boolean): Timers {
  return {
    e: options.t1,
    eMaximum: options.t2,
    f: 64 * options.t1,
    g: options.t1,
    gMaximum: options.t2,
    h: 64 * options.t1,
    i: reliable ? 0 : options.t4,
    j: reliable ? 0 : 64 * options.t1,
    k: reliable ? 0 : options.t4,
    t2: options.t2,
    trying: untilT2(options),
  };
}

/** Timer E fires after T1, then 2·T1, 4·T1 …; this is when the next interval would be T2. */
function untilT2(options: TimerOptions): number {
  let elapsed = 0;
  for (let interval = options.t1; interval < options.t2; interval *= 2) elapsed += interval;
  return elapsed;
}
