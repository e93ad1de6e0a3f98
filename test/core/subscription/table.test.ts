/** Every state × event pair of both machines: the table has it, and the machine does what the table says. */

import type { SipWatcherEvent, XmppWatcherEvent } from "../../../src/core/subscription/event";
import type { SipWatcherRecord, XmppWatcherRecord } from "../../../src/core/subscription/record";
import { sipWatcher } from "../../../src/core/subscription/sip-watcher";
import { sipWatcherInput } from "../../../src/core/subscription/sip-watcher-input";
import {
  SIP_WATCHER_EVENTS,
  SIP_WATCHER_STATES,
  SIP_WATCHER_TABLE,
} from "../../../src/core/subscription/sip-watcher-table";
import { type Cell, stateTable } from "../../../src/core/subscription/state-table";
import { xmppWatcher } from "../../../src/core/subscription/xmpp-watcher";
import { xmppWatcherInput } from "../../../src/core/subscription/xmpp-watcher-input";
import { XMPP_WATCHER_EVENTS, XMPP_WATCHER_STATES } from "../../../src/core/subscription/xmpp-watcher-states";
import { XMPP_WATCHER_TABLE } from "../../../src/core/subscription/xmpp-watcher-table";
import {
  context,
  device,
  document,
  inDialog,
  julietsDialog,
  NOW,
  notify,
  outcome,
  sipRow,
  subscribe,
  subscribeOutcome,
  xmppRow,
} from "./fixtures";

describe("loading a table", () => {
  const line = { states: ["a"], events: ["x"], next: "same", actions: [], rule: "r" } as const;

  test("refuses a cell that comes twice", () => {
    expect(() => stateTable(["a"], ["x"], [line, line])).toThrow("two rows for a × x");
  });

  test("refuses a cell that is missing", () => {
    expect(() => stateTable(["a", "b"], ["x"], [line])).toThrow("no row for b × x");
  });

  test("resolves `same`", () => {
    expect(stateTable(["a"], ["x"], [line]).a.x.next).toBe("a");
  });
});

/** What cannot happen, or is not for this state, says so; its record stays the very same. */
const IGNORED = /^ignored: /;
const CANNOT_BE = /cannot be/;

describe.each([
  ["XMPP watcher", XMPP_WATCHER_TABLE],
  ["SIP watcher", SIP_WATCHER_TABLE],
])("the table of the %s", (_, table) => {
  const cells = Object.entries(table).flatMap(([state, row]) =>
    Object.entries(row as Record<string, Cell<string, string>>).map(
      ([event, cell]) => [`${state} × ${event}`, state, cell] as const,
    ),
  );

  test.each(cells)("%s says why", (_name, state, cell) => {
    const isSilent = cell.actions.length === 0 && cell.next === state;
    expect(IGNORED.test(cell.rule)).toBe(isSilent);
    expect(cell.rule.length).toBeGreaterThan(8);
    if (!isSilent && !CANNOT_BE.test(cell.rule)) {
      expect(cell.rule).toMatch(/RFC \d|our choice|architecture|digest|nothing is to be done|the last one/);
    }
  });
});

describe("walking the XMPP watcher", () => {
  const onlines = ["yes", "no", "unknown"] as const;
  const base: Record<(typeof XMPP_WATCHER_STATES)[number], XmppWatcherRecord | undefined> = {
    none: undefined,
    requesting: xmppRow("requesting"),
    pending: xmppRow("pending"),
    active: xmppRow("active"),
    dormant: xmppRow("dormant"),
    retrying: xmppRow("retrying"),
    cancelling: xmppRow("cancelling"),
  };
  const rows = XMPP_WATCHER_STATES.flatMap((state) => variants(base[state]));
  const events: XmppWatcherEvent[] = [
    { kind: "xmpp-subscribe" },
    { kind: "xmpp-unsubscribe" },
    { kind: "xmpp-probe" },
    { kind: "watcher-available" },
    { kind: "watcher-unavailable" },
    { kind: "watcher-hidden" },
    { kind: "due" },
    { kind: "resume" },
    { kind: "drop" },
    ...[200, 202, 302, 400, 403, 404, 405, 408, 410, 423, 480, 481, 489, 501, 503, 603, 604].flatMap(
      (status) => [1, 2, 3].map((cseq) => subscribeOutcome(status, { cseq })),
    ),
    subscribeOutcome(200, {}, "earlier"),
    ...[undefined, "active", "pending", "odd"].map((state) => notify(state, document(device("phone")))),
    ...["rejected", "deactivated", "probation", "giveup", "timeout", "noresource", "invariant", "odd"].map(
      (reason) => notify(`terminated;reason=${reason}`),
    ),
    notify("active", "unreadable"),
    notify("active", "none", { cseq: 1 }),
    notify("active", "none", { cseq: 0 }),
    notify("active", "none", { fromTag: "fork" }),
  ];
  const reached = new Set<string>();

  test("the machine does what the table says, never throws, and a due event always leads on", () => {
    for (const record of rows) {
      for (const event of events) {
        for (const uris of [context().uris, undefined]) {
          for (const now of [NOW, NOW + 10_000_000]) check(record, event, { now, uris });
        }
      }
    }
  });

  test("every cell is reached, and none of those that cannot be", () => {
    const wrong = XMPP_WATCHER_STATES.flatMap((state) =>
      XMPP_WATCHER_EVENTS.filter(
        (event) =>
          reached.has(`${state} × ${event}`) === CANNOT_BE.test(XMPP_WATCHER_TABLE[state][event].rule),
      ).map((event) => `${state} × ${event}: ${XMPP_WATCHER_TABLE[state][event].rule}`),
    );
    expect(wrong).toEqual([]);
  });

  function check(record: XmppWatcherRecord | undefined, event: XmppWatcherEvent, more: object): void {
    const state = record?.state ?? "none";
    const given = context(more);
    const input = xmppWatcherInput(record, event, given);
    const cell = XMPP_WATCHER_TABLE[state][input];
    if (isWellFormed(record)) reached.add(`${state} × ${input}`);
    const made = xmppWatcher(record, event, given);
    const isUnserved = given.uris === undefined && made.record?.due === "retry";
    const answers = made.effects.filter(({ kind }) => kind === "answer").length;
    const isIgnored = IGNORED.test(cell.rule);
    demand(isUnserved || (made.record?.state ?? "none") === cell.next, state, input);
    demand(!isIgnored || (made.record === record && made.effects.length === 0), state, input);
    demand(answers === (event.kind === "notify" ? 1 : 0), state, input);
    demand(
      event.kind !== "due" || (made.record?.dueAt ?? Number.POSITIVE_INFINITY) > given.now,
      state,
      input,
    );
  }

  function variants(record: XmppWatcherRecord | undefined): (XmppWatcherRecord | undefined)[] {
    if (record === undefined) return [undefined];
    const dues = ["refresh", "probe-answer", "timer-n", "retry", "outcome"] as const;
    const dialogs = record.dialog === undefined ? [undefined] : [record.dialog, julietsDialog()];
    const idle = onlines.map((online) => ({ ...record, online }));
    const waiting = dues.flatMap((due) =>
      onlines.flatMap((online) =>
        [0, 1].flatMap((attempts) =>
          [true, false].flatMap((authorized) =>
            dialogs.map((dialog) => ({
              ...record,
              due,
              dueAt: NOW + 1_000,
              online,
              attempts,
              authorized,
              shown: ["phone"],
              ...(dialog === undefined ? {} : { dialog }),
            })),
          ),
        ),
      ),
    );
    return record.state === "dormant" ? [...idle, ...waiting] : waiting;
  }
});

/** Is the row due for something that its state waits for? Others are walked too: they must do no harm. */
function isWellFormed(record: XmppWatcherRecord | undefined): boolean {
  if (record === undefined) return true;
  return record.due === undefined || WAITS_FOR[record.state].includes(record.due);
}

const WAITS_FOR: Readonly<Record<XmppWatcherRecord["state"], readonly XmppWatcherRecord["due"][]>> = {
  requesting: ["timer-n"],
  pending: ["refresh", "probe-answer", "timer-n", "retry"],
  active: ["refresh", "probe-answer", "timer-n", "retry"],
  dormant: ["probe-answer"],
  retrying: ["retry"],
  cancelling: ["outcome", "timer-n"],
};

/** As `expect`, which is too slow for so many. */
function demand(holds: boolean, state: string, input: string): void {
  if (!holds) throw new Error(`${state} × ${input} goes otherwise than its row says`);
}

describe("walking the SIP watcher", () => {
  const rows: (SipWatcherRecord | undefined)[] = [
    undefined,
    ...(["pending", "active", "ending"] as const).flatMap((state) =>
      [0, 1, 4].flatMap((failures) =>
        [true, false].flatMap((owed) => [
          sipRow(state, { failures, owed }),
          sipRow(state, { failures, owed, waits: true }),
          sipRow(state, { failures, owed, dueAt: NOW + 1_000 }),
        ]),
      ),
    ),
    sipRow("pending", { reason: "timeout", expiresAt: NOW, dueAt: NOW + 5_000 }),
  ];
  const events: SipWatcherEvent[] = [true, false].flatMap((canNotify) => [
    ...[0, 600].flatMap((expires) =>
      [true, false].flatMap((approved) => [
        subscribe(expires, {}, { approved, canNotify }),
        subscribe(expires, inDialog, { approved, canNotify }),
        subscribe(expires, { ...inDialog, cseq: 0 }, { approved, canNotify }),
      ]),
    ),
    subscribe(600, { ...inDialog, fromTag: "guessed" }, { canNotify }),
    subscribe(
      600,
      { ...inDialog, event: { package: "presence", id: "2", parameters: new Map() } },
      { canNotify },
    ),
    { kind: "subscribed", canNotify },
    { kind: "unsubscribed", canNotify },
    { kind: "unsubscribed", canNotify, probed: true },
    { kind: "no-contact", canNotify },
    { kind: "notify-now" },
    ...[200, 302, 404, 408, 481, 503].map((status) => ({
      kind: "notify-outcome" as const,
      outcome: outcome(status, { cseq: 2 }),
    })),
    { kind: "due", canNotify },
    { kind: "resume", canNotify },
    { kind: "drop", canNotify },
  ]);
  const reached = new Set<string>();

  test("the machine does what the table says, never throws, and a due event always leads on", () => {
    for (const record of rows) {
      for (const event of events)
        for (const now of [NOW, NOW + 5_000, NOW + 10_000_000]) check(record, event, now);
    }
  });

  test("every cell is reached, and none of those that cannot be", () => {
    const wrong = SIP_WATCHER_STATES.flatMap((state) =>
      SIP_WATCHER_EVENTS.filter(
        (event) =>
          reached.has(`${state} × ${event}`) === CANNOT_BE.test(SIP_WATCHER_TABLE[state][event].rule),
      ).map((event) => `${state} × ${event}: ${SIP_WATCHER_TABLE[state][event].rule}`),
    );
    expect(wrong).toEqual([]);
  });

  function check(record: SipWatcherRecord | undefined, event: SipWatcherEvent, now: number): void {
    const state = record?.state ?? "none";
    const input = sipWatcherInput(record, event, now);
    const cell = SIP_WATCHER_TABLE[state][input];
    reached.add(`${state} × ${input}`);
    const made = sipWatcher(record, event, context({ now }));
    const canNotify = "canNotify" in event ? event.canNotify : event.kind === "notify-now";
    const isIgnored = IGNORED.test(cell.rule);
    demand((made.record?.state ?? "none") === cell.next, state, input);
    demand(!isIgnored || (made.record === record && made.effects.length === 0), state, input);
    demand(event.kind !== "due" || (made.record?.dueAt ?? Number.POSITIVE_INFINITY) > now, state, input);
    demand(canNotify || made.effects.every(({ kind }) => kind !== "notify"), state, input);
  }
});
