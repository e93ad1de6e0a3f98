/** Presence between the two sides: puts its parts together and carries out what the machines ask for. RFC 8048; architecture §6. */

import type { SipDialogRequest } from "../../core/effect";
import type { SipEventInput, XmppPresenceInput } from "../../core/input";
import { domainOfBare } from "../../core/message/addresses";
import type { DevicePresence, PersonPresence, PresenceDocument } from "../../core/presence/document";
import { readPresenceDocument } from "../../core/presence/read-document";
import { pepMessage, personToPepEvents } from "../../core/presence/rich-presence";
import { deviceToPresence } from "../../core/presence/to-stanza";
import { writePidf } from "../../core/presence/write-pidf";
import { reject } from "../../core/rejection";
import {
  recordKey,
  type SipWatcherRecord,
  type SubscriptionRecord,
  type XmppWatcherRecord,
  xmppWatcherKey,
} from "../../core/subscription/record";
import { hideDevices } from "../../core/subscription/show-document";
import { isFetch } from "../../core/subscription/sip-watcher-input";
import type { SubscriptionEffect } from "../../core/subscription/step";
import type { Element } from "../../xml/element";
import { PresenceGuard } from "../lists/presence-guard";
import type { SipAnswer } from "../sides";
import { closed, type NotifyBody, presenceBody, withBody } from "./bodies";
import { Confirmation } from "./confirmation";
import type { PresenceContext } from "./context";
import { Keeper } from "./keeper";
import { LocalSubjects } from "./local-subjects";
import { type Carrier, Machines } from "./machines";
import { Notifier } from "./notifier";
import { PresenceBook } from "./presence-book";
import { SipEvents } from "./sip-events";
import { Stanzas } from "./stanzas";
import { XmppPresence } from "./xmpp-presence";

export interface PresenceState {
  readonly subscriptions: number;
  /** Dialogs with a NOTIFY under way or wanted. */
  readonly notifying: number;
  /** Component hosts that are not reconciled yet. */
  readonly reconciling: number;
}

export class PresenceFlow implements Carrier {
  readonly #context: PresenceContext;
  /** XMPP users as SIP watchers see them, and SIP contacts as XMPP watchers do. */
  readonly #seen: PresenceBook;
  readonly #shown: PresenceBook;
  readonly #stanzas: Stanzas;
  readonly #notifier: Notifier;
  readonly #machines: Machines;
  readonly #locals: LocalSubjects;
  readonly #keeper: Keeper;
  readonly #confirmation: Confirmation;
  /** Absent: everybody may see everybody. */
  readonly #guardOfLists: PresenceGuard | undefined;
  readonly #sipEvents: SipEvents;
  readonly #xmppPresence: XmppPresence;
  #isStopping = false;
  #isStopped = false;
  /** Events that are being dealt with. */
  #underWay = 0;
  #cancelRequests: (() => void) | undefined;
  #cancelExpiry: (() => void) | undefined;

  constructor(context: PresenceContext) {
    this.#context = context;
    this.#seen = new PresenceBook(context.presence.maximumDevices);
    this.#shown = new PresenceBook(context.presence.maximumDevices);
    this.#stanzas = new Stanzas(context);
    this.#notifier = new Notifier(context.clock, (key) => this.#notifyNow(key));
    this.#machines = new Machines(context, this.#notifier, this);
    this.#locals = this.#localSubjects();
    this.#keeper = new Keeper(context, {
      due: (key, record) => this.#toRow(key, record, "due"),
      resume: (key, record) => this.#resume(key, record),
    });
    this.#confirmation = new Confirmation(context.clock, this.#seen, (watcher, presentity) =>
      this.#changedSeen(watcher, presentity),
    );
    this.#guardOfLists = this.#presenceGuard();
    this.#sipEvents = new SipEvents(context, this.#machines, this.#locals, this.#shown);
    this.#xmppPresence = new XmppPresence({
      context,
      machines: this.#machines,
      seen: this.#seen,
      confirmation: this.#confirmation,
      changedSeen: (watcher, presentity, rows) => this.#changedSeen(watcher, presentity, rows),
      stanzas: this.#stanzas,
      local: this.#locals.presence,
      replay: (record, to) => this.#replay(record, to),
      listed: (watcher, presentity, standing) => this.#locals.listed(watcher, presentity, standing),
      isListed: (watcher, presentity) => this.#locals.lists.watches(watcher, presentity),
    });
  }

  start(): void {
    this.#context.xmpp.onUp((host) => this.#keeper.resume(host));
    this.#context.registrations?.onPresence((person) =>
      this.#guard(this.#locals.publications.registrationChanged(person), { person }),
    );
    this.#keeper.start();
    this.#takeRequests();
    this.#expirePublications();
  }

  drain(): void {
    this.#isStopping = true;
    this.#keeper.stop();
    this.#cancelRequests?.();
    this.#cancelExpiry?.();
  }

  /** The store closes next: what comes after is for the next life, which owes those NOTIFYs still. */
  stop(): void {
    this.#isStopped = true;
    this.#notifier.stop();
    this.#guardOfLists?.stop();
    this.#confirmation.stop();
    this.#stanzas.stop();
  }

  get underWay(): number {
    return this.#underWay;
  }

  state(): PresenceState {
    return {
      subscriptions: this.#context.subscriptions.count(),
      notifying: this.#notifier.size,
      reconciling: this.#keeper.resuming,
    };
  }

  /** Answers one SUBSCRIBE, NOTIFY or PUBLISH. Never rejects. */
  async fromSip(input: SipEventInput): Promise<SipAnswer> {
    if (this.#isStopping) return STOPPING;
    try {
      return await this.#sipEvents.handle(input);
    } catch (error) {
      this.#context.log.error({ rid: input.rid, method: input.method, error }, "event handler failed");
      return OVERLOADED;
    }
  }

  /** Takes one presence stanza. Never throws. */
  fromXmpp(input: XmppPresenceInput): void {
    if (this.#isStopping) return;
    this.#guard(this.#xmppPresence.handle(input), { rid: input.rid });
  }

  /** The operator drops a subscription: both sides are told as if it had ended by itself. False: there is none. */
  async drop(key: string): Promise<boolean> {
    const record = this.#context.subscriptions.get(key);
    if (record === undefined) return false;
    await this.#toRow(key, record, "drop");
    return true;
  }

  changed(key: string, before: SubscriptionRecord | undefined, after: SubscriptionRecord | undefined): void {
    if (after?.dueAt !== undefined) this.#keeper.nudge(after.dueAt);
    this.#locals.changed(key, before, after);
    if (after !== undefined || before === undefined) return;
    this.#notifier.forget(key);
    const { watcher, presentity, direction } = before;
    if (direction === "sip-watcher") this.#forgetSeen(watcher, presentity);
    else {
      this.#shown.forget(watcher, presentity);
      this.#forgetSeen(presentity, watcher);
    }
  }

  /** What nobody asks for any more is not remembered. */
  #forgetSeen(watcher: string, presentity: string): void {
    const { subscriptions } = this.#context;
    if (subscriptions.ofPair("sip-watcher", watcher, presentity).length > 0) return;
    if (!this.#locals.lists.watches(watcher, presentity)) this.#seen.forget(watcher, presentity);
  }

  carry(key: string, record: SubscriptionRecord, effect: SubscriptionEffect, isAnswering: boolean): void {
    switch (effect.kind) {
      case "stanza":
        if (!this.#isShownElsewhere(key, record, effect.stanza)) this.#send(effect.stanza);
        return;
      case "subscribe":
        this.#guard(this.#subscribe(key, record, effect.request), { key });
        return;
      case "notify":
        this.#guard(this.#notify(key, record, effect, isAnswering), { key });
        return;
      case "want-notify":
        this.#notifier.want(key);
        return;
      case "remember":
        this.#remember(record, effect.document);
        return;
      case "answer":
        return;
    }
  }

  /**
   * One phone of a SIP watcher has left (RFC 8048 §5.3.3). That would take him off his contact's screen altogether, though
   * another phone of his goes on watching, or the contact watches him and sees him there.
   */
  #isShownElsewhere(key: string, record: SubscriptionRecord, { attrs }: Element): boolean {
    if (record.direction !== "sip-watcher" || attrs.type !== "unavailable") return false;
    const { subscriptions } = this.#context;
    const { watcher, presentity } = record;
    const others = subscriptions.ofPair("sip-watcher", watcher, presentity);
    if (others.some((row) => recordKey(row) !== key && row.state !== "ending")) return true;
    const seenBy = subscriptions.get(xmppWatcherKey(presentity, watcher));
    return seenBy?.direction === "xmpp-watcher" && seenBy.shown.length > 0;
  }

  carryLast(key: string, record: SubscriptionRecord, stanza: Element): void {
    if (this.#isShownElsewhere(key, record, stanza) || this.#guardOfLists?.stops(stanza) === true) return;
    const { ids, tellSurely } = this.#context;
    tellSurely({ ...stanza, attrs: { ...stanza.attrs, id: stanza.attrs.id ?? ids.random(96) } });
  }

  #send(stanza: Element): void {
    if (this.#guardOfLists?.stops(stanza) === true) return;
    this.#stanzas.send(this.#withCapabilities(stanza));
  }

  /** Whoever is shown a device may tell it what he publishes (XEP-0163 §4.3.2). */
  #withCapabilities(stanza: Element): Element {
    if (stanza.name !== "presence" || stanza.attrs.type !== undefined) return stanza;
    const [from = ""] = (stanza.attrs.from ?? "").split("/", 1);
    const avatar = this.#context.avatarOf?.(from);
    const more = avatar === undefined ? [] : [avatar];
    return { ...stanza, children: [...stanza.children, this.#context.capabilities, ...more] };
  }

  async #subscribe(key: string, record: SubscriptionRecord, request: SipDialogRequest): Promise<void> {
    const outcome = await this.#context.sip.sendInDialog(request);
    if (this.#isStopped) return;
    const { watcher, presentity } = record;
    await this.#machines.xmppWatcher(key, watcher, presentity, {
      kind: "subscribe-outcome",
      callId: request.callId,
      outcome,
    });
  }

  async #notify(
    key: string,
    record: SubscriptionRecord,
    { request, content }: Extract<SubscriptionEffect, { kind: "notify" }>,
    isAnswering: boolean,
  ): Promise<void> {
    try {
      // The answer to the SUBSCRIBE that caused it goes first.
      if (isAnswering) await new Promise((resolve) => setImmediate(resolve));
      if (record.direction !== "sip-watcher") return;
      const body = this.#body(key, record, content, request.cseq);
      const outcome = await this.#context.sip.sendInDialog(withBody(request, body));
      if (this.#isStopped) return;
      if (outcome.status >= 300) this.#locals.notifyFailed(key);
      const { watcher, presentity } = record;
      const isWanted = this.#notifier.isWanted(key);
      await this.#machines.sipWatcher(key, watcher, presentity, {
        kind: "notify-outcome",
        outcome,
        isWanted,
      });
    } finally {
      this.#notifier.end(key);
    }
  }

  #body(
    key: string,
    record: SipWatcherRecord,
    content: "state" | "closed" | "none",
    cseq: number,
  ): NotifyBody {
    const { watcher, presentity, what } = record;
    if (what !== "presence") {
      const headers = this.#locals.headersOf(what);
      const made = this.#locals.body(key, record, cseq);
      if (made?.more === true) this.#notifier.want(key);
      return made === undefined ? { contentType: "", body: NOTHING, headers } : { ...made, headers };
    }
    if (content === "none") return presenceBody(record, undefined, this.#context);
    const known = this.#locals.publications.documentOf(presentity) ?? this.#seen.get(watcher, presentity);
    const isClosed = content === "closed" || this.#guardOfLists?.hides(watcher, presentity) === true;
    return presenceBody(record, isClosed ? closed(known) : known, this.#context);
  }

  #notifyNow(key: string): void {
    const record = this.#context.subscriptions.get(key);
    if (record === undefined) {
      this.#notifier.forget(key);
      return;
    }
    const { watcher, presentity } = record;
    this.#guard(this.#machines.sipWatcher(key, watcher, presentity, { kind: "notify-now" }), { key });
  }

  #toRow(key: string, record: SubscriptionRecord, kind: "due" | "resume" | "drop"): Promise<unknown> {
    const { watcher, presentity } = record;
    if (record.direction === "sip-watcher") {
      if (kind === "resume") this.#locals.resumed(key, record);
      return this.#machines.sipWatcher(key, watcher, presentity, { kind });
    }
    if (!this.#locals.presence.isLocal(record))
      return this.#machines.xmppWatcher(key, watcher, presentity, { kind });
    return kind === "drop" ? this.#locals.presence.drop(record) : this.#locals.presence.resume(record);
  }

  /** What either side said while the link was down is not known: XMPP watchers are told everything anew, contacts are probed. */
  #resume(key: string, record: SubscriptionRecord): Promise<unknown> {
    const { watcher, presentity } = record;
    if (record.direction === "xmpp-watcher") this.#shown.forget(watcher, presentity);
    else this.#confirmation.begin(watcher, presentity);
    return this.#toRow(key, record, "resume");
  }

  /** What a SIP watcher sees of a person has changed. */
  #changedSeen(
    watcher: string,
    presentity: string,
    rows = this.#context.subscriptions.ofPair("sip-watcher", watcher, presentity),
  ): void {
    for (const row of rows) {
      if (row.direction === "sip-watcher" && (row.state === "active" || isFetch(row)))
        this.#notifier.want(recordKey(row));
    }
    this.#locals.listed(watcher, presentity);
  }

  /** The operator drops subscriptions, as if they had ended by themselves, or gives leave to those that wait for it. */
  #takeRequests(): void {
    const { subscriptions, clock } = this.#context;
    this.#cancelRequests = clock.after(LOOK_FOR_REQUESTS_MS, () => {
      try {
        for (const key of subscriptions.takeDropRequests(REQUESTS_AT_ONCE)) {
          const record = subscriptions.get(key);
          if (record !== undefined) this.#guard(this.#toRow(key, record, "drop"), { key });
        }
        for (const key of subscriptions.takeApproveRequests(REQUESTS_AT_ONCE)) {
          const record = subscriptions.get(key);
          if (record !== undefined) this.#guard(this.#approve(record), { key });
        }
      } catch (error) {
        this.#context.log.error(
          { error: (error as Error).message },
          "requests of the operator cannot be read",
        );
      }
      this.#takeRequests();
    });
  }

  #expirePublications(): void {
    const { clock } = this.#context;
    this.#cancelExpiry = clock.after(EXPIRE_EVERY_MS, () => {
      this.#guard(this.#expire(clock.now()), { what: "publications" });
      this.#expirePublications();
    });
  }

  /** One that waits for leave which only the operator gives. */
  async #approve({ watcher, presentity }: SubscriptionRecord): Promise<void> {
    this.#allow(watcher, presentity);
    await this.#locals.presence.approve(watcher, presentity);
  }

  async #expire(now: number): Promise<void> {
    const { publications } = this.#locals;
    const next = publications.nextExpiry();
    if (next !== undefined && next <= now) await publications.expire(now);
  }

  #localSubjects(): LocalSubjects {
    const context = this.#context;
    return new LocalSubjects({
      context,
      subscriptions: context.subscriptions,
      store: context.publications,
      options: context.presence.local,
      read: readPresenceDocument,
      devicesOf: context.registrations && ((person) => context.registrations?.devicesOf(person) ?? []),
      writePidf: (document, entity, peer) => this.#pidf(document, entity, peer),
      deviceStanza: (device, document, from, to) => this.#deviceStanza(device, document, from, to),
      seen: (watcher, presentity) => this.#seen.get(watcher, presentity),
      hides: (watcher, presentity) => this.#guardOfLists?.hides(watcher, presentity) === true,
      send: (stanza) => this.#send(stanza),
      rowChanged: (key, before, after) => this.changed(key, before, after),
      want: (key) => this.#notifier.want(key),
      allow: (watcher, presentity) => this.#allow(watcher, presentity),
    });
  }

  /** A SIP user has been allowed to watch another one who publishes here. */
  #allow(watcher: string, presentity: string): void {
    for (const row of this.#context.subscriptions.ofPair("sip-watcher", watcher, presentity)) {
      const key = recordKey(row);
      this.#guard(this.#machines.sipWatcher(key, watcher, presentity, { kind: "subscribed" }), { key });
    }
  }

  #presenceGuard(): PresenceGuard | undefined {
    const { lists, subscriptions, clock, log, counters } = this.#context;
    if (lists === undefined) return undefined;
    return new PresenceGuard({
      ...{ lists, subscriptions, clock, log, counters },
      want: (key) => this.#notifier.want(key),
      hide: (record) => {
        for (const stanza of hideDevices(record)) this.#send(stanza);
      },
      show: (record) => {
        const { watcher } = record;
        const isLocal = this.#locals.presence.isLocal(record);
        if (isLocal) this.#guard(this.#locals.presence.resume(record), { watcher });
        else this.#replay(record, watcher);
      },
    });
  }

  #pidf(document: PresenceDocument, entity: string, peer: string): string {
    const { tables, switchesOf } = this.#context;
    return writePidf(document, entity, { switches: switchesOf(peer), table: tables.presence });
  }

  #deviceStanza(device: DevicePresence, document: PresenceDocument, from: string, to: string): Element {
    return deviceToPresence(device, document.person, from, to, this.#context.tables.presence);
  }

  #remember({ watcher, presentity }: SubscriptionRecord, document: PresenceDocument | undefined): void {
    this.#tellPerson(watcher, presentity, document?.person);
    // While the link is down nothing is shown: what is not remembered is told anew.
    if (document === undefined || !this.#context.xmpp.isUp(domainOfBare(presentity)))
      this.#shown.forget(watcher, presentity);
    else this.#shown.put(watcher, presentity, document);
  }

  /** Mood, activity and place go to XMPP watchers as PEP's events do. */
  #tellPerson(watcher: string, presentity: string, person: PersonPresence | undefined): void {
    if (this.#guardOfLists?.hides(watcher, presentity) === true) return;
    const before = this.#shown.get(watcher, presentity)?.person;
    if (before === undefined && person === undefined) return;
    for (const item of personToPepEvents(before, person, this.#context.tables.presence))
      this.#stanzas.send(pepMessage(item, presentity, watcher));
  }

  #replay(record: XmppWatcherRecord, to: string): boolean {
    const document = this.#shown.get(record.watcher, record.presentity);
    if (document === undefined) return false;
    for (const device of document.devices) {
      if (!device.open && !record.shown.includes(device.id) && document.devices.length > 1) continue;
      this.#send(this.#deviceStanza(device, document, record.presentity, to));
    }
    return true;
  }

  /** A mistake of ours, or a store that fails, costs one event and not the process. */
  #guard(work: Promise<unknown>, fields: Readonly<Record<string, unknown>>): void {
    this.#underWay += 1;
    work
      .catch((error: unknown) => {
        this.#context.counters.add("presence.failed");
        this.#context.log.error({ ...fields, error }, "presence handler failed");
      })
      .finally(() => {
        this.#underWay -= 1;
      });
  }
}

const STOPPING: SipAnswer = {
  status: 503,
  reason: reject("STOPPING").text,
  headers: [["Retry-After", "10"]],
};
const OVERLOADED: SipAnswer = {
  status: 503,
  reason: reject("OVERLOADED").text,
  headers: [["Retry-After", "30"]],
};
const NOTHING = new Uint8Array();
/** How soon a request of the operator is noticed. */
const LOOK_FOR_REQUESTS_MS = 1_000;
const REQUESTS_AT_ONCE = 100;
/** A publication may be shown so much longer than it holds. */
const EXPIRE_EVERY_MS = 1_000;
