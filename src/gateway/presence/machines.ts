/** Runs the subscription machines: load, step, save in one turn, then carry out what they ask for. Architecture §5. */

import type { SipWatcherEvent, XmppWatcherEvent } from "../../core/subscription/event";
import type { SubscriptionRecord } from "../../core/subscription/record";
import { sipWatcher } from "../../core/subscription/sip-watcher";
import type { Step, StepContext, SubscriptionEffect } from "../../core/subscription/step";
import { xmppWatcher } from "../../core/subscription/xmpp-watcher";
import type { Element } from "../../xml/element";
import type { SipAnswer } from "../sides";
import type { PresenceContext } from "./context";
import type { Notifier } from "./notifier";
import { FIRST_NOTIFY_MS } from "./options";
import { watcherUris } from "./people";
import { WINFO_INTERVAL_MS } from "./watcher-info";

/** An event without what only the turn itself can know. */
export type SipEvent = WithoutCanNotify<SipWatcherEvent>;
type WithoutCanNotify<E> = E extends unknown ? Omit<E, "canNotify"> : never;

/** How one turn ended. */
export interface Turn {
  readonly before: SubscriptionRecord | undefined;
  readonly after: SubscriptionRecord | undefined;
  /** The machine's answer to the request that caused it. */
  readonly answer: SipAnswer | undefined;
}

/** Carries out everything but answers. */
export interface Carrier {
  /** @param isAnswering the step answers a request, and the answer goes first */
  carry(key: string, record: SubscriptionRecord, effect: SubscriptionEffect, isAnswering: boolean): void;
  /**
   * The row goes, and with it the thought of this stanza: it must be on disk in the same commit. Called in the step; sends the
   * stanza by itself once that commit is there.
   */
  carryLast(key: string, record: SubscriptionRecord, stanza: Element): void;
  /** A row was written or removed. */
  changed(key: string, before: SubscriptionRecord | undefined, after: SubscriptionRecord | undefined): void;
}

export class Machines {
  readonly #context: PresenceContext;
  readonly #notifier: Notifier;
  readonly #carrier: Carrier;

  constructor(context: PresenceContext, notifier: Notifier, carrier: Carrier) {
    this.#context = context;
    this.#notifier = notifier;
    this.#carrier = carrier;
  }

  /**
   * An event for the machine of an XMPP user who watches a SIP contact. Rejects when the store did not take it.
   * @param watcher bare JIDs in canonical form, as is `presentity`
   */
  xmppWatcher(key: string, watcher: string, presentity: string, event: XmppWatcherEvent): Promise<Turn> {
    const context = this.#stepContext(watcher, presentity);
    return this.#turn(key, event.kind, (record) =>
      xmppWatcher(record?.direction === "xmpp-watcher" ? record : undefined, event, context),
    );
  }

  /** An event for the machine of one dialog of a SIP watcher. Rejects when the store did not take it. */
  sipWatcher(key: string, watcher: string, presentity: string, event: SipEvent): Promise<Turn> {
    const context = this.#stepContext(watcher, presentity);
    const { firstNotifyMs = FIRST_NOTIFY_MS } = this.#context.presence;
    return this.#turn(key, event.kind, (record) => {
      const isFirst = record === undefined && firstNotifyMs > 0 && asksForLeave(event);
      if (isFirst && this.#notifier.isFree(key)) this.#notifier.hold(key, firstNotifyMs);
      return sipWatcher(
        record?.direction === "sip-watcher" ? record : undefined,
        // First, because what is added to a copy costs six times as much (core/mutable.ts).
        { canNotify: this.#notifier.isFree(key), ...event } as SipWatcherEvent,
        context,
      );
    });
  }

  async #turn(
    key: string,
    event: string,
    step: (record: SubscriptionRecord | undefined) => Step,
  ): Promise<Turn> {
    let before: SubscriptionRecord | undefined;
    let after: SubscriptionRecord | undefined;
    let begins = false;
    try {
      const effects = await this.#context.subscriptions.step(key, (record) => {
        const stepped = step(record);
        before = record;
        after = stepped.record;
        // At once: the next step of this group must not begin another.
        begins = stepped.effects.some(({ kind }) => kind === "notify");
        if (begins) this.#notifier.begin(key, this.#restOf(after ?? before));
        if (record === undefined || after !== undefined) return stepped;
        for (const effect of stepped.effects)
          if (effect.kind === "stanza") this.#carrier.carryLast(key, record, effect.stanza);
        return { ...stepped, effects: stepped.effects.filter(({ kind }) => kind !== "stanza") };
      });
      return this.#carryOut(key, event, { before, after }, effects);
    } catch (error) {
      if (begins) this.#notifier.end(key);
      throw error;
    }
  }

  #carryOut(
    key: string,
    event: string,
    { before, after }: Pick<Turn, "before" | "after">,
    effects: readonly SubscriptionEffect[],
  ): Turn {
    const record = after ?? before;
    let answer: SipAnswer | undefined;
    if (before !== after) {
      this.#log(event, before, after);
      this.#carrier.changed(key, before, after);
    }
    for (const effect of effects) {
      if (effect.kind === "answer") answer = effect;
      else if (record !== undefined) this.#carrier.carry(key, record, effect, answer !== undefined);
    }
    return { before, after, answer };
  }

  #restOf(record: SubscriptionRecord | undefined): number {
    const { notifyIntervalMs } = this.#context.presence;
    if (record?.direction !== "sip-watcher") return notifyIntervalMs;
    const least = record.what === "winfo" ? WINFO_INTERVAL_MS : 0;
    return Math.max(notifyIntervalMs, record.intervalMs ?? 0, least);
  }

  #log(event: string, before: SubscriptionRecord | undefined, after: SubscriptionRecord | undefined): void {
    const record = after ?? before;
    if (record === undefined || before?.state === after?.state) return;
    const { direction, watcher, presentity } = record;
    this.#context.counters.add(`presence.${direction}.${after?.state ?? "gone"}`);
    this.#context.log.info(
      { direction, watcher, presentity, event, from: before?.state ?? "none", to: after?.state ?? "none" },
      "subscription",
    );
  }

  #stepContext(watcher: string, presentity: string): StepContext {
    return new TurnContext(this.#context, { watcher, presentity });
  }
}

/** Is it for the contact's server to tell whether he may? Its answer is awaited a moment. */
function asksForLeave(event: SipEvent): boolean {
  return (
    event.kind === "subscribe" &&
    !event.approved &&
    event.what === "presence" &&
    event.expires !== 0 &&
    event.input.toTag === undefined
  );
}

/** Ids and addresses are made only for the machine that asks for them. */
class TurnContext implements StepContext {
  readonly now: number;
  readonly settings: StepContext["settings"];
  readonly tables: StepContext["tables"];
  readonly pair: StepContext["pair"];
  readonly #ids: PresenceContext["ids"];

  constructor({ clock, ids, presence, tables }: PresenceContext, pair: StepContext["pair"]) {
    this.now = clock.now();
    this.settings = presence.settings;
    this.tables = tables;
    this.pair = pair;
    this.#ids = ids;
  }

  get jitter(): number {
    return Math.random();
  }

  get ids(): StepContext["ids"] {
    return new TurnIds(this.#ids);
  }

  get uris(): StepContext["uris"] {
    return watcherUris(this.pair.watcher, this.pair.presentity, this.tables);
  }
}

class TurnIds {
  readonly #ids: PresenceContext["ids"];

  constructor(ids: PresenceContext["ids"]) {
    this.#ids = ids;
  }

  get callId(): string {
    return this.#ids.random(128);
  }

  get tag(): string {
    return this.#ids.random(128);
  }

  get branch(): string {
    return this.#ids.random(128);
  }
}
