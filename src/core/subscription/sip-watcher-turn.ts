/** What the actions of the table do to the row of a SIP watcher. RFC 8048 §5.3, RFC 6665 §4.2. */

import type { SipDialogRequest } from "../effect";
import type { SipDialogOutcome } from "../input";
import type { Mutable } from "../mutable";
import type { SipWatcherEvent } from "./event";
import { dialogFromSubscribe, nextRequest, withRequest } from "./in-dialog";
import { pauseMs } from "./pause";
import { type PresenceType, presenceStanza } from "./presence-stanza";
import { intervalOf, rateParameter } from "./rate";
import type { SipWatcherRecord } from "./record";
import { isFetch } from "./sip-watcher-input";
import type { SipWatcherAction, SipWatcherState } from "./sip-watcher-table";
import type { Step, StepContext, SubscriptionEffect } from "./step";

type Row = Mutable<SipWatcherRecord>;
type Subscribe = Extract<SipWatcherEvent, { kind: "subscribe" }>;
type Reason = NonNullable<SipWatcherRecord["reason"]>;
type Content = NonNullable<SipWatcherRecord["finalContent"]>;

/** One step: the row as it is to be, which the actions work out, and the effects that they ask for. */
export class SipWatcherTurn {
  readonly #before: SipWatcherRecord | undefined;
  readonly #next: SipWatcherState;
  readonly #row: Row;
  readonly #event: SipWatcherEvent;
  readonly #context: StepContext;
  readonly #effects: SubscriptionEffect[] = [];

  constructor(
    record: SipWatcherRecord | undefined,
    event: SipWatcherEvent,
    next: SipWatcherState,
    context: StepContext,
  ) {
    this.#before = record;
    this.#event = event;
    this.#next = next;
    this.#context = context;
    // Without a row there are only answers to give, unless a SUBSCRIBE begins one.
    this.#row = record === undefined ? ({} as Row) : { ...record };
    if (next !== "none") this.#row.state = next;
  }

  act(action: SipWatcherAction): void {
    ACTIONS[action](this);
  }

  end(): Step<SipWatcherRecord> {
    return { record: this.#next === "none" ? undefined : this.#row, effects: this.#effects };
  }

  begin(): void {
    const { input, what, watcher, presentity } = this.#subscribe();
    const row = this.#row;
    row.direction = "sip-watcher";
    row.what = what;
    row.watcher = watcher;
    row.presentity = presentity;
    row.peer = input.peer;
    row.dialog = dialogFromSubscribe(input);
    row.owed = false;
    if (input.event?.id !== undefined) this.#row.eventId = input.event.id;
    this.#takeTimes();
  }

  /** RFC 6665 §4.4.3: over at once, but the contact's server is given a moment to say what there is. */
  beginFetch(): void {
    this.begin();
    this.#row.reason = "timeout";
    this.#dueIn(this.#context.settings.probeAnswerMs);
  }

  /** A SUBSCRIBE in the dialog: he is there. */
  refresh(): void {
    this.#row.dialog = withRequest(this.#row.dialog, this.#subscribe().input);
    if (this.#row.failures !== undefined) delete this.#row.failures;
    this.#takeTimes();
  }

  accept(): void {
    this.answer(200, "OK", [["Expires", String(this.#subscribe().expires)]]);
  }

  answer(status: number, reason: string, headers: SipDialogRequest["headers"] = []): void {
    this.#effects.push({ kind: "answer", status, reason, headers });
  }

  /** At once, or after the one under way: they never overlap (RFC 6665 §4.2.2). */
  notify(): void {
    const isLast = this.#row.state === "ending";
    this.#row.owed = true;
    this.#restDue();
    if (!this.#mayNotify()) {
      if (isLast) this.#row.waits = true;
      this.#effects.push({ kind: "want-notify" });
      return;
    }
    if (this.#row.waits !== undefined) delete this.#row.waits;
    const { dialog, request } = nextRequest(this.#row.dialog, "NOTIFY", {
      branch: this.#context.ids.branch,
      headers: this.#headers(),
      peer: this.#row.peer,
    });
    this.#row.dialog = dialog;
    this.#effects.push({ kind: "notify", request, content: this.#content() });
  }

  notifyIfOwed(): void {
    if (this.#row.owed) this.notify();
  }

  finish(reason: Reason, content: Content): void {
    this.#row.reason = reason;
    this.#row.finalContent = content;
    this.notify();
  }

  /** RFC 8048 §5.3.3: closed; but who was never approved is told nothing about the contact. */
  finishTimeout(): void {
    if (isFetch(this.#before)) this.finish("timeout", "state");
    else this.finish("timeout", this.#before?.state === "active" ? "closed" : "none");
  }

  answered(): void {
    this.#takeNumber();
    // One that waits for its turn is owed still: a crash before it goes out must not forget it.
    this.#row.owed = this.#event.kind === "notify-outcome" && this.#event.isWanted === true;
    if (this.#row.failures !== undefined) delete this.#row.failures;
    this.#restDue();
  }

  pause(): void {
    const { failures = 0, expiresAt } = this.#row;
    this.#takeNumber();
    this.#row.failures = failures + 1;
    this.#dueIn(pauseMs(failures, this.#outcome().retryAfter, this.#context));
    this.#row.dueAt = Math.min(this.#row.dueAt ?? expiresAt, expiresAt);
  }

  putOff(): void {
    this.#restDue();
  }

  /** News for a fetch: what follows in the same moment is told with it. */
  gather(): void {
    const soon = this.#context.now + GATHER_MS;
    this.#row.dueAt = Math.min(this.#row.dueAt ?? soon, soon);
  }

  /** A stanza from the SIP user to the contact; lists and watcher information are the gateway's matter. */
  say(type: PresenceType): void {
    const { what, watcher, presentity } = this.#row;
    if (what !== "presence") return;
    this.#effects.push({ kind: "stanza", stanza: presenceStanza(type, watcher, presentity) });
  }

  /** Expires and, with it, how often he wants to be told. */
  #takeTimes(): void {
    const { input, expires } = this.#subscribe();
    this.#row.expiresAt = this.#context.now + 1000 * expires;
    const interval = intervalOf(input.event?.parameters ?? NO_PARAMETERS, expires);
    if (interval !== undefined) this.#row.intervalMs = interval;
    else if (this.#row.intervalMs !== undefined) delete this.#row.intervalMs;
    this.#restDue();
  }

  /** When nothing else is to be done: the end. */
  #restDue(): void {
    if (this.#row.state === "ending") this.#dueIn(ENDING_TIMERS * this.#context.settings.timerNMs);
    else this.#row.dueAt = this.#row.expiresAt;
  }

  #dueIn(ms: number): void {
    this.#row.dueAt = this.#context.now + ms;
  }

  #mayNotify(): boolean {
    return "canNotify" in this.#event ? this.#event.canNotify : this.#event.kind === "notify-now";
  }

  #headers(): SipDialogRequest["headers"] {
    const { what, eventId } = this.#row;
    const id = eventId === undefined ? "" : `;id=${eventId}`;
    return [
      ["Event", `${what === "winfo" ? "presence.winfo" : "presence"}${id}`],
      ["Subscription-State", this.#subscriptionState()],
    ];
  }

  #subscriptionState(): string {
    const { state, reason, expiresAt, intervalMs } = this.#row;
    if (state === "ending") return `terminated;reason=${reason ?? "timeout"}`;
    const seconds = Math.max(0, Math.ceil((expiresAt - this.#context.now) / 1000));
    return `${state};expires=${seconds}${rateParameter(intervalMs)}`;
  }

  #content(): Content {
    const { state, finalContent } = this.#row;
    if (state === "ending") return finalContent ?? "none";
    return state === "active" ? "state" : "none";
  }

  /**
   * Credentials may have taken numbers of their own. The answer's Contact is not looked at: some phones copy all headers of
   * the NOTIFY, our own Contact among them; who moves sends a SUBSCRIBE.
   */
  #takeNumber(): void {
    const { dialog } = this.#row;
    const { cseq } = this.#outcome();
    if (cseq > dialog.localCseq) this.#row.dialog = { ...dialog, localCseq: cseq };
  }

  #subscribe(): Subscribe {
    if (this.#event.kind !== "subscribe") throw new Error(`${this.#event.kind} is no SUBSCRIBE`);
    return this.#event;
  }

  #outcome(): SipDialogOutcome {
    if (this.#event.kind !== "notify-outcome") throw new Error(`${this.#event.kind} is no outcome`);
    return this.#event.outcome;
  }
}

const ACTIONS: Readonly<Record<SipWatcherAction, (turn: SipWatcherTurn) => void>> = {
  begin: (turn) => turn.begin(),
  "begin-fetch": (turn) => turn.beginFetch(),
  refresh: (turn) => turn.refresh(),
  "200": (turn) => turn.accept(),
  "481": (turn) => turn.answer(481, "Subscription does not exist"),
  "500": (turn) => turn.answer(500, "CSeq out of order"),
  "403": (turn) => turn.answer(403, "A dialog holds one subscription here"),
  notify: (turn) => turn.notify(),
  "notify-if-owed": (turn) => turn.notifyIfOwed(),
  "end-timeout": (turn) => turn.finishTimeout(),
  "end-fetch": (turn) => turn.finish("timeout", "state"),
  "end-rejected": (turn) => turn.finish("rejected", "none"),
  "end-noresource": (turn) => turn.finish("noresource", "none"),
  answered: (turn) => turn.answered(),
  pause: (turn) => turn.pause(),
  "put-off": (turn) => turn.putOff(),
  gather: (turn) => turn.gather(),
  subscribe: (turn) => turn.say("subscribe"),
  probe: (turn) => turn.say("probe"),
  unavailable: (turn) => turn.say("unavailable"),
};

/** A server answers a probe with one stanza for each device, in one go. */
const GATHER_MS = 250;
/** The outcome of a last NOTIFY has come long before: Timer F, and once more with credentials. */
const ENDING_TIMERS = 3;
const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();
