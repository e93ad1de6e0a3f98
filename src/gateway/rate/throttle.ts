/** Messages in both directions: who goes too fast, and those who wait for their turn. */

import { bareJid, pairKey } from "../../core/message/addresses";
import type { Clock, Counters } from "../sides";
import { type Admission, AT_ONCE, RateLimiter, type Rates } from "./rate-limiter";
import { ShutSenders } from "./shut-senders";
import { Turns } from "./turns";

export interface RateOptions extends Rates {
  /** The longest that a message is delayed before it is refused, milliseconds. */
  readonly slowMs: number;
}

export class Throttle {
  readonly turns: Turns;
  readonly #limiter: RateLimiter;
  readonly #shut: ShutSenders;
  readonly #clock: Clock;
  readonly #counters: Counters;

  constructor(options: RateOptions, clock: Clock, counters: Counters) {
    this.turns = new Turns(clock, MAXIMUM_WAITING);
    this.#limiter = new RateLimiter(options, options.slowMs);
    this.#shut = new ShutSenders(options);
    this.#clock = clock;
    this.#counters = counters;
  }

  /**
   * May a message go?
   * @param sender and recipient are JIDs, bare or full
   * @param peer that handed it over: a configured SIP peer, or the domain of an XMPP server
   */
  admit(sender: string, recipient: string, peer: string): Admission {
    const keys = { sender: nameOf(sender), pair: pairKey(recipient, sender), peer };
    const now = this.#clock.now();
    const admission = this.#limiter.admit(keys, now);
    if (admission.kind === "refuse") {
      this.#counters.add(`rate.refused.${admission.whose}`);
      this.#shut.shut(keys.sender, admission, now);
    } else if (admission.delayMs > 0) {
      if (this.turns.isFull) return admission.isSlowed ? WAITING_IS_FULL : AT_ONCE;
      this.#counters.add(admission.isSlowed ? "rate.slowed" : "rate.spread");
      if (admission.warns) this.#counters.add("rate.warned");
    }
    return admission;
  }

  /** Would every message of this sender be refused now? Then it need not even be read. */
  shutsOut(sender: string): boolean {
    const now = this.#clock.now();
    return this.#shut.isAny(now) && this.#shut.has(nameOf(sender), now);
  }

  /** Is a sender to be told that he has been refused? */
  tells(sender: string): boolean {
    if (this.#shut.tells(nameOf(sender), this.#clock.now())) return true;
    this.#counters.add("rate.untold");
    return false;
  }
}

function nameOf(jid: string): string {
  return bareJid(jid).toLowerCase();
}

/** Others may have their turn in the next millisecond. */
const WAITING_IS_FULL: Admission = { kind: "refuse", whose: "sender", retryAfter: 1, holdOffMs: 0 };
/** Of all senders together; each holds a message of some kilobytes. */
const MAXIMUM_WAITING = 10_000;
