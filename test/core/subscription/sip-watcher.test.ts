import type { SipWatcherEvent } from "../../../src/core/subscription/event";
import type { SipWatcherRecord } from "../../../src/core/subscription/record";
import { sipWatcher } from "../../../src/core/subscription/sip-watcher";
import type { StepContext } from "../../../src/core/subscription/step";
import {
  context,
  eventInput,
  header,
  inDialog,
  JULIET,
  lines,
  NOW,
  outcome,
  ROMEO,
  requestOf,
  romeosDialog,
  sipRow,
  subscribe,
} from "./fixtures";

const SUBSCRIBED: SipWatcherEvent = { kind: "subscribed", canNotify: true };
const UNSUBSCRIBED: SipWatcherEvent = { kind: "unsubscribed", canNotify: true };
const NO_CONTACT: SipWatcherEvent = { kind: "no-contact", canNotify: true };
const NOTIFY_NOW: SipWatcherEvent = { kind: "notify-now" };
const DUE: SipWatcherEvent = { kind: "due", canNotify: true };
const RESUME: SipWatcherEvent = { kind: "resume", canNotify: true };
const DROP: SipWatcherEvent = { kind: "drop", canNotify: true };
const ended = (status: number, more = {}): SipWatcherEvent => ({
  kind: "notify-outcome",
  outcome: outcome(status, { cseq: 2, ...more }),
});

const to = (type: string) => `<${type} ${ROMEO} → ${JULIET}>`;

function step(record: SipWatcherRecord | undefined, event: SipWatcherEvent, more: Partial<StepContext> = {}) {
  const made = sipWatcher(record, event, context(more));
  return { record: made.record, did: lines(made.effects), effects: made.effects };
}

describe("a new SUBSCRIBE (RFC 8048 §5.3.1, RFC 6665 §4.2.1.2)", () => {
  test("is answered at once, followed by NOTIFY pending without a body, and the contact is asked", () => {
    const { record, did, effects } = step(undefined, subscribe(3600));
    expect(did).toEqual(["200 Expires 3600", "NOTIFY 1 pending;expires=3600 none", to("subscribe")]);
    expect(requestOf(effects)).toMatchObject({
      method: "NOTIFY",
      requestUri: "sip:romeo@192.0.2.1",
      fromUri: "sip:juliet@example.com",
      fromTag: "transaction",
      toUri: "sip:romeo@example.net",
      toTag: "xfg9",
      callId: "call",
      routes: ["<sip:proxy.example.net;lr>"],
      peer: "default",
    });
    expect(record).toEqual(sipRow("pending", { dialog: romeosDialog(), owed: true, dueAt: NOW + 3_600_000 }));
  });

  test("of somebody whom she has approved: active at once, with what is known", () => {
    const { record, did } = step(undefined, subscribe(600, {}, { approved: true }));
    expect(did).toEqual(["200 Expires 600", "NOTIFY 1 active;expires=600 state"]);
    expect(record).toMatchObject({ state: "active", expiresAt: NOW + 600_000 });
  });

  test.each(["list", "winfo"] as const)("for a %s needs nobody's approval, and asks nobody", (what) => {
    const { record, did, effects } = step(undefined, subscribe(600, {}, { what }));
    expect(did).toEqual(["200 Expires 600", "NOTIFY 1 active;expires=600 state"]);
    expect(header(requestOf(effects), "Event")).toBe(what === "winfo" ? "presence.winfo" : "presence");
    expect(step(record, RESUME).did).toEqual(["NOTIFY 2 active;expires=600 state"]);
    expect(step(record, DROP).did).toEqual(["NOTIFY 2 terminated;reason=timeout closed"]);
  });

  test("the id of Event is in each NOTIFY (RFC 6665 §4.5.2); without Contact requests go to the address of record", () => {
    const { contact: _, ...input } = eventInput({
      event: { package: "presence", id: "7", parameters: new Map() },
    });
    const { record, effects } = step(undefined, { ...subscribe(600), input });
    expect(header(requestOf(effects), "Event")).toBe("presence;id=7");
    expect(requestOf(effects).requestUri).toBe("sip:romeo@example.net");
    expect(header(requestOf(step(record, SUBSCRIBED).effects), "Event")).toBe("presence;id=7");
  });

  test("inside a dialog that is not there gets 481", () => {
    expect(step(undefined, subscribe(600, inDialog))).toMatchObject({ did: ["481"], record: undefined });
  });
});

describe("the contact decides (RFC 8048 §5.3.1)", () => {
  test("subscribed: NOTIFY active with what is known, and a probe for what is not", () => {
    const { record, did } = step(sipRow("pending"), SUBSCRIBED);
    expect(did).toEqual(["NOTIFY 2 active;expires=3600 state", to("probe")]);
    expect(record?.state).toBe("active");
    expect(step(record, SUBSCRIBED)).toMatchObject({ did: [], record });
  });

  test.each(["pending", "active"] as const)(
    "unsubscribed while %s: terminated;rejected, empty, and nothing to XMPP",
    (state) => {
      const { record, did } = step(sipRow(state), UNSUBSCRIBED);
      expect(did).toEqual(["NOTIFY 2 terminated;reason=rejected none"]);
      expect(record).toMatchObject({ state: "ending", reason: "rejected" });
      for (const status of [200, 408, 481, 503]) expect(step(record, ended(status)).record).toBeUndefined();
    },
  );

  test("the answer to a probe is no decision about a request that is pending; about what was allowed it is one", () => {
    const probed: SipWatcherEvent = { ...UNSUBSCRIBED, probed: true };
    expect(step(sipRow("pending"), probed)).toMatchObject({ did: [], record: sipRow("pending") });
    expect(step(sipRow("active"), probed).did).toEqual(["NOTIFY 2 terminated;reason=rejected none"]);
  });

  test("nobody there: terminated;noresource", () => {
    expect(step(sipRow("pending"), NO_CONTACT).did).toEqual(["NOTIFY 2 terminated;reason=noresource none"]);
  });

  test("while pending nothing about her goes out, whatever becomes known", () => {
    expect(step(sipRow("pending"), NOTIFY_NOW).did).toEqual(["NOTIFY 2 pending;expires=3600 none"]);
    expect(step(sipRow("pending"), subscribe(0, inDialog)).did).toContain(
      "NOTIFY 2 terminated;reason=timeout none",
    );
    expect(step(sipRow("pending"), DUE, { now: NOW + 3_600_000 }).did).toContain(
      "NOTIFY 2 terminated;reason=timeout none",
    );
  });
});

describe("refresh and end (RFC 8048 §5.3.2, §5.3.3)", () => {
  test("refresh: 200 and NOTIFY with what is known; the dialog follows a new Contact", () => {
    const { record, did, effects } = step(
      sipRow("active"),
      subscribe(1800, { ...inDialog, contact: "sip:romeo@192.0.2.77", recordRoute: ["<sip:other;lr>"] }),
    );
    expect(did).toEqual(["200 Expires 1800", "NOTIFY 2 active;expires=1800 state"]);
    expect(requestOf(effects)).toMatchObject({
      requestUri: "sip:romeo@192.0.2.77",
      routes: ["<sip:proxy.example.net;lr>"],
    });
    expect(record).toMatchObject({ expiresAt: NOW + 1_800_000, dueAt: NOW + 1_800_000 });
  });

  test("Expires 0: 200, NOTIFY terminated;timeout that says closed, unavailable to the contact, no unsubscribe", () => {
    const { record, did } = step(sipRow("active"), subscribe(0, inDialog));
    expect(did).toEqual(["200 Expires 0", "NOTIFY 2 terminated;reason=timeout closed", to("unavailable")]);
    expect(record).toMatchObject({ state: "ending", reason: "timeout" });
    expect(step(record, ended(200)).record).toBeUndefined();
  });

  test("not refreshed: the same at its end, and not before", () => {
    const row = sipRow("active");
    expect(step(row, DUE, { now: NOW + 3_599_999 })).toMatchObject({ did: [], record: row });
    expect(step(row, DUE, { now: NOW + 3_600_000 }).did).toEqual([
      "NOTIFY 2 terminated;reason=timeout closed",
      to("unavailable"),
    ]);
  });

  test("CSeq out of order: 500, and nothing changes (RFC 3261 §12.2.2)", () => {
    const row = sipRow("active");
    expect(step(row, subscribe(0, { ...inDialog, cseq: 0 }))).toMatchObject({ did: ["500"], record: row });
  });

  test.each([
    ["the first", sipRow("pending"), subscribe(3600), "200 Expires 3600"],
    ["a refresh", sipRow("active"), subscribe(1800, { ...inDialog, cseq: 1 }), "200 Expires 1800"],
    ["the end", sipRow("ending"), subscribe(0, { ...inDialog, cseq: 1 }), "200 Expires 0"],
    ["a fetch", sipRow("pending", { reason: "timeout" }), subscribe(0), "200 Expires 0"],
  ])(
    "%s once more, since a former life took it and did not answer: 200, and nothing changes (RFC 3261 §17.2.2)",
    (_, row, again, answer) => {
      expect(step(row, again)).toMatchObject({ did: [answer], record: row });
    },
  );

  test.each([
    ["somebody else's tag", { ...inDialog, fromTag: "guessed" }],
    ["another call", { ...inDialog, callId: "other" }],
  ])("%s: 481", (_, input) => {
    const row = sipRow("active");
    expect(step(row, subscribe(0, input))).toMatchObject({ did: ["481"], record: row });
  });

  test("another subscription in the same dialog is refused (RFC 6665 §4.5.2)", () => {
    const event = { package: "presence", id: "2", parameters: new Map<string, string>() };
    expect(step(sipRow("active"), subscribe(600, { ...inDialog, event })).did).toEqual(["403"]);
  });

  test("after its end a dialog is no more: 481", () => {
    expect(step(sipRow("ending"), subscribe(600, inDialog)).did).toEqual(["481"]);
  });
});

describe("a fetch (RFC 8048 §7.2, RFC 6665 §4.4.3)", () => {
  test("200, and the contact's server is asked; the one NOTIFY follows when it has spoken", () => {
    const begun = step(undefined, subscribe(0));
    expect(begun.did).toEqual(["200 Expires 0", to("probe")]);
    expect(begun.record).toMatchObject({ state: "pending", dueAt: NOW + 5_000 });
    const news = step(begun.record, NOTIFY_NOW, { now: NOW + 40 });
    expect(news).toMatchObject({ did: [], record: { dueAt: NOW + 290 } });
    const more = step(news.record, NOTIFY_NOW, { now: NOW + 100 });
    expect(more.record?.dueAt).toBe(NOW + 290);
    const told = step(more.record, DUE, { now: NOW + 290 });
    expect(told.did).toEqual(["NOTIFY 1 terminated;reason=timeout state"]);
    expect(step(told.record, ended(200, { cseq: 1 })).record).toBeUndefined();
  });

  test("or when it is silent", () => {
    const { record } = step(undefined, subscribe(0));
    expect(step(record, DUE, { now: NOW + 5_000 }).did).toEqual(["NOTIFY 1 terminated;reason=timeout state"]);
  });

  test("of somebody whom she has approved: at once", () => {
    expect(step(undefined, subscribe(0, {}, { approved: true })).did).toEqual([
      "200 Expires 0",
      "NOTIFY 1 terminated;reason=timeout state",
    ]);
  });

  test("that she does not allow is rejected; nothing else is done in its dialog", () => {
    const { record } = step(undefined, subscribe(0));
    expect(step(record, UNSUBSCRIBED).did).toEqual(["NOTIFY 1 terminated;reason=rejected none"]);
    expect(step(record, subscribe(600, inDialog)).did).toEqual(["481"]);
    expect(step(record, SUBSCRIBED)).toMatchObject({ did: [], record });
    expect(step(record, RESUME)).toMatchObject({ did: [], record });
    expect(step(record, DROP).did).toEqual(["NOTIFY 1 terminated;reason=timeout state", to("unavailable")]);
  });
});

describe("NOTIFYs of one dialog never overlap (RFC 6665 §4.2.2)", () => {
  const busy = { canNotify: false };

  test("what happens while one is under way is wanted, not sent", () => {
    const row = sipRow("active", { owed: true });
    const { record, did } = step(row, subscribe(600, inDialog, busy));
    expect(did).toEqual(["200 Expires 600", "want NOTIFY"]);
    expect(record?.dialog.localCseq).toBe(1);
    expect(record?.owed).toBe(true);
    const done = step(record, ended(200, { cseq: 1 }));
    expect(step(done.record, NOTIFY_NOW).did).toEqual(["NOTIFY 2 active;expires=600 state"]);
  });

  test("approval while the pending one is under way: the next one says active", () => {
    const { record, did } = step(sipRow("pending", { owed: true }), { ...SUBSCRIBED, ...busy });
    expect(did).toEqual(["want NOTIFY", to("probe")]);
    expect(step(record, NOTIFY_NOW).did).toEqual(["NOTIFY 2 active;expires=3600 state"]);
  });

  test("the one that waits is owed also when the one before it has been answered: a crash does not forget it", () => {
    const { record } = step(sipRow("pending", { owed: true }), { ...SUBSCRIBED, ...busy });
    const answered = step(record, { ...ended(200, { cseq: 1 }), isWanted: true } as SipWatcherEvent).record;
    expect(step(answered, RESUME).did).toEqual(["NOTIFY 2 active;expires=3600 state", to("probe")]);
  });

  test("the last one waits for the one before it, whose outcome does not end the row", () => {
    const { record, did } = step(sipRow("active", { owed: true }), subscribe(0, inDialog, busy));
    expect(did).toEqual(["200 Expires 0", "want NOTIFY", to("unavailable")]);
    for (const status of [200, 408, 481]) {
      const waiting = step(record, ended(status, { cseq: 1 }));
      expect(waiting.record).toMatchObject({ state: "ending", waits: true });
      const last = step(waiting.record, NOTIFY_NOW);
      expect(last.did).toEqual(["NOTIFY 2 terminated;reason=timeout closed"]);
      expect(step(last.record, ended(200)).record).toBeUndefined();
    }
  });

  test("a last one that is under way is not followed by another", () => {
    expect(step(sipRow("ending"), NOTIFY_NOW).did).toEqual([]);
    const later = step(sipRow("ending", { dueAt: NOW }), { ...DUE, ...busy });
    expect(later).toMatchObject({ did: [], record: { dueAt: NOW + 96_000 } });
  });
});

describe("a NOTIFY that fails (RFC 6665 §4.2.2, RFC 5057)", () => {
  const row = sipRow("active", { owed: true, dialog: romeosDialog({ localCseq: 2 }) });

  test.each([404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604])(
    "%i ends the dialog: no stanza, so never the authorization",
    (status) => {
      for (const state of ["pending", "active"] as const) {
        expect(step({ ...row, state }, ended(status))).toEqual({ record: undefined, did: [], effects: [] });
      }
    },
  );

  test.each([302, 400, 401, 407, 408, 486, 500, 503, 504, 600])(
    "%i ends nothing: tried again after a pause",
    (status) => {
      const { record, did } = step(row, ended(status));
      expect(did).toEqual([]);
      expect(record).toMatchObject({ state: "active", owed: true, failures: 1, dueAt: NOW + 7_500 });
      expect(step(record, NOTIFY_NOW, { now: NOW + 1_000 }).did).toEqual([]);
      const again = step(record, DUE, { now: NOW + 7_500 });
      expect(again.did).toEqual(["NOTIFY 3 active;expires=3593 state"]);
      const answered = step(again.record, ended(200, { cseq: 3 }));
      expect(answered.record).toMatchObject({ owed: false, dueAt: NOW + 3_600_000 });
      expect(answered.record).not.toHaveProperty("failures");
    },
  );

  test("Retry-After is kept to, but not beyond the end of the subscription", () => {
    expect(step(row, ended(503, { retryAfter: 120 })).record?.dueAt).toBe(NOW + 120_000);
    expect(step(row, ended(503, { retryAfter: 9_999_999 })).record?.dueAt).toBe(row.expiresAt);
  });

  test("five in a row: nobody is there; the dialog goes, without a word to XMPP", () => {
    let record: SipWatcherRecord | undefined = row;
    let now = NOW;
    for (let failure = 1; failure < 5; failure += 1) {
      record = step(record, ended(408, { local: true }), { now }).record;
      now = record?.dueAt ?? Number.NaN;
      record = step(record, DUE, { now }).record;
      expect(record?.failures).toBe(failure);
    }
    expect(step(record, ended(408, { local: true }), { now })).toMatchObject({ record: undefined, did: [] });
  });

  test("a SUBSCRIBE says that he is there after all", () => {
    const failed = step(row, ended(408)).record;
    const { record, did } = step(failed, subscribe(600, inDialog));
    expect(did).toEqual(["200 Expires 600", "NOTIFY 3 active;expires=600 state"]);
    expect(record).not.toHaveProperty("failures");
  });

  test("credentials take a number of their own; the answer's Contact is not believed", () => {
    const { record } = step(row, ended(200, { cseq: 5, contact: "sip:gateway@192.0.2.200" }));
    expect(record?.dialog).toMatchObject({ localCseq: 5, remoteTarget: "sip:romeo@192.0.2.1" });
    expect(step(record, NOTIFY_NOW).did).toEqual(["NOTIFY 6 active;expires=3600 state"]);
  });
});

describe("resume and drop", () => {
  test("active: the contact is probed; a NOTIFY that is owed is sent again, with a new number", () => {
    expect(step(sipRow("active"), RESUME).did).toEqual([to("probe")]);
    expect(step(sipRow("active", { owed: true }), RESUME).did).toEqual([
      "NOTIFY 2 active;expires=3600 state",
      to("probe"),
    ]);
  });

  test("pending: the request to the contact may have been lost", () => {
    expect(step(sipRow("pending"), RESUME).did).toEqual([to("subscribe")]);
  });

  test("ending: the last NOTIFY once more; what it says was saved", () => {
    const row = sipRow("ending", { reason: "rejected", finalContent: "none" });
    expect(step(row, RESUME).did).toEqual(["NOTIFY 2 terminated;reason=rejected none"]);
    expect(step({ ...row, dueAt: NOW }, DUE).did).toEqual(["NOTIFY 2 terminated;reason=rejected none"]);
    expect(step(row, { ...RESUME, canNotify: false }).did).toEqual([]);
  });

  test("what has expired meanwhile ends", () => {
    expect(step(sipRow("active"), RESUME, { now: NOW + 3_600_000 }).did).toEqual([
      "NOTIFY 2 terminated;reason=timeout closed",
      to("unavailable"),
    ]);
  });

  test("drop: as if it had expired; an ending row goes at once", () => {
    expect(step(sipRow("active"), DROP).did).toEqual([
      "NOTIFY 2 terminated;reason=timeout closed",
      to("unavailable"),
    ]);
    expect(step(sipRow("ending"), DROP)).toMatchObject({ did: [], record: undefined });
  });
});

test("max-rate of Event is kept to and said back (RFC 6446 §5.2); a refresh without it ends it", () => {
  const event = { package: "presence", parameters: new Map([["max-rate", "0.1"]]) };
  const { record, effects } = step(undefined, subscribe(600, { event }));
  expect(record?.intervalMs).toBe(10_000);
  expect(header(requestOf(effects), "Subscription-State")).toBe("pending;expires=600;max-rate=0.1");
  expect(step(record, subscribe(600, inDialog)).record).not.toHaveProperty("intervalMs");
});
