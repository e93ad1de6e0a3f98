/** The run loop: joins the SIP side, the XMPP side and the store; starts and stops them in order. */

import { messageRefusal } from "../core/error/message-error";
import { reject } from "../core/rejection";
import type { Element } from "../xml/element";
import { parseXml, XML_LIMITS } from "../xml/parser";
import { write } from "../xml/writer";
import { type GatewayContext, type GatewayParts, gatewayContext } from "./context";
import { Conversations } from "./conversations";
import { presenceContext } from "./presence/context";
import { PresenceFlow, type PresenceState } from "./presence/presence-flow";
import { Throttle } from "./rate/throttle";
import { ReceiptBook } from "./receipt-book";
import { Reporter } from "./reporter";
import type { JournalEntry } from "./sides";
import { SipFlow } from "./sip-flow";
import { WaitingRoom } from "./waiting/waiting-room";
import { XmppFlow } from "./xmpp-flow";

/** Receipts that never came are forgotten this often, milliseconds. */
const FORGET_EVERY_MS = 3_600_000;

/** We wrote it ourselves, around an id that may be as long as a stanza. */
const REPORT_LIMITS = { ...XML_LIMITS, bytes: 64 * 1024 * 1024 };

export interface StopReport {
  /** SIP transactions given up. */
  readonly sipOpen: number;
  /** Stanzas written and never proven. */
  readonly stanzasUnproven: number;
  /** Messages from XMPP kept in the journal for the next start. */
  readonly journalled: number;
}

export interface GatewayState {
  readonly stopping: boolean;
  readonly journal: number;
  readonly queued: number;
  readonly owedReports: number;
  /** Messages that wait for somebody with no device; absent where nobody's devices register. */
  readonly waiting?: number;
  /** Absent while presence is off. */
  readonly presence?: PresenceState;
}

export interface Gateway {
  start(): Promise<void>;
  /** Answers what is under way, closes both sides, says how much was left. */
  stop(): Promise<StopReport>;
  state(): GatewayState;
  /** Ends the subscription with this key as if it had ended by itself; false when there is none. */
  drop(key: string): Promise<boolean>;
}

/** Joins the parts; nothing moves until `start`. */
export function createGateway(parts: GatewayParts): Gateway {
  return new RunningGateway(gatewayContext(parts));
}

class RunningGateway implements Gateway {
  readonly #context: GatewayContext;
  readonly #reporter: Reporter;
  readonly #conversations: Conversations;
  readonly #xmppFlow: XmppFlow;
  readonly #sipFlow: SipFlow;
  readonly #presence: PresenceFlow | undefined;
  readonly #waiting: WaitingRoom | undefined;
  readonly #throttle: Throttle | undefined;
  #stopping = false;
  #cancelForget: (() => void) | undefined;

  constructor(context: GatewayContext) {
    this.#context = context;
    this.#reporter = new Reporter(context, (stanza) => write(stanza));
    this.#conversations = new Conversations(context);
    const receipts = new ReceiptBook(context);
    this.#waiting =
      context.waiting && new WaitingRoom(context, context.waiting, this.#conversations, this.#reporter);
    const { rates } = context.limits;
    this.#throttle = rates && new Throttle(rates, context.clock, context.counters);
    this.#xmppFlow = new XmppFlow(context, {
      conversations: this.#conversations,
      receipts,
      reporter: this.#reporter,
      waiting: this.#waiting,
      throttle: this.#throttle,
    });
    this.#sipFlow = new SipFlow(context, this.#conversations, receipts, this.#throttle);
    this.#presence =
      context.presence &&
      new PresenceFlow(presenceContext(context, context.presence, (stanza) => this.#tellSurely(stanza)));
  }

  async start(): Promise<void> {
    const { sip, xmpp, store, log } = this.#context;
    const presence = this.#presence;
    await sip.start(
      (message) => this.#sipFlow.handle(message),
      presence && ((event) => presence.fromSip(event)),
    );
    const left = store.journalLeft();
    if (left.length > 0) log.info({ messages: left.length }, "journal resumed");
    // Before the link comes up: what waits from an earlier life goes first.
    for (const entry of left) this.#resume(entry);
    xmpp.onUp((host) => this.#reporter.linkUp(host));
    presence?.start();
    this.#waiting?.start();
    this.#context.lists?.start();
    xmpp.start(
      (message) => this.#xmppFlow.handle(message),
      presence && ((stanza) => presence.fromXmpp(stanza)),
    );
    this.#forgetReceipts();
  }

  async stop(): Promise<StopReport> {
    const { sip, xmpp, store, clock, limits } = this.#context;
    this.#stopping = true;
    this.#cancelForget?.();
    this.#context.lists?.stop();
    this.#sipFlow.drain();
    const quiet = Promise.all([this.#xmppFlow.halt(), this.#waiting?.halt()]);
    this.#throttle?.turns.flush();
    this.#presence?.drain();
    sip.drain();
    await Promise.race([quiet, new Promise<void>((resolve) => clock.after(limits.stopGraceMs, resolve))]);
    const stanzasUnproven = await xmpp.stop();
    // The last proofs, and the end of the links, have decided what is still to be answered: let it be written.
    await new Promise((resolve) => setImmediate(resolve));
    const sipOpen = await sip.stop();
    this.#conversations.stop();
    this.#reporter.stop();
    this.#presence?.stop();
    const journalled = store.journalSize();
    store.close();
    return { sipOpen, stanzasUnproven, journalled };
  }

  async drop(key: string): Promise<boolean> {
    return (await this.#presence?.drop(key)) ?? false;
  }

  state(): GatewayState {
    return {
      stopping: this.#stopping,
      journal: this.#context.store.journalSize(),
      queued: this.#xmppFlow.queued,
      owedReports: this.#reporter.owed,
      ...(this.#waiting === undefined ? {} : { waiting: this.#waiting.messages }),
      ...(this.#presence === undefined ? {} : { presence: this.#presence.state() }),
    };
  }

  #tellSurely(stanza: Element): void {
    const { from = "", to = "" } = stanza.attrs;
    // As an error is: whom it is for, and that nobody answers it.
    const origin = { from: to, to: from, wantsReceipt: false };
    void this.#reporter.tellSurely(stanza.attrs.id ?? "", origin, stanza);
  }

  #resume(entry: JournalEntry): void {
    if (entry.report === undefined) {
      this.#xmppFlow.resume(entry);
      return;
    }
    const parsed = parseXml(entry.report, REPORT_LIMITS);
    if (!parsed.ok)
      this.#context.log.error({ seq: entry.seq, problem: parsed.problem }, "kept report unreadable");
    // It went badly or there would be no report; what exactly is lost, the sender must hear of it all the same.
    this.#reporter.resume(
      entry.seq,
      parsed.ok ? parsed.root : messageRefusal(entry.origin, reject("INTERNAL")),
    );
  }

  #forgetReceipts(): void {
    this.#context.store.forgetReceipts(this.#context.clock.now());
    this.#cancelForget = this.#context.clock.after(FORGET_EVERY_MS, () => this.#forgetReceipts());
  }
}
