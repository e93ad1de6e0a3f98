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
  carry(key: string, record: SubscriptionRecord, effect: SubscriptionEffect): void;
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
    return this.#turn(key, event.kind, (record) =>
      sipWatcher(
        record?.direction === "sip-watcher" ? record : undefined,
        { ...event, canNotify: this.#notifier.isFree(key) } as SipWatcherEvent,
        context,
      ),
    );
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
      else if (record !== undefined) this.#carrier.carry(key, record, effect);
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

  /** Ids and addresses are made only for the machine that asks for them. */
  #stepContext(watcher: string, presentity: string): StepContext {
    const { clock, ids, presence, tables } = this.#context;
    return {
      now: clock.now(),
      jitter: Math.random(),
      settings: presence.settings,
      tables,
      pair: { watcher, presentity },
      get ids() {
        return { callId: ids.random(128), tag: ids.random(128), branch: ids.random(128) };
      },
      get uris() {
        return watcherUris(watcher, presentity, tables);
      },
    };
  }
}
