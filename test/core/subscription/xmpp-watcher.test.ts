import type { XmppWatcherEvent } from "../../../src/core/subscription/event";
import type { XmppWatcherRecord } from "../../../src/core/subscription/record";
import type { StepContext } from "../../../src/core/subscription/step";
import { xmppWatcher } from "../../../src/core/subscription/xmpp-watcher";
import { write } from "../../../src/xml/writer";
import {
  context,
  device,
  document,
  firstDialog,
  header,
  JULIET,
  julietsDialog,
  lines,
  NOW,
  notify,
  outcome,
  ROMEO,
  requestOf,
  subscribeOutcome,
  xmppRow,
} from "./fixtures";

const SUBSCRIBE: XmppWatcherEvent = { kind: "xmpp-subscribe" };
const UNSUBSCRIBE: XmppWatcherEvent = { kind: "xmpp-unsubscribe" };
const PROBE: XmppWatcherEvent = { kind: "xmpp-probe" };
const AVAILABLE: XmppWatcherEvent = { kind: "watcher-available" };
const UNAVAILABLE: XmppWatcherEvent = { kind: "watcher-unavailable" };
const HIDDEN: XmppWatcherEvent = { kind: "watcher-hidden" };
const DUE: XmppWatcherEvent = { kind: "due" };
const RESUME: XmppWatcherEvent = { kind: "resume" };
const DROP: XmppWatcherEvent = { kind: "drop" };

const SUBSCRIBED = `<subscribed ${ROMEO} → ${JULIET}>`;
const UNSUBSCRIBED = `<unsubscribed ${ROMEO} → ${JULIET}>`;
const PROBED = `<probe ${ROMEO} → ${JULIET}>`;
const gone = (id: string) => `<unavailable ${ROMEO}/${id} → ${JULIET}>`;
const present = (id: string) => `<available ${ROMEO}/${id} → ${JULIET}>`;

function step(
  record: XmppWatcherRecord | undefined,
  event: XmppWatcherEvent,
  more: Partial<StepContext> = {},
) {
  const made = xmppWatcher(record, event, context(more));
  return { record: made.record, did: lines(made.effects), effects: made.effects };
}

/** Events one after another, each at its time; the last step is given back. */
function run(
  record: XmppWatcherRecord | undefined,
  ...events: readonly (readonly [event: XmppWatcherEvent, more?: Partial<StepContext>])[]
) {
  let last = { record, did: [] as string[], effects: [] as ReturnType<typeof step>["effects"] };
  for (const [event, more] of events) last = step(last.record, event, more);
  return last;
}

describe("requesting (RFC 8048 §5.2.1)", () => {
  test("subscribe becomes a SUBSCRIBE in a new dialog, and nothing is said to the user", () => {
    const { record, did, effects } = step(undefined, SUBSCRIBE);
    expect(did).toEqual(["SUBSCRIBE 1 Expires 3600 new-call"]);
    const request = requestOf(effects);
    expect(request).toMatchObject({
      requestUri: "sip:romeo@example.net",
      toUri: "sip:romeo@example.net",
      fromUri: "sip:juliet@example.com",
      fromTag: "new-tag",
      peer: "default",
    });
    expect(request.toTag).toBeUndefined();
    expect(header(request, "Event")).toBe("presence");
    expect(header(request, "Accept")).toBe("application/pidf+xml");
    expect(record).toMatchObject({
      state: "requesting",
      authorized: false,
      watcher: JULIET,
      presentity: ROMEO,
      due: "timer-n",
      dueAt: NOW + 32_000,
    });
  });

  test("a pair that no rule maps is ignored: the gateway has refused it", () => {
    expect(step(undefined, SUBSCRIBE, { uris: undefined })).toMatchObject({ record: undefined, did: [] });
  });

  test("bug 10: a 2xx and NOTIFY pending say nothing to the user; the first NOTIFY active says subscribed, once", () => {
    const accepted = step(xmppRow("requesting"), subscribeOutcome(202));
    expect(accepted.did).toEqual([]);
    expect(accepted.record).toMatchObject({ state: "requesting", dialog: { remoteTag: "theirs" } });
    const pending = step(accepted.record, notify("pending;expires=600", document(device("phone"))));
    expect(pending.did).toEqual(["200"]);
    expect(pending.record).toMatchObject({ state: "pending", expiresAt: NOW + 600_000, due: "refresh" });
    const active = step(pending.record, notify("active;expires=499", document(device("phone")), { cseq: 3 }));
    expect(active.did).toEqual(["200", SUBSCRIBED, present("phone"), "remember"]);
    expect(active.record).toMatchObject({ state: "active", authorized: true, shown: ["phone"] });
    const again = step(active.record, notify("active", document(device("phone")), { cseq: 4 }));
    expect(again.did).toEqual(["200", present("phone"), "remember"]);
  });

  test("NOTIFY before the 200 makes the dialog; the 200 that follows adds its length (RFC 6665 §4.1.2.4)", () => {
    const first = step(
      xmppRow("requesting"),
      notify("pending;expires=100", "none", { recordRoute: ["<sip:a;lr>", "<sip:b;lr>"], cseq: 7 }),
    );
    expect(first.record?.dialog).toMatchObject({
      remoteTag: "theirs",
      remoteCseq: 7,
      remoteTarget: "sip:romeo@192.0.2.1",
      routes: ["<sip:a;lr>", "<sip:b;lr>"],
    });
    const { record, did } = step(
      first.record,
      subscribeOutcome(200, { expires: 60, recordRoute: ["<sip:c;lr>"] }),
    );
    expect(did).toEqual([]);
    expect(record).toMatchObject({ state: "pending", expiresAt: NOW + 60_000, dueAt: NOW + 42_000 });
    expect(record?.dialog?.routes).toEqual(["<sip:a;lr>", "<sip:b;lr>"]);
  });

  test("a second fork gets 481, whichever came first, and the 200 of another fork changes nothing (RFC 3856 §6.9)", () => {
    expect(step(xmppRow("active"), notify("active", "none", { fromTag: "fork" }))).toMatchObject({
      did: ["481"],
      record: xmppRow("active"),
    });
    const { record } = step(
      xmppRow("pending"),
      subscribeOutcome(200, { toTag: "fork", contact: "sip:other@192.0.2.9", expires: 5 }),
    );
    expect(record).toEqual(xmppRow("pending"));
  });

  test("without a NOTIFY until Timer N it has failed, and is tried again later in a new dialog (bug 13)", () => {
    const row = step(xmppRow("requesting"), subscribeOutcome(200)).record;
    const failed = step(row, DUE, { now: NOW + 32_000 });
    expect(failed).toMatchObject({ did: [], record: { state: "retrying", attempts: 1, due: "retry" } });
    expect(failed.record?.dialog).toBeUndefined();
    expect(failed.record?.dueAt).toBe(NOW + 32_000 + 7_500);
    const again = step(failed.record, DUE, { now: NOW + 60_000 });
    expect(again).toMatchObject({
      did: ["SUBSCRIBE 1 Expires 3600 new-call"],
      record: { state: "requesting" },
    });
  });

  test.each([
    [404, "item-not-found"],
    [604, "item-not-found"],
    [484, "item-not-found"],
    [410, "gone"],
    [501, "feature-not-implemented"],
  ])(
    "a contact who does not exist (%i) is a presence error %s, and nothing is kept (RFC 3922 §6.1)",
    (status, condition) => {
      const { record, effects } = step(xmppRow("requesting"), subscribeOutcome(status));
      expect(record).toBeUndefined();
      expect(effects).toHaveLength(1);
      const [effect] = effects;
      const text = effect?.kind === "stanza" ? write(effect.stanza) : "";
      expect(text).toContain("type='error'");
      expect(text).toContain(`<${condition} `);
      expect(text).toContain(`from='${ROMEO}' to='${JULIET}'`);
    },
  );

  test("NOTIFY terminated;noresource before anything was authorized is the same error", () => {
    const { record, effects, did } = step(xmppRow("pending"), notify("terminated;reason=noresource"));
    expect(record).toBeUndefined();
    expect(did).toEqual(["200", `<error ${ROMEO} → ${JULIET}>`]);
    expect(effects[1]?.kind === "stanza" && write(effects[1].stanza)).toContain("<item-not-found ");
  });

  test.each([408, 480, 486, 500, 503, 504])("%i passes: nothing is said, and it is tried again", (status) => {
    const { record, did } = step(xmppRow("requesting"), subscribeOutcome(status));
    expect(record).toMatchObject({ state: "retrying", due: "retry", dueAt: NOW + 7_500, attempts: 1 });
    expect(did.filter((line) => line !== "forget")).toEqual([]);
  });
});

describe("no answer of the user's matters, only NOTIFY", () => {
  test("libpurple and linphone: NOTIFY without Subscription-State or Contact is taken as active", () => {
    const { contact: _, ...input } = notify(undefined, document(device("phone"))).input;
    const { record, did } = step(xmppRow("requesting"), {
      kind: "notify",
      input,
      document: document(device("phone")),
    });
    expect(did).toEqual(["200", SUBSCRIBED, present("phone"), "remember"]);
    expect(record?.dialog).toMatchObject({ remoteTag: "theirs", remoteTarget: "sip:romeo@example.net" });
    expect(record).toMatchObject({ state: "active", expiresAt: NOW + 3_600_000 });
  });

  test("NOTIFY active without a body is unknown, not offline", () => {
    const { did, record } = step(xmppRow("pending", { shown: ["phone"] }), notify("active"));
    expect(did).toEqual(["200", SUBSCRIBED]);
    expect(record?.shown).toEqual(["phone"]);
  });

  test("a body that nobody can read is answered 200 and keeps the last state", () => {
    const row = xmppRow("active", { shown: ["phone"] });
    const { did, record } = step(row, notify("active", "unreadable"));
    expect(did).toEqual(["200"]);
    expect(record).toEqual({ ...row, dialog: julietsDialog({ remoteCseq: 2 }) });
  });

  test("a state that we do not know is no approval", () => {
    expect(step(xmppRow("requesting"), notify("waiting")).did).toEqual(["200"]);
  });

  test("a NOTIFY that is older than the last gets 500 (RFC 3261 §12.2.2)", () => {
    const row = xmppRow("active");
    expect(step(row, notify("terminated;reason=rejected", "none", { cseq: 0 }))).toMatchObject({
      did: ["500"],
      record: row,
    });
  });

  test("a NOTIFY once more, since a former life took it and did not answer: 200, and nothing changes (RFC 3261 §17.2.2)", () => {
    const row = xmppRow("active");
    expect(step(row, notify("active", document(device("phone")), { cseq: 1 }))).toMatchObject({
      did: ["200"],
      record: row,
    });
  });

  test.each([
    ["no row", undefined],
    ["no dialog", xmppRow("dormant")],
    ["another call", xmppRow("active", { dialog: julietsDialog({ callId: "other" }) })],
    ["a guessed tag", xmppRow("active", { dialog: julietsDialog({ localTag: "secret" }) })],
  ])("NOTIFY for %s gets 481 and says nothing", (_, row) => {
    expect(step(row, notify("active", document(device("phone"))))).toMatchObject({
      did: ["481"],
      record: row,
    });
  });
});

describe("devices (RFC 8048 §6.3, RFC 3922 §6.3.1)", () => {
  test("one stanza for each tuple that changed; one that is missing has gone", () => {
    const last = document(device("phone"), device("desk"), device("car"));
    const event = {
      ...notify("active", document(device("phone"), device("desk", { show: "away" }))),
      last,
    };
    const { did, record } = step(xmppRow("active", { shown: ["phone", "desk", "car"] }), event);
    expect(did).toEqual(["200", gone("car"), `<available ${ROMEO}/desk → ${JULIET}>`, "remember"]);
    expect(record?.shown).toEqual(["phone", "desk"]);
  });

  test("after a restart only what was shown is known: all is told, and what has gone meanwhile too", () => {
    const { did } = step(
      xmppRow("active", { shown: ["phone", "car"] }),
      notify("active", document(device("phone"))),
    );
    expect(did).toEqual(["200", gone("car"), present("phone"), "remember"]);
  });

  test("a closed tuple is unavailable (Table 2)", () => {
    const { did, record } = step(
      xmppRow("active", { shown: ["phone"] }),
      notify("active", document(device("phone", { open: false }))),
    );
    expect(did).toEqual(["200", gone("phone"), "remember"]);
    expect(record?.shown).toEqual([]);
  });

  test("the same list stays the same list: the row is not written for nothing", () => {
    const row = xmppRow("active", { shown: ["phone"] });
    expect(step(row, notify("active", document(device("phone")))).record?.shown).toBe(row.shown);
  });
});

describe("the end of an authorization", () => {
  test.each([403, 489, 603])(
    "%i cancels for good, from any state, and shows nobody any more (RFC 8048 §5.2.2)",
    (status) => {
      for (const state of ["requesting", "pending", "active"] as const) {
        const { record, did } = step(xmppRow(state, { shown: ["phone"] }), subscribeOutcome(status));
        expect(record).toBeUndefined();
        expect(did).toEqual([gone("phone"), "forget", UNSUBSCRIBED]);
      }
    },
  );

  test.each(["requesting", "pending", "active"] as const)(
    "NOTIFY terminated;rejected while %s: unsubscribed",
    (state) => {
      const { record, did } = step(
        xmppRow(state, { shown: ["phone"] }),
        notify("terminated;reason=rejected;retry-after=5", document(device("phone"))),
      );
      expect(record).toBeUndefined();
      expect(did).toEqual(["200", gone("phone"), "forget", UNSUBSCRIBED]);
    },
  );

  test("NOTIFY terminated;rejected while the SUBSCRIBE is in flight: its outcome is stale and ignored", () => {
    const ended = step(xmppRow("requesting"), notify("terminated;reason=rejected"));
    expect(ended.record).toBeUndefined();
    expect(step(ended.record, subscribeOutcome(200))).toMatchObject({ record: undefined, did: [] });
  });
});

describe("423, 481 and other codes keep the authorization (RFC 8048 §5.2.2, RFC 6665 §4.1.2.2)", () => {
  test("423: at once with what Min-Expires says, also from the first SUBSCRIBE", () => {
    for (const state of ["requesting", "active"] as const) {
      const { record, did } = step(xmppRow(state), subscribeOutcome(423, { minExpires: 7200 }));
      expect(did).toEqual(["SUBSCRIBE 2 Expires 7200 call"]);
      expect(record).toMatchObject({ state, expires: 7200, due: "timer-n" });
    }
    expect(step(xmppRow("active"), subscribeOutcome(423)).did).toEqual(["SUBSCRIBE 2 Expires 7200 call"]);
  });

  test("423 that cannot be met is a failure like others, not a loop", () => {
    const { record, did } = step(
      xmppRow("requesting", { expires: 86_400 }),
      subscribeOutcome(423, { minExpires: 10_000_000 }),
    );
    expect(did).toEqual([]);
    expect(record).toMatchObject({ state: "retrying", expires: 86_400 });
    expect(step(xmppRow("requesting"), subscribeOutcome(423, { minExpires: 60 })).record?.state).toBe(
      "retrying",
    );
  });

  test("481 to a refresh: a new dialog at once, no stanza; once more soon after: a pause", () => {
    const { record, did } = step(xmppRow("active", { shown: ["phone"] }), subscribeOutcome(481));
    expect(did).toEqual(["SUBSCRIBE 1 Expires 3600 new-call"]);
    expect(record).toMatchObject({ state: "requesting", authorized: true, attempts: 1, shown: ["phone"] });
    expect(
      step({ ...record, ...xmppRow("active", { attempts: 1 }) }, subscribeOutcome(481)).record,
    ).toMatchObject({
      state: "retrying",
      attempts: 2,
    });
  });

  test.each([405, 416, 482, 483, 484, 485, 501])(
    "%i to a refresh ends the dialog, never the authorization",
    (status) => {
      const { record, did } = step(xmppRow("active", { shown: ["phone"] }), subscribeOutcome(status));
      expect(did).toEqual([]);
      expect(record).toMatchObject({ state: "retrying", authorized: true, due: "retry", shown: ["phone"] });
      expect(record?.dialog).toBeUndefined();
    },
  );

  test.each([404, 410, 480, 604])("%i to a refresh: he is not there, but may come back", (status) => {
    const { record, did } = step(xmppRow("active", { shown: ["phone"] }), subscribeOutcome(status));
    expect(did).toEqual([gone("phone"), "forget"]);
    expect(record).toMatchObject({ state: "retrying", authorized: true, shown: [] });
  });

  test("bug 13: 503, 423, timeout, then success: one dialog, back-off, and the authorization is asked for once", () => {
    const waiting = step(xmppRow("requesting"), subscribeOutcome(503, { retryAfter: 60 }));
    expect(waiting.record).toMatchObject({ state: "retrying", dueAt: NOW + 60_000 });
    const { record, did } = run(
      waiting.record,
      [DUE, { now: NOW + 60_000 }],
      [subscribeOutcome(423, { minExpires: 7200 }, "new-call"), { now: NOW + 60_100 }],
      [subscribeOutcome(408, { cseq: 2, local: true }, "new-call"), { now: NOW + 92_100 }],
    );
    expect(did).toEqual([]);
    expect(record).toMatchObject({ state: "retrying", attempts: 2, expires: 7200 });
    expect((record?.dueAt ?? 0) - NOW - 92_100).toBe(15_000);
    const done = run(
      record,
      [DUE, { now: NOW + 200_000 }],
      [
        notify("active", document(device("phone")), { callId: "new-call", toTag: "new-tag" }),
        { now: NOW + 200_100 },
      ],
    );
    expect(done.did).toEqual(["200", SUBSCRIBED, present("phone"), "remember"]);
    expect(done.record).toMatchObject({ state: "active", dialog: { callId: "new-call" } });
    expect(step(done.record, subscribeOutcome(403, {}, "call"))).toMatchObject({
      did: [],
      record: done.record,
    });
  });

  test("a refresh that fails leaves the dialog as it is until the next attempt; after the second a new one is made", () => {
    const first = step(xmppRow("active"), subscribeOutcome(503));
    expect(first).toMatchObject({ did: [], record: { state: "active", due: "retry", attempts: 1 } });
    expect(step(first.record, notify("active", document(device("phone")))).record).toMatchObject({
      state: "active",
      due: "retry",
    });
    const second = step(first.record, DUE, { now: NOW + 20_000 });
    expect(second.did).toEqual(["SUBSCRIBE 2 Expires 3600 call"]);
    const third = step(second.record, subscribeOutcome(408, { cseq: 2 }), { now: NOW + 52_000 });
    expect(third).toMatchObject({ did: [], record: { state: "retrying", attempts: 2 } });
    expect(third.record?.dialog).toBeUndefined();
  });

  test("the outcome of an earlier request of the dialog, or of an earlier dialog, is stale", () => {
    const row = xmppRow("active", { dialog: julietsDialog({ localCseq: 3 }) });
    expect(step(row, subscribeOutcome(403, { cseq: 2 }))).toMatchObject({ did: [], record: row });
    expect(step(row, subscribeOutcome(403, { cseq: 3 }, "earlier"))).toMatchObject({ did: [], record: row });
  });

  test("credentials take a number of their own: the next request goes on from it", () => {
    const { record } = step(xmppRow("pending"), subscribeOutcome(200, { cseq: 2 }));
    expect(step(record, UNSUBSCRIBE).did).toEqual(["SUBSCRIBE 3 Expires 0 call"]);
  });

  test("the pause doubles up to the longest, with jitter, and is never shorter than Retry-After", () => {
    const pauses = [0, 1, 2, 6, 20, 400].map((attempts) => {
      const { record } = step(xmppRow("requesting", { attempts }), subscribeOutcome(503));
      return (record?.dueAt ?? 0) - NOW;
    });
    expect(pauses).toEqual([7_500, 15_000, 30_000, 480_000, 900_000, 900_000]);
    const late = step(xmppRow("requesting"), subscribeOutcome(503), { jitter: 1 }).record;
    expect(late?.dueAt).toBe(NOW + 15_000);
    const endless = step(xmppRow("requesting"), subscribeOutcome(503, { retryAfter: 2 ** 40 }));
    expect(endless.record?.dueAt).toBe(NOW + 86_400_000);
  });
});

describe("NOTIFY terminated (RFC 6665 §4.1.3)", () => {
  const row = xmppRow("active", { shown: ["phone"] });

  test("deactivated: at once, in a new dialog, no stanza; over and over: with a pause", () => {
    const { did, record } = step(row, notify("terminated;reason=deactivated;retry-after=900"));
    expect(did).toEqual(["200", "SUBSCRIBE 1 Expires 3600 new-call"]);
    expect(record).toMatchObject({ state: "requesting", authorized: true, shown: ["phone"] });
    const again = step(xmppRow("active", { attempts: 1 }), notify("terminated;reason=deactivated"));
    expect(again).toMatchObject({ did: ["200"], record: { state: "retrying", attempts: 2 } });
  });

  test.each(["probation", "giveup"])("%s: later, after retry-after, no stanza", (reason) => {
    const { did, record } = step(row, notify(`terminated;reason=${reason};retry-after=300`));
    expect(did).toEqual(["200"]);
    expect(record).toMatchObject({
      state: "retrying",
      authorized: true,
      dueAt: NOW + 300_000,
      shown: ["phone"],
    });
  });

  test.each(["terminated;reason=timeout", "terminated", "terminated;reason=expired"])(
    "%s: unavailable, and at once in a new dialog while she is there",
    (state) => {
      const { did, record } = step(row, notify(state));
      expect(did).toEqual(["200", gone("phone"), "forget", "SUBSCRIBE 1 Expires 3600 new-call"]);
      expect(record).toMatchObject({ state: "requesting", authorized: true, shown: [] });
    },
  );

  test("a last state in the body is shown instead", () => {
    const { did } = step(
      row,
      notify("terminated;reason=timeout", document(device("phone", { show: "dnd" }))),
    );
    expect(did).toEqual(["200", present("phone"), "remember", "SUBSCRIBE 1 Expires 3600 new-call"]);
  });

  test("but never to somebody who was not authorized", () => {
    const { did } = step(xmppRow("pending"), notify("terminated", document(device("phone"))));
    expect(did).toEqual(["200", "SUBSCRIBE 1 Expires 3600 new-call"]);
  });

  test("terminated without a reason, with retry-after: not before", () => {
    expect(step(row, notify("terminated;retry-after=77")).record).toMatchObject({
      state: "retrying",
      dueAt: NOW + 77_000,
    });
  });

  test("noresource: unavailable, and nothing more until she asks or comes online", () => {
    const { did, record } = step(row, notify("terminated;reason=noresource"));
    expect(did).toEqual(["200", gone("phone"), "forget"]);
    expect(record).toMatchObject({ state: "dormant", authorized: true });
    expect(record?.dueAt).toBeUndefined();
    expect(step(record, AVAILABLE).did).toEqual([]);
    expect(step(record, SUBSCRIBE).did).toEqual([SUBSCRIBED, "SUBSCRIBE 1 Expires 3600 new-call"]);
    const away = step(record, UNAVAILABLE).record;
    expect(step(away, AVAILABLE).did).toEqual(["SUBSCRIBE 1 Expires 3600 new-call"]);
  });

  test("invariant: what was shown stays, and nothing more is asked, whatever retry-after says", () => {
    const { did, record } = step(row, notify("terminated;reason=invariant;retry-after=1"));
    expect(did).toEqual(["200"]);
    expect(record).toMatchObject({ state: "dormant", shown: ["phone"] });
    expect(record?.dueAt).toBeUndefined();
  });

  test("while she is away nothing is asked for at all", () => {
    for (const reason of ["deactivated", "probation", "timeout", "odd"]) {
      const { did, record } = step({ ...row, online: "no" }, notify(`terminated;reason=${reason}`));
      expect(did).toEqual(["200", gone("phone"), "forget"]);
      expect(record).toMatchObject({ state: "dormant", authorized: true });
    }
  });
});

describe("refreshing while she is there (RFC 8048 §5.2.2, §8.1)", () => {
  test("in good time, by chance: between 70 and 90 per cent of what is granted", () => {
    const at = (jitter: number) =>
      (step(xmppRow("requesting"), notify("active;expires=1000"), { jitter }).record?.dueAt ?? 0) - NOW;
    expect([at(0), at(0.5), at(1)]).toEqual([700_000, 800_000, 900_000]);
  });

  test("a notifier may shorten, not lengthen, and a second is not taken at its word", () => {
    expect(step(xmppRow("requesting"), notify("active;expires=999999")).record?.expiresAt).toBe(
      NOW + 3_600_000,
    );
    expect(step(xmppRow("requesting"), notify("active;expires=1")).record?.dueAt).toBe(NOW + 10_000);
  });

  test("first a probe from the contact's address, then the SUBSCRIBE when she answers", () => {
    const probed = step(xmppRow("active"), DUE, { now: NOW + 2_520_000 });
    expect(probed.did).toEqual([PROBED]);
    expect(probed.record).toMatchObject({ due: "probe-answer", dueAt: NOW + 2_525_000 });
    const answered = step(probed.record, AVAILABLE, { now: NOW + 2_521_000 });
    expect(answered.did).toEqual(["SUBSCRIBE 2 Expires 3600 call"]);
    expect(requestOf(answered.effects)).toMatchObject({ toTag: "theirs", requestUri: "sip:romeo@192.0.2.1" });
    const refreshed = run(
      answered.record,
      [subscribeOutcome(200, { cseq: 2 }), { now: NOW + 2_521_100 }],
      [notify("active;expires=3600"), { now: NOW + 2_521_200 }],
    );
    expect(refreshed.did).toEqual(["200"]);
    expect(refreshed.record).toMatchObject({ due: "refresh", dueAt: NOW + 2_521_200 + 2_520_000 });
  });

  test("who hides, or whose server is silent, is refreshed for all the same", () => {
    const probed = step(xmppRow("active"), DUE, { now: NOW + 2_520_000 }).record;
    expect(step(probed, HIDDEN).did).toEqual(["SUBSCRIBE 2 Expires 3600 call"]);
    expect(step(probed, DUE, { now: NOW + 2_525_000 }).did).toEqual(["SUBSCRIBE 2 Expires 3600 call"]);
  });

  test("who is away: the dialog runs out without a word, and the authorization stays", () => {
    const probed = step(xmppRow("active", { shown: ["phone"] }), DUE, { now: NOW + 2_520_000 }).record;
    const away = step(probed, UNAVAILABLE, { now: NOW + 2_521_000 });
    expect(away).toMatchObject({
      did: [],
      record: { state: "active", online: "no", dueAt: NOW + 3_600_000 },
    });
    const late = step(away.record, notify("active", document(device("desk"))), { now: NOW + 2_600_000 });
    expect(late.did).toContain("200");
    const dormant = step(late.record, DUE, { now: NOW + 3_600_000 });
    expect(dormant.did).toEqual(["forget"]);
    expect(dormant.record).toMatchObject({ state: "dormant", authorized: true, shown: ["desk"] });
    expect(dormant.record).not.toHaveProperty("dueAt");
    expect(dormant.record).not.toHaveProperty("dialog");
  });

  test("unavailable sends no SUBSCRIBE (RFC 8048 §6.2 note 5); available again before the end refreshes", () => {
    const away = step(xmppRow("active"), UNAVAILABLE);
    expect(away.did).toEqual([]);
    expect(step(away.record, AVAILABLE).did).toEqual(["SUBSCRIBE 2 Expires 3600 call"]);
  });

  test("a request that is pending is kept up whether she is there or not", () => {
    const probed = step(xmppRow("pending"), DUE, { now: NOW + 2_520_000 }).record;
    expect(step(probed, UNAVAILABLE).did).toEqual(["SUBSCRIBE 2 Expires 3600 call"]);
    const away = step(xmppRow("pending"), UNAVAILABLE).record;
    expect(step(away, DUE, { now: NOW + 2_520_000 }).did).toEqual([PROBED]);
  });

  test("no NOTIFY after a refresh until Timer N: a new dialog (RFC 6665 §4.1.2.2), and then a pause", () => {
    const row = xmppRow("active", { due: "timer-n", dueAt: NOW });
    expect(step(row, DUE)).toMatchObject({
      did: ["SUBSCRIBE 1 Expires 3600 new-call"],
      record: { state: "requesting", authorized: true, attempts: 1 },
    });
    expect(step({ ...row, attempts: 1 }, DUE)).toMatchObject({ did: [], record: { state: "retrying" } });
  });

  test("a storm of NOTIFYs puts no refresh off", () => {
    const row = xmppRow("active");
    const { record } = step(row, notify("active;expires=3000"), { now: NOW + 600_000 });
    expect(record).toMatchObject({ dueAt: row.dueAt, due: "refresh", expiresAt: NOW + 3_600_000 });
    expect(step(row, notify("active;expires=20"), { now: NOW + 600_000 }).record?.dueAt).toBe(NOW + 614_000);
  });

  test("a refresh that succeeds forgives earlier failures", () => {
    const row = xmppRow("active", { attempts: 3, dialog: julietsDialog({ localCseq: 2 }) });
    expect(step(row, subscribeOutcome(200, { cseq: 2 })).record?.attempts).toBe(0);
    expect(step(xmppRow("active", { attempts: 3 }), subscribeOutcome(200)).record?.attempts).toBe(3);
  });

  test("a due event that comes too early changes nothing", () => {
    const row = xmppRow("active");
    expect(xmppWatcher(row, DUE, context()).record).toBe(row);
  });
});

describe("probes and presence of the watcher", () => {
  test("bug 11: an unauthorized probe opens no dialog", () => {
    expect(step(undefined, PROBE)).toMatchObject({ record: undefined, did: [] });
    expect(step(undefined, AVAILABLE)).toMatchObject({ record: undefined, did: [] });
    expect(step(xmppRow("pending"), PROBE).did).toEqual([]);
  });

  test("bug 11: 100 probes leave one dialog", () => {
    let record: XmppWatcherRecord | undefined = xmppRow("dormant", { online: "no" });
    const did: string[] = [];
    for (let probe = 0; probe < 100; probe += 1) {
      const next = step(record, PROBE);
      record = next.record;
      did.push(...next.did);
    }
    expect(did).toEqual(["SUBSCRIBE 1 Expires 3600 new-call"]);
    expect(record).toMatchObject({ state: "requesting", dialog: { callId: "new-call" } });
    const open = run(
      xmppRow("active", { online: "unknown" }),
      ...Array.from({ length: 100 }, () => [PROBE] as const),
    );
    expect(open.record?.dialog?.localCseq).toBe(2);
  });

  test("dormant: a probe, or the first sight of her, is a new SUBSCRIBE (RFC 8048 §5.2.2, §7.1)", () => {
    for (const event of [PROBE, AVAILABLE]) {
      const { did, record } = step(xmppRow("dormant", { online: "no" }), event);
      expect(did).toEqual(["SUBSCRIBE 1 Expires 3600 new-call"]);
      expect(record).toMatchObject({ state: "requesting", authorized: true, online: "yes" });
    }
  });

  test("a first NOTIFY active after that says no second subscribed", () => {
    const { did } = step(
      xmppRow("requesting", { authorized: true }),
      notify("active", document(device("phone"))),
    );
    expect(did).toEqual(["200", present("phone"), "remember"]);
  });

  test("a pause is kept, whatever she does; when it is over and she is away, nothing is sent", () => {
    const row = xmppRow("retrying");
    for (const event of [PROBE, AVAILABLE, HIDDEN]) expect(step(row, event).did).toEqual([]);
    expect(step(row, SUBSCRIBE).did).toEqual([SUBSCRIBED]);
    const away = step(row, UNAVAILABLE).record;
    expect(step(away, DUE, { now: NOW + 15_000 })).toMatchObject({
      did: ["forget"],
      record: { state: "dormant" },
    });
  });

  test("subscribe from somebody who is authorized is answered at once (RFC 6121 §3.1.3)", () => {
    expect(step(xmppRow("active"), SUBSCRIBE).did).toEqual([SUBSCRIBED]);
    expect(step(xmppRow("pending"), SUBSCRIBE).did).toEqual([]);
  });
});

describe("unsubscribe (RFC 8048 §5.2.3)", () => {
  const row = xmppRow("active", { shown: ["phone"] });

  test("SUBSCRIBE Expires 0 in the dialog; unsubscribed on the 2xx; the row goes with the final NOTIFY", () => {
    const cancelling = step(row, UNSUBSCRIBE);
    expect(cancelling).toMatchObject({
      did: ["SUBSCRIBE 2 Expires 0 call"],
      record: { state: "cancelling" },
    });
    const told = step(cancelling.record, subscribeOutcome(200, { cseq: 2 }));
    expect(told.did).toEqual([gone("phone"), "forget", UNSUBSCRIBED]);
    expect(told.record).toMatchObject({ state: "cancelling", due: "timer-n" });
    const final = step(told.record, notify("terminated;reason=timeout", document(device("phone"))));
    expect(final).toMatchObject({ did: ["200", "forget"], record: undefined });
    expect(step(told.record, DUE, { now: NOW + 32_000 })).toMatchObject({ did: [], record: undefined });
  });

  test("the final NOTIFY may come first", () => {
    const cancelling = step(row, UNSUBSCRIBE).record;
    const final = step(cancelling, notify("terminated"));
    expect(final).toMatchObject({ did: ["200", gone("phone"), "forget", UNSUBSCRIBED], record: undefined });
    expect(step(final.record, subscribeOutcome(200, { cseq: 2 })).did).toEqual([]);
  });

  test.each([403, 408, 423, 481, 500, 503])("she goes also when the answer is %i", (status) => {
    const cancelling = step(row, UNSUBSCRIBE).record;
    expect(step(cancelling, subscribeOutcome(status, { cseq: 2 }))).toMatchObject({
      did: [gone("phone"), "forget", UNSUBSCRIBED],
      record: undefined,
    });
  });

  test("or when none comes", () => {
    const cancelling = step(row, UNSUBSCRIBE).record;
    expect(step(cancelling, DUE, { now: NOW + 32_000 })).toMatchObject({
      did: [gone("phone"), "forget", UNSUBSCRIBED],
      record: undefined,
    });
  });

  test("before anybody has answered it waits for the tag: from the 2xx, or from a NOTIFY", () => {
    const waiting = step(xmppRow("requesting"), UNSUBSCRIBE);
    expect(waiting).toMatchObject({ did: [], record: { state: "cancelling", due: "outcome" } });
    const answered = step(waiting.record, subscribeOutcome(200));
    expect(answered.did).toEqual(["SUBSCRIBE 2 Expires 0 call"]);
    expect(step(answered.record, subscribeOutcome(200, { cseq: 2 })).did).toEqual(["forget", UNSUBSCRIBED]);
    const notified = step(waiting.record, notify("active", document(device("phone"))));
    expect(notified.did).toEqual(["200", "SUBSCRIBE 2 Expires 0 call"]);
    expect(step(notified.record, subscribeOutcome(200)).did).toEqual([]);
    expect(step(waiting.record, subscribeOutcome(503))).toMatchObject({
      did: ["forget", UNSUBSCRIBED],
      record: undefined,
    });
  });

  test.each(["dormant", "retrying"] as const)("without a dialog (%s) it is done at once", (state) => {
    expect(step(xmppRow(state, { shown: ["phone"] }), UNSUBSCRIBE)).toMatchObject({
      did: [gone("phone"), "forget", UNSUBSCRIBED],
      record: undefined,
    });
  });

  test("what comes while she leaves is answered, and not shown", () => {
    const cancelling = step(row, UNSUBSCRIBE).record;
    expect(step(cancelling, notify("active", document(device("desk")))).did).toEqual(["200"]);
  });

  test("subscribe before it is over is a new request, not answered by the old one's end", () => {
    const again = step(step(row, UNSUBSCRIBE).record, SUBSCRIBE);
    expect(again.did).toEqual([gone("phone"), "forget", "SUBSCRIBE 1 Expires 3600 new-call"]);
    expect(again.record).toMatchObject({ state: "requesting", authorized: false });
    expect(step(again.record, subscribeOutcome(200, { cseq: 2 })).did).toEqual([]);
    const active = notify("active", "none", { callId: "new-call", toTag: "new-tag" });
    expect(step(again.record, active).did).toEqual(["200", SUBSCRIBED]);
  });
});

describe("resume and drop", () => {
  test("active: subscribed once more, and a refresh in the same dialog with the next CSeq; no second approval", () => {
    const row = xmppRow("active", { dialog: julietsDialog({ localCseq: 41 }), shown: ["phone"] });
    const { did, record } = step(row, RESUME);
    expect(did).toEqual([SUBSCRIBED, "SUBSCRIBE 42 Expires 3600 call"]);
    expect(record).toMatchObject({ state: "active", online: "unknown", shown: ["phone"], due: "timer-n" });
  });

  test("the far side has lost the dialog: a new one, and nothing is said", () => {
    const { record } = step(xmppRow("active"), RESUME);
    expect(step(record, subscribeOutcome(481, { cseq: 2 })).did).toEqual([
      "SUBSCRIBE 1 Expires 3600 new-call",
    ]);
  });

  test("pending: no subscribed", () => {
    expect(step(xmppRow("pending"), RESUME).did).toEqual(["SUBSCRIBE 2 Expires 3600 call"]);
  });

  test("requesting: in the dialog if there is one by now, else anew", () => {
    expect(step(xmppRow("requesting"), RESUME).did).toEqual(["SUBSCRIBE 1 Expires 3600 new-call"]);
    const answered = xmppRow("requesting", { dialog: julietsDialog() });
    expect(step(answered, RESUME).did).toEqual(["SUBSCRIBE 2 Expires 3600 call"]);
  });

  test("dormant: a probe finds out whether she has come online meanwhile", () => {
    const { did, record } = step(xmppRow("dormant", { online: "no" }), RESUME);
    expect(did).toEqual([SUBSCRIBED, PROBED]);
    expect(step(record, AVAILABLE).did).toEqual(["SUBSCRIBE 1 Expires 3600 new-call"]);
    expect(step(record, UNAVAILABLE)).toMatchObject({ did: [], record: { state: "dormant", online: "no" } });
    for (const silent of [step(record, UNAVAILABLE), step(record, DUE, { now: NOW + 5_000 })]) {
      expect(silent).toMatchObject({ did: [], record: { state: "dormant" } });
      expect(silent.record).not.toHaveProperty("due");
    }
  });

  test("dormant, and she lets him not see her: she may be there, and the probe of her server may be lost", () => {
    const { record } = step(xmppRow("dormant", { online: "no" }), RESUME);
    expect(step(record, HIDDEN)).toMatchObject({
      did: ["SUBSCRIBE 1 Expires 3600 new-call"],
      record: { state: "requesting", online: "unknown" },
    });
  });

  test("requesting while she was away: she may have come meanwhile, and a failure does not put it to sleep", () => {
    const { record } = step(xmppRow("requesting", { authorized: true, online: "no" }), RESUME);
    const failed = step(record, subscribeOutcome(503, {}, "new-call"));
    expect(failed.record).toMatchObject({ state: "retrying", online: "unknown" });
    const again = step(failed.record, DUE, { now: NOW + 60_000 });
    expect(again.did).toEqual(["SUBSCRIBE 1 Expires 3600 new-call"]);
  });

  describe("a device that has gone is told as gone once more, since a kill may have come between the disk and the telling", () => {
    const resumed = (record: XmppWatcherRecord | undefined) => step(record, RESUME).did;
    const [desk, phone] = [document(device("desk")), document(device("phone"))];

    test("until the next document shows that it was told", () => {
      const { record } = step(xmppRow("active", { shown: ["phone"] }), {
        ...notify("active", desk),
        last: phone,
      });
      expect(record).toMatchObject({ shown: ["desk"], leaving: ["phone"] });
      expect(resumed(record)).toContain(gone("phone"));
      const next = step(record, { ...notify("active", desk, { cseq: 3 }), last: desk }).record;
      expect(next).not.toHaveProperty("leaving");
    });

    test("for as long as nothing is known to have been told, but not when it is there again", () => {
      const row = xmppRow("active", { shown: ["phone"], leaving: ["tablet"] });
      const { record } = step(row, notify("active", desk));
      expect(record).toMatchObject({ shown: ["desk"], leaving: ["tablet", "phone"] });
      const back = step(record, notify("active", phone, { cseq: 3 })).record;
      expect(back).toMatchObject({ shown: ["phone"], leaving: ["tablet", "desk"] });
    });

    test("also when all have gone and there is no dialog any more", () => {
      const { record } = step(
        xmppRow("active", { shown: ["phone"] }),
        notify("terminated;reason=noresource"),
      );
      expect(record).toMatchObject({ state: "dormant", shown: [], leaving: ["phone"] });
      expect(resumed(record)).toContain(gone("phone"));
    });

    test("of no more devices than a document may have", () => {
      let record: XmppWatcherRecord | undefined = xmppRow("active", { shown: ["d0"] });
      for (let n = 1; n < 300; n++) {
        record = step(record, notify("active", document(device(`d${n}`)), { cseq: n + 1 })).record;
      }
      expect(record?.leaving).toHaveLength(100);
    });
  });

  test("retrying: the pause was saved and goes on", () => {
    const row = xmppRow("retrying");
    expect(step(row, RESUME)).toMatchObject({ did: [SUBSCRIBED], record: { dueAt: row.dueAt, attempts: 1 } });
  });

  test("cancelling: once more, or said once more", () => {
    const row = xmppRow("cancelling");
    expect(step(row, RESUME).did).toEqual(["SUBSCRIBE 3 Expires 0 call"]);
    expect(step({ ...row, due: "timer-n" }, RESUME).did).toEqual([UNSUBSCRIBED]);
  });

  test("drop: both sides are told, and the row is gone", () => {
    expect(step(xmppRow("active", { shown: ["phone"] }), DROP)).toMatchObject({
      did: ["SUBSCRIBE 2 Expires 0 call", gone("phone"), "forget", UNSUBSCRIBED],
      record: undefined,
    });
    expect(step(xmppRow("requesting"), DROP).did).toEqual(["forget", UNSUBSCRIBED]);
    expect(step(xmppRow("cancelling", { due: "timer-n" }), DROP).did).toEqual(["forget"]);
  });

  test("people whom no rule maps any more wait for another configuration; nothing is forgotten", () => {
    const { did, record } = step(xmppRow("dormant"), PROBE, { uris: undefined });
    expect(did).toEqual([]);
    expect(record).toMatchObject({
      state: "retrying",
      due: "retry",
      dueAt: NOW + 1_800_000,
      authorized: true,
    });
  });
});

test("outcome() is what the fixtures say: a 2xx with a tag and an Expires", () => {
  expect(outcome(200)).toMatchObject({ toTag: "theirs", expires: 3600 });
  expect(firstDialog()).not.toHaveProperty("remoteTag");
});
