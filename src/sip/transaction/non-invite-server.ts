/** Non-INVITE server transactions. RFC 3261 §17.2.2, RFC 4320 §4. */

import { TransientMap } from "../../core/transient-map";
import type { Clock, Counters } from "../../gateway/sides";
import { AnsweredTransactions } from "./answered";
import { Deadlines, type Waiting } from "./deadlines";
import { KeptAnswers } from "./kept-answers";
import { SERVER_TABLE, type ServerEvent, type ServerState } from "./non-invite-server-table";
import type { ReceivedRequest } from "./received-request";
import { type TimerOptions, timersFor } from "./timers";

/** Builds and sends answers; the layer above knows how a response looks and where it goes. */
export interface AnswerSender {
  /** Builds the response and sends it; returns what was sent. */
  answer(received: ReceivedRequest, status: number, reason: string, headers: AnswerHeaders): Buffer;
  /** Sends bytes that `answer` returned before. */
  repeat(received: ReceivedRequest, bytes: Buffer): void;
}

export type AnswerHeaders = readonly (readonly [name: string, value: string])[];

export interface ServerLimits {
  /** Transactions that wait for their answer, at once. */
  readonly maximum: number;
  /** The same for one source address, so that one peer cannot take all of them. */
  readonly maximumPerSource: number;
}

/** `new`: go on with it; `absorbed`: a retransmission, dealt with; `merged`: refuse with 482 (§8.2.2.2); `full`: with 503. */
export type Admission = "new" | "absorbed" | "merged" | "full";

/** A request that waits for its answer: states Trying and Proceeding. */
export class PendingRequest implements Waiting {
  deadline = 0;
  heapIndex = -1;
  state: ServerState = "trying";
  trying: Buffer | undefined;

  constructor(
    readonly received: ReceivedRequest,
    /** End of the client's patience (its Timer F). */
    readonly expiresAt: number,
  ) {}
}

export class NonInviteServerTransactions {
  /** On any transport: the client's Timer F, and when a 100 is due. */
  readonly #patience: number;
  readonly #trying: number;
  readonly #limits: ServerLimits;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #sender: AnswerSender;
  readonly #pending = new TransientMap<string, PendingRequest>();
  /** Boxed, so that counting is one look-up. */
  readonly #perSource = new Map<string, { open: number }>();
  readonly #deadlines: Deadlines<PendingRequest>;
  readonly #answered: AnsweredTransactions;
  readonly #kept: KeptAnswers;

  constructor(
    timers: TimerOptions,
    limits: ServerLimits,
    deps: { readonly clock: Clock; readonly counters: Counters; readonly sender: AnswerSender },
  ) {
    this.#limits = limits;
    this.#clock = deps.clock;
    this.#counters = deps.counters;
    this.#sender = deps.sender;
    this.#deadlines = new Deadlines(deps.clock, (pending, now) => this.#onDue(pending, now));
    const { f, j, trying } = timersFor(timers, false);
    this.#patience = f;
    this.#trying = trying;
    this.#answered = new AnsweredTransactions(j, deps.clock.now());
    this.#kept = new KeptAnswers(j, deps.counters);
  }

  /** Transactions that wait for their answer. */
  get open(): number {
    return this.#pending.size;
  }

  /** Transactions that were answered and wait for Timer J. */
  get completed(): number {
    return this.#answered.size + this.#kept.size;
  }

  /** Judges a request that came in: is it new, and is there room for it? */
  admit(received: ReceivedRequest): Admission {
    const { identity } = received;
    const pending = this.#pending.size === 0 ? undefined : this.#pending.get(identity.request);
    if (pending !== undefined) {
      if (pending.received.identity.via !== identity.via) return isInDialog(received) ? "absorbed" : "merged";
      this.#on(pending, "request");
      return "absorbed";
    }
    const now = this.#clock.now();
    const answered = this.#answered.find(identity, now);
    const kept = this.#kept.find(identity.transaction, now);
    if (kept !== undefined) {
      this.#counters.add("sip.server.retransmissions");
      this.#sender.repeat(received, kept);
      return "absorbed";
    }
    if (answered?.kind === "retransmission") {
      this.#counters.add("sip.server.retransmissions");
      this.#sender.answer(received, answered.status, answered.reason, NO_HEADERS);
      return "absorbed";
    }
    // §8.2.2.2: only a request outside a dialog, without a To tag, can be merged. In a dialog 482 would end it (RFC 5057
    // §5.1), and its CSeq tells the copy.
    if (answered?.kind === "merged" && !isInDialog(received)) return "merged";
    return this.#hasRoom(received.source.address) ? "new" : "full";
  }

  /** Lets a new request wait for an answer that comes later. */
  wait(received: ReceivedRequest): PendingRequest {
    const now = this.#clock.now();
    const pending = new PendingRequest(received, now + this.#patience);
    this.#pending.set(received.identity.request, pending);
    const { address } = received.source;
    const source = this.#perSource.get(address);
    if (source === undefined) this.#perSource.set(address, { open: 1 });
    else source.open += 1;
    this.#deadlines.set(pending, now + this.#trying);
    return pending;
  }

  /** The answer to a waiting request. */
  answerPending(pending: PendingRequest, status: number, reason: string, headers: AnswerHeaders): void {
    const { actions } = SERVER_TABLE[pending.state].answer;
    if (actions.length === 0) {
      this.#counters.add("sip.server.late-answers");
      return;
    }
    this.#remove(pending, "completed");
    this.answer(pending.received, status, reason, headers);
  }

  /** The answer to a request that never had to wait. */
  answer(received: ReceivedRequest, status: number, reason: string, headers: AnswerHeaders): void {
    const bytes = this.#sender.answer(received, status, reason, headers);
    // Timer J is zero on a reliable transport: nothing can be retransmitted, nothing is kept.
    if (received.source.transport !== "udp") return;
    const now = this.#clock.now();
    // What was taken is remembered in any case, so that it is not taken once more when it comes by another way (§8.2.2.2).
    const isRemembered =
      (headers.length === 0 || status < 300) && this.#answered.add(received.identity, status, reason, now);
    if (isRemembered && headers.length === 0) return;
    this.#kept.add(received.identity.transaction, bytes, now);
  }

  /** As `answer`, for what comes in floods: its headers are not kept, and a retransmission is answered without them. */
  answerBriefly(received: ReceivedRequest, status: number, reason: string, headers: AnswerHeaders): void {
    this.#sender.answer(received, status, reason, headers);
    if (received.source.transport === "udp")
      this.#answered.add(received.identity, status, reason, this.#clock.now());
  }

  /** Gives up everything; returns how many requests had no answer yet. */
  stop(): number {
    const open = this.#pending.size;
    for (const pending of this.#pending.values()) pending.state = "terminated";
    this.#pending.clear();
    this.#perSource.clear();
    this.#deadlines.clear();
    return open;
  }

  #onDue(pending: PendingRequest, now: number): void {
    this.#on(pending, now >= pending.expiresAt ? "timer-f" : "timer-100");
  }

  #on(pending: PendingRequest, event: Exclude<ServerEvent, "answer" | "timer-j">): void {
    const row = SERVER_TABLE[pending.state][event];
    pending.state = row.next;
    if (event === "request") this.#counters.add("sip.server.retransmissions");
    for (const action of row.actions) {
      if (action === "send-100") this.#sendTrying(pending);
      else if (action === "repeat-100") this.#sender.repeat(pending.received, pending.trying as Buffer);
      else if (action === "give-up") this.#giveUp(pending);
    }
  }

  #sendTrying(pending: PendingRequest): void {
    pending.trying = this.#sender.answer(pending.received, 100, "Trying", NO_HEADERS);
    this.#deadlines.set(pending, pending.expiresAt);
  }

  #giveUp(pending: PendingRequest): void {
    this.#counters.add("sip.server.unanswered");
    this.#remove(pending, "terminated");
  }

  #remove(pending: PendingRequest, state: ServerState): void {
    pending.state = state;
    this.#pending.delete(pending.received.identity.request);
    this.#deadlines.remove(pending);
    const { address } = pending.received.source;
    const source = this.#perSource.get(address);
    if (source === undefined) return;
    source.open -= 1;
    if (source.open === 0) this.#perSource.delete(address);
  }

  #hasRoom(address: string): boolean {
    if (this.#pending.size >= this.#limits.maximum) return false;
    if ((this.#perSource.get(address)?.open ?? 0) >= this.#limits.maximumPerSource) return false;
    return this.#answered.size < MAXIMUM_COMPLETED;
  }
}

function isInDialog({ request }: ReceivedRequest): boolean {
  return request.read?.to.parameters.has("tag") === true;
}

const NO_HEADERS: AnswerHeaders = [];
/**
 * Completed transactions at once: 64 s at 32,000 a second, more than a machine can bring, in about 50 MiB. To forget one
 * early would deliver its retransmission twice, so beyond it new requests are refused instead.
 */
const MAXIMUM_COMPLETED = 2_000_000;
