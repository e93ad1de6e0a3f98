import type { SipDialogRequest } from "../../../src/core/effect";
import type { SipEventInput } from "../../../src/core/input";
import { fixedClock } from "../../support/fixed-clock";
import { type PresenceStage, presenceStage, SUBSCRIBE } from "./stage";

const ASKS = "<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribe'/>";
const PROBE = "<presence from='juliet@xmpp.example' to='romeo@sip.example' type='probe'/>";
const OPEN = `<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='sip:romeo@sip.example'>
  <tuple id='phone'><status><basic>open</basic></status></tuple></presence>`;

/** Juliet asks, the phone answers 200. Returns the SUBSCRIBE. */
async function asked(stage: PresenceStage): Promise<SipDialogRequest> {
  stage.outcomes = [
    () => ({ status: 200, toTag: "romeo-tag", contact: "sip:romeo@192.0.2.7", expires: 3600 }),
  ];
  await stage.xmpp(ASKS);
  const [subscribe] = stage.requests();
  if (subscribe === undefined) throw new Error("no SUBSCRIBE went out");
  return subscribe;
}

/** A NOTIFY of the phone in the dialog of that SUBSCRIBE. */
function notify(
  subscribe: SipDialogRequest,
  cseq: number,
  state: string,
  body = "",
  reason?: string,
): Partial<SipEventInput> {
  return {
    ...SUBSCRIBE,
    method: "NOTIFY",
    requestUri: "sip:juliet@192.0.2.1",
    fromUri: "sip:romeo@sip.example",
    toUri: "sip:juliet@xmpp.example",
    fromTag: "romeo-tag",
    toTag: subscribe.fromTag,
    callId: subscribe.callId,
    cseq,
    subscriptionState: { state, ...(reason === undefined ? {} : { reason }) },
    ...(body === "" ? {} : { contentType: "application/pidf+xml" }),
    body: Buffer.from(body),
  };
}

async function watching(stage: PresenceStage): Promise<SipDialogRequest> {
  const subscribe = await asked(stage);
  await stage.sip(notify(subscribe, 1, "active", OPEN));
  stage.stanzas();
  return subscribe;
}

test("bug 10: `subscribe` becomes SUBSCRIBE; pending says nothing to Juliet; active says `subscribed` once, then presence", async () => {
  const stage = await presenceStage();
  const subscribe = await asked(stage);
  expect(subscribe).toMatchObject({
    method: "SUBSCRIBE",
    requestUri: "sip:romeo@sip.example",
    fromUri: "sip:juliet@xmpp.example",
    peer: "phones",
  });
  expect(subscribe.headers).toContainEqual(["Event", "presence"]);
  expect((await stage.sip(notify(subscribe, 1, "pending"))).status).toBe(200);
  expect(stage.stanzas()).toEqual([]);
  expect((await stage.sip(notify(subscribe, 2, "active", OPEN))).status).toBe(200);
  expect(stage.stanzas()).toEqual([
    "<presence from='romeo@sip.example' to='juliet@xmpp.example' type='subscribed'/>",
    expect.stringMatching(/^<presence from='romeo@sip.example\/phone' to='juliet@xmpp.example'/),
  ]);
  await stage.sip(notify(subscribe, 3, "active", OPEN.replace("open", "closed")));
  expect(stage.stanzas()).toEqual([expect.stringMatching(/romeo@sip.example\/phone.*type='unavailable'/)]);
  await stage.stop();
});

test("asked once more for what she has: `subscribed` and, since she may know nothing, what is known (RFC 6121 §3.1.5)", async () => {
  const stage = await presenceStage();
  await watching(stage);
  await stage.xmpp(ASKS);
  expect(stage.stanzas()).toEqual([
    "<presence from='romeo@sip.example' to='juliet@xmpp.example' type='subscribed'/>",
    expect.stringMatching(/^<presence from='romeo@sip.example\/phone' to='juliet@xmpp.example'/),
  ]);
  await stage.stop();
});

test("asked once more before it was allowed: nothing is said", async () => {
  const stage = await presenceStage();
  const subscribe = await asked(stage);
  await stage.sip(notify(subscribe, 1, "pending"));
  await stage.xmpp(ASKS);
  expect(stage.stanzas()).toEqual([]);
  await stage.stop();
});

test("bug 11: 100 probes of a subscriber leave one dialog, and those of a stranger open none", async () => {
  const stage = await presenceStage();
  await watching(stage);
  for (let probe = 0; probe < 100; probe++) await stage.xmpp(PROBE);
  await stage.xmpp(PROBE.replace("juliet", "nurse"));
  expect(stage.store.subscriptions.count()).toBe(1);
  expect(stage.requests().filter(({ toTag }) => toTag === undefined)).toEqual([]);
  expect(stage.counters.get("xmpp.presence.dropped.probe-unauthorized")).toBe(1);
  await stage.stop();
});

test("a probe is answered with what is known, and asks SIP for nothing", async () => {
  const stage = await presenceStage();
  await watching(stage);
  await stage.xmpp(PROBE.replace("juliet@xmpp.example", "juliet@xmpp.example/balcony"));
  stage.stanzas();
  stage.requests();
  await stage.xmpp(PROBE.replace("juliet@xmpp.example", "juliet@xmpp.example/balcony"));
  expect(stage.stanzas()).toEqual([
    expect.stringMatching(/^<presence from='romeo@sip.example\/phone' to='juliet@xmpp.example\/balcony'/),
  ]);
  expect(stage.requests()).toEqual([]);
  await stage.stop();
});

test.each([403, 489, 603])("%d to the SUBSCRIBE is `unsubscribed`, for good", async (status) => {
  const stage = await presenceStage();
  stage.outcomes = [() => ({ status })];
  await stage.xmpp(ASKS);
  expect(stage.stanzas()).toEqual([
    expect.stringMatching(
      /^<presence from='romeo@sip.example' to='juliet@xmpp.example' type='unsubscribed' id='[^']+'\/>$/,
    ),
  ]);
  expect(stage.store.subscriptions.count()).toBe(0);
  await stage.stop();
});

test("bug 13: 503, 423, timeout, then success: the flow recovers with growing pauses and one dialog", async () => {
  const stage = await presenceStage();
  stage.outcomes = [
    () => ({ status: 503 }),
    () => ({ status: 423, minExpires: 7200 }),
    () => ({ status: 408, local: true }),
    () => ({ status: 200, toTag: "romeo-tag", contact: "sip:romeo@192.0.2.7", expires: 7200 }),
  ];
  await stage.xmpp(ASKS);
  await stage.pass(10 * 60_000, 5_000);
  const requests = stage.requests();
  expect(requests.length).toBeGreaterThanOrEqual(4);
  expect(requests.at(2)?.headers).toContainEqual(["Expires", "7200"]);
  const last = requests.at(3) as SipDialogRequest;
  await stage.sip(notify(last, 1, "active", OPEN));
  expect(stage.stanzas().filter((stanza) => stanza.includes("unsubscribed"))).toEqual([]);
  expect(stage.store.subscriptions.count()).toBe(1);
  await stage.stop();
});

test("`unsubscribe`: SUBSCRIBE with Expires 0, then `unsubscribed`, and the contact's device goes", async () => {
  const stage = await presenceStage();
  const subscribe = await watching(stage);
  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='unsubscribe'/>");
  const [last] = stage.requests();
  expect(last).toMatchObject({ method: "SUBSCRIBE", callId: subscribe.callId, toTag: "romeo-tag" });
  expect(last?.headers).toContainEqual(["Expires", "0"]);
  await stage.sip(notify(subscribe, 2, "terminated", "", "timeout"));
  await stage.pass(40_000);
  const stanzas = stage.stanzas().join("");
  expect(stanzas).toContain("type='unsubscribed'");
  expect(stanzas).toMatch(/romeo@sip.example\/phone[^>]*type='unavailable'/);
  expect(stage.store.subscriptions.count()).toBe(0);
  await stage.stop();
});

test("a NOTIFY outside every dialog, or with a guessed tag, is 481 and shows nothing", async () => {
  const stage = await presenceStage();
  const subscribe = await watching(stage);
  const good = notify(subscribe, 5, "terminated", "", "rejected");
  for (const forged of [{ toTag: "guessed" }, { callId: "guessed" }, { fromTag: "guessed" }]) {
    expect((await stage.sip({ ...good, ...forged, proven: false })).status).toBe(481);
  }
  expect(stage.stanzas()).toEqual([]);
  expect(stage.store.subscriptions.count()).toBe(1);
  await stage.stop();
});

test("an active NOTIFY without a body is unknown, and not offline (phones.md)", async () => {
  const stage = await presenceStage();
  const subscribe = await watching(stage);
  await stage.sip(notify(subscribe, 2, "active"));
  expect(stage.stanzas()).toEqual([]);
  await stage.stop();
});

test("a body that nobody can read changes nothing", async () => {
  const stage = await presenceStage();
  const subscribe = await watching(stage);
  await stage.sip(notify(subscribe, 2, "active", "<presence"));
  expect(stage.stanzas()).toEqual([]);
  expect(stage.counters.get("presence.document.unreadable")).toBe(1);
  await stage.stop();
});

test("after a restart the same dialog is refreshed with the next CSeq, and nobody is asked or told `unsubscribed` (bug 14)", async () => {
  const stage = await presenceStage();
  const subscribe = await watching(stage);
  const again = await presenceStage({ store: stage.store, clock: fixedClock(stage.clock.now()) });
  again.outcomes = [() => ({ status: 200, expires: 3600 })];
  await again.linkUp();
  await again.pass(6_000);
  const [refresh] = again.requests();
  expect(refresh).toMatchObject({ method: "SUBSCRIBE", callId: subscribe.callId, toTag: "romeo-tag" });
  expect(refresh?.cseq).toBeGreaterThan(subscribe.cseq);
  await again.sip(notify(subscribe, 7, "active", OPEN.replace("'phone'", "'desk'")));
  const stanzas = again.stanzas().join("");
  expect(stanzas).not.toContain("unsubscribed");
  expect(stanzas).not.toContain("'subscribe'");
  expect(stanzas).toMatch(/romeo@sip.example\/phone[^>]*type='unavailable'/);
  expect(stanzas).toMatch(/from='romeo@sip.example\/desk' to='juliet@xmpp.example'/);
  await again.stop();
});

test("after a restart one of her devices leaves: she is not thought to be away, since others may be there", async () => {
  const stage = await presenceStage();
  await watching(stage);
  const again = await presenceStage({ store: stage.store, clock: fixedClock(stage.clock.now()) });
  again.outcomes = [() => ({ status: 200, expires: 3600 })];
  await again.linkUp();
  await again.pass(1_000);
  const onlines = () => stage.store.subscriptions.ofWatcher("xmpp-watcher", "juliet@xmpp.example", 1);
  const leaves = (from: string) => `<presence from='${from}' to='romeo@sip.example' type='unavailable'/>`;
  await again.xmpp(leaves("juliet@xmpp.example/balcony"));
  expect(onlines()).toMatchObject([{ online: "unknown" }]);
  await again.xmpp(leaves("juliet@xmpp.example"));
  expect(onlines()).toMatchObject([{ online: "no" }]);
  await again.stop();
});

test("a domain that no rule maps gets an error, not silence", async () => {
  const stage = await presenceStage();
  await stage.xmpp(
    "<presence id='p1' from='juliet@xmpp.example' to='romeo@nowhere.example' type='subscribe'/>",
  );
  expect(stage.stanzas()).toEqual([expect.stringMatching(/type='error'.*item-not-found/)]);
  await stage.stop();
});

test("with emptyNotify: closed an active NOTIFY without a body takes the device away (Kamailio's presence server)", async () => {
  const stage = await presenceStage({ switches: { emptyNotify: "closed" } });
  const subscribe = await watching(stage);
  await stage.sip(notify(subscribe, 2, "active"));
  expect(stage.stanzas()).toEqual([expect.stringMatching(/romeo@sip.example\/phone.*type='unavailable'/)]);
  await stage.sip(notify(subscribe, 3, "active"));
  expect(stage.stanzas()).toEqual([]);
  await stage.sip(notify(subscribe, 4, "active", OPEN));
  expect(stage.stanzas()).toEqual([expect.stringMatching(/^<presence from='romeo@sip.example\/phone'/)]);
  await stage.stop();
});
