/** Presence between the two sides: puts its parts together and carries out what the machines ask for. RFC 8048; architecture §6. */

import type { SipDialogRequest } from "../../core/effect";
import type { SipEventInput, XmppPresenceInput } from "../../core/input";
import type { PresenceDocument } from "../../core/presence/document";
import { readPresenceDocument } from "../../core/presence/read-document";
import { writePidf } from "../../core/presence/write-pidf";
import { reject } from "../../core/rejection";
import {
  recordKey,
  type SipWatcherRecord,
  type SubscriptionRecord,
  xmppWatcherKey,
} from "../../core/subscription/record";
import { hideDevices } from "../../core/subscription/show-document";
import { isFetch } from "../../core/subscription/sip-watcher-input";
import type { SubscriptionEffect } from "../../core/subscription/step";
import type { Element } from "../../xml/element";
import { PresenceGuard } from "../lists/presence-guard";
import type { SipAnswer } from "../sides";
import { closed, type NotifyBody, presenceBody, withBody } from "./bodies";
import { Chores } from "./chores";
import { Confirmation } from "./confirmation";
import type { PresenceContext } from "./context";
import { Keeper } from "./keeper";
import { LocalSubjects } from "./local-subjects";
import { type Carrier, Machines } from "./machines";
import { Notifier } from "./notifier";
import { PresenceBook } from "./presence-book";
import { ShownContacts } from "./shown-contacts";
import { SipEvents } from "./sip-events";
import { UnderWay } from "./under-way";
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
  readonly #underWay: UnderWay;
  /** XMPP users as SIP watchers see them, and SIP contacts as XMPP watchers do. */
  readonly #seen: PresenceBook;
  readonly #shown: ShownContacts;
  readonly #notifier: Notifier;
  readonly #machines: Machines;
  readonly #locals: LocalSubjects;
  readonly #keeper: Keeper;
  readonly #chores: Chores;
  readonly #confirmation: Confirmation;
  /** Absent: everybody may see everybody. */
  readonly #guardOfLists: PresenceGuard | undefined;
  readonly #sipEvents: SipEvents;
  readonly #xmppPresence: XmppPresence;
  #isStopping = false;
  #isStopped = false;

  constructor(context: PresenceContext) {
    this.#context = context;
    this.#underWay = new UnderWay(context);
    this.#seen = new PresenceBook(context.presence.maximumDevices);
    this.#shown = new ShownContacts(context, () => this.#guardOfLists);
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
    this.#chores = this.#newChores();
    this.#guardOfLists = this.#presenceGuard();
    this.#sipEvents = new SipEvents(context, this.#machines, this.#locals, this.#shown.book);
    this.#xmppPresence = new XmppPresence({
      context,
      machines: this.#machines,
      seen: this.#seen,
      confirmation: this.#confirmation,
      changedSeen: (watcher, presentity, rows) => this.#changedSeen(watcher, presentity, rows),
      stanzas: this.#shown.stanzas,
      local: this.#locals.presence,
      replay: (record, to) => this.#shown.replay(record, to),
      listed: (watcher, presentity, standing) => this.#locals.listed(watcher, presentity, standing),
      isListed: (watcher, presentity) => this.#locals.lists.watches(watcher, presentity),
    });
  }

  start(): void {
    this.#context.xmpp.onUp((host) => this.#keeper.resume(host));
    this.#context.registrations?.onPresence((person) =>
      this.#underWay.add(this.#locals.publications.registrationChanged(person), { person }),
    );
    this.#keeper.start();
    this.#chores.start();
  }

  drain(): void {
    this.#isStopping = true;
    this.#keeper.stop();
    this.#chores.stop();
  }

  /** The store closes next: what comes after is for the next life, which owes those NOTIFYs still. */
  stop(): void {
    this.#isStopped = true;
    this.#notifier.stop();
    this.#guardOfLists?.stop();
    this.#confirmation.stop();
    this.#shown.stanzas.stop();
  }

  get underWay(): number {
    return this.#underWay.size;
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
    this.#underWay.add(this.#xmppPresence.handle(input), { rid: input.rid });
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
      this.#shown.book.forget(watcher, presentity);
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
        if (!this.#isShownElsewhere(key, record, effect.stanza)) this.#shown.send(effect.stanza);
        return;
      case "subscribe":
        this.#underWay.add(this.#subscribe(key, record, effect.request), { key });
        return;
      case "notify":
        this.#underWay.add(this.#notify(key, record, effect, isAnswering), { key });
        return;
      case "want-notify":
        this.#notifier.want(key);
        return;
      case "remember":
        this.#shown.remember(record, effect.document);
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
    this.#underWay.add(this.#machines.sipWatcher(key, watcher, presentity, { kind: "notify-now" }), { key });
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
    if (record.direction === "xmpp-watcher") this.#shown.book.forget(watcher, presentity);
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

  #newChores(): Chores {
    const { clock, log, subscriptions } = this.#context;
    return new Chores({
      ...{ clock, log, subscriptions },
      publications: this.#locals.publications,
      underWay: this.#underWay,
      drop: (key, record) => this.#toRow(key, record, "drop"),
      approve: (record) => this.#approve(record),
    });
  }

  /** One that waits for leave which only the operator gives. */
  async #approve({ watcher, presentity }: SubscriptionRecord): Promise<void> {
    this.#allow(watcher, presentity);
    await this.#locals.presence.approve(watcher, presentity);
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
      deviceStanza: (device, document, from, to) => this.#shown.stanzaOf(device, document, from, to),
      seen: (watcher, presentity) => this.#seen.get(watcher, presentity),
      hides: (watcher, presentity) => this.#guardOfLists?.hides(watcher, presentity) === true,
      send: (stanza) => this.#shown.send(stanza),
      rowChanged: (key, before, after) => this.changed(key, before, after),
      want: (key) => this.#notifier.want(key),
      allow: (watcher, presentity) => this.#allow(watcher, presentity),
    });
  }

  /** A SIP user has been allowed to watch another one who publishes here. */
  #allow(watcher: string, presentity: string): void {
    for (const row of this.#context.subscriptions.ofPair("sip-watcher", watcher, presentity)) {
      const key = recordKey(row);
      this.#underWay.add(this.#machines.sipWatcher(key, watcher, presentity, { kind: "subscribed" }), {
        key,
      });
    }
  }

  #presenceGuard(): PresenceGuard | undefined {
    const { lists, subscriptions, clock, log, counters } = this.#context;
    if (lists === undefined) return undefined;
    return new PresenceGuard({
      ...{ lists, subscriptions, clock, log, counters },
      want: (key) => this.#notifier.want(key),
      hide: (record) => {
        for (const stanza of hideDevices(record)) this.#shown.send(stanza);
      },
      show: (record) => {
        const { watcher } = record;
        const isLocal = this.#locals.presence.isLocal(record);
        if (isLocal) this.#underWay.add(this.#locals.presence.resume(record), { watcher });
        else this.#shown.replay(record, watcher);
      },
    });
  }

  #pidf(document: PresenceDocument, entity: string, peer: string): string {
    const { tables, switchesOf } = this.#context;
    return writePidf(document, entity, { switches: switchesOf(peer), table: tables.presence });
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
