/** Targets that failed are left out for a while. RFC 3263 §4.3, RFC 3261 §21.5.4. */

import type { Clock } from "../../gateway/sides";
import { hostPort } from "../transport/ip";
import type { Endpoint, Target } from "../transport/transport";

export class Penalties {
  /** Key of the target → when it may be tried again, milliseconds of the clock. */
  readonly #until = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param retryAfterMs what a Retry-After asked for; absent: PENALTY_MS */
  failed(target: Endpoint, retryAfterMs: number = PENALTY_MS): void {
    const key = keyOf(target);
    this.#until.delete(key);
    if (this.#until.size >= MAXIMUM_PENALTIES) {
      const oldest = this.#until.keys().next().value;
      if (oldest !== undefined) this.#until.delete(oldest);
    }
    this.#until.set(key, this.#clock.now() + Math.min(Math.max(retryAfterMs, 0), LONGEST_MS));
  }

  succeeded(target: Endpoint): void {
    if (this.#until.size > 0) this.#until.delete(keyOf(target));
  }

  /** Those that may be tried now; all of them when none may, for then waiting helps nobody. */
  sift(targets: readonly Target[]): readonly Target[] {
    if (this.#until.size === 0) return targets;
    const now = this.#clock.now();
    const free = targets.filter((target) => this.#isFree(keyOf(target), now));
    return free.length === 0 ? targets : free;
  }

  #isFree(key: string, now: number): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return true;
    if (until > now) return false;
    this.#until.delete(key);
    return true;
  }
}

function keyOf(target: Endpoint): string {
  return target.transport + hostPort(target.address, target.port);
}

/** Long enough to spare the messages of one outage a time-out each, short enough that a restarted proxy is soon used. */
const PENALTY_MS = 30_000;
/** Retry-After is a stranger's word: nobody is shut out for longer. */
const LONGEST_MS = 300_000;
/** Strangers' DNS answers name the targets, so their number is bounded; the oldest goes. */
const MAXIMUM_PENALTIES = 10_000;
