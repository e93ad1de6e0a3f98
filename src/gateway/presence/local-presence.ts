/** XMPP users (and SIP users) who watch somebody whose presence is kept here: leave, and what they are shown. RFC 6121 §3, §4. */

import type { PresenceDocument } from "../../core/presence/document";
import {
  type DeviceStanza,
  type LocalWatcherEvent,
  localWatcher,
  stateOf,
} from "../../core/publication/local-watcher";
import {
  recordKey,
  type SubscriptionRecord,
  type XmppWatcherRecord,
  xmppWatcherKey,
} from "../../core/subscription/record";
import type { Element } from "../../xml/element";
import type { GatewayContext } from "../context";
import type { SubscriptionStore } from "../sides";
import { isWatchingOn } from "./local-answers";
import type { Approval } from "./local-options";
import type { FromXmpp } from "./people";
import type { Publications } from "./publications";

export interface LocalPresenceParts {
  readonly context: Pick<GatewayContext, "log" | "counters">;
  readonly subscriptions: SubscriptionStore;
  readonly publications: Publications;
  readonly approval: Approval;
  readonly deviceStanza: DeviceStanza;
  readonly send: (stanza: Element) => void;
  /** A row was written or removed. */
  readonly changed: (
    key: string,
    before: SubscriptionRecord | undefined,
    after: SubscriptionRecord | undefined,
  ) => void;
}

export class LocalPresence {
  readonly #parts: LocalPresenceParts;

  constructor(parts: LocalPresenceParts) {
    this.#parts = parts;
  }

  /** Is this row kept by the rules here? */
  isLocal(record: SubscriptionRecord): record is XmppWatcherRecord {
    return record.direction === "xmpp-watcher" && this.#parts.publications.serves(record.presentity);
  }

  /** A presence stanza about a subscription; false: the person is not served here. The work goes on by itself. */
  subscription(type: string, { from, to, resource }: FromXmpp): boolean {
    const document = this.#parts.publications.documentOf(to);
    if (document === undefined) return false;
    switch (type) {
      case "subscribe":
        this.#begin(from, to, {
          kind: "xmpp-subscribe",
          approved: this.isApproved(from, to),
          document,
        });
        return true;
      case "unsubscribe":
        this.#begin(from, to, { kind: "xmpp-unsubscribe" });
        return true;
      case "probe":
        this.#begin(from, to, {
          kind: "xmpp-probe",
          to: resource === "" ? from : `${from}/${resource}`,
          document,
        });
        return true;
      default:
        return false;
    }
  }

  /** May a watcher (bare JID, on either side) see a person without her being asked? */
  isApproved(watcher: string, presentity: string): boolean {
    if (this.#parts.approval === "auto") return true;
    const back = this.#parts.subscriptions.ofPair("sip-watcher", presentity, watcher);
    return back.some(isWatchingOn);
  }

  /** Somebody with a right to it lets an XMPP user watch; false when he does not wait for it. */
  approve(watcher: string, presentity: string): Promise<boolean> {
    return this.#decide(watcher, presentity, "pending", (document) => ({ kind: "approve", document }));
  }

  /** Takes leave back, or refuses it; false when there is no subscription. */
  reject(watcher: string, presentity: string): Promise<boolean> {
    return this.#decide(watcher, presentity, undefined, () => ({ kind: "reject" }));
  }

  /** After a start, and whenever the XMPP link is up again. */
  async resume({ watcher, presentity }: XmppWatcherRecord): Promise<void> {
    const document = this.#parts.publications.documentOf(presentity);
    if (document === undefined) return;
    const approved = this.isApproved(watcher, presentity);
    await this.#run(watcher, presentity, { kind: "resume", approved, document });
  }

  async drop({ watcher, presentity }: XmppWatcherRecord): Promise<void> {
    await this.#run(watcher, presentity, { kind: "drop" });
  }

  /** What a person shows has changed: her XMPP watchers are told. */
  async published(presentity: string, before: PresenceDocument, document: PresenceDocument): Promise<void> {
    const rows = this.#parts.subscriptions.ofPresentity("xmpp-watcher", presentity, MOST_WATCHERS);
    if (rows.length === MOST_WATCHERS)
      this.#parts.context.log.warn({ presentity }, "too many watchers: some are not told");
    await Promise.all(
      rows.map(({ watcher }) =>
        this.#run(watcher, presentity, { kind: "document-changed", before, document }),
      ),
    );
  }

  async #decide(
    watcher: string,
    presentity: string,
    state: "pending" | undefined,
    event: (document: PresenceDocument) => LocalWatcherEvent,
  ): Promise<boolean> {
    const document = this.#parts.publications.documentOf(presentity);
    const record = this.#parts.subscriptions.get(xmppWatcherKey(watcher, presentity));
    if (document === undefined || record?.direction !== "xmpp-watcher") return false;
    if (state !== undefined && stateOf(record) !== state) return false;
    await this.#run(watcher, presentity, event(document));
    return true;
  }

  #begin(watcher: string, presentity: string, event: LocalWatcherEvent): void {
    this.#run(watcher, presentity, event).catch((error: unknown) => {
      this.#parts.context.counters.add("presence.failed");
      this.#parts.context.log.error(
        { watcher, presentity, event: event.kind, error },
        "subscription not carried on",
      );
    });
  }

  async #run(watcher: string, presentity: string, event: LocalWatcherEvent): Promise<void> {
    const { subscriptions, deviceStanza, send, changed, context } = this.#parts;
    let before: SubscriptionRecord | undefined;
    let after: SubscriptionRecord | undefined;
    const key = xmppWatcherKey(watcher, presentity);
    const effects = await subscriptions.step(key, (record) => {
      const own = record?.direction === "xmpp-watcher" ? record : undefined;
      const step = localWatcher(own, event, { watcher, presentity, deviceStanza });
      before = record;
      after = step.record;
      return step;
    });
    for (const effect of effects) if (effect.kind === "stanza") send(effect.stanza);
    if (before === after) return;
    context.log.info({ watcher, presentity, event: event.kind, to: nameOf(after) }, "local subscription");
    changed(after === undefined ? key : recordKey(after), before, after);
  }
}

function nameOf(record: SubscriptionRecord | undefined): string {
  return record?.state ?? "none";
}

/** A hundred times as many as anybody's roster holds. */
const MOST_WATCHERS = 100_000;
