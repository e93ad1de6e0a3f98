/** The UAS: requests in, answers out. RFC 3261 §8.2; OPTIONS: §11.2; CANCEL: §9.2; INVITE refused: §13.3.1.3. */

import { parseSipUri } from "../../core/address/sip-uri";
import type { SipEventInput } from "../../core/input";
import { whenThere } from "../../core/later";
import { Memo } from "../../core/memo";
import type {
  Clock,
  Counters,
  Ids,
  Log,
  SipAnswer,
  SipEventHandler,
  SipMessageHandler,
  SipRegisterHandler,
} from "../../gateway/sides";
import type { SecretSource } from "../auth/secrets";
import { Trust, type TrustVerdict } from "../auth/trust";
import type { Flows } from "../dialog/flows";
import { parseCSeq } from "../message/cseq";
import type { ParseProblem, SipRequest } from "../message/message";
import { parseNameAddr } from "../message/name-addr";
import { responseBytes } from "../message/response";
import type { SipOptions } from "../options";
import { RegisterServer } from "../registrar/register-server";
import { InviteServerTransactions } from "../transaction/invite-server";
import {
  type AnswerHeaders,
  type AnswerSender,
  NonInviteServerTransactions,
  type PendingRequest,
} from "../transaction/non-invite-server";
import type { ReceivedRequest } from "../transaction/received-request";
import { createIdentify } from "../transaction/request-identity";
import { timersFor } from "../transaction/timers";
import type { Source, Transports } from "../transport/transport";
import { allowed, type EventMethod, isEventMethod, offered } from "./event-methods";
import { EventServer } from "./event-server";
import { FloodGate } from "./flood-gate";
import { type InspectContext, inspect, type Refusal } from "./inspect";
import { messageInput, type Speaker } from "./to-input";
import { responseTarget, stampVia } from "./topmost-via";

export interface ServerDeps {
  readonly transports: Transports;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly counters: Counters;
  readonly flows: Flows;
  /** Who is who; absent: the users of the options. */
  readonly directory?: SecretSource | undefined;
}

/** Who answers the requests. */
export interface Handlers {
  readonly onMessage: SipMessageHandler;
  /** Absent: SUBSCRIBE, NOTIFY and PUBLISH are not allowed. */
  readonly onEvent: SipEventHandler | undefined;
  /** Absent: REGISTER is not allowed. */
  readonly onRegister: SipRegisterHandler | undefined;
}

/** One kind of request that waits for the gateway's answer. */
interface Service<Input> {
  read(received: ReceivedRequest, now: number): Input | Refusal | Promise<Input | Refusal>;
  answer(received: ReceivedRequest, input: Input): Promise<SipAnswer>;
}

export class ServerCore implements AnswerSender {
  readonly #transports: Transports;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #context: InspectContext;
  readonly #optionsHeaders: AnswerHeaders;
  readonly #trust: Trust;
  readonly #flood = new FloodGate();
  readonly #identify = createIdentify();
  readonly #transactions: NonInviteServerTransactions;
  readonly #invites: InviteServerTransactions;
  readonly #handler: SipMessageHandler;
  readonly #events: EventServer | undefined;
  readonly #registers: RegisterServer | undefined;
  #isDraining = false;

  constructor(options: SipOptions, deps: ServerDeps, { onMessage, onEvent, onRegister }: Handlers) {
    const registrar = onRegister && options.registrar;
    this.#transports = deps.transports;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#counters = deps.counters;
    this.#context = {
      domains: new Set(options.domains.map((domain) => domain.toLowerCase())),
      isOurs: (host, port) => deps.transports.isOurs(host, port),
      uris: new Memo(parseSipUri, REMEMBERED_URIS),
      events: onEvent !== undefined,
      registrar: registrar && new Set(registrar.domains),
    };
    this.#optionsHeaders = [
      ["Allow", allowed(onEvent !== undefined, registrar !== undefined)],
      ["Accept", options.accept],
      ...offered(onEvent !== undefined, registrar !== undefined),
    ];
    this.#trust = new Trust(options, deps);
    const maximum = options.maximumServerTransactions;
    const limits = { maximum, maximumPerSource: options.maximumPerSource ?? Math.ceil(maximum / 2) };
    const below = { clock: deps.clock, counters: deps.counters, sender: this };
    this.#transactions = new NonInviteServerTransactions(options.timers, limits, below);
    this.#invites = new InviteServerTransactions(options.timers, below);
    this.#handler = onMessage;
    this.#events =
      onEvent &&
      new EventServer({
        handler: onEvent,
        trust: this.#trust,
        transports: deps.transports,
        context: this.#context,
        flows: deps.flows,
        secret: deps.ids.random(256),
        retransmissionMs: timersFor(options.timers, false).j,
      });
    this.#registers =
      registrar &&
      onRegister &&
      new RegisterServer({
        handler: onRegister,
        options: registrar,
        trust: this.#trust,
        transports: deps.transports,
        context: this.#context,
        clock: deps.clock,
      });
  }

  /** A request that could be read. */
  onRequest(request: SipRequest, source: Source): void {
    const received = this.#receive(request, source);
    if (received === undefined) {
      this.#counters.add("sip.dropped.malformed");
      return;
    }
    switch (request.method) {
      case "MESSAGE":
        this.#counters.add("sip.in.message");
        this.#onMessage(received);
        return;
      case "ACK":
        // An ACK is never answered (§17.1.1.3); one that fits nothing belongs to a call long gone.
        if (!this.#invites.receive(received)) this.#counters.add("sip.dropped.ack");
        return;
      case "INVITE":
        if (!this.#invites.receive(received)) this.#onInvite(received);
        return;
      case "CANCEL":
        this.#onCancel(received);
        return;
      case "REGISTER":
        this.#counters.add("sip.in.register");
        if (this.#registers !== undefined) this.#serve(received, this.#registers);
        else this.#onOther(received);
        return;
      default:
        if (this.#events !== undefined && isEventMethod(request.method))
          this.#onEvent(received, request.method, this.#events);
        else this.#onOther(received);
    }
  }

  /** A request that could not be read: the 400-class answer where one can be built, else nothing (§8.2.6, §21.4.1). */
  onProblem(problem: ParseProblem, source: Source): void {
    const { partial } = problem;
    const received =
      partial === undefined || partial.method === "ACK" ? undefined : this.#receive(partial, source);
    if (received === undefined) {
      this.#counters.add("sip.dropped.malformed");
      return;
    }
    this.#counters.add("sip.refused.malformed");
    this.answer(received, problem.status, problem.reason, NO_HEADERS);
  }

  /** From now on new requests get 503; retransmissions still get their answer. */
  drain(): void {
    this.#isDraining = true;
  }

  get open(): number {
    return this.#transactions.open;
  }

  /** Forgets everything; returns how many requests had no answer yet. */
  stop(): number {
    this.#invites.stop();
    return this.#transactions.stop();
  }

  answer(received: ReceivedRequest, status: number, reason: string, headers: AnswerHeaders): Buffer {
    const bytes = this.#answerBytes(received, status, reason, headers);
    this.repeat(received, bytes);
    return bytes;
  }

  repeat(received: ReceivedRequest, bytes: Buffer): void {
    void this.#transports.reply(bytes, received.source, responseTarget(received, received.source));
  }

  #answerBytes(received: ReceivedRequest, status: number, reason: string, headers: AnswerHeaders): Buffer {
    const parts = status === 100 ? { headers } : { toTag: received.toTag, headers };
    try {
      return responseBytes(received.request, status, oneLine(reason), parts);
    } catch (error) {
      // A header of ours let a peer's line end through: our mistake, but the request must still get an answer.
      this.#log.error({ rid: received.identity.transaction, error }, "answer could not be built");
      const { status, reason, headers } = SERVER_ERROR;
      return responseBytes(received.request, status, reason, { ...parts, headers });
    }
  }

  #receive(request: SipRequest, source: Source): ReceivedRequest | undefined {
    const stamped = stampVia(request, source);
    const from = request.read?.from ?? parseNameAddr(request.headers.get("From") ?? "");
    const cseq = request.read?.cseq ?? parseCSeq(request.headers.get("CSeq") ?? "");
    if (stamped === undefined || from === undefined || cseq === undefined) return undefined;
    const { topmostVia } = stamped;
    const events = isEventMethod(request.method) ? this.#events : undefined;
    const isPlaced = events !== undefined || request.method === "REGISTER";
    const place = isPlaced ? `${source.transport} ${source.address} ${source.port}\n` : undefined;
    const sender = { uri: from.uri, tag: from.parameters.get("tag") };
    const identity = this.#identify(request, topmostVia, sender, place);
    const toTag = events?.tagFor(identity.transaction, this.#clock.now()) ?? identity.transaction;
    return { request: stamped.request, topmostVia, from, cseq, source, identity, toTag };
  }

  /** False: the request was a retransmission, or is refused for what it is among others. */
  #admit(received: ReceivedRequest): boolean {
    const admission = this.#transactions.admit(received);
    if (admission === "absorbed") return false;
    if (admission === "merged") this.#refuse(received, 482, "Merged Request", NO_HEADERS);
    else if (this.#isDraining) this.#refuse(received, 503, "Stopping", RETRY_WHEN_RESTARTED);
    else if (admission === "full") this.#refuse(received, 503, "Too Much Is Waiting", RETRY_SOON);
    else return true;
    return false;
  }

  #onMessage(received: ReceivedRequest): void {
    if (!this.#admit(received)) return;
    const now = this.#clock.now();
    const tooFast = this.#flood.answerFor(received.from.uri, received.source, now);
    if (tooFast !== undefined) {
      this.#counters.add("sip.flood.refused");
      this.#transactions.answerBriefly(received, tooFast.status, tooFast.reason, tooFast.headers);
      return;
    }
    const refusal = inspect(received, this.#context);
    if (refusal !== undefined) {
      this.#refuse(received, refusal.status, refusal.reason, refusal.headers);
      return;
    }
    const verdict = this.#trust.judge(received, now);
    if (verdict instanceof Promise) this.#onMessageLater(received, verdict);
    else this.#onMessageFrom(received, verdict);
  }

  #onMessageFrom(received: ReceivedRequest, verdict: TrustVerdict): void {
    if (verdict.kind === "refused") {
      this.#refuse(received, verdict.status, verdict.reason, verdict.headers);
      return;
    }
    const answer = this.#handle(received, verdict);
    if (!("status" in answer)) this.#tellLater(this.#transactions.wait(received), answer);
    else if (answer.holdOffMs === undefined)
      this.#transactions.answer(received, answer.status, answer.reason, answer.headers);
    else this.#refuseFlood(received, verdict.fromUri, answer, answer.holdOffMs);
  }

  /** Others may stand behind the same From when somebody else asserts who they are: that one is judged each time. */
  #refuseFlood(received: ReceivedRequest, fromUri: string, answer: SipAnswer, holdOffMs: number): void {
    const { from, source } = received;
    if (fromUri === from.uri) this.#flood.close(fromUri, source, answer, holdOffMs, this.#clock.now());
    this.#transactions.answerBriefly(received, answer.status, answer.reason, answer.headers);
  }

  /** What is not even to be read: the rest of a flood. */
  drops(bytes: Buffer, source: Source): boolean {
    if (!this.#flood.drops(bytes, source, this.#clock.now())) return false;
    this.#counters.add("sip.flood.dropped");
    return true;
  }

  /** The directory has to be asked who it is: meanwhile the request waits as one for the gateway does. */
  #onMessageLater(received: ReceivedRequest, verdict: Promise<TrustVerdict>): void {
    const pending = this.#transactions.wait(received);
    verdict.then((judged) => {
      if (judged.kind === "refused") {
        this.#counters.add(`sip.refused.${judged.status}`);
        this.#answerLater(pending, judged);
        return;
      }
      const answer = this.#handle(received, judged);
      if ("status" in answer) this.#answerLater(pending, answer);
      else this.#tellLater(pending, answer);
    });
  }

  #tellLater(pending: PendingRequest, answer: PromiseLike<SipAnswer>): void {
    whenThere(
      answer,
      (later) => this.#answerLater(pending, allowedAnswer(later)),
      (error) => this.#answerLater(pending, this.#failed(pending.received, error)),
    );
  }

  /** Never throws: whoever gives the answer gives others as well. */
  #answerLater(pending: PendingRequest, { status, reason, headers }: SipAnswer): void {
    try {
      this.#transactions.answerPending(pending, status, reason, headers);
    } catch (error) {
      this.#log.error({ rid: pending.received.identity.transaction, error }, "answer could not be sent");
    }
  }

  #handle(received: ReceivedRequest, speaker: Speaker): SipAnswer | PromiseLike<SipAnswer> {
    try {
      const answer = this.#handler(messageInput(received, speaker));
      return "status" in answer ? allowedAnswer(answer) : answer;
    } catch (error) {
      return this.#failed(received, error);
    }
  }

  #onEvent(received: ReceivedRequest, method: EventMethod, events: EventServer): void {
    this.#counters.add(IN_COUNTERS[method]);
    this.#serve(received, {
      read: (request, now) => events.read(request, method, now),
      answer: (request, input: SipEventInput) => events.answer(request, input),
    });
  }

  #serve<Input extends object>(received: ReceivedRequest, service: Service<Input>): void {
    if (!this.#admit(received)) return;
    const input = service.read(received, this.#clock.now());
    if (!(input instanceof Promise) && isRefusal(input)) {
      this.#refuse(received, input.status, input.reason, input.headers);
      return;
    }
    const pending = this.#transactions.wait(received);
    this.#answerOf(received, service, input)
      .then(allowedAnswer, (error: unknown) => this.#failed(received, error))
      .then(({ status, reason, headers }) =>
        this.#transactions.answerPending(pending, status, reason, headers),
      )
      .catch((error: unknown) => this.#failed(received, error));
  }

  async #answerOf<Input extends object>(
    received: ReceivedRequest,
    service: Service<Input>,
    read: Input | Refusal | Promise<Input | Refusal>,
  ): Promise<SipAnswer> {
    const input = read instanceof Promise ? await read : read;
    if (!isRefusal(input)) return service.answer(received, input);
    this.#counters.add(`sip.refused.${input.status}`);
    return input;
  }

  /** The gateway catches its own exceptions: this one is a mistake of ours that must still not leave the peer waiting. */
  #failed(received: ReceivedRequest, error: unknown): SipAnswer {
    this.#log.error({ rid: received.identity.transaction, error }, "message handler failed");
    return SERVER_ERROR;
  }

  #onInvite(received: ReceivedRequest): void {
    // §13.3.1.3: no session that could be offered would be acceptable here.
    this.#invites.refuse(received, 488, "Not Acceptable Here");
  }

  #onCancel(received: ReceivedRequest): void {
    // §9.2: an INVITE that has its final answer is not affected; any other request has no transaction to cancel.
    if (this.#invites.has(received)) this.#refuse(received, 200, "OK", NO_HEADERS);
    else this.#refuse(received, 481, "Call/Transaction Does Not Exist", NO_HEADERS);
  }

  #onOther(received: ReceivedRequest): void {
    if (!this.#admit(received)) return;
    const refusal = inspect(received, this.#context);
    if (refusal !== undefined) this.#refuse(received, refusal.status, refusal.reason, refusal.headers);
    else this.#refuse(received, 200, "OK", this.#optionsHeaders);
  }

  /**
   * Answers without keeping anything (§8.2.7): the answer follows from the request alone, so a retransmission gets the
   * same again, and a flood of bad requests finds no memory to fill (§26.3.2.4).
   */
  #refuse(received: ReceivedRequest, status: number, reason: string, headers: AnswerHeaders): void {
    if (status >= 300) this.#counters.add(`sip.refused.${status}`);
    this.answer(received, status, reason, headers);
  }
}

function isRefusal(input: object): input is Refusal {
  return "status" in input;
}

/** RFC 4320 §4.2: never 408 to a non-INVITE; and a final answer must be one. */
function allowedAnswer(answer: SipAnswer): SipAnswer {
  if (answer.status === 408) return { ...answer, status: 504 };
  return answer.status >= 200 && answer.status <= 699 ? answer : SERVER_ERROR;
}

/** A Reason-Phrase may come from an XMPP error text. */
function oneLine(reason: string): string {
  return LINE_END.test(reason) ? reason.replace(LINE_ENDS, " ") : reason;
}

const LINE_END = /[\r\n]/;
const LINE_ENDS = /[\r\n]+/g;
const IN_COUNTERS: Readonly<Record<EventMethod, string>> = {
  SUBSCRIBE: "sip.in.subscribe",
  NOTIFY: "sip.in.notify",
  PUBLISH: "sip.in.publish",
};
const NO_HEADERS: AnswerHeaders = [];
const SERVER_ERROR: SipAnswer = { status: 500, reason: "Server Internal Error", headers: [] };
/** Seconds: answers take milliseconds, so a full house empties soon. */
const RETRY_SOON: AnswerHeaders = [["Retry-After", "5"]];
/** Seconds: what a restart takes. */
const RETRY_WHEN_RESTARTED: AnswerHeaders = [["Retry-After", "30"]];
/** Request-URIs that need not be read again. */
const REMEMBERED_URIS = 4_096;
