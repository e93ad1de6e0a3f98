import {
  type ComposingRecord,
  composingDeadline,
  composingDue,
  composingFromSip,
  composingFromXmpp,
  type SipComposingEvent,
  type XmppComposingEvent,
} from "../../../src/core/message/composing";
import {
  type ComposingState,
  composingRow,
  SIP_EVENTS,
  XMPP_EVENTS,
} from "../../../src/core/message/composing-table";

const T0 = 1_000_000;
const S = 1000;

describe("the table (architecture E7)", () => {
  const SIP_STATES: ComposingState[] = ["quiet", "idle", "active"];
  const XMPP_STATES: ComposingState[] = [...SIP_STATES, "stopped"];
  const pairs = [
    ...SIP_STATES.flatMap((state) => SIP_EVENTS.map((event) => ["sip", state, event] as const)),
    ...XMPP_STATES.flatMap((state) => XMPP_EVENTS.map((event) => ["xmpp", state, event] as const)),
  ];

  test.each(pairs)("%s %s %s has one row that says why", (composer, state, event) => {
    const row = composingRow(composer, state, event);
    expect(row.rule).not.toBe("");
    expect(composer === "sip" ? SIP_STATES : XMPP_STATES).toContain(row.next);
    // Telling is for changes of state only (XEP-0085 §5.3), but for our word to SIP that he still writes.
    const tells = row.action !== "ignore" && row.action !== "extend" && row.action !== "send-refresh";
    expect(tells).toBe(tells && row.next !== state);
    // Nothing wakes us but an active writer.
    if (event.endsWith("-due") && state !== "active")
      expect(row).toMatchObject({ next: state, action: "ignore" });
  });

  test("nothing leads out of stopped (RFC 3994 §4)", () => {
    for (const event of XMPP_EVENTS) {
      expect(composingRow("xmpp", "stopped", event)).toMatchObject({ next: "stopped", action: "ignore" });
    }
  });
});

/** Plays events, each with seconds since the start; returns what was told, with those seconds. */
function playSip(events: readonly [at: number, event: SipComposingEvent | "due"][]): [number, string][] {
  let record: ComposingRecord | undefined;
  const told: [number, string][] = [];
  for (const [at, event] of events) {
    const now = T0 + at * S;
    const step = event === "due" ? composingDue(record!, now) : composingFromSip(record, event, now);
    record = step.record;
    for (const effect of step.effects) if (effect.kind === "chat-state") told.push([at, effect.state]);
  }
  return told;
}

describe("the SIP user writes (RFC 3994 §3.3)", () => {
  const active = (refreshSeconds?: number): SipComposingEvent =>
    refreshSeconds === undefined ? { kind: "active" } : { kind: "active", refreshSeconds };

  test("nothing is told before the first message", () => {
    expect(
      playSip([
        [0, active()],
        [1, { kind: "idle" }],
      ]),
    ).toEqual([]);
    expect(
      playSip([
        [0, { kind: "content" }],
        [1, active()],
      ]),
    ).toEqual([[1, "composing"]]);
    expect(
      playSip([
        [0, { kind: "reply" }],
        [1, active()],
      ]),
    ).toEqual([[1, "composing"]]);
  });

  test("refreshes are swallowed (XEP-0085 §5.3), and the end is told", () => {
    expect(
      playSip([
        [0, { kind: "reply" }],
        [1, active(60)],
        [61, active(60)],
        [100, active()],
        [101, { kind: "idle" }],
        [102, { kind: "idle" }],
      ]),
    ).toEqual([
      [1, "composing"],
      [101, "active"],
    ]);
  });

  test.each([
    [undefined, 120],
    [60, 60],
    [300, 300],
    [999_999_999, 600],
  ])("refresh %s: silence of %s seconds means idle", (refresh, seconds) => {
    const { record } = composingFromSip({ composer: "sip", state: "idle" }, active(refresh), T0);
    expect(composingDeadline(record)).toBe(T0 + seconds * S);
    expect(composingDue(record, T0 + seconds * S - 1)).toEqual({ record, effects: [] });
    const due = composingDue(record, T0 + seconds * S);
    expect(due.effects).toEqual([{ kind: "chat-state", state: "active" }]);
    expect(composingDeadline(due.record)).toBeUndefined();
  });

  test("a refresh moves the deadline", () => {
    const first = composingFromSip({ composer: "sip", state: "idle" }, active(60), T0);
    const second = composingFromSip(first.record, active(90), T0 + 50 * S);
    expect(composingDeadline(second.record)).toBe(T0 + 140 * S);
  });

  test("a content message means idle, and says so itself", () => {
    const { record } = composingFromSip({ composer: "sip", state: "idle" }, active(), T0);
    const step = composingFromSip(record, { kind: "content" }, T0 + S);
    expect(step).toEqual({ record: { composer: "sip", state: "idle" }, effects: [] });
  });

  test("a message of the other one changes nothing", () => {
    const { record } = composingFromSip({ composer: "sip", state: "idle" }, active(), T0);
    expect(composingFromSip(record, { kind: "reply" }, T0 + S)).toEqual({ record, effects: [] });
  });
});

describe("the XMPP user writes (RFC 3994 §3.2)", () => {
  const idle: ComposingRecord = { composer: "xmpp", state: "idle" };
  const play = (record: ComposingRecord, ...events: XmppComposingEvent[]) => {
    const told: string[] = [];
    let current = record;
    for (const event of events) {
      const step = composingFromXmpp(current, event, T0);
      current = step.record;
      for (const effect of step.effects) if (effect.kind === "is-composing") told.push(effect.document.state);
    }
    return told;
  };

  test("nothing is sent unless in reply", () => {
    expect(play({ composer: "xmpp", state: "quiet" }, "composing", "paused", "gone")).toEqual([]);
    expect(composingFromXmpp(undefined, "composing", T0).effects).toEqual([]);
  });

  test.each(["active", "paused", "inactive", "gone"] as const)("composing, then %s", (event) => {
    expect(play(idle, "composing", event)).toEqual(["active", "idle"]);
  });

  test("a state is not repeated", () => {
    expect(play(idle, "active", "composing", "composing", "paused", "inactive", "active")).toEqual([
      "active",
      "idle",
    ]);
  });

  test("a message says it all", () => {
    expect(play(idle, "composing", "content", "active", "composing")).toEqual(["active", "active"]);
  });

  test("after gone nothing is sent until somebody writes again (RFC 7573 §6.1)", () => {
    expect(play(idle, "gone", "composing", "reply", "composing")).toEqual(["active"]);
  });

  test("who goes on writing is announced again before our word runs out, for five minutes at most", () => {
    const first = composingFromXmpp(idle, "composing", T0);
    const [effect] = first.effects;
    if (effect?.kind !== "is-composing") throw new Error("nothing sent");
    const word = effect.document.refreshSeconds!;
    expect(word).toBeGreaterThanOrEqual(60);
    let { record } = first;
    let now = T0;
    let announced = 0;
    while (record.state === "active") {
      const deadline = composingDeadline(record)!;
      expect(deadline - now).toBeLessThan(word * S);
      now = deadline;
      const step = composingDue(record, now);
      record = step.record;
      announced += 1;
    }
    expect(now).toBe(T0 + 300 * S);
    expect(announced).toBe(4);
    expect(composingDeadline(record)).toBeUndefined();
  });

  test("a 415 ends it for good", () => {
    expect(play(idle, "composing", "refused", "composing", "content", "reply", "composing")).toEqual([
      "active",
    ]);
  });
});
