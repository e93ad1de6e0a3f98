/** Every SIP timer, derived from T1, T2 and T4 in this one place. RFC 3261 §17 and Table 4. */

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
  readonly j: number;
  readonly k: number;
  readonly t2: number;
}

/**
 * Derives the timers of the non-INVITE transactions, in milliseconds.
 * @param reliable is the transport a stream? Then nothing is retransmitted and nothing lingers.
 */
export function timersFor(options: TimerOptions, reliable: boolean): Timers {
  return {
    e: options.t1,
    eMaximum: options.t2,
    f: 64 * options.t1,
    j: reliable ? 0 : 64 * options.t1,
    k: reliable ? 0 : options.t4,
    t2: options.t2,
  };
}
