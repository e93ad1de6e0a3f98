/** SUBSCRIBE, NOTIFY and PUBLISH on their way to the gateway, and what its answers need. RFC 6665 §4, RFC 3903 §6, RFC 3261 §12.1.1. */

import type { SipEventInput } from "../../core/input";
import type { SipAnswer, SipEventHandler } from "../../gateway/sides";
import type { Trust, TrustVerdict } from "../auth/trust";
import type { Flows } from "../dialog/flows";
import type { HeaderField } from "../message/header-list";
import type { ReceivedRequest } from "../transaction/received-request";
import { sha256 } from "../transaction/sha256";
import { type ContactTransports, contactFor } from "./contact";
import type { EventMethod } from "./event-methods";
import { type InspectContext, inspect, type Refusal } from "./inspect";
import { eventInput, type Sender } from "./to-event-input";

export interface EventServerDeps {
  readonly handler: SipEventHandler;
  readonly trust: Trust;
  readonly transports: ContactTransports;
  readonly context: InspectContext;
  readonly flows: Flows;
  /** Random and secret: what our tags cannot be guessed without. */
  readonly secret: string;
  /** Timer J in milliseconds: a request that comes later is no retransmission (RFC 3261 §17.2.2). */
  readonly retransmissionMs: number;
}

export class EventServer {
  readonly #deps: EventServerDeps;

  constructor(deps: EventServerDeps) {
    this.#deps = deps;
  }

  /**
   * Our tag in a dialog that this transaction may make (§12.1.1): for nobody to guess. All that the transaction is named by
   * can be known: COMPAT(libpurple 2.14) draws its Call-IDs, tags and branches from an unseeded generator, and whoever
   * knows a dialog's tags may write into it (RFC 6665 §4.1.3). Its next life sends all of them again, which is a new
   * dialog: so the time counts too, in steps of Timer J. A retransmission meanwhile gets the first answer again; should that
   * have been forgotten under load, most get the same tag from here.
   */
  tagFor(transaction: string, now: number): string {
    const { secret, retransmissionMs } = this.#deps;
    return sha256(`${secret} ${Math.floor(now / retransmissionMs)} ${transaction}`).slice(0, TAG_LENGTH);
  }

  /** What the gateway is asked, or why it is not; later where the directory has to be asked. Never rejects. */
  read(
    received: ReceivedRequest,
    method: EventMethod,
    now: number,
  ): SipEventInput | Refusal | Promise<SipEventInput | Refusal> {
    const refusal = inspect(received, this.#deps.context);
    if (refusal !== undefined) return refusal;
    if (method === "NOTIFY") return this.#input(received, method, this.#deps.trust.recognise(received));
    const verdict = this.#deps.trust.judge(received, now);
    return verdict instanceof Promise
      ? verdict.then((later) => this.#input(received, method, senderOf(later)))
      : this.#input(received, method, senderOf(verdict));
  }

  #input(received: ReceivedRequest, method: EventMethod, sender: Sender | Refusal): SipEventInput | Refusal {
    if ("status" in sender) return sender;
    const input = eventInput(received, method, sender);
    if (typeof input === "string") return { status: 400, reason: input, headers: [] };
    // Before the gateway answers: its first NOTIFY may be on its way earlier.
    if (method === "SUBSCRIBE") this.#deps.flows.remember(received, input.toTag ?? received.toTag);
    return input;
  }

  /** Never rejects for what a peer did; the gateway catches its own mistakes. */
  async answer(received: ReceivedRequest, input: SipEventInput): Promise<SipAnswer> {
    const answer = await this.#deps.handler(input);
    const isDialog = input.method === "SUBSCRIBE" && answer.status >= 200 && answer.status < 300;
    return isDialog ? { ...answer, headers: [...this.#dialogHeaders(received), ...answer.headers] } : answer;
  }

  /** §12.1.1: every Record-Route as it came, and our Contact toward where the request came from. */
  #dialogHeaders({ request, source }: ReceivedRequest): HeaderField[] {
    const headers: HeaderField[] = [];
    for (const value of request.headers.getAll("Record-Route")) headers.push(["Record-Route", value]);
    const uri = this.#deps.context.uris.of(request.uri);
    const user = uri.ok ? uri.value.user : undefined;
    headers.push(["Contact", contactFor(this.#deps.transports, source, user)]);
    return headers;
  }
}

function senderOf(verdict: TrustVerdict): Sender | Refusal {
  return verdict.kind === "refused" ? verdict : { proven: true, ...verdict };
}

/** 132 bits (§19.3 asks for 32). */
const TAG_LENGTH = 22;
