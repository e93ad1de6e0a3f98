/** IQs whose answer takes a while: each is answered once and in time, also when a directory hangs (bug 18). RFC 6120 §8.2.3. */

import { type Refusal, refusalOf } from "../../core/service/answer";
import { TransientMap } from "../../core/transient-map";
import type { Clock, Counters, Log } from "../../gateway/sides";
import type { Element } from "../../xml/element";

export interface OpenQuestionsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

export class OpenQuestions {
  readonly #deps: OpenQuestionsDeps;
  /** What ends each of them with an error. */
  readonly #open = new TransientMap<number, (refusal: Refusal) => void>();
  #serial = 0;

  constructor(deps: OpenQuestionsDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Passes the answer on when it comes, or an error when that takes too long, or when too many wait already.
   * @param send called exactly once, never before this returns unless too many wait
   */
  wait(iq: Element, answer: Promise<Element>, send: (answer: Element) => void): void {
    if (this.#open.size >= MOST_OPEN) {
      this.#deps.counters.add("xmpp.iq.overload");
      answer.catch(() => undefined);
      send(refusalOf(iq, BUSY));
      return;
    }
    const id = this.#serial++;
    const cancel = this.#deps.clock.after(LONGEST_MS, () => {
      this.#deps.counters.add("xmpp.iq.late");
      finish(refusalOf(iq, LATE));
    });
    const finish = (content: Element): void => {
      if (!this.#open.delete(id)) return;
      cancel();
      send(content);
    };
    this.#open.set(id, (refusal) => finish(refusalOf(iq, refusal)));
    answer.then(finish, (error: unknown) => {
      this.#deps.log.error({ error: (error as Error).stack }, "iq not answered");
      finish(refusalOf(iq, BROKEN));
    });
  }

  /** The gateway stops: whoever still waits is told to try again. */
  stop(): void {
    for (const refuse of this.#open.values()) refuse(STOPPING);
  }
}

/** A person in front of a client waits a second (bug 18); the way there and back takes its share. */
const LONGEST_MS = 900;
/** Each holds a stanza and a timer. A directory that answers at all does so for thousands a second. */
const MOST_OPEN = 1_000;
const BUSY = {
  type: "wait",
  condition: "resource-constraint",
  text: "Too many questions are open. Please try again in a moment.",
} as const;
const LATE = {
  type: "wait",
  condition: "remote-server-timeout",
  text: "This takes too long. Please try again in a moment.",
} as const;
const STOPPING = {
  type: "wait",
  condition: "resource-constraint",
  text: "The gateway is stopping. Please try again later.",
} as const;
const BROKEN = { type: "cancel", condition: "internal-server-error" } as const;
