/** One SIP MESSAGE in: translate, hand to the XMPP server, wait for the proof, answer. Architecture §4 point 2, §6. */

import { bounceToAnswer } from "../core/error/bounce";
import type { ProofOutcome, SipMessageInput } from "../core/input";
import { Later, whenThere } from "../core/later";
import { refusedSipSender } from "../core/lists/refusal";
import {
  sipMessageToStanza,
  type Translated,
  type TranslatedImdn,
  type TranslatedMessage,
} from "../core/message/sip-to-xmpp";
import { type Rejection, reject } from "../core/rejection";
import type { GatewayContext } from "./context";
import type { Conversations } from "./conversations";
import { inTurn } from "./rate/in-turn";
import type { Throttle } from "./rate/throttle";
import type { ReceiptBook, Unproven } from "./receipt-book";
import type { SipAnswer } from "./sides";

const NO_HEADERS: SipAnswer["headers"] = [];
const OK: SipAnswer = { status: 200, reason: "OK", headers: NO_HEADERS };
const ACCEPTED: SipAnswer = { status: 202, reason: "Accepted", headers: NO_HEADERS };
/** Seconds that a sender is asked to wait while the gateway stops: a restart takes about that long. */
const STOP_RETRY_SECONDS = 10;

/** An address that is kept before it was found fit may be as long as a SIP message. */
const KEPT_MAXIMUM = 256;

export class SipFlow {
  readonly #context: GatewayContext;
  readonly #conversations: Conversations;
  readonly #receipts: ReceiptBook;
  readonly #throttle: Throttle | undefined;
  #stopping = false;

  constructor(
    context: GatewayContext,
    conversations: Conversations,
    receipts: ReceiptBook,
    throttle?: Throttle,
  ) {
    this.#context = context;
    this.#conversations = conversations;
    this.#receipts = receipts;
    this.#throttle = throttle;
  }

  /** Refuses everything from now on. */
  drain(): void {
    this.#stopping = true;
  }

  /** Answers one MESSAGE; a 2xx is given only when the XMPP server has the stanza. */
  handle(input: SipMessageInput): SipAnswer | PromiseLike<SipAnswer> {
    if (this.#stopping) return this.#refuse(input, reject("STOPPING"), STOP_RETRY_SECONDS);
    const translated = sipMessageToStanza(input, this.#context.tables);
    if (translated.ok) {
      const { value } = translated;
      return this.#inTurn(input, value, () => this.#barred(input, value) ?? this.#take(input, value));
    }
    // A flood of what is refused for another reason is one as well.
    const people = { from: shortened(input.fromUri), to: shortened(input.requestUri) };
    return this.#inTurn(input, people, () => this.#refuse(input, translated.rejection));
  }

  #take(input: SipMessageInput, value: Translated): SipAnswer | PromiseLike<SipAnswer> {
    switch (value.kind) {
      case "message":
        return this.#message(input, value);
      case "composing":
        this.#conversations.typedOnSip(value);
        return this.#accepted(input);
      case "imdn":
        return this.#notification(input, value);
    }
  }

  #inTurn(
    input: SipMessageInput,
    { from, to }: { readonly from: string; readonly to: string },
    take: () => SipAnswer | PromiseLike<SipAnswer>,
  ): SipAnswer | PromiseLike<SipAnswer> {
    if (this.#throttle === undefined) return take();
    return inTurn(this.#throttle, {
      input,
      from,
      to,
      take: () => (this.#stopping ? this.#refuse(input, reject("STOPPING"), STOP_RETRY_SECONDS) : take()),
      refuse: (rejection, retryAfter) => this.#refuse(input, rejection, retryAfter),
    });
  }

  /** The answer to somebody whom a list keeps out, or who has blocked the other side himself (XEP-0191 §3.2). */
  #barred(input: SipMessageInput, { kind, from, to }: Translated): SipAnswer | undefined {
    const reach = this.#context.lists?.reach(from, to) ?? "open";
    if (reach === "open") return undefined;
    this.#context.counters.add(`sip.message.barred.${reach}`);
    // Typing and receipts get the answer that they always get.
    if (kind !== "message") return this.#accepted(input);
    if (reach === "own-block") return this.#refuse(input, reject("OWN_BLOCK"));
    this.#context.log.info({ rid: input.rid, from, to }, "message barred");
    return refusedSipSender(to, this.#context.tables.errors);
  }

  #message(input: SipMessageInput, message: TranslatedMessage): Later<SipAnswer> {
    if (message.cleaned) this.#context.counters.add("xml.scrubbed");
    const kept = message.imdn && this.#receipts.expectFromXmpp(message, message.imdn);
    const answer = new Later<SipAnswer>();
    // Not behind the disk: a later message of the same person must not overtake this one.
    whenThere(this.#context.xmpp.prove(message.stanza), (outcome) => {
      if (kept === undefined) answer.settle(this.#answerFor(input, message, outcome));
      else void kept.then(() => answer.settle(this.#answerFor(input, message, outcome)));
    });
    return answer;
  }

  /** Never throws: many messages share one proof, and a mistake with one must not cost the others their answer. */
  #answerFor(input: SipMessageInput, message: TranslatedMessage, outcome: ProofOutcome): SipAnswer {
    try {
      if (outcome.kind === "bounced") return this.#bounced(input, message, outcome.error);
      if (outcome.kind !== "proven") return this.#unproven(input, outcome);
      this.#conversations.messageFromSip(message);
      this.#context.counters.add("sip.message.accepted");
      this.#context.log.debug({ rid: input.rid, from: message.from, to: message.to }, "message accepted");
      return this.#accepted(input);
    } catch (error) {
      this.#context.log.error({ rid: input.rid, error }, "answer failed inside");
      return this.#refuse(input, reject("INTERNAL"));
    }
  }

  /** A phone's word on a message from XMPP: it has arrived when the XMPP server has what the sender is told of it. */
  async #notification(input: SipMessageInput, imdn: TranslatedImdn): Promise<SipAnswer> {
    const outcome = await this.#receipts.fromSip(imdn);
    if (outcome === "unknown") return this.#refuse(input, reject("RECEIPT_UNKNOWN"));
    return outcome === "told" ? this.#accepted(input) : this.#unproven(input, outcome);
  }

  #unproven(input: SipMessageInput, outcome: Unproven): SipAnswer {
    switch (outcome.kind) {
      case "link-down":
        return this.#refuse(input, reject("LINK_DOWN"), outcome.retryAfter);
      case "late":
        return this.#refuse(input, reject("PROOF_LATE"));
      case "full":
        return this.#refuse(input, reject("OVERLOADED"), outcome.retryAfter);
    }
  }

  #bounced(
    input: SipMessageInput,
    message: TranslatedMessage,
    error: TranslatedMessage["stanza"],
  ): SipAnswer {
    const answer = bounceToAnswer(error, message.to, this.#context.tables);
    this.#context.counters.add("sip.message.bounced");
    this.#context.log.info(
      { rid: input.rid, from: message.from, to: message.to, sipStatus: answer.status },
      "message bounced by the XMPP side",
    );
    return answer;
  }

  #accepted(input: SipMessageInput): SipAnswer {
    return this.#context.switchesOf(input.peer).acceptedStatus === 200 ? OK : ACCEPTED;
  }

  #refuse(input: SipMessageInput, rejection: Rejection, retryAfter?: number): SipAnswer {
    this.#context.counters.add(`sip.message.refused.${rejection.code}`);
    // There are as many of these as somebody floods: they are counted.
    this.#context.log[rejection.code === "TOO_FAST" ? "debug" : "info"](
      {
        rid: input.rid,
        from: shortened(input.fromUri),
        to: shortened(input.requestUri),
        code: rejection.code,
        detail: rejection.detail,
      },
      "message refused",
    );
    const headers = [...(rejection.sipHeaders ?? [])];
    if (retryAfter !== undefined) headers.push(["Retry-After", String(Math.max(1, Math.ceil(retryAfter)))]);
    return { status: rejection.sipStatus, reason: rejection.text, headers };
  }
}

function shortened(uri: string): string {
  return uri.slice(0, KEPT_MAXIMUM);
}
