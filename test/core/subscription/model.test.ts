/** Random lives of both machines: whatever comes, in whatever order, some things hold. */

import fc from "fast-check";
import type { SipWatcherEvent, XmppWatcherEvent } from "../../../src/core/subscription/event";
import {
  recordKey,
  type SipWatcherRecord,
  sipWatcherKey,
  type XmppWatcherRecord,
  xmppWatcherKey,
} from "../../../src/core/subscription/record";
import { sipWatcher } from "../../../src/core/subscription/sip-watcher";
import type { SubscriptionEffect } from "../../../src/core/subscription/step";
import { xmppWatcher } from "../../../src/core/subscription/xmpp-watcher";
import {
  context,
  device,
  document,
  eventInput,
  JULIET,
  lines,
  NOW,
  notify,
  outcome,
  ROMEO,
  subscribe,
} from "./fixtures";

/** Chosen when it happens, in the light of the row: dialogs are mostly met, sometimes missed. */
type Choice<Record_, Event> = (record: Record_ | undefined) => Event;
type XmppChoice = Choice<XmppWatcherRecord, XmppWatcherEvent>;
type SipChoice = Choice<SipWatcherRecord, SipWatcherEvent>;

const STATES = [
  "active",
  "active;expires=60",
  "pending",
  "odd",
  "terminated",
  ...[
    "rejected",
    "deactivated",
    "probation",
    "giveup;retry-after=9",
    "timeout",
    "noresource",
    "invariant",
  ].map((reason) => `terminated;reason=${reason}`),
];
const STATUSES = [200, 202, 302, 401, 403, 404, 408, 410, 423, 480, 481, 489, 500, 503, 603];
const BODIES = [
  "none",
  "unreadable",
  document(device("phone")),
  document(device("desk"), device("phone", { open: false })),
] as const;

const xmppPlain = fc
  .constantFrom(
    "xmpp-subscribe",
    "xmpp-subscribe",
    "xmpp-unsubscribe",
    "xmpp-probe",
    "watcher-available",
    "watcher-unavailable",
    "watcher-hidden",
    "due",
    "due",
    "resume",
    "drop",
  )
  .map(
    (kind): XmppChoice =>
      () =>
        ({ kind }) as XmppWatcherEvent,
  );
const xmppOutcome = fc
  .record({
    status: fc.constantFrom(...STATUSES),
    shift: fc.constantFrom(0, 0, 0, 1, -1),
    isEarlier: rarely(),
  })
  .map(
    ({ status, shift, isEarlier }): XmppChoice =>
      (record) => ({
        kind: "subscribe-outcome",
        callId: isEarlier ? "earlier" : (record?.dialog?.callId ?? "none"),
        outcome: outcome(status, { cseq: (record?.dialog?.localCseq ?? 1) + shift, minExpires: 7200 }),
      }),
  );
const xmppNotify = fc
  .record({
    state: fc.constantFrom(undefined, ...STATES),
    body: fc.constantFrom(...BODIES),
    shift: fc.constantFrom(1, 1, 1, 5, 0),
    isFork: rarely(),
  })
  .map(
    ({ state, body, shift, isFork }): XmppChoice =>
      (record) => {
        const { dialog } = record ?? {};
        return notify(state, body, {
          callId: dialog?.callId ?? "none",
          toTag: dialog?.localTag ?? "none",
          fromTag: isFork ? "fork" : (dialog?.remoteTag ?? "theirs"),
          cseq: (dialog?.remoteCseq ?? 0) + shift,
        });
      },
  );
const waits = fc.constantFrom(0, 10, 5_000, 32_000, 600_000, 3_600_000);
const xmppLife = fc.array(fc.tuple(fc.oneof(xmppPlain, xmppOutcome, xmppNotify), waits), { maxLength: 40 });

function rarely(): fc.Arbitrary<boolean> {
  return fc.constantFrom(false, false, false, false, true);
}

test("an XMPP watcher: one dialog, subscribed never before active, unsubscribed only when it is true, CSeq grows", () => {
  fc.assert(
    fc.property(xmppLife, fc.double({ min: 0, max: 1, noNaN: true }), (life, jitter) => {
      let record: XmppWatcherRecord | undefined;
      let now = NOW;
      let call = 0;
      let isApproved = false;
      const cseqs = new Map<string, number>();
      for (const [choose, wait] of life) {
        now += wait;
        call += 1;
        const event = choose(record);
        const ids = { callId: `call-${call}`, tag: `tag-${call}`, branch: `branch-${call}` };
        const before = record;
        const made = xmppWatcher(before, event, context({ now, jitter, ids }));
        const input = `${before?.state ?? "none"} ${event.kind} ${lines(made.effects).join(", ")}`;
        record = made.record;
        if (event.kind === "notify" && isActive(event, before)) isApproved = true;
        check(made.effects, cseqs, input);
        if (says(made.effects, "subscribed")) hold(isApproved, input);
        if (says(made.effects, undefined)) hold(isApproved && record?.authorized === true, input);
        if (says(made.effects, "unsubscribed")) hold(mayEnd(before, event), input);
        if (record === undefined || !record.authorized) isApproved = false;
        if (record !== undefined) {
          hold(recordKey(record) === xmppWatcherKey(JULIET, ROMEO), input);
          hold((record.dueAt === undefined) === (record.due === undefined), input);
          hold(["dormant", "retrying"].includes(record.state) === (record.dialog === undefined), input);
          hold(record.state === "dormant" || record.due !== undefined, input);
          for (const request of requests(made.effects)) hold(request.callId === record.dialog?.callId, input);
        }
        if (event.kind === "due" && record?.dueAt !== undefined) hold(record.dueAt > now, input);
        const answers = made.effects.filter(({ kind }) => kind === "answer").length;
        hold(answers === (event.kind === "notify" ? 1 : 0), input);
      }
    }),
    { numRuns: 1_000 },
  );
});

/** A NOTIFY of her dialog that approves. */
function isActive(
  { input }: Extract<XmppWatcherEvent, { kind: "notify" }>,
  record: XmppWatcherRecord | undefined,
): boolean {
  const dialog = record?.dialog;
  return (
    (input.subscriptionState?.state ?? "active") === "active" &&
    dialog?.callId === input.callId &&
    (dialog.remoteTag === undefined || dialog.remoteTag === input.fromTag) &&
    input.cseq > (dialog.remoteCseq ?? -1)
  );
}

/** 403, 489, 603; rejected; her own wish; the operator's. */
function mayEnd(record: XmppWatcherRecord | undefined, event: XmppWatcherEvent): boolean {
  if (record?.state === "cancelling" || event.kind === "xmpp-unsubscribe" || event.kind === "drop")
    return true;
  if (event.kind === "subscribe-outcome") return [403, 489, 603].includes(event.outcome.status);
  return event.kind === "notify" && event.input.subscriptionState?.reason === "rejected";
}

const sipPlain = fc
  .tuple(
    fc.constantFrom("subscribed", "unsubscribed", "no-contact", "due", "due", "resume", "drop"),
    fc.boolean(),
  )
  .map(
    ([kind, canNotify]): SipChoice =>
      () =>
        ({ kind, canNotify }) as SipWatcherEvent,
  );
const sipNotifyNow = fc.constant<SipChoice>(() => ({ kind: "notify-now" }));
const sipOutcome = fc.constantFrom(...STATUSES).map(
  (status): SipChoice =>
    (record) => ({
      kind: "notify-outcome",
      outcome: outcome(status, { cseq: record?.dialog.localCseq ?? 1 }),
    }),
);
const sipSubscribe = fc
  .record({
    expires: fc.constantFrom(0, 60, 3600),
    shift: fc.constantFrom(1, 1, 1, 0),
    isForeign: rarely(),
    approved: fc.boolean(),
    canNotify: fc.boolean(),
  })
  .map(
    ({ expires, shift, isForeign, approved, canNotify }): SipChoice =>
      (record) => {
        const input =
          record === undefined
            ? {}
            : {
                toTag: "transaction",
                cseq: (record.dialog.remoteCseq ?? 0) + shift,
                fromTag: isForeign ? "x" : "xfg9",
              };
        return { ...subscribe(expires, input, { approved, canNotify }), input: eventInput(input) };
      },
  );
const sipLife = fc.array(fc.tuple(fc.oneof(sipSubscribe, sipPlain, sipNotifyNow, sipOutcome), waits), {
  maxLength: 40,
});

test("a SIP watcher: no NOTIFY while one is under way, nothing told before approval, CSeq grows, no unsubscribe ever", () => {
  fc.assert(
    fc.property(sipLife, fc.double({ min: 0, max: 1, noNaN: true }), (life, jitter) => {
      let record: SipWatcherRecord | undefined;
      let now = NOW;
      let isApproved = false;
      let isFetch = false;
      let cseqs = new Map<string, number>();
      for (const [choose, wait] of life) {
        now += wait;
        const event = choose(record);
        const before = record;
        const made = sipWatcher(before, event, context({ now, jitter }));
        const input = `${before?.state ?? "none"} ${event.kind} ${lines(made.effects).join(", ")}`;
        record = made.record;
        if (before === undefined) {
          cseqs = new Map();
          isApproved = event.kind === "subscribe" && event.approved;
          isFetch = event.kind === "subscribe" && event.expires === 0;
        }
        if (event.kind === "subscribed") isApproved = true;
        check(made.effects, cseqs, input);
        const notifies = made.effects.filter((effect) => effect.kind === "notify");
        const mayNotify = "canNotify" in event ? event.canNotify : event.kind === "notify-now";
        hold(notifies.length <= (mayNotify ? 1 : 0), input);
        // A fetch tells what the contact's server has let this watcher see, which may be nothing.
        for (const { content } of notifies) hold(content === "none" || isApproved || isFetch, input);
        for (const type of ["subscribed", "unsubscribed", "unsubscribe"])
          hold(!says(made.effects, type), input);
        if (record !== undefined) {
          hold(recordKey(record) === sipWatcherKey("call", "transaction"), input);
          hold(record.dueAt !== undefined, input);
          hold(record.state !== "ending" || record.reason !== undefined, input);
        }
        if (before?.state === "ending") hold(record === undefined || record.state === "ending", input);
        if (event.kind === "due" && record?.dueAt !== undefined) hold(record.dueAt > now, input);
      }
    }),
    { numRuns: 1_000 },
  );
});

/** Numbers of one dialog grow by each request. */
function check(effects: readonly SubscriptionEffect[], cseqs: Map<string, number>, input: string): void {
  for (const { callId, cseq } of requests(effects)) {
    hold(cseq > (cseqs.get(callId) ?? 0), input);
    cseqs.set(callId, cseq);
  }
  hold(requests(effects).length <= 1, input);
}

function requests(effects: readonly SubscriptionEffect[]) {
  return effects.flatMap((effect) =>
    effect.kind === "subscribe" || effect.kind === "notify" ? [effect.request] : [],
  );
}

function says(effects: readonly SubscriptionEffect[], type: string | undefined): boolean {
  return effects.some((effect) => effect.kind === "stanza" && effect.stanza.attrs.type === type);
}

function hold(holds: boolean, input: string): void {
  if (!holds) throw new Error(input);
}
