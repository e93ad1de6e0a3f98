/** What the actions of the table do to the row of an XMPP watcher. RFC 8048 §5.2, RFC 6665 §4.1. */

import { NS } from "../../xml/namespaces";
import type { SipDialogRequest } from "../effect";
import { statusToCondition } from "../error/sip-to-xmpp";
import { errorStanza } from "../error/stanza-error";
import type { SipDialogOutcome, SipEventInput } from "../input";
import type { Mutable } from "../mutable";
import type { PresenceDocument } from "../presence/document";
import { MAXIMUM_DEVICES } from "../presence/limits";
import type { XmppWatcherEvent } from "./event";
import { isOtherTag, newDialog, nextRequest, withAnswer, withRequest } from "./in-dialog";
import { pauseMs, refreshMs } from "./pause";
import { type PresenceType, presenceStanza } from "./presence-stanza";
import type { XmppWatcherRecord } from "./record";
import { hideDevices, showDocument } from "./show-document";
import type { Step, StepContext, SubscriptionEffect } from "./step";
import { isUnwatched, longerExpires } from "./xmpp-watcher-input";
import type { XmppWatcherAction, XmppWatcherState } from "./xmpp-watcher-states";

type Row = Mutable<XmppWatcherRecord>;
type Due = NonNullable<XmppWatcherRecord["due"]>;

/** One step: a copy of the row, which the actions change, and the effects that they ask for. */
export class XmppWatcherTurn {
  readonly #before: XmppWatcherRecord | undefined;
  readonly #row: Row;
  readonly #event: XmppWatcherEvent;
  readonly #context: StepContext;
  readonly #effects: SubscriptionEffect[] = [];
  /** No rule maps these people any more: nothing can be sent. */
  #isUnserved = false;

  constructor(record: XmppWatcherRecord | undefined, event: XmppWatcherEvent, context: StepContext) {
    this.#before = record;
    this.#row = record === undefined ? newRow(context) : { ...record };
    this.#event = event;
    this.#context = context;
  }

  act(action: XmppWatcherAction): void {
    ACTIONS[action](this);
  }

  end(next: XmppWatcherState): Step<XmppWatcherRecord> {
    if (next === "none") return { record: undefined, effects: this.#effects };
    this.#row.state = this.#isUnserved ? "retrying" : next;
    return { record: this.#row, effects: this.#effects };
  }

  /** She had cancelled: what she was authorized to see is no more. */
  beginAnew(): void {
    this.hide();
    this.endDialog();
    Object.assign(this.#row, { authorized: false, attempts: 0, online: "yes" });
  }

  /** A SUBSCRIBE outside any dialog. */
  newDialog(): void {
    const { ids, uris, settings } = this.#context;
    this.endDialog();
    if (uris === undefined) {
      // Another start, with another configuration, may know these people again.
      this.#isUnserved = true;
      this.#dueIn(settings.retryLongestMs, "retry");
      return;
    }
    this.#row.peer = uris.peer;
    this.#row.dialog = newDialog(ids, uris.watcher, uris.presentity);
    this.refreshNow();
  }

  /** What made it necessary counts, so that the same again is answered by a pause. */
  newDialogOnce(): void {
    this.#row.attempts += 1;
    this.newDialog();
  }

  /** A SUBSCRIBE in the dialog, unless one waits for its NOTIFY already. */
  refresh(): void {
    if (this.#row.due !== "timer-n") this.refreshNow();
  }

  refreshNow(): void {
    this.#subscribe(this.#row.expires);
    this.#dueIn(this.#context.settings.timerNMs, "timer-n");
  }

  /** After a gap, before any NOTIFY: in the dialog if an answer has made one. */
  renew(): void {
    if (this.#row.dialog?.remoteTag === undefined) this.newDialog();
    else this.refreshNow();
  }

  askLonger(): void {
    const { maximumExpiresSeconds } = this.#context.settings;
    this.#row.expires = longerExpires(this.#row.expires, this.#outcome().minExpires, maximumExpiresSeconds);
  }

  /** SUBSCRIBE with Expires 0; until the far side has named itself, that has to wait. */
  cancel(): void {
    this.cancelForGood();
    this.#dueIn(this.#context.settings.timerNMs, "outcome");
  }

  cancelForGood(): void {
    if (this.#row.dialog?.remoteTag !== undefined) this.#subscribe(0);
  }

  cancelIfWaiting(): void {
    if (this.#hadToWait()) this.cancel();
  }

  cancelOrTell(): void {
    if (this.#hadToWait()) {
      this.cancel();
      return;
    }
    this.hide();
    this.unsubscribedOnce();
    this.#dueIn(this.#context.settings.timerNMs, "timer-n");
  }

  cancelAgain(): void {
    if (this.#row.due === "timer-n") this.say("unsubscribed");
    else this.cancel();
  }

  /** From the contact's own address, to the watcher's (RFC 8048 §8.1). */
  probeWatcher(): void {
    this.say("probe");
    this.#dueIn(this.#context.settings.probeAnswerMs, "probe-answer");
  }

  setOnline(online: XmppWatcherRecord["online"]): void {
    this.#row.online = online;
  }

  /** Nothing is asked for any more: the dialog ends when its time is up. */
  runOut(): void {
    if (this.#row.due !== "timer-n") this.#schedule();
  }

  takeAnswer(): void {
    const { dialog, state, expires } = this.#row;
    const outcome = this.#outcome();
    if (dialog === undefined) return;
    this.#row.dialog = withAnswer(dialog, outcome);
    if (isOtherTag(dialog, outcome.toTag)) return;
    // The notifier may shorten it, never lengthen (RFC 6665 §4.1.2.1).
    this.#row.expiresAt = this.#context.now + 1000 * Math.min(outcome.expires ?? expires, expires);
    if (state !== "pending" && state !== "active") return;
    if (dialog.localCseq > 1) this.#row.attempts = 0;
    if (this.#row.due === "refresh") this.#schedule();
  }

  takeNotify(): void {
    const { dialog, expires, expiresAt } = this.#row;
    const input = this.#notify();
    if (dialog === undefined) return;
    this.#row.dialog = withRequest(dialog, input);
    const said = input.subscriptionState?.expires;
    if (said === undefined && expiresAt !== undefined) return;
    this.#row.expiresAt = this.#context.now + 1000 * Math.min(said ?? expires, expires);
  }

  /** The NOTIFY that a SUBSCRIBE waited for has come. Others put off nothing, or a storm of them would for ever. */
  schedule(): void {
    const { due, dueAt = 0, expiresAt = 0 } = this.#row;
    if (due === undefined || due === "timer-n" || dueAt > expiresAt) this.#schedule();
  }

  endDialog(): void {
    delete this.#row.dialog;
    delete this.#row.expiresAt;
    this.clearDue();
  }

  clearDue(): void {
    delete this.#row.dueAt;
    delete this.#row.due;
  }

  /** Saved with the row, so that a restart does not shorten it. */
  pause(): void {
    const { attempts } = this.#row;
    const retryAfter =
      this.#event.kind === "notify"
        ? this.#event.input.subscriptionState?.retryAfter
        : this.#event.kind === "subscribe-outcome"
          ? this.#event.outcome.retryAfter
          : undefined;
    this.#dueIn(pauseMs(attempts, retryAfter, this.#context), "retry");
    this.#row.attempts = attempts + 1;
  }

  subscribed(): void {
    if (this.#row.authorized) return;
    this.#row.authorized = true;
    this.say("subscribed");
  }

  subscribedAgain(): void {
    if (this.#row.authorized) this.say("subscribed");
  }

  show(): void {
    const document = this.#document();
    if (document === undefined || !this.#row.authorized) return;
    const last = this.#event.kind === "notify" ? this.#event.last : undefined;
    const { stanzas, shown } = showDocument(this.#row, last, document, this.#context.tables.presence);
    for (const stanza of stanzas) this.#effects.push({ kind: "stanza", stanza });
    // What is remembered has been told, and so has all that went before it.
    this.#nowShown(shown, last === undefined ? this.#row.leaving : undefined);
    this.#effects.push({ kind: "remember", document });
  }

  showLast(): void {
    if (this.#document() === undefined) this.hide();
    else this.show();
  }

  hide(): void {
    for (const stanza of hideDevices(this.#row)) this.#effects.push({ kind: "stanza", stanza });
    if (this.#row.shown.length > 0) this.#nowShown([], this.#row.leaving);
    this.forget();
  }

  /** What went before the gap, once more: whether it was heard is unknown. */
  goneAgain(): void {
    const { leaving = [], watcher, presentity } = this.#row;
    for (const stanza of hideDevices({ watcher, presentity, shown: leaving }))
      this.#effects.push({ kind: "stanza", stanza });
  }

  forget(): void {
    if (this.#effects.some((effect) => effect.kind === "remember" && effect.document === undefined)) return;
    this.#effects.push({ kind: "remember", document: undefined });
  }

  unsubscribedOnce(): void {
    if (this.#row.due !== "timer-n") this.say("unsubscribed");
  }

  say(type: PresenceType): void {
    const { watcher, presentity } = this.#row;
    this.#effects.push({ kind: "stanza", stanza: presenceStanza(type, presentity, watcher) });
  }

  unknownContact(): void {
    const { watcher, presentity } = this.#row;
    const { errors, domains } = this.#context.tables;
    const said =
      this.#event.kind === "subscribe-outcome"
        ? statusToCondition(this.#event.outcome, errors, domains)
        : undefined;
    const failed = { name: "presence", ns: NS.client, from: watcher, to: presentity };
    this.#effects.push({ kind: "stanza", stanza: errorStanza(failed, said ?? NOBODY) });
  }

  answer(status: number, reason: string): void {
    this.#effects.push({ kind: "answer", status, reason, headers: [] });
  }

  #nowShown(shown: readonly string[], leaving: readonly string[] = []): void {
    const gone = this.#row.shown.filter((id) => !shown.includes(id) && !leaving.includes(id));
    const earlier = leaving.filter((id) => !shown.includes(id));
    this.#row.shown = shown;
    if (gone.length + earlier.length === 0) delete this.#row.leaving;
    // The very list that was there, where it says the same: a row is written only when it changes.
    else if (gone.length > 0 || earlier.length < leaving.length)
      this.#row.leaving = [...earlier, ...gone].slice(-MAXIMUM_DEVICES);
  }

  #subscribe(expires: number): void {
    const { dialog, peer } = this.#row;
    if (dialog === undefined)
      throw new Error("a SUBSCRIBE needs a dialog: the table asks for one where there is none");
    const headers = [...EVENT_HEADERS, ["Expires", String(expires)] as const];
    const next = nextRequest(dialog, "SUBSCRIBE", { branch: this.#context.ids.branch, headers, peer });
    this.#row.dialog = next.dialog;
    this.#effects.push({ kind: "subscribe", request: next.request });
  }

  #schedule(): void {
    const { now, jitter } = this.#context;
    const left = Math.max(0, (this.#row.expiresAt ?? now) - now);
    this.#dueIn(isUnwatched(this.#row) ? left : refreshMs(left / 1000, jitter), "refresh");
  }

  #dueIn(ms: number, due: Due): void {
    this.#row.dueAt = this.#context.now + ms;
    this.#row.due = due;
  }

  /** Did the cancellation have to wait for the far side's tag until this event? */
  #hadToWait(): boolean {
    return this.#before?.dialog?.remoteTag === undefined;
  }

  #document(): PresenceDocument | undefined {
    if (this.#event.kind !== "notify" || typeof this.#event.document === "string") return undefined;
    return this.#event.document;
  }

  #outcome(): SipDialogOutcome {
    if (this.#event.kind !== "subscribe-outcome") throw new Error(`${this.#event.kind} is no outcome`);
    return this.#event.outcome;
  }

  #notify(): SipEventInput {
    if (this.#event.kind !== "notify") throw new Error(`${this.#event.kind} is no NOTIFY`);
    return this.#event.input;
  }
}

function newRow({ pair, settings }: StepContext): Row {
  return {
    direction: "xmpp-watcher",
    watcher: pair.watcher,
    presentity: pair.presentity,
    peer: "",
    state: "requesting",
    authorized: false,
    attempts: 0,
    expires: settings.expiresSeconds,
    online: "yes",
    shown: [],
  };
}

const ACTIONS: Readonly<Record<XmppWatcherAction, (turn: XmppWatcherTurn) => void>> = {
  "begin-anew": (turn) => turn.beginAnew(),
  "new-dialog": (turn) => turn.newDialog(),
  "new-dialog-once": (turn) => turn.newDialogOnce(),
  refresh: (turn) => turn.refresh(),
  "refresh-now": (turn) => turn.refreshNow(),
  renew: (turn) => turn.renew(),
  "ask-longer": (turn) => turn.askLonger(),
  cancel: (turn) => turn.cancel(),
  "cancel-if-waiting": (turn) => turn.cancelIfWaiting(),
  "cancel-or-tell": (turn) => turn.cancelOrTell(),
  "cancel-again": (turn) => turn.cancelAgain(),
  "cancel-for-good": (turn) => turn.cancelForGood(),
  "probe-watcher": (turn) => turn.probeWatcher(),
  "watcher-online": (turn) => turn.setOnline("yes"),
  "watcher-offline": (turn) => turn.setOnline("no"),
  "watcher-unknown": (turn) => turn.setOnline("unknown"),
  "run-out": (turn) => turn.runOut(),
  "take-answer": (turn) => turn.takeAnswer(),
  "take-notify": (turn) => turn.takeNotify(),
  schedule: (turn) => turn.schedule(),
  "end-dialog": (turn) => turn.endDialog(),
  pause: (turn) => turn.pause(),
  "clear-due": (turn) => turn.clearDue(),
  subscribed: (turn) => turn.subscribed(),
  "subscribed-again": (turn) => turn.subscribedAgain(),
  show: (turn) => turn.show(),
  "show-last": (turn) => turn.showLast(),
  hide: (turn) => turn.hide(),
  "gone-again": (turn) => turn.goneAgain(),
  forget: (turn) => turn.forget(),
  unsubscribed: (turn) => turn.say("unsubscribed"),
  "unsubscribed-once": (turn) => turn.unsubscribedOnce(),
  "unknown-contact": (turn) => turn.unknownContact(),
  "200": (turn) => turn.answer(200, "OK"),
  "481": (turn) => turn.answer(481, "Subscription does not exist"),
  "500": (turn) => turn.answer(500, "CSeq out of order"),
};

const EVENT_HEADERS: SipDialogRequest["headers"] = [
  ["Event", "presence"],
  ["Accept", "application/pidf+xml"],
];
const NOBODY = { condition: "item-not-found", type: "cancel" } as const;
