/** One message from XMPP: translate, journal, send in the order of its pair, tell how it ended. Architecture §4 point 3. */

import { type StanzaCondition, statusToCondition } from "../core/error/sip-to-xmpp";
import { errorStanza } from "../core/error/stanza-error";
import type { SipOutcome, XmppMessageInput } from "../core/input";
import type { MessageOrigin } from "../core/message/origin";
import { messageEnding } from "../core/message/outcome";
import { receiptFor } from "../core/message/receipts";
import { unwrapCpim } from "../core/message/request-body";
import { type XmppTranslated, xmppMessageToSip } from "../core/message/xmpp-to-sip";
import { type Rejection, reject } from "../core/rejection";
import type { Element } from "../xml/element";
import { NS } from "../xml/namespaces";
import type { GatewayContext } from "./context";
import { pairKey } from "./context";
import type { Conversations } from "./conversations";
import { envelope } from "./envelope";
import { PairQueues } from "./pair-queues";
import type { ReceiptBook } from "./receipt-book";
import type { Reporter } from "./reporter";
import type { JournalEntry } from "./sides";

type TranslatedMessage = Extract<XmppTranslated, { kind: "message" }>;

export class XmppFlow {
  readonly #context: GatewayContext;
  readonly #conversations: Conversations;
  readonly #receipts: ReceiptBook;
  readonly #reporter: Reporter;
  readonly #queues: PairQueues<JournalEntry>;

  constructor(
    context: GatewayContext,
    conversations: Conversations,
    receipts: ReceiptBook,
    reporter: Reporter,
  ) {
    this.#context = context;
    this.#conversations = conversations;
    this.#receipts = receipts;
    this.#reporter = reporter;
    this.#queues = new PairQueues((entry) => this.#deliver(entry), {
      inFlight: context.limits.maximumSipInFlight,
      perPair: context.limits.maximumPerPair,
    });
  }

  get queued(): number {
    return this.#queues.size;
  }

  /** Sends nothing new; resolves when nothing is under way. What comes is still journalled, for the next start. */
  halt(): Promise<void> {
    return this.#queues.halt();
  }

  /** Takes up what an earlier life journalled. */
  resume(entry: JournalEntry): void {
    this.#queues.push(entry.pair, entry);
  }

  /** Takes one `<message/>`. Never throws and never rejects: the stanza came from outside. */
  handle(input: XmppMessageInput): void {
    const seq = this.#context.store.nextSeq();
    const { messageId, ...identifiers } = envelope(this.#context, seq);
    const translated = xmppMessageToSip(input.stanza, {
      ...identifiers,
      tables: this.#context.tables,
      imdnMessageId: messageId,
      plainOnly: (pair) => this.#conversations.isPlainOnly(pair),
    });
    if (translated.ok) this.#act(input, seq, translated.value);
    else this.#refuse(input, translated.rejection);
  }

  #act(input: XmppMessageInput, seq: number, translated: XmppTranslated): void {
    switch (translated.kind) {
      case "message":
        void this.#take(input, seq, translated);
        return;
      case "composing":
        this.#conversations.typedOnXmpp(translated);
        return;
      case "receipt":
        this.#receipts.fromXmpp(translated);
        return;
      case "error":
        this.#receipts.lateBounce(translated);
        return;
      case "nothing":
        // What only the XMPP side can read must not vanish: its sender is told.
        if (translated.reason === "encrypted")
          this.#refuse(input, reject("CONTENT_TYPE_UNSUPPORTED", "encrypted"));
        this.#context.counters.add(`xmpp.message.ignored.${translated.reason}`);
        return;
    }
  }

  async #take(input: XmppMessageInput, seq: number, message: TranslatedMessage): Promise<void> {
    const { origin } = message;
    const pair = pairKey(origin.to, origin.from);
    if (
      this.#context.store.journalSize() >= this.#context.limits.maximumJournal ||
      this.#queues.isFull(pair)
    ) {
      this.#refuse(input, reject("OVERLOADED"));
      return;
    }
    const entry: JournalEntry = {
      seq,
      pair,
      rid: input.rid,
      receivedAt: this.#context.clock.now(),
      request: message.request,
      origin,
    };
    try {
      if (message.receipt !== undefined) void this.#receipts.expectFromSip(message.receipt);
      await this.#context.store.journal(entry);
    } catch (error) {
      this.#context.log.error({ rid: input.rid, error: (error as Error).message }, "message not journalled");
      this.#refuse(input, reject("OVERLOADED", "the store did not take it"));
      return;
    }
    this.#conversations.messageFromXmpp(origin.to, origin.from);
    this.#queues.push(pair, entry);
  }

  async #deliver(entry: JournalEntry): Promise<void> {
    if (this.#context.clock.now() - entry.receivedAt > this.#context.limits.messageDeadlineMs) {
      const stanza = failure(entry.origin, reject("EXPIRED"));
      return this.#end(entry, "expired", stanza);
    }
    try {
      const outcome = await this.#context.sip.send(entry.request);
      await this.#ended(entry, outcome);
    } catch (error) {
      // Only a fault of our own comes here; the sender hears of it all the same (architecture E13).
      this.#context.log.error({ rid: entry.rid, error: (error as Error).stack }, "delivery failed inside");
      await this.#end(entry, "internal", failure(entry.origin, reject("INTERNAL")));
    }
  }

  async #ended(entry: JournalEntry, outcome: SipOutcome): Promise<void> {
    const { origin, request } = entry;
    const wrapped = request.contentType.startsWith("message/cpim");
    const ending = messageEnding(outcome, origin, this.#context.switchesOf(request.peer), wrapped);
    this.#context.log[ending.kind === "error" ? "info" : "debug"](
      {
        rid: entry.rid,
        from: request.fromUri,
        to: request.toUri,
        sipStatus: outcome.status,
        callId: request.callId,
      },
      "message to SIP ended",
    );
    switch (ending.kind) {
      case "silent":
        this.#context.counters.add("xmpp.message.delivered");
        this.#context.store.journalDone(entry.seq);
        return;
      case "receipt":
        this.#context.counters.add("xmpp.message.delivered");
        return this.#end(entry, "receipt", receiptFor(origin));
      case "plain-again":
        this.#conversations.setPlainOnly(origin.to, origin.from);
        return this.#plainAgain(entry);
      case "error":
        return this.#end(entry, "failed", failure(origin, this.#conditionOf(outcome)));
    }
  }

  /** The phone takes no CPIM: the same text once more, as a new transaction. */
  async #plainAgain(entry: JournalEntry): Promise<void> {
    const { branch, cseq } = envelope(this.#context);
    const request = unwrapCpim(entry.request, branch, cseq);
    return this.#ended({ ...entry, request }, await this.#context.sip.send(request));
  }

  #conditionOf(outcome: SipOutcome): StanzaCondition {
    const { errors, domains } = this.#context.tables;
    return statusToCondition(outcome, errors, domains) ?? reject("INTERNAL"); // a 2xx never comes here
  }

  /** The last word on a message: what the sender is told, then the journal forgets it. */
  async #end(entry: JournalEntry, how: string, stanza: Element): Promise<void> {
    this.#context.counters.add(`xmpp.message.${how}`);
    if (entry.origin.unreported === true) {
      this.#context.store.journalDone(entry.seq);
      return;
    }
    // The pair's next message does not wait until the sender has been told.
    void this.#reporter.tell(entry.seq, stanza);
  }

  #refuse(input: XmppMessageInput, rejection: Rejection): void {
    const { attrs } = input.stanza;
    this.#context.counters.add(`xmpp.message.refused.${rejection.code}`);
    this.#context.log.info(
      { rid: input.rid, from: attrs.from, to: attrs.to, code: rejection.code, detail: rejection.detail },
      "message refused",
    );
    if (attrs.type === "error" || attrs.from === undefined || attrs.to === undefined) return;
    const origin: MessageOrigin = {
      from: attrs.from,
      to: attrs.to,
      wantsReceipt: false,
      ...(attrs.id === undefined ? {} : { id: attrs.id }),
    };
    void this.#reporter.tell(undefined, failure(origin, rejection));
  }
}

function failure(origin: MessageOrigin, condition: StanzaCondition): Element {
  const { from, to, id } = origin;
  return errorStanza(
    { name: "message", ns: NS.client, from, to, ...(id === undefined ? {} : { id }) },
    condition,
  );
}
