/** One message from XMPP: translate, journal, send in the order of its pair, tell how it ended. Architecture §4 point 3. */

import { messageRefusal, outcomeError } from "../core/error/message-error";
import { stanzaError } from "../core/error/stanza-error";
import type { SipOutcome, XmppMessageInput } from "../core/input";
import { Later, whenThere } from "../core/later";
import { ownBlockError, refusedXmppSender } from "../core/lists/refusal";
import { bareJid, pairKey } from "../core/message/addresses";
import type { MessageOrigin } from "../core/message/origin";
import { messageEnding } from "../core/message/outcome";
import { receiptFor } from "../core/message/receipts";
import { unwrapCpim } from "../core/message/request-body";
import { type XmppTranslated, xmppMessageToSip } from "../core/message/xmpp-to-sip";
import { type Rejection, reject } from "../core/rejection";
import { type Element, element } from "../xml/element";
import { NS } from "../xml/namespaces";
import type { GatewayContext } from "./context";
import type { Conversations } from "./conversations";
import { envelope } from "./envelope";
import { PairQueues } from "./pair-queues";
import { type Admission, AT_ONCE, type Passed, type Whose } from "./rate/rate-limiter";
import type { Throttle } from "./rate/throttle";
import type { ReceiptBook } from "./receipt-book";
import type { Reporter } from "./reporter";
import type { JournalEntry } from "./sides";
import type { WaitingRoom } from "./waiting/waiting-room";

type TranslatedMessage = Extract<XmppTranslated, { kind: "message" }>;

export interface XmppFlowParts {
  readonly conversations: Conversations;
  readonly receipts: ReceiptBook;
  readonly reporter: Reporter;
  /** Absent: nobody's devices register here. */
  readonly waiting?: WaitingRoom | undefined;
  /** Absent: everybody may send as fast as he can. */
  readonly throttle?: Throttle | undefined;
}

export class XmppFlow {
  readonly #context: GatewayContext;
  readonly #conversations: Conversations;
  readonly #receipts: ReceiptBook;
  readonly #reporter: Reporter;
  readonly #waiting: WaitingRoom | undefined;
  readonly #throttle: Throttle | undefined;
  readonly #queues: PairQueues<JournalEntry>;
  /** Those who wait for the same write: where the store writes a group at once, one promise serves all of it. */
  #group: { readonly written: Promise<void>; readonly taken: Taken[] } | undefined;
  /** What the entries in the queues take of memory, octets. */
  #octets = 0;
  readonly #isPlainOnly = (pair: string): boolean => this.#conversations.isPlainOnly(pair);

  constructor(context: GatewayContext, parts: XmppFlowParts) {
    this.#context = context;
    this.#conversations = parts.conversations;
    this.#receipts = parts.receipts;
    this.#reporter = parts.reporter;
    this.#waiting = parts.waiting;
    this.#throttle = parts.throttle;
    this.#queues = new PairQueues((entry) => this.#deliver(entry), {
      inFlight: context.limits.maximumSipInFlight,
      perPair: context.limits.maximumPerPair,
      perPeer: Math.ceil(context.limits.maximumSipInFlight / 2),
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
    this.#push(entry);
  }

  /** Takes one `<message/>`. Never throws and never rejects: the stanza came from outside. */
  handle(input: XmppMessageInput): void {
    try {
      if (this.#isShutOut(input.stanza)) {
        this.#context.counters.add("rate.refused.sender");
        this.#refuseFast(input, "sender");
        return;
      }
      const seq = this.#context.store.nextSeq();
      const { callId, fromTag, branch, cseq, messageId, now } = envelope(this.#context, seq);
      const translated = xmppMessageToSip(input.stanza, {
        callId,
        fromTag,
        branch,
        cseq,
        now,
        tables: this.#context.tables,
        imdnMessageId: messageId,
        plainOnly: this.#isPlainOnly,
      });
      if (translated.ok) this.#act(input, seq, translated.value);
      else if (this.#admitted(input) !== undefined) this.#refuse(input, translated.rejection);
    } catch (error) {
      this.#failed(input, error);
    }
  }

  /** The rest of a flood: what would become a MESSAGE, of somebody whose next one is refused anyway. */
  #isShutOut(stanza: Element): boolean {
    const { from, type } = stanza.attrs;
    if (from === undefined || this.#throttle?.shutsOut(from) !== true) return false;
    if (type !== undefined && NEVER_MESSAGES.has(type)) return false;
    return stanza.children.some((node) => typeof node !== "string" && node.name === "body");
  }

  /**
   * A message takes from its sender's bucket, whatever becomes of it: a flood of what is refused for another reason is one
   * as well. Undefined: he goes too fast, and that is dealt with.
   */
  #admitted(input: XmppMessageInput): Passed | undefined {
    const { from = "", to = "" } = input.stanza.attrs;
    const admission = this.#admission(from, to);
    if (admission.kind === "pass") return admission;
    this.#refuseFast(input, admission.whose);
    return undefined;
  }

  /** Typing takes from the bucket of messages, as it does from SIP; nobody is told of one too many (XEP-0085 §5). */
  #mayType({ from, to }: Pick<MessageOrigin, "from" | "to">): boolean {
    const admission = this.#admission(from, to);
    if (admission.kind === "refuse") {
      this.#context.counters.add("xmpp.typing.dropped");
      return false;
    }
    if (admission.warns) this.#warn({ from, to });
    return true;
  }

  #admission(from: string, to: string): Admission {
    return this.#throttle?.admit(from, to, serverOf(from)) ?? AT_ONCE;
  }

  #act(input: XmppMessageInput, seq: number, translated: XmppTranslated): void {
    if (this.#isBarred(input, translated)) return;
    switch (translated.kind) {
      case "message":
        this.#take(input, seq, translated);
        return;
      case "composing":
        if (this.#mayType(translated)) this.#conversations.typedOnXmpp(translated);
        return;
      case "receipt":
        this.#receipts.fromXmpp(translated);
        return;
      case "error":
        this.#receipts.lateBounce(translated);
        return;
      case "nothing":
        // What only the XMPP side can read must not vanish: its sender is told.
        if (translated.reason === "encrypted" && this.#admitted(input) !== undefined)
          this.#refuse(input, reject("CONTENT_TYPE_UNSUPPORTED", "encrypted"));
        this.#context.counters.add(`xmpp.message.ignored.${translated.reason}`);
        return;
    }
  }

  /** Does a list keep the sender out, or has he blocked the other side himself (XEP-0191 §3.2)? Only messages are answered. */
  #isBarred(input: XmppMessageInput, translated: XmppTranslated): boolean {
    const { rid, stanza } = input;
    const { lists, counters, log, tables } = this.#context;
    if (lists === undefined || translated.kind === "nothing") return false;
    const { from, to } = translated.kind === "message" ? translated.origin : translated;
    const reach = lists.reach(from, to);
    if (reach === "open") return false;
    counters.add(`xmpp.message.barred.${reach}`);
    if (translated.kind !== "message" || this.#admitted(input) === undefined) return true;
    log.info({ rid, from, to }, "message barred");
    const error =
      reach === "own-block" ? ownBlockError(stanza) : stanzaError(stanza, refusedXmppSender(tables.errors));
    void this.#reporter.tellRefused(rid, translated.origin, error);
    return true;
  }

  #take(input: XmppMessageInput, seq: number, message: TranslatedMessage): void {
    const { origin, request, receipt } = message;
    const entry: JournalEntry = {
      seq,
      pair: pairKey(origin.to, origin.from),
      rid: input.rid,
      receivedAt: this.#context.clock.now(),
      request,
      origin,
    };
    const admission = this.#admitted(input);
    if (admission === undefined) return;
    if (!this.#hasRoomFor(entry)) {
      this.#refuse(input, reject("OVERLOADED"));
      return;
    }
    if (admission.warns) this.#warn(origin);
    if (receipt !== undefined) void this.#receipts.expectFromSip(receipt);
    const one: Taken = { input, entry, delayMs: admission.delayMs };
    const written = this.#context.store.journal(entry);
    if (this.#group?.written === written) {
      this.#group.taken.push(one);
      return;
    }
    const taken: Taken[] = [one];
    this.#group = { written, taken };
    const each = (act: (one: Taken) => void): void => {
      if (this.#group?.written === written) this.#group = undefined;
      this.#each(taken, act);
    };
    written.then(
      () => each((one) => this.#journalled(one)),
      (error: Error) => each((one) => this.#notJournalled(one, error)),
    );
  }

  /** A mistake with one costs the others of its group nothing. */
  #each(taken: readonly Taken[], act: (one: Taken) => void): void {
    for (const one of taken) {
      try {
        act(one);
      } catch (error) {
        this.#failed(one.input, error);
      }
    }
  }

  #journalled({ entry, delayMs }: Taken): void {
    this.#inTurn(entry, delayMs);
    this.#conversations.messageFromXmpp(entry.origin.to, entry.origin.from);
  }

  #notJournalled({ input }: Taken, error: Error): void {
    this.#context.log.error({ rid: input.rid, error: error.message }, "message not journalled");
    this.#refuse(input, reject("OVERLOADED", "the store did not take it"));
  }

  /** Whoever sends too fast is slowed when his message is on disk already. */
  #inTurn(entry: JournalEntry, delayMs: number): void {
    const turns = this.#throttle?.turns;
    if (turns === undefined || (delayMs === 0 && !turns.has(entry.pair))) this.#push(entry);
    else turns.after(entry.pair, delayMs, () => this.#push(entry));
  }

  /** In the gateway's own name, as nobody's message: once, before his messages are refused. */
  #warn({ from, to }: Pick<MessageOrigin, "from" | "to">): void {
    const id = this.#context.ids.random();
    const host = serverOf(to);
    const body = element(NS.client, "body", {}, TOO_FAST_WARNING);
    this.#context.xmpp.send(
      element(NS.client, "message", { from: host, to: from, type: "headline", id }, body),
    );
  }

  /** There are as many of these as somebody floods: nobody waits for their proof, and most go untold. */
  #refuseFast(input: XmppMessageInput, whose: Whose): void {
    const { stanza } = input;
    const rejection = reject(whose === "peer" ? "PEER_TOO_FAST" : "TOO_FAST");
    const { condition, type, text } = rejection;
    this.#context.counters.add(`xmpp.message.refused.${rejection.code}`);
    this.#context.log.debug({ rid: input.rid, from: stanza.attrs.from, whose }, "message refused");
    if (this.#throttle?.tells(stanza.attrs.from ?? "") === false) return;
    if (!this.#context.xmpp.send(stanzaError(stanza, { condition, type, text })))
      this.#refuse(input, rejection);
  }

  #hasRoomFor(entry: JournalEntry): boolean {
    const { maximumJournal, maximumQueuedOctets = QUEUED_OCTETS } = this.#context.limits;
    return (
      this.#context.store.journalSize() < maximumJournal &&
      this.#octets + octetsOf(entry) <= maximumQueuedOctets &&
      !this.#queues.isFull(entry.pair)
    );
  }

  #push(entry: JournalEntry): void {
    this.#octets += octetsOf(entry);
    this.#queues.push(entry.pair, entry, entry.request.peer);
  }

  /** Sends one; never throws. Settles when its pair's next message may go. */
  #deliver(entry: JournalEntry): Delivery {
    const done = new Delivery(octetsOf(entry));
    if (this.#context.clock.now() - entry.receivedAt <= this.#context.limits.messageDeadlineMs) {
      if (this.#waiting?.isBehind(entry) === true) this.#sent(entry, NOBODY_THERE, done);
      else this.#send(entry, done);
    } else {
      this.#end(entry, "expired", messageRefusal(entry.origin, reject("EXPIRED")));
      this.#leave(done);
    }
    return done;
  }

  #send(entry: JournalEntry, done: Delivery): void {
    try {
      whenThere(
        this.#context.sip.send(entry.request),
        (outcome) => this.#sent(entry, outcome, done),
        (error) => this.#broken(entry, error, done),
      );
    } catch (error) {
      this.#broken(entry, error, done);
    }
  }

  #sent(entry: JournalEntry, outcome: SipOutcome, done: Delivery): void {
    try {
      if (outcome.status >= 300 && this.#waiting?.wants(entry, outcome) === true) {
        this.#keep(this.#waiting, entry, outcome, done);
        return;
      }
      const again = this.#ended(entry, outcome);
      if (again === undefined) this.#leave(done);
      else this.#send(again, done);
    } catch (error) {
      this.#broken(entry, error, done);
    }
  }

  /** Nobody is there for it: it waits on disk, or its sender is told. */
  #keep(waiting: WaitingRoom, entry: JournalEntry, outcome: SipOutcome, done: Delivery): void {
    void waiting.keep(entry).then((isKept) => {
      if (!isKept) this.#end(entry, "failed", outcomeError(outcome, entry.origin, this.#context.tables));
      this.#leave(done);
    });
  }

  /** Only a fault of our own comes here; the sender hears of it all the same (architecture E13). */
  #broken(entry: JournalEntry, error: unknown, done: Delivery): void {
    this.#context.log.error({ rid: entry.rid, error }, "delivery failed inside");
    this.#end(entry, "internal", messageRefusal(entry.origin, reject("INTERNAL")));
    this.#leave(done);
  }

  #leave(done: Delivery): void {
    this.#octets -= done.octets;
    done.settle();
  }

  /** @returns what is to be sent instead, if it has not ended yet */
  #ended(entry: JournalEntry, outcome: SipOutcome): JournalEntry | undefined {
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
        return undefined;
      case "receipt":
        this.#context.counters.add("xmpp.message.delivered");
        this.#end(entry, "receipt", receiptFor(origin));
        return undefined;
      case "plain-again":
        this.#conversations.setPlainOnly(origin.to, origin.from);
        return this.#plain(entry);
      case "error":
        this.#end(entry, "failed", outcomeError(outcome, origin, this.#context.tables));
        return undefined;
    }
  }

  /** The phone takes no CPIM: the same text once more, as a new transaction. */
  #plain(entry: JournalEntry): JournalEntry {
    const { branch, cseq } = envelope(this.#context);
    return { ...entry, request: unwrapCpim(entry.request, branch, cseq) };
  }

  /** The last word on a message: what the sender is told, then the journal forgets it. */
  #end(entry: JournalEntry, how: string, stanza: Element): void {
    this.#context.counters.add(`xmpp.message.${how}`);
    if (entry.origin.unreported === true) {
      this.#context.store.journalDone(entry.seq);
      return;
    }
    // The pair's next message does not wait until the sender has been told.
    void this.#reporter.tell(entry.seq, stanza);
  }

  /** A mistake of our own: it must not end the process, and the sender must hear of it (architecture E13). */
  #failed(input: XmppMessageInput, error: unknown): void {
    this.#context.log.error({ rid: input.rid, error }, "message handler failed");
    this.#refuse(input, reject("INTERNAL"));
  }

  #refuse(input: XmppMessageInput, rejection: Rejection): void {
    const { from, to, id, type } = input.stanza.attrs;
    this.#context.counters.add(`xmpp.message.refused.${rejection.code}`);
    this.#context.log.info(
      { rid: input.rid, from, to, code: rejection.code, detail: rejection.detail },
      "message refused",
    );
    if (type === "error" || !from || !to) return;
    const origin: MessageOrigin = { from, to, wantsReceipt: false, ...(id === undefined ? {} : { id }) };
    void this.#reporter.tellRefused(input.rid, origin, messageRefusal(origin, rejection));
  }
}

/** A stanza and the entry that it has become. */
interface Taken {
  readonly input: XmppMessageInput;
  readonly entry: JournalEntry;
  /** Its sender sends too fast: it goes to SIP so much later. */
  readonly delayMs: number;
}

/** An entry on its way. */
class Delivery extends Later<void> {
  /** @param octets what its entry takes of memory until it has ended */
  constructor(readonly octets: number) {
    super();
  }
}

/** The domain of a JID. */
function serverOf(jid: string): string {
  const bare = bareJid(jid);
  return bare.slice(bare.indexOf("@") + 1);
}

/** What an entry takes of memory while it waits, octets. */
function octetsOf({ request, origin }: JournalEntry): number {
  return request.body.length + (origin.id?.length ?? 0) + ENTRY_OCTETS;
}

/** The outcome of a message that goes behind others which wait for the same person (RFC 3261 §21.4.18). */
const NOBODY_THERE: SipOutcome = {
  status: 480,
  reason: "Temporarily Unavailable",
  local: true,
  maybeDelivered: false,
};
/** Types that never become a MESSAGE (RFC 7572 §4). */
const NEVER_MESSAGES: ReadonlySet<string> = new Set(["error", "groupchat", "headline"]);
const TOO_FAST_WARNING =
  "You are sending messages too fast. They are delayed now, and refused if you go on like this.";
/** Addresses, identifiers, headers and objects of an entry, about. */
const ENTRY_OCTETS = 2_000;
/** Room for a full journal of ordinary messages. */
const QUEUED_OCTETS = 128 * 1024 * 1024;
