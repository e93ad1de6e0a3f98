/** Messages between two people who register here: lists and rates hold for them as between the two sides. XEP-0191 §3.2. */

import type { SipMessageInput } from "../../core/input";
import { personOf } from "../../core/list/person";
import { type Rejection, reject } from "../../core/rejection";
import type { Tables } from "../../core/tables";
import { inTurn } from "../rate/in-turn";
import { type RateOptions, Throttle } from "../rate/throttle";
import type { Clock, Counters, SipAnswer } from "../sides";
import type { ListBook } from "./list-book";

export interface RelayGuardParts {
  readonly lists: ListBook;
  /** Absent: as they come. */
  readonly rates?: RateOptions | undefined;
  readonly tables: Pick<Tables, "domains">;
  readonly clock: Clock;
  readonly counters: Counters;
}

export class RelayGuard {
  readonly #parts: RelayGuardParts;
  readonly #throttle: Throttle | undefined;

  constructor(parts: RelayGuardParts) {
    this.#parts = parts;
    this.#throttle = parts.rates && new Throttle(parts.rates, parts.clock, parts.counters);
  }

  /** Answers a message itself, or lets `relay` do it, now or a little later. */
  handle(
    input: SipMessageInput,
    relay: () => SipAnswer | PromiseLike<SipAnswer>,
  ): SipAnswer | PromiseLike<SipAnswer> {
    const { domains } = this.#parts.tables;
    const [from, to] = [personOf(input.fromUri, domains), personOf(input.requestUri, domains)];
    // Whom no rule knows is not on any list; a temporary GRUU does not say whose it is.
    if (from === undefined || to === undefined) return relay();
    const reach = this.#parts.lists.reach(from, to);
    if (reach !== "open") {
      this.#parts.counters.add(`registrar.barred.${reach}`);
      // Of somebody who is not there he would hear the same.
      return answerOf(reject(reach === "own-block" ? "OWN_BLOCK" : "NOT_REGISTERED"));
    }
    if (this.#throttle === undefined) return relay();
    return inTurn(this.#throttle, { input, from, to, take: relay, refuse: answerOf });
  }

  /** Whoever waits for his turn is let through now. */
  flush(): void {
    this.#throttle?.turns.flush();
  }
}

function answerOf({ sipStatus, text }: Rejection, retryAfter?: number): SipAnswer {
  const headers = retryAfter === undefined ? [] : [["Retry-After", String(Math.ceil(retryAfter))] as const];
  return { status: sipStatus, reason: text, headers };
}
