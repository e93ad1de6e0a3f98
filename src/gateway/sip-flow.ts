/** One SIP MESSAGE in: translate, hand to the XMPP server, wait for the proof, answer. Architecture §4 point 2, §6. */

import { parseStanzaError } from "../core/error/stanza-error";
import { conditionToStatus } from "../core/error/xmpp-to-sip";
import type { ProofOutcome, SipMessageInput } from "../core/input";
import { sipMessageToStanza, type TranslatedMessage } from "../core/message/sip-to-xmpp";
import { type Rejection, reject } from "../core/rejection";
import type { GatewayContext } from "./context";
import type { Conversations } from "./conversations";
import type { ReceiptBook } from "./receipt-book";
import type { SipAnswer } from "./sides";

const NO_HEADERS: SipAnswer["headers"] = [];
const OK: SipAnswer = { status: 200, reason: "OK", headers: NO_HEADERS };
const ACCEPTED: SipAnswer = { status: 202, reason: "Accepted", headers: NO_HEADERS };
/** Seconds that a sender is asked to wait while the gateway stops: a restart takes about that long. */
const STOP_RETRY_SECONDS = 10;

export class SipFlow {
  readonly #context: GatewayContext;
  readonly #conversations: Conversations;
  readonly #receipts: ReceiptBook;
  #stopping = false;

  constructor(context: GatewayContext, conversations: Conversations, receipts: ReceiptBook) {
    this.#context = context;
    this.#conversations = conversations;
    this.#receipts = receipts;
  }

  /** Refuses everything from now on. */
  drain(): void {
    this.#stopping = true;
  }

  /** Answers one MESSAGE; a 2xx is given only when the XMPP server has the stanza. */
  handle(input: SipMessageInput): SipAnswer | Promise<SipAnswer> {
    if (this.#stopping) return this.#refuse(input, reject("STOPPING"), STOP_RETRY_SECONDS);
    const translated = sipMessageToStanza(input, this.#context.tables);
    if (!translated.ok) return this.#refuse(input, translated.rejection);
    switch (translated.value.kind) {
      case "message":
        return this.#message(input, translated.value);
      case "composing":
        this.#conversations.typedOnSip(translated.value);
        return this.#accepted(input);
      case "imdn":
        this.#receipts.fromSip(translated.value);
        return this.#accepted(input);
    }
  }

  async #message(input: SipMessageInput, message: TranslatedMessage): Promise<SipAnswer> {
    if (message.cleaned) this.#context.counters.add("xml.scrubbed");
    if (message.imdn !== undefined) await this.#receipts.expectFromXmpp(message, message.imdn);
    const outcome = await this.#context.xmpp.prove(message.stanza);
    if (outcome.kind === "proven") {
      this.#conversations.messageFromSip(message);
      this.#context.counters.add("sip.message.accepted");
      this.#context.log.debug({ rid: input.rid, from: message.from, to: message.to }, "message accepted");
      return this.#accepted(input);
    }
    return this.#failed(input, message, outcome);
  }

  #failed(
    input: SipMessageInput,
    message: TranslatedMessage,
    outcome: Exclude<ProofOutcome, { kind: "proven" }>,
  ): SipAnswer {
    switch (outcome.kind) {
      case "bounced":
        return this.#bounced(input, message, outcome.error);
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
    const { errors, domains } = this.#context.tables;
    const target = message.to.includes("/") ? "full" : "bare";
    const answer = conditionToStatus({ ...parseStanzaError(error), target }, errors, "MESSAGE", domains);
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
    this.#context.log.info(
      {
        rid: input.rid,
        from: input.fromUri,
        to: input.requestUri,
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
