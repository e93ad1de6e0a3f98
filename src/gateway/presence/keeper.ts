/**
 * Begins what nobody asked for at this moment: what is due, and after a restart or an outage every subscription once more.
 * One alarm for all rows, and a cap of requests a second (architecture §5, E9).
 */

import { domainOfBare } from "../../core/message/addresses";
import type { SubscriptionRecord } from "../../core/subscription/record";
import { recordKey } from "../../core/subscription/record";
import type { PresenceContext } from "./context";
import { Pace } from "./pace";

/** Rows read at once while going through all of them. */
const PAGE = 100;
/** The longest that the alarm is set for: a clock that was put back must not stop everything. Milliseconds. */
const LONGEST_ALARM_MS = 60_000;

export interface KeeperEvents {
  due(key: string, record: SubscriptionRecord): Promise<unknown>;
  resume(key: string, record: SubscriptionRecord): Promise<unknown>;
}

export class Keeper {
  readonly #context: PresenceContext;
  readonly #events: KeeperEvents;
  readonly #pace: Pace;
  /** Component hosts whose rows are gone through, and the key that was reached. */
  readonly #resuming = new Map<string, string>();
  #alarmAt = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(context: PresenceContext, events: KeeperEvents) {
    this.#context = context;
    this.#events = events;
    this.#pace = new Pace(context.clock, context.presence.requestsPerSecond);
  }

  /** Component hosts that are not reconciled yet. */
  get resuming(): number {
    return this.#resuming.size;
  }

  start(): void {
    this.#arm(this.#context.subscriptions.nextDue());
  }

  /** A row is due at this time now. */
  nudge(dueAt: number): void {
    this.#arm(dueAt);
  }

  /** Everything of a component host is to be looked at once more: its link is up. */
  resume(host: string): void {
    this.#resuming.set(host, "");
    this.#context.log.info({ host }, "presence is being reconciled");
    this.#arm(this.#context.clock.now());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #arm(at: number | undefined): void {
    if (this.#isStopped || at === undefined) return;
    const now = this.#context.clock.now();
    const soonest = Math.min(Math.max(at, now + this.#pace.pauseMs), now + LONGEST_ALARM_MS);
    if (soonest >= this.#alarmAt) return;
    this.#cancel?.();
    this.#alarmAt = soonest;
    this.#cancel = this.#context.clock.after(soonest - now, () => {
      this.#alarmAt = Number.POSITIVE_INFINITY;
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    const { clock, subscriptions, log } = this.#context;
    const begun: Promise<unknown>[] = [];
    try {
      this.#begin(begun);
    } catch (error) {
      // A damaged database: said again at every attempt, which are a minute apart.
      log.error({ error: (error as Error).message }, "subscriptions cannot be read");
      this.#arm(clock.now() + LONGEST_ALARM_MS);
      return;
    }
    const ended = await Promise.allSettled(begun);
    for (const end of ended) {
      if (end.status === "rejected") log.error({ error: String(end.reason) }, "subscription not carried on");
    }
    const failed = ended.some(({ status }) => status === "rejected");
    // What was due is due again when the store did not take it: not at once.
    if (failed) this.#arm(clock.now() + LONGEST_ALARM_MS / 10);
    else this.#arm(this.#resuming.size > 0 ? clock.now() : subscriptions.nextDue());
  }

  #begin(begun: Promise<unknown>[]): void {
    const { clock, subscriptions } = this.#context;
    const wanted = this.#pace.take(PAGE);
    if (wanted === 0) return;
    for (const key of subscriptions.due(clock.now(), wanted)) {
      try {
        const record = subscriptions.get(key);
        if (record !== undefined) begun.push(this.#events.due(key, record));
      } catch (error) {
        // One row that cannot be read must not hold up the others.
        begun.push(Promise.reject(error));
      }
    }
    for (const [host, after] of this.#resuming) {
      if (begun.length < wanted) this.#resumeSome(host, after, wanted - begun.length, begun);
    }
  }

  #resumeSome(host: string, after: string, wanted: number, begun: Promise<unknown>[]): void {
    const rows = this.#context.subscriptions.page(after, wanted);
    for (const row of rows) {
      const key = recordKey(row);
      this.#resuming.set(host, key);
      if (domainOfBare(row.direction === "xmpp-watcher" ? row.presentity : row.watcher) === host) {
        begun.push(this.#events.resume(key, row));
      }
    }
    if (rows.length < wanted) {
      this.#resuming.delete(host);
      this.#context.counters.add("presence.reconciled");
      this.#context.log.info({ host }, "presence is reconciled");
    }
  }
}
