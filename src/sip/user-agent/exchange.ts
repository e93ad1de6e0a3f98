/** One request from its sender's view: targets, attempts, credentials, outcome. RFC 3261 §8.1, §18.1.1, §22.2; RFC 3263 §4.3. */

import type { SipOutcome } from "../../core/input";
import type { DigestClient } from "../auth/digest-client";
import type { HeaderField } from "../message/header-list";
import type { SipResponse } from "../message/message";
import type { SipPeer } from "../options";
import type { ClientUser } from "../transaction/non-invite-client";
import type { Target } from "../transport/transport";
import type { ClientContext } from "./client-context";
import { branchFor, loopMark } from "./loop";
import { type OutRequest, requestBytes, requestUriOf } from "./out-request";
import { localOutcome, outcomeOf, retryAfterOf } from "./outcome";

export interface ExchangePeer {
  readonly peer: SipPeer;
  readonly route: string | undefined;
  readonly digest: DigestClient | undefined;
}

/** Called once. `cseq`: of the last attempt; `response`: the final one, if it was that which decided. */
export type Finish = (outcome: SipOutcome, cseq: number, response?: SipResponse) => void;

/** Where the bytes go now; `fallback` is the UDP target that a TCP attempt stands in for. */
interface Attempt {
  readonly target: Target;
  readonly fallback: Target | undefined;
}

export class Exchange implements ClientUser {
  readonly #context: ClientContext;
  readonly #request: OutRequest;
  readonly #peer: ExchangePeer;
  readonly #finish: Finish;
  readonly #mark: string;
  #targets: readonly Target[] = [];
  #nextTarget = 0;
  #attempt: Attempt | undefined;
  #attempts = 0;
  #cseq: number;
  #answeredRealms: Set<string> | undefined;
  #maybeDelivered = false;
  #failure: SipOutcome | undefined;

  constructor(context: ClientContext, request: OutRequest, peer: ExchangePeer, finish: Finish) {
    this.#context = context;
    this.#request = request;
    this.#peer = peer;
    this.#finish = finish;
    this.#cseq = request.message.cseq;
    const { callId, fromTag } = request.message;
    this.#mark = loopMark(requestUriOf(request), callId, fromTag);
  }

  /** Tries the targets in their order. */
  start(targets: readonly Target[]): void {
    this.#targets = targets.slice(0, MAXIMUM_TARGETS);
    this.#tryNext();
  }

  onFinal(response: SipResponse): void {
    const { target } = this.#attempt as Attempt;
    if ((response.status === 401 || response.status === 407) && this.#canAnswer(response)) {
      this.#cseq++;
      this.#sendAgain();
      return;
    }
    if (response.status === 503) {
      const seconds = retryAfterOf(response);
      this.#context.locator.failed(target, seconds === undefined ? undefined : seconds * 1000);
      this.#failure = outcomeOf(response, this.#maybeDelivered);
      this.#tryNext();
      return;
    }
    this.#context.locator.succeeded(target);
    this.#finish(outcomeOf(response, this.#maybeDelivered), this.#cseq, response);
  }

  onTimeout(): void {
    // The far side may have the request. The next target gets it with the same Call-ID and CSeq, so that whoever sees
    // both can tell that they are one (§8.2.2.2).
    this.#maybeDelivered = true;
    this.#context.locator.failed((this.#attempt as Attempt).target);
    if (this.#failure === undefined || this.#failure.local)
      this.#failure = localOutcome(408, "Request Timeout", true);
    this.#tryNext();
  }

  onTransportError(_why: string, wasSent: boolean): void {
    const { target, fallback } = this.#attempt as Attempt;
    if (wasSent) this.#maybeDelivered = true;
    else if (fallback !== undefined) {
      this.#context.noTcp.add(fallback);
      this.#sendTo(fallback);
      return;
    }
    this.#context.locator.failed(target);
    this.#failure ??= localOutcome(503, "Transport Failure", wasSent);
    this.#tryNext();
  }

  #tryNext(): void {
    const target = this.#targets[this.#nextTarget++];
    if (target !== undefined) this.#sendTo(target);
    else {
      const failure = this.#failure ?? localOutcome(502, "No Server Found", false);
      this.#finish({ ...failure, maybeDelivered: this.#maybeDelivered }, this.#cseq);
    }
  }

  #sendTo(target: Target): void {
    try {
      this.#sendFirst(target);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** §18.1.1: beyond 1300 bytes by a transport with congestion control, unless the peer has none to offer. */
  #sendFirst(target: Target): void {
    const branch = this.#newBranch();
    const bytes = this.#bytesFor(target, target, branch);
    const isFit = bytes.length <= UDP_SAFE_BYTES || (target.isOnlyWay && bytes.length <= this.#udpMaximum);
    if (target.transport !== "udp" || isFit) {
      this.#send({ target, fallback: undefined }, branch, bytes);
    } else if (target.isOnlyWay !== true && !this.#context.noTcp.has(target)) {
      const byTcp: Target = { ...target, transport: "tcp" };
      this.#send({ target: byTcp, fallback: target }, branch, this.#bytesFor(byTcp, target, branch));
    } else if (bytes.length <= this.#udpMaximum) {
      this.#send({ target, fallback: undefined }, branch, bytes);
    } else {
      this.#failure ??= localOutcome(513, "Message Too Large", this.#maybeDelivered);
      this.#tryNext();
    }
  }

  get #udpMaximum(): number {
    return this.#peer.peer.switches.udpMaximum;
  }

  /** The same way once more, with new credentials. */
  #sendAgain(): void {
    const attempt = this.#attempt as Attempt;
    const branch = this.#newBranch();
    try {
      const { target, fallback } = attempt;
      this.#send(attempt, branch, this.#bytesFor(target, fallback ?? target, branch));
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** The core let something through that cannot be written: our mistake, and another target would not mend it. */
  #giveUp(error: unknown): void {
    const { peer, callId } = this.#request.message;
    this.#context.log.error({ peer, callId, error }, "request could not be built");
    this.#finish(localOutcome(500, "Server Internal Error", this.#maybeDelivered), this.#cseq);
  }

  #send(attempt: Attempt, branch: string, bytes: Buffer): void {
    this.#attempt = attempt;
    this.#context.transactions.start(branch, this.#request.method, bytes, attempt.target, this);
  }

  /** One that is not in use: the same message sent twice at once would otherwise share one. */
  #newBranch(): string {
    const name = this.#request.message.branch;
    let branch = branchFor(name, this.#attempts++, this.#mark);
    while (this.#context.transactions.has(branch)) branch = branchFor(name, this.#attempts++, this.#mark);
    return branch;
  }

  /** @param located where the dialog's later requests come back to us, whatever way this one takes */
  #bytesFor(target: Target, located: Target, branch: string): Buffer {
    const { method, message, dialog } = this.#request;
    const { route, digest } = this.#peer;
    const uri = requestUriOf(this.#request);
    return requestBytes(this.#request, {
      transport: target.transport,
      sentBy: this.#context.viaFor(target),
      branch,
      cseq: this.#cseq,
      route,
      contact: dialog && this.#context.contactFor(located, message.fromUri),
      credentials: digest?.sign({ method, uri, body: message.body }) ?? NO_CREDENTIALS,
      userAgent: this.#context.userAgent,
    });
  }

  #canAnswer(response: SipResponse): boolean {
    const { digest } = this.#peer;
    if (digest === undefined || this.#attempts >= MAXIMUM_ATTEMPTS) return false;
    this.#answeredRealms ??= new Set();
    return digest.challenged(response, this.#answeredRealms);
  }
}

const NO_CREDENTIALS: readonly HeaderField[] = [];
/** Each may take the whole of Timer F (32 s). */
const MAXIMUM_TARGETS = 5;
/** Targets, their fallbacks, challenges and stale nonces together: a peer cannot keep us busy with one request. */
const MAXIMUM_ATTEMPTS = 12;
/** §18.1.1, where the path MTU is unknown. */
const UDP_SAFE_BYTES = 1300;
