/** Presence stanzas from XMPP: subscriptions both ways, and the presence of those whom SIP users watch. RFC 6121 §3, §4; RFC 8048. */

import { jidSenderToSip, jidTargetToSip } from "../../core/address/domains";
import { parseStanzaError, stanzaError } from "../../core/error/stanza-error";
import type { XmppPresenceInput } from "../../core/input";
import { ownBlockError, refusedXmppWatcher } from "../../core/lists/refusal";
import { domainOfBare } from "../../core/message/addresses";
import { presenceToDevice } from "../../core/presence/from-stanza";
import { pepItemsOf, pepItemToPerson } from "../../core/presence/rich-presence";
import { LOCAL_PEER } from "../../core/publication/local-watcher";
import { type Rejection, reject } from "../../core/rejection";
import {
  recordKey,
  type SubscriptionRecord,
  type XmppWatcherRecord,
  xmppWatcherKey,
} from "../../core/subscription/record";
import { isFetch } from "../../core/subscription/sip-watcher-input";
import type { Element } from "../../xml/element";
import type { RateLimiter } from "../rate/rate-limiter";
import type { Confirmation } from "./confirmation";
import type { PresenceContext } from "./context";
import type { Machines, SipEvent } from "./machines";
import { subscriptionRates } from "./options";
import { type FromXmpp, peopleOf } from "./people";
import type { PresenceBook } from "./presence-book";
import type { Stanzas } from "./stanzas";

/** What needs the document of a person whose phones publish here. */
export interface LocalPeople {
  /** True: it was one of them, and has been dealt with. */
  subscription(type: string, people: FromXmpp): boolean;
}

export interface XmppPresenceParts {
  readonly context: PresenceContext;
  readonly machines: Machines;
  /** XMPP users as SIP watchers see them. */
  readonly seen: PresenceBook;
  readonly confirmation: Confirmation;
  readonly stanzas: Stanzas;
  readonly local: LocalPeople;
  /** Shows an XMPP watcher again what is known of a SIP contact; false when nothing is. */
  replay(record: XmppWatcherRecord, to: string): boolean;
  /** What a SIP watcher sees of a person has changed. @param rows his dialogs, where they are known */
  changedSeen(watcher: string, presentity: string, rows?: readonly SubscriptionRecord[]): void;
  /** What a SIP watcher's lists hold of a person has changed. @param standing what she has decided, if that is it */
  listed(watcher: string, presentity: string, standing?: "active" | "rejected"): void;
  isListed(watcher: string, presentity: string): boolean;
}

export class XmppPresence {
  readonly #parts: XmppPresenceParts;
  readonly #context: PresenceContext;
  readonly #rates: RateLimiter;

  constructor(parts: XmppPresenceParts) {
    this.#parts = parts;
    this.#context = parts.context;
    this.#rates = subscriptionRates(parts.context.presence);
  }

  /** Rejects when the store did not take it. */
  async handle({ rid, stanza }: XmppPresenceInput): Promise<void> {
    const people = peopleOf(stanza.attrs.from, stanza.attrs.to);
    if (people === undefined) {
      this.#drop("no-address");
      return;
    }
    if (stanza.name === "message") {
      this.#published(stanza, people);
      return;
    }
    const type = stanza.attrs.type ?? "available";
    if (ASKING.has(type) && this.#isBarred(stanza, people)) return;
    switch (type) {
      case "subscribe":
        return this.#subscribe(rid, stanza, people);
      case "unsubscribe":
        if (this.#parts.local.subscription(type, people)) return;
        return this.#toWatcher(people, { kind: "xmpp-unsubscribe" });
      case "probe":
        return this.#probe(stanza, people);
      case "subscribed":
      case "unsubscribed":
        return this.#decision(type, people);
      case "available":
      case "unavailable":
        return this.#presence(stanza, people, type === "available");
      case "error":
        return this.#error(stanza, people);
      default:
        this.#drop("unknown-type");
    }
  }

  /** A contact who keeps the watcher out is nobody; one whom the watcher blocks himself is not asked (XEP-0191 §3.2). */
  #isBarred(stanza: Element, { from, to }: FromXmpp): boolean {
    const reach = this.#context.lists?.reach(from, to) ?? "open";
    if (reach === "open") return false;
    this.#drop(`barred.${reach}`);
    if (stanza.attrs.type !== "subscribe") return true;
    if (reach === "own-block") this.#parts.stanzas.send(ownBlockError(stanza));
    // Who has been let in before, and asks once more, sees somebody who is not there.
    else if (this.#rowOf({ from, to, resource: "" })?.authorized !== true)
      this.#parts.stanzas.send(stanzaError(stanza, refusedXmppWatcher(this.#context.tables.errors)));
    return true;
  }

  async #subscribe(rid: string, stanza: Element, people: FromXmpp): Promise<void> {
    const refusal = this.#refusal(people);
    if (refusal === undefined) {
      if (this.#parts.local.subscription("subscribe", people)) return;
      return this.#subscribeToSip(people);
    }
    this.#context.counters.add(`xmpp.presence.refused.${refusal.code}`);
    this.#context.log.info(
      { rid, ...people, code: refusal.code, detail: refusal.detail },
      "subscription refused",
    );
    const { condition, type, text } = refusal;
    this.#parts.stanzas.send(stanzaError(stanza, { condition, type, text }));
  }

  /** Who may see him already, and asks because she does not know it, is shown what is known (RFC 6121 §3.1.5). */
  async #subscribeToSip(people: FromXmpp): Promise<void> {
    const wasAuthorized = this.#rowOf(people)?.authorized === true;
    await this.#toWatcher(people, { kind: "xmpp-subscribe" });
    const record = this.#rowOf(people);
    if (wasAuthorized && record?.authorized === true) this.#parts.replay(record, people.from);
  }

  #refusal({ from, to }: FromXmpp): Rejection | undefined {
    const { tables, subscriptions, presence, clock } = this.#context;
    const target = jidTargetToSip(to, tables.domains);
    if (!target.ok) return target.rejection;
    const sender = jidSenderToSip(from, tables.domains);
    if (!sender.ok) return sender.rejection;
    if (subscriptions.get(xmppWatcherKey(from, to)) !== undefined) return undefined;
    const keys = { sender: from, pair: `${from} ${to}`, peer: domainOfBare(from) };
    if (
      this.#rates.admit(keys, clock.now()).kind === "refuse" ||
      subscriptions.count() >= presence.maximumSubscriptions ||
      subscriptions.countOfWatcher("xmpp-watcher", from) >= presence.maximumPerWatcher
    ) {
      return OVERLOADED;
    }
    return undefined;
  }

  async #toWatcher({ from, to }: FromXmpp, event: XmppWatcherControl): Promise<void> {
    await this.#parts.machines.xmppWatcher(xmppWatcherKey(from, to), from, to, event);
  }

  /** Bug 11: a probe opens nothing for whoever has not subscribed, and nothing more for whoever has. */
  async #probe(stanza: Element, people: FromXmpp): Promise<void> {
    if (this.#parts.local.subscription("probe", people)) return;
    const record = this.#rowOf(people);
    if (record === undefined) {
      this.#drop("probe-unauthorized");
      return;
    }
    const shown = this.#parts.replay(record, stanza.attrs.from ?? people.from);
    if (shown && record.state === "active" && record.online === "yes") return;
    await this.#toWatcher(people, { kind: "xmpp-probe" });
  }

  /** For every dialog in which this SIP user watches the contact who decides. */
  async #decision(kind: "subscribed" | "unsubscribed", { from, to }: FromXmpp): Promise<void> {
    const record = this.#rowOf({ from, to, resource: "" });
    // Our probe of a watcher who does not let us see her is answered like this too.
    const isProbed = (): boolean => record?.due === "probe-answer" || this.#hasFetch(to, from);
    await this.#toDialogs(to, from, kind === "subscribed" ? { kind } : { kind, probed: isProbed() });
    if (kind === "unsubscribed") {
      this.#parts.seen.forget(to, from);
      if (record?.due === "probe-answer")
        await this.#toWatcher({ from, to, resource: "" }, { kind: "watcher-hidden" });
    }
    this.#parts.listed(to, from, kind === "subscribed" ? "active" : "rejected");
  }

  #hasFetch(watcher: string, presentity: string): boolean {
    const rows = this.#context.subscriptions.ofPair("sip-watcher", watcher, presentity);
    return rows.some((row) => row.direction === "sip-watcher" && isFetch(row));
  }

  async #toDialogs(watcher: string, presentity: string, event: SipEvent): Promise<void> {
    const rows = this.#context.subscriptions.ofPair("sip-watcher", watcher, presentity);
    await Promise.all(
      rows.map((row) => this.#parts.machines.sipWatcher(recordKey(row), watcher, presentity, event)),
    );
  }

  /** One stanza says two things: what SIP watchers see, and whether this person is there to see her own contacts. */
  async #presence(stanza: Element, people: FromXmpp, isAvailable: boolean): Promise<void> {
    const { from, to } = people;
    const dialogs = this.#context.subscriptions.ofPair("sip-watcher", to, from);
    const record = this.#rowOf(people);
    const isListed = this.#parts.isListed(to, from);
    if (dialogs.length === 0 && record === undefined && !isListed) {
      this.#drop("nobody-watches");
      return;
    }
    const device = presenceToDevice(stanza, this.#context.clock.now());
    this.#parts.confirmation.confirm(to, from, device.id);
    const { isChanged, wasKnown } = this.#parts.seen.putDevice(to, from, device);
    if (isChanged) this.#parts.changedSeen(to, from, dialogs);
    if (record !== undefined) await this.#watcherSeen(record, people, isAvailable, wasKnown);
  }

  /** What a person publishes through PEP: her mood, what she does, where she is. */
  #published(message: Element, { from, to }: FromXmpp): void {
    const { seen, changedSeen } = this.#parts;
    const before = seen.get(to, from);
    if (before === undefined || message.attrs.type === "error") {
      this.#drop("nobody-watches");
      return;
    }
    let person = before.person;
    for (const { node, payload } of pepItemsOf(message))
      person = pepItemToPerson(node, payload, person, this.#context.tables.presence);
    if (person !== undefined && seen.putPerson(to, from, person)) changedSeen(to, from);
  }

  /** @param wasSeen was anything known of her before? */
  async #watcherSeen(
    record: XmppWatcherRecord,
    people: FromXmpp,
    isAvailable: boolean,
    wasSeen: boolean,
  ): Promise<void> {
    if (isAvailable) {
      if (record.online === "yes" && record.due !== "probe-answer" && record.state !== "dormant") return;
      return this.#toWatcher(people, { kind: "watcher-available" });
    }
    // After a start her other devices are not known: that one of them leaves does not say that she has.
    const isOneOfMany = people.resource !== "" && record.online === "unknown";
    if (isOneOfMany && !wasSeen && record.due !== "probe-answer") return;
    const isElsewhere = this.#parts.seen.get(people.to, people.from)?.devices.some(({ open }) => open);
    if (isElsewhere === true || (record.online === "no" && record.due !== "probe-answer")) return;
    return this.#toWatcher(people, { kind: "watcher-unavailable" });
  }

  async #error(stanza: Element, people: FromXmpp): Promise<void> {
    const { condition } = parseStanzaError(stanza);
    const record = this.#rowOf(people);
    if (record?.due === "probe-answer") await this.#toWatcher(people, { kind: "watcher-hidden" });
    if (!NOBODY.has(condition)) {
      // The way to her server is blocked, which says nothing about her.
      this.#context.counters.add("xmpp.presence.error");
      return;
    }
    await this.#toDialogs(people.to, people.from, { kind: "no-contact" });
    this.#parts.listed(people.to, people.from, "rejected");
  }

  #rowOf({ from, to }: FromXmpp): XmppWatcherRecord | undefined {
    const record = this.#context.subscriptions.get(xmppWatcherKey(from, to));
    // Who watches somebody whose presence is kept here has no dialog that could be refreshed or let go.
    return record?.direction === "xmpp-watcher" && record.peer !== LOCAL_PEER ? record : undefined;
  }

  #drop(why: string): void {
    this.#context.counters.add(`xmpp.presence.dropped.${why}`);
  }
}

type XmppWatcherControl = Parameters<Machines["xmppWatcher"]>[3];

/** Conditions that say that there is no such person, now and later. RFC 6120 §8.3.3. */
const NOBODY: ReadonlySet<string> = new Set([
  "item-not-found",
  "gone",
  "jid-malformed",
  "remote-server-not-found",
]);
/** What a watcher asks of a contact. */
const ASKING: ReadonlySet<string> = new Set(["subscribe", "probe"]);
const OVERLOADED = reject("OVERLOADED", "too many subscriptions");
