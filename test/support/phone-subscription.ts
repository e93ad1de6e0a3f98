/** One subscription of a test's phone: it refreshes, records its NOTIFYs and waits for them. RFC 6665 §4.1. */

import type { SipDialogRequest } from "../../src/core/effect";
import type { SipDialogOutcome, SipEventInput } from "../../src/core/input";
import type { SipAnswer } from "../../src/gateway/sides";
import type { SubscribeOptions } from "./presence-phone";
import { Waiters } from "./waiters";

/** A NOTIFY as the phone got it. */
export interface PhoneNotify {
  /** Of Subscription-State; "" where there was none. */
  readonly state: string;
  readonly reason: string | undefined;
  /** Text of the body; "" for none. */
  readonly body: string;
  readonly input: SipEventInput;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface SubscriptionDeps {
  readonly from: string;
  readonly callId: string;
  readonly tag: string;
  branch(): string;
  send(request: SipDialogRequest): Promise<SipDialogOutcome>;
}

export class PhoneSubscription {
  /** How the last SUBSCRIBE ended. */
  outcome: SipDialogOutcome = NOT_YET;
  /** Every NOTIFY in the dialog, in order. */
  readonly notifies: PhoneNotify[] = [];
  /** NOTIFYs from another notifier (a fork); answered 481 (RFC 3856 §6.9). */
  readonly forks: SipEventInput[] = [];
  /** What a NOTIFY is answered. */
  answer: (notify: PhoneNotify) => number | SipAnswer = () => 200;
  readonly #deps: SubscriptionDeps;
  readonly #waiters = new Waiters();
  #taken = 0;
  #cseq = 0;
  #remoteTag: string | undefined;
  #remoteCseq = 0;
  #target: string;
  #routes: readonly string[] | undefined;

  constructor(
    readonly to: string,
    readonly options: SubscribeOptions,
    deps: SubscriptionDeps,
  ) {
    this.#deps = deps;
    this.#target = to;
  }

  get callId(): string {
    return this.#deps.callId;
  }

  get localTag(): string {
    return this.#deps.tag;
  }

  get remoteTag(): string | undefined {
    return this.#remoteTag;
  }

  /** The newest NOTIFY. */
  get latest(): PhoneNotify | undefined {
    return this.notifies.at(-1);
  }

  /** Has a NOTIFY ended it? */
  get terminated(): boolean {
    return this.notifies.some(({ state }) => state === "terminated");
  }

  /** Sends a SUBSCRIBE in the dialog; resolves with how it ended. */
  async refresh(expires = this.options.expires ?? 600): Promise<SipDialogOutcome> {
    const { event = "presence", accept = "application/pidf+xml", supported, headers = [] } = this.options;
    this.#cseq += 1;
    const outcome = await this.#deps.send({
      method: "SUBSCRIBE",
      requestUri: this.#target,
      toUri: this.to,
      fromUri: this.#deps.from,
      fromTag: this.#deps.tag,
      callId: this.#deps.callId,
      cseq: this.#cseq,
      branch: this.#deps.branch(),
      routes: this.#routes ?? [],
      headers: [
        ["Event", event],
        ["Accept", accept],
        ["Expires", String(expires)],
        ...(supported === undefined ? [] : [["Supported", supported] as const]),
        ...headers,
      ],
      contentType: "",
      body: new Uint8Array(),
      peer: "gateway",
      ...(this.#remoteTag === undefined ? {} : { toTag: this.#remoteTag }),
    });
    this.#cseq = outcome.cseq;
    this.outcome = outcome;
    if (outcome.status < 300) this.#learn(outcome.toTag, outcome.contact, [...outcome.recordRoute].reverse());
    return outcome;
  }

  /** SUBSCRIBE with Expires 0; the last NOTIFY comes after it. */
  unsubscribe(): Promise<SipDialogOutcome> {
    return this.refresh(0);
  }

  /**
   * Resolves with the first NOTIFY that fits among those not yet passed; those before it are passed with it.
   * @param what for the message when none comes in `ms`
   */
  async next(
    what: string,
    fits: (notify: PhoneNotify) => boolean = () => true,
    ms?: number,
  ): Promise<PhoneNotify> {
    let found = -1;
    const find = (): boolean => {
      found = this.notifies.findIndex((notify, at) => at >= this.#taken && fits(notify));
      return found >= 0;
    };
    await this.#waiters.until(`NOTIFY ${what} of ${this.to}`, find, ms);
    this.#taken = found + 1;
    return this.notifies[found] as PhoneNotify;
  }

  /** Resolves when the newest NOTIFY fits, now or later. */
  async settled(what: string, fits: (notify: PhoneNotify) => boolean, ms?: number): Promise<PhoneNotify> {
    const holds = (): boolean => this.latest !== undefined && fits(this.latest);
    await this.#waiters.until(`NOTIFY ${what} of ${this.to}`, holds, ms);
    return this.latest as PhoneNotify;
  }

  /** A NOTIFY with our Call-ID has come. */
  take(input: SipEventInput): SipAnswer | undefined {
    if (input.toTag !== this.#deps.tag) return undefined;
    if (this.#remoteTag !== undefined && input.fromTag !== this.#remoteTag) {
      this.forks.push(input);
      return undefined;
    }
    // RFC 3261 §12.2.2: what comes out of order is refused.
    if (input.cseq <= this.#remoteCseq) return { status: 500, reason: "Out of order", headers: [] };
    this.#remoteCseq = input.cseq;
    this.#learn(input.fromTag, input.contact, input.recordRoute);
    const { state = "", reason } = input.subscriptionState ?? {};
    const body = Buffer.from(input.body).toString("utf8");
    const notify: PhoneNotify = { state, reason, body, input, at: Date.now() };
    this.notifies.push(notify);
    this.#waiters.look();
    const answer = this.answer(notify);
    return typeof answer === "number" ? { status: answer, reason: "As told", headers: [] } : answer;
  }

  #learn(tag: string | undefined, contact: string | undefined, routes: readonly string[]): void {
    if (this.#remoteTag === undefined) this.#routes = routes;
    this.#remoteTag ??= tag;
    if (contact !== undefined) this.#target = contact;
  }
}

const NOT_YET: SipDialogOutcome = {
  status: 0,
  reason: "No answer yet",
  local: true,
  maybeDelivered: false,
  cseq: 0,
  recordRoute: [],
};
