/**
 * Messages from XMPP to a person with no device: kept on disk, delivered in their order when a device registers, each once
 * to each device, then gone. XEP-0160 §2, §3.
 */

import { jidTargetToSip } from "../../core/address/domains";
import { bareJid as bareOfParsed, parseJid } from "../../core/address/jid";
import { outcomeError } from "../../core/error/message-error";
import type { SipOutcome } from "../../core/input";
import { bareJid, domainOfBare, pairKey } from "../../core/message/addresses";
import type { MessageOrigin } from "../../core/message/origin";
import { messageEnding } from "../../core/message/outcome";
import { receiptFor } from "../../core/message/receipts";
import { unwrapCpim } from "../../core/message/request-body";
import { attemptOf } from "../../core/waiting/attempt";
import { delayedRequest } from "../../core/waiting/delayed-request";
import { isNobodyThere, mayWait } from "../../core/waiting/keep";
import type { Element } from "../../xml/element";
import type { GatewayContext } from "../context";
import type { Conversations } from "../conversations";
import { PairQueues } from "../pair-queues";
import type { Reporter } from "../reporter";
import type { DeviceBook, JournalEntry, NextWaiting, WaitingMessage, WaitingStore } from "../sides";
import {
  DEVICES_AT_ONCE,
  DISK_PAUSE_MS,
  DUE_AT_ONCE,
  LONGEST_ALARM_MS,
  type WaitingOptions,
  type WaitingParts,
} from "./options";

export class WaitingRoom {
  readonly #context: GatewayContext;
  readonly #options: WaitingOptions;
  readonly #store: WaitingStore;
  readonly #devices: DeviceBook;
  readonly #conversations: Conversations;
  readonly #reporter: Reporter;
  /** Domains of the JIDs whose messages may wait. */
  readonly #hosts: ReadonlySet<string>;
  /** One device after another while many come back; of one device one run at a time. */
  readonly #runs: PairQueues<string>;
  /** Devices whose run is under way or waits for its turn; true: they have registered once more meanwhile. */
  readonly #running = new Map<string, boolean>();
  /** Messages whose receipt is being told: two devices may take one at the same time. */
  readonly #telling = new Set<number>();
  #isStopped = false;
  #alarmAt = Number.POSITIVE_INFINITY;
  #cancelAlarm: (() => void) | undefined;

  constructor(
    context: GatewayContext,
    { options, store, devices }: WaitingParts,
    conversations: Conversations,
    reporter: Reporter,
  ) {
    this.#context = context;
    this.#options = options;
    this.#store = store;
    this.#devices = devices;
    this.#conversations = conversations;
    this.#reporter = reporter;
    const served = new Set(options.domains);
    const rules = context.tables.domains.sip.filter(({ sip }) => served.has(sip));
    this.#hosts = new Set(rules.map(({ xmpp }) => xmpp));
    this.#runs = new PairQueues((device) => this.#run(device), { inFlight: DEVICES_AT_ONCE, perPair: 1 });
  }

  /** What waits in all. */
  get messages(): number {
    return this.#store.messages;
  }

  /** Takes up what an earlier life left. */
  start(): void {
    this.#devices.onRegistered((device) => this.#registered(device));
    for (const person of this.#store.people()) this.#wake(person);
    this.#arm(this.#store.nextDue());
  }

  /** Begins nothing new; resolves when nothing is under way. */
  halt(): Promise<void> {
    this.#isStopped = true;
    this.#cancelAlarm?.();
    return this.#runs.halt();
  }

  /** Must this message wait behind others that no device of its recipient has yet, or that are being delivered? */
  isBehind({ origin }: JournalEntry): boolean {
    if (this.#store.messages === 0) return false;
    const person = this.#mayWaitFor(origin);
    return person !== undefined && (this.#store.of(person).undelivered > 0 || this.#isRunning(person));
  }

  /** Has this outcome of a message found nobody there, so that the message may wait? */
  wants({ origin }: JournalEntry, outcome: SipOutcome): boolean {
    return isNobodyThere(outcome) && this.#mayWaitFor(origin) !== undefined;
  }

  #mayWaitFor(origin: MessageOrigin): string | undefined {
    const person = mayWait(origin) ? personOf(origin) : undefined;
    if (person === undefined || !this.#hosts.has(domainOfBare(person))) return undefined;
    return this.#devices.serves(person) ? person : undefined;
  }

  /** Moves a message from the journal to those that wait; false when it would be beyond a bound, or the disk did not take it. */
  async keep(entry: JournalEntry): Promise<boolean> {
    const person = personOf(entry.origin);
    if (person === undefined || !this.#hasRoomFor(entry, person)) {
      this.#context.counters.add("xmpp.message.waiting.full");
      return false;
    }
    try {
      await this.#store.keep(entry, person, entry.receivedAt + this.#options.lifetimeMs);
    } catch (error) {
      this.#context.log.error({ rid: entry.rid, error: (error as Error).message }, "message not kept");
      return false;
    }
    this.#context.store.journalDone(entry.seq);
    this.#context.counters.add("xmpp.message.waiting.kept");
    this.#context.log.info({ rid: entry.rid, person }, "message waits");
    this.#arm(this.#store.nextDue());
    // A device may have registered while it was on its way here.
    this.#wake(person);
    return true;
  }

  #hasRoomFor({ request }: JournalEntry, person: string): boolean {
    const { maximumPerPerson, maximumOctetsPerPerson, maximumOctets } = this.#options;
    const { messages, octets } = this.#store.of(person);
    const more = request.body.length;
    return (
      messages < maximumPerPerson &&
      octets + more <= maximumOctetsPerPerson &&
      this.#store.octets + more <= maximumOctets
    );
  }

  #registered(device: string): void {
    if (this.#store.messages === 0 || this.#store.of(bareJid(device)).messages === 0) return;
    if (this.#running.has(device)) this.#running.set(device, true);
    else this.#begin(device);
  }

  #wake(person: string): void {
    // A run that is under way finds what has come meanwhile.
    for (const device of this.#devices.devicesOf(person)) if (!this.#running.has(device)) this.#begin(device);
  }

  #begin(device: string): void {
    if (this.#isStopped) return;
    this.#running.set(device, false);
    this.#runs.push(device, device);
  }

  #isRunning(person: string): boolean {
    if (this.#running.size === 0) return false;
    return this.#devices.devicesOf(person).some((device) => this.#running.has(device));
  }

  /** Delivers to one device until it has everything, or is away again. Never rejects. */
  async #run(device: string): Promise<void> {
    try {
      do {
        this.#running.set(device, false);
        while (!this.#isStopped && (await this.#deliverNext(device)));
      } while (!this.#isStopped && this.#running.get(device) === true);
    } catch (error) {
      this.#context.log.error({ device, error: (error as Error).message }, "waiting messages not delivered");
      if (!this.#isStopped) this.#context.clock.after(DISK_PAUSE_MS, () => this.#wake(bareJid(device)));
    } finally {
      this.#running.delete(device);
    }
  }

  /** True: there may be more for it. */
  async #deliverNext(device: string): Promise<boolean> {
    const next = this.#store.nextFor(bareJid(device), device);
    if (next === undefined) return false;
    const outcome = await this.#send(next, device);
    if (outcome === undefined) return false;
    const { message } = next;
    const attempt = attemptOf(outcome, next.attempts);
    this.#context.counters.add(`xmpp.message.waiting.${attempt}`);
    this.#context.log.info(
      { rid: message.rid, device, sipStatus: outcome.status, callId: message.request.callId },
      "waiting message sent",
    );
    switch (attempt) {
      case "delivered":
        await this.#delivered(message, device, outcome);
        return true;
      case "refused":
        await this.#refused(message, device, outcome);
        return true;
      case "away":
        // The same branch again while it may have got it: it must be able to tell that it has.
        if (!outcome.maybeDelivered && !this.#isStopped) await this.#store.tried(message.seq, device);
        return false;
    }
  }

  /** Undefined: the device's address can not be written on SIP any more; the operator has changed the rules. */
  async #send({ message, attempts }: NextWaiting, device: string): Promise<SipOutcome | undefined> {
    const { tables, switchesOf, sip } = this.#context;
    const { origin, receivedAt } = message;
    const target = jidTargetToSip(device, tables.domains);
    if (!target.ok) return undefined;
    const switches = switchesOf(target.value.rule.peer);
    const pair = pairKey(origin.to, origin.from);
    const delay = { receivedAt, deviceUri: target.value.uri, deviceTag: tagOf(device), attempts };
    const request = delayedRequest(
      message.request,
      delay,
      switches,
      switches.imdn && !this.#conversations.isPlainOnly(pair),
    );
    const outcome = await sip.send(request);
    const wrapped = request.contentType.startsWith("message/cpim");
    if (messageEnding(outcome, origin, switches, wrapped).kind !== "plain-again") return outcome;
    this.#conversations.setPlainOnly(origin.to, origin.from);
    // The same text plain, as a transaction of its own, which a repetition after a crash has in common with it.
    return sip.send(unwrapCpim(request, `${request.branch}-plain`, request.cseq + 1));
  }

  async #delivered(message: WaitingMessage, device: string, outcome: SipOutcome): Promise<void> {
    const { origin, request } = message;
    const wrapped = request.contentType.startsWith("message/cpim");
    const ending = messageEnding(outcome, origin, this.#context.switchesOf(request.peer), wrapped);
    if (ending.kind === "receipt") await this.#tellReceipt(message);
    const dueAt = this.#context.clock.now() + this.#options.otherDevicesMs;
    await this.#store.delivered(message.seq, device, dueAt);
    this.#telling.delete(message.seq);
    this.#arm(dueAt);
  }

  /** Before the row says that a device has it: after a crash the receipt may come once more, but it comes. */
  async #tellReceipt(message: WaitingMessage): Promise<void> {
    if (this.#telling.has(message.seq) || this.#store.isDelivered(message.seq)) return;
    this.#telling.add(message.seq);
    await this.#tell(message, receiptFor(message.origin));
  }

  async #refused(message: WaitingMessage, device: string, outcome: SipOutcome): Promise<void> {
    await this.#store.refused(message.seq, device);
    const others = this.#devices.devicesOf(message.person);
    if (
      this.#store.isDelivered(message.seq) ||
      others.some((other) => !this.#store.isDone(message.seq, other))
    )
      return;
    await this.#fail(message, outcome);
  }

  /** The last word on a message that no device has: its sender is told, then it is gone. */
  async #fail(message: WaitingMessage, outcome: SipOutcome): Promise<void> {
    await this.#tell(message, outcomeError(outcome, message.origin, this.#context.tables));
    await this.#store.remove(message.seq);
  }

  /** Resolves when the XMPP server has it, or the disk. */
  #tell({ rid, origin }: WaitingMessage, stanza: Element): Promise<void> {
    return this.#reporter.tellRefused(rid, origin, stanza);
  }

  #arm(at: number | undefined): void {
    if (at === undefined || this.#isStopped) return;
    const now = this.#context.clock.now();
    const soonest = Math.min(Math.max(at, now), now + LONGEST_ALARM_MS);
    if (soonest >= this.#alarmAt) return;
    this.#cancelAlarm?.();
    this.#alarmAt = soonest;
    this.#cancelAlarm = this.#context.clock.after(soonest - now, () => {
      this.#alarmAt = Number.POSITIVE_INFINITY;
      void this.#expire();
    });
  }

  /** Never rejects. */
  async #expire(): Promise<void> {
    try {
      const due = this.#store.due(this.#context.clock.now(), DUE_AT_ONCE);
      await Promise.all(due.map((message) => this.#over(message)));
      this.#arm(this.#store.nextDue());
    } catch (error) {
      this.#context.log.error({ error: (error as Error).message }, "waiting messages not looked through");
      this.#arm(this.#context.clock.now() + DISK_PAUSE_MS);
    }
  }

  async #over(message: WaitingMessage): Promise<void> {
    if (this.#store.isDelivered(message.seq)) {
      await this.#store.remove(message.seq);
      return;
    }
    this.#context.counters.add("xmpp.message.waiting.expired");
    this.#context.log.info({ rid: message.rid, person: message.person }, "waiting message given up");
    await this.#fail(message, NEVER_CAME);
  }
}

/** The canonical bare JID that a message is for. */
function personOf({ to }: MessageOrigin): string | undefined {
  const jid = parseJid(to);
  return jid.ok && jid.value.local !== undefined ? bareOfParsed(jid.value) : undefined;
}

/** What distinguishes the devices of one person in a branch: FNV-1a of the resource. */
function tagOf(device: string): string {
  let hash = 0x811c9dc5;
  for (let at = bareJid(device).length; at < device.length; at++) {
    hash = Math.imul(hash ^ device.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}

/** What its sender would have been told at once, had it not waited. */
const NEVER_CAME: SipOutcome = {
  status: 480,
  reason: "The message has waited, and nobody came for it",
  local: true,
  maybeDelivered: false,
};
