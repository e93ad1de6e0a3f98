/** Rows, a clock and two inboxes: what the machines need around them, and no more. */

import { sipSenderToJid, sipTargetToJid } from "../../../src/core/address/domains";
import type { SipDialogRequest } from "../../../src/core/effect";
import type { SipDialogOutcome } from "../../../src/core/input";
import type { PresenceDocument } from "../../../src/core/presence/document";
import { presenceToDevice } from "../../../src/core/presence/from-stanza";
import { readPresenceDocument } from "../../../src/core/presence/read-document";
import { writePidf } from "../../../src/core/presence/write-pidf";
import type { Rejection } from "../../../src/core/rejection";
import type { SipWatcherEvent, XmppWatcherEvent } from "../../../src/core/subscription/event";
import { grantedExpires } from "../../../src/core/subscription/expires";
import {
  recordKey,
  type SipWatcherRecord,
  type SubscriptionRecord,
  sipWatcherKey,
  type XmppWatcherRecord,
  xmppWatcherKey,
} from "../../../src/core/subscription/record";
import { sipWatcher } from "../../../src/core/subscription/sip-watcher";
import { isFetch } from "../../../src/core/subscription/sip-watcher-input";
import type { Step, StepContext, SubscriptionEffect } from "../../../src/core/subscription/step";
import { xmppWatcher } from "../../../src/core/subscription/xmpp-watcher";
import { DEFAULT_SWITCHES } from "../../../src/core/switches";
import type { Element } from "../../../src/xml/element";
import { context, NOW, TABLES } from "../../core/subscription/fixtures";
import type { Answer, RomeosRequest } from "./wire";

type WithoutCanNotify<Event> = Event extends unknown ? Omit<Event, "canNotify"> : never;

export class World {
  readonly toRomeo: SipDialogRequest[] = [];
  readonly toJuliet: Element[] = [];
  readonly answers: Answer[] = [];
  readonly #rows = new Map<string, SubscriptionRecord>();
  readonly #unanswered: { readonly key: string; readonly request: SipDialogRequest }[] = [];
  readonly #wanted = new Set<string>();
  /** What is known of XMPP users, by who watches them; and what XMPP users were shown. */
  #seen = new Map<string, PresenceDocument>();
  #shown = new Map<string, PresenceDocument>();
  #now = NOW;
  #ids = 0;
  #transactions = 0;

  rowsOf(person: string): string[] {
    return [...this.#rows.values()].filter(({ watcher }) => watcher === person).map(recordKey);
  }

  fromXmpp(stanza: Element): void {
    const [from = "", to = ""] = [stanza.attrs.from, stanza.attrs.to].map((jid) => jid?.split("/")[0]);
    switch (stanza.attrs.type) {
      case "subscribe":
        this.#toXmppWatcher(from, to, { kind: "xmpp-subscribe" });
        return;
      case "unsubscribe":
        this.#toXmppWatcher(from, to, { kind: "xmpp-unsubscribe" });
        return;
      case "probe":
        this.#toXmppWatcher(from, to, { kind: "xmpp-probe" });
        return;
      case "subscribed":
      case "unsubscribed":
        for (const row of this.#dialogs(to, from))
          this.#toSipWatcher(recordKey(row), { kind: stanza.attrs.type });
        return;
      default:
        this.#presence(stanza, from, to);
    }
  }

  fromSip(request: RomeosRequest): void {
    this.#transactions += 1;
    const input = { ...request, rid: "r", transaction: `ours-${this.#transactions}` };
    const row = [...this.#rows.values()].find(
      ({ dialog }) =>
        dialog !== undefined && dialog.callId === input.callId && dialog.localTag === input.toTag,
    );
    if (input.method === "NOTIFY") {
      if (row?.direction !== "xmpp-watcher")
        this.#answer({ status: 481, reason: "Subscription does not exist", headers: [] });
      else
        this.#toXmppWatcher(row.watcher, row.presentity, {
          kind: "notify",
          input,
          ...this.#documents(row, input),
        });
      return;
    }
    const granted = grantedExpires(input, context().settings);
    const sender = sipSenderToJid(input.fromUri, TABLES.domains);
    const target = sipTargetToJid(input.requestUri, TABLES.domains);
    if (!granted.ok) {
      this.#refuse(granted.rejection);
      return;
    }
    if (!sender.ok || !target.ok)
      throw new Error("a script is about romeo@example.net and juliet@example.com");
    const watcher = sender.value.jid;
    const presentity = target.value.jid;
    this.#toSipWatcher(row === undefined ? sipWatcherKey(input.callId, input.transaction) : recordKey(row), {
      kind: "subscribe",
      input,
      expires: granted.value,
      what: "presence",
      watcher,
      presentity,
      approved: this.#dialogs(watcher, presentity).some(({ state }) => state === "active"),
    });
  }

  /** He answers the oldest request that he has not answered. */
  fromRomeo(outcome: Omit<SipDialogOutcome, "cseq">): void {
    const next = this.#unanswered.shift();
    if (next === undefined) throw new Error("Romeo has nothing to answer");
    const { key, request } = next;
    const ended = { ...outcome, cseq: request.cseq };
    if (request.method === "NOTIFY") {
      const isWanted = this.#wanted.has(key);
      this.#toSipWatcher(key, { kind: "notify-outcome", outcome: ended, isWanted });
      if (this.#wanted.delete(key)) this.#toSipWatcher(key, { kind: "notify-now" });
      return;
    }
    const [, watcher = "", presentity = ""] = key.split(" ");
    this.#toXmppWatcher(watcher, presentity, {
      kind: "subscribe-outcome",
      callId: request.callId,
      outcome: ended,
    });
  }

  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#rows.values()]
        .filter(({ dueAt = end + 1 }) => dueAt <= end)
        .sort((one, other) => (one.dueAt ?? 0) - (other.dueAt ?? 0));
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.dueAt ?? 0);
      this.#toRow(next, "due");
    }
    this.#now = end;
  }

  /** Rows are on disk; what was in memory, and what was under way, is gone. */
  restart(): void {
    this.#unanswered.length = 0;
    this.#wanted.clear();
    this.#seen = new Map();
    this.#shown = new Map();
    for (const row of [...this.#rows.values()]) this.#toRow(row, "resume");
  }

  #toRow(row: SubscriptionRecord, kind: "due" | "resume"): void {
    if (row.direction === "xmpp-watcher") this.#toXmppWatcher(row.watcher, row.presentity, { kind });
    else this.#toSipWatcher(recordKey(row), { kind });
  }

  #presence(stanza: Element, from: string, to: string): void {
    const device = presenceToDevice(stanza, this.#now);
    const others =
      this.#seen.get(`${to} ${from}`)?.devices.filter(({ id, open }) => id !== device.id && open) ?? [];
    const devices = device.open || others.length === 0 ? [...others, device] : others;
    this.#seen.set(`${to} ${from}`, { devices });
    for (const row of this.#dialogs(to, from)) {
      if (row.state !== "active" && !isFetch(row)) continue;
      if (this.#isFree(recordKey(row))) this.#toSipWatcher(recordKey(row), { kind: "notify-now" });
      else this.#wanted.add(recordKey(row));
    }
    const kind = devices.some(({ open }) => open) ? "watcher-available" : "watcher-unavailable";
    this.#toXmppWatcher(from, to, { kind });
  }

  #dialogs(watcher: string, presentity: string): SipWatcherRecord[] {
    return [...this.#rows.values()].filter(
      (row): row is SipWatcherRecord =>
        row.direction === "sip-watcher" && row.watcher === watcher && row.presentity === presentity,
    );
  }

  #documents(row: XmppWatcherRecord, input: RomeosRequest) {
    const last = this.#shown.get(recordKey(row));
    if (input.body.length === 0) return { document: "none" as const, last };
    const read = readPresenceDocument(input.contentType ?? "", input.body);
    return { document: read.ok ? read.value : ("unreadable" as const), last };
  }

  #toXmppWatcher(watcher: string, presentity: string, event: XmppWatcherEvent): void {
    const key = xmppWatcherKey(watcher, presentity);
    const uris = { watcher: `sip:${watcher}`, presentity: `sip:${presentity}`, peer: "default" };
    const step = { ...this.#context(), pair: { watcher, presentity }, uris };
    this.#carryOut(
      key,
      xmppWatcher(
        this.#rows.get(key) as XmppWatcherRecord | undefined,
        event,
        withIds(step, () => this.#id()),
      ),
    );
  }

  #toSipWatcher(key: string, event: WithoutCanNotify<SipWatcherEvent>): void {
    const full = { ...event, canNotify: this.#isFree(key) } as SipWatcherEvent;
    this.#carryOut(
      key,
      sipWatcher(this.#rows.get(key) as SipWatcherRecord | undefined, full, this.#context()),
    );
  }

  #context(): StepContext {
    return context({ now: this.#now });
  }

  /** Numbers in the order in which they are asked for. */
  #id(): number {
    this.#ids += 1;
    return this.#ids;
  }

  #isFree(key: string): boolean {
    return !this.#unanswered.some((open) => open.key === key && open.request.method === "NOTIFY");
  }

  #carryOut(key: string, { record, effects }: Step): void {
    const before = this.#rows.get(key);
    if (record === undefined) this.#rows.delete(key);
    else this.#rows.set(key, record);
    for (const effect of effects) this.#carry(key, record ?? before, effect);
  }

  #carry(key: string, record: SubscriptionRecord | undefined, effect: SubscriptionEffect): void {
    switch (effect.kind) {
      case "stanza":
        this.toJuliet.push(effect.stanza);
        return;
      case "answer":
        this.#answer(effect);
        return;
      case "want-notify":
        this.#wanted.add(key);
        return;
      case "remember":
        if (effect.document === undefined) this.#shown.delete(key);
        else this.#shown.set(key, effect.document);
        return;
      case "subscribe":
        this.#send(key, effect.request);
        return;
      case "notify":
        this.#send(key, { ...effect.request, ...this.#body(record, effect.content) });
    }
  }

  #send(key: string, request: SipDialogRequest): void {
    this.toRomeo.push(request);
    this.#unanswered.push({ key, request });
  }

  #refuse({ sipStatus, text, sipHeaders = [] }: Rejection): void {
    this.#answer({ status: sipStatus, reason: text, headers: sipHeaders });
  }

  #answer({ status, reason, headers }: Answer): void {
    this.answers.push({ status, reason, headers });
  }

  #body(record: SubscriptionRecord | undefined, content: "state" | "closed" | "none") {
    const known = record && this.#seen.get(`${record.watcher} ${record.presentity}`);
    const last = known?.devices[0]?.id ?? "";
    const gone = { devices: [{ id: last, open: false, notes: [], activities: [] }] };
    const document = content === "closed" ? gone : content === "state" ? known : undefined;
    if (document === undefined) return {};
    const text = writePidf(document, record?.dialog?.localUri ?? "", {
      table: TABLES.presence,
      switches: DEFAULT_SWITCHES,
    });
    return { contentType: "application/pidf+xml", body: Buffer.from(text) };
  }
}

function withIds(step: StepContext, next: () => number): StepContext {
  return {
    ...step,
    get ids() {
      return {
        get callId() {
          return `call-${next()}`;
        },
        tag: "ours",
        branch: "b",
      };
    },
  };
}
