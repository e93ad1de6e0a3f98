/** Somebody who watches a test's phone: the phone is the notifier. RFC 6665 §4.2. */

import type { SipDialogRequest } from "../../src/core/effect";
import type { SipDialogOutcome, SipEventInput } from "../../src/core/input";
import type { NotifyContent } from "./presence-phone";

export interface WatcherDeps {
  branch(): string;
  send(request: SipDialogRequest): Promise<SipDialogOutcome>;
}

export class PhoneWatcher {
  /** Every SUBSCRIBE of the dialog, in order. */
  readonly subscribes: SipEventInput[] = [];
  /** How each NOTIFY ended, in order. */
  readonly outcomes: SipDialogOutcome[] = [];
  state: "new" | NotifyContent["state"] = "new";
  readonly #first: SipEventInput;
  readonly #deps: WatcherDeps;
  #cseq = 0;
  #target: string;
  #endsAt = 0;

  constructor(first: SipEventInput, deps: WatcherDeps) {
    this.#first = first;
    this.#deps = deps;
    this.#target = first.contact ?? first.fromUri;
  }

  /** Who it is, as From or P-Asserted-Identity said. */
  get uri(): string {
    return this.#first.fromUri;
  }

  get callId(): string {
    return this.#first.callId;
  }

  /** Our tag. */
  get tag(): string {
    return this.#first.transaction;
  }

  get latest(): SipEventInput {
    return this.subscribes.at(-1) ?? this.#first;
  }

  /** A SUBSCRIBE has come. */
  take(request: SipEventInput): void {
    this.subscribes.push(request);
    if (request.contact !== undefined) this.#target = request.contact;
  }

  /** Seconds that a SUBSCRIBE gets. */
  granted(request: SipEventInput, wanted: number | undefined): number {
    const expires = Math.min(request.expires ?? 3_600, wanted ?? Number.POSITIVE_INFINITY);
    this.#endsAt = Date.now() + expires * 1_000;
    return expires;
  }

  /** Sends a NOTIFY in the dialog; resolves with how it ended. */
  async notify(content: NotifyContent): Promise<SipDialogOutcome> {
    const { pidf, contentType = "application/pidf+xml", stateless = false } = content;
    this.state = content.state;
    this.#cseq += 1;
    const outcome = await this.#deps.send({
      method: "NOTIFY",
      requestUri: this.#target,
      toUri: this.#first.fromUri,
      fromUri: this.#first.toUri,
      fromTag: this.tag,
      callId: this.callId,
      cseq: this.#cseq,
      branch: this.#deps.branch(),
      routes: this.#first.recordRoute,
      headers: [
        ["Event", this.#event()],
        ...(stateless ? [] : [["Subscription-State", this.#stateOf(content)] as const]),
      ],
      contentType: pidf === undefined ? "" : contentType,
      body: Buffer.from(pidf ?? ""),
      peer: "gateway",
      ...(this.#first.fromTag === undefined ? {} : { toTag: this.#first.fromTag }),
    });
    this.#cseq = Math.max(this.#cseq, outcome.cseq);
    this.outcomes.push(outcome);
    return outcome;
  }

  #event(): string {
    const { package: name = "presence", id } = this.#first.event ?? {};
    return id === undefined ? name : `${name};id=${id}`;
  }

  #stateOf({ state, reason, expires, retryAfter }: NotifyContent): string {
    const left = expires ?? Math.max(0, Math.round((this.#endsAt - Date.now()) / 1_000));
    const isOver = state === "terminated";
    return [
      state,
      ...(isOver ? [] : [`expires=${left}`]),
      ...(reason === undefined ? [] : [`reason=${reason}`]),
      ...(retryAfter === undefined ? [] : [`retry-after=${retryAfter}`]),
    ].join(";");
  }
}
