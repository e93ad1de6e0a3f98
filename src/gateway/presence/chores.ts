/** What presence looks for every second: what the operator has asked for beside the gateway, and publications that are over. RFC 3903 §6. */

import type { SubscriptionRecord } from "../../core/subscription/record";
import type { Clock, DropRequests, Log, SubscriptionStore } from "../sides";
import type { Publications } from "./publications";
import type { UnderWay } from "./under-way";

export interface ChoresParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly subscriptions: SubscriptionStore & DropRequests;
  readonly publications: Publications;
  readonly underWay: UnderWay;
  /** The subscription ends as if by itself. */
  readonly drop: (key: string, record: SubscriptionRecord) => Promise<unknown>;
  /** The subscription waits for leave, and gets it. */
  readonly approve: (record: SubscriptionRecord) => Promise<unknown>;
}

export class Chores {
  readonly #parts: ChoresParts;
  #cancel: (() => void) | undefined;

  constructor(parts: ChoresParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock, underWay } = this.#parts;
    this.#cancel = clock.after(EVERY_MS, () => {
      this.#takeRequests();
      underWay.add(this.#expire(clock.now()), { what: "publications" });
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  #takeRequests(): void {
    const { subscriptions, log, drop, approve } = this.#parts;
    try {
      this.#each(subscriptions.takeDropRequests(REQUESTS_AT_ONCE), drop);
      this.#each(subscriptions.takeApproveRequests(REQUESTS_AT_ONCE), (_, record) => approve(record));
    } catch (error) {
      log.error({ error: (error as Error).message }, "requests of the operator cannot be read");
    }
  }

  #each(keys: readonly string[], act: ChoresParts["drop"]): void {
    const { subscriptions, underWay } = this.#parts;
    for (const key of keys) {
      const record = subscriptions.get(key);
      if (record !== undefined) underWay.add(act(key, record), { key });
    }
  }

  async #expire(now: number): Promise<void> {
    const { publications } = this.#parts;
    const next = publications.nextExpiry();
    if (next !== undefined && next <= now) await publications.expire(now);
  }
}

/** How soon a request of the operator is noticed, and how much longer than it holds a publication may be shown. */
const EVERY_MS = 1_000;
const REQUESTS_AT_ONCE = 100;
