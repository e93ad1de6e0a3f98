import type { SipDialogRequest } from "../../../src/core/effect";
import { fixedClock } from "../../support/fixed-clock";
import { presenceStage, SUBSCRIBE } from "./stage";

const ONLINE = "<presence from='juliet@xmpp.example/balcony' to='romeo@sip.example'/>";
const SUBSCRIBED = "<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribed'/>";

function header(request: SipDialogRequest | undefined, name: string): string | undefined {
  return request?.headers.find(([given]) => given === name)?.[1];
}

const state = (request: SipDialogRequest | undefined) => header(request, "Subscription-State");
const text = (request: SipDialogRequest | undefined) => Buffer.from(request?.body ?? []).toString("utf8");

/** Romeo watches Juliet, and she has agreed. */
async function watching(options = {}) {
  const stage = await presenceStage(options);
  await stage.sip({ transaction: "dialog" });
  await stage.xmpp(SUBSCRIBED);
  stage.stanzas();
  stage.requests();
  await stage.pass(2000);
  return stage;
}

test("SUBSCRIBE is answered 200 with Expires, then comes NOTIFY pending without a body, and Juliet is asked (RFC 8048 §5.3.1)", async () => {
  const stage = await presenceStage();
  const answer = await stage.sip({});
  expect(answer.status).toBe(200);
  expect(answer.headers).toContainEqual(["Expires", "3600"]);
  const [notify, ...others] = stage.requests();
  expect(others).toEqual([]);
  expect(notify?.method).toBe("NOTIFY");
  expect(notify?.requestUri).toBe("sip:romeo@192.0.2.7:5060");
  expect(state(notify)).toMatch(/^pending;expires=3600/);
  expect(text(notify)).toBe("");
  expect(stage.stanzas()).toEqual([
    expect.stringMatching(/^<presence from='romeo@sip.example' to='juliet@xmpp.example' type='subscribe'/),
  ]);
  await stage.stop();
});

test("`subscribed` makes the dialog active; presence follows in one document with a tuple for each resource (bug 2)", async () => {
  const stage = await watching();
  await stage.xmpp(ONLINE);
  await stage.xmpp(
    "<presence from='juliet@xmpp.example/orchard' to='romeo@sip.example'><show>away</show></presence>",
  );
  await stage.pass(2000);
  const notifies = stage.requests();
  const last = notifies.at(-1);
  expect(state(last)).toMatch(/^active/);
  expect(text(last).match(/<tuple /g)).toHaveLength(2);
  expect(text(last)).toContain("ID-balcony");
  expect(notifies.length).toBeLessThanOrEqual(2);
  await stage.stop();
});

test("killed after her `subscribed`, before the NOTIFY that waits its turn: the next life sends it, though no probe is answered", async () => {
  const stage = await presenceStage();
  let answer = (): void => undefined;
  stage.outcomes = [() => new Promise((resolve) => (answer = () => resolve({ status: 200 })))];
  await stage.sip({ transaction: "dialog" });
  await stage.xmpp(SUBSCRIBED);
  answer();
  await stage.pass(1, 1);
  expect(stage.requests().map(state)).toEqual([expect.stringMatching(/^pending/)]);
  const again = await presenceStage({ store: stage.store, clock: fixedClock(stage.clock.now()) });
  await again.linkUp();
  await again.pass(2_000);
  expect(again.requests().map(state)).toEqual([expect.stringMatching(/^active/)]);
  await again.stop();
});

test("bug 9: two resources, one leaves: still open; both leave: closed, once", async () => {
  const stage = await watching();
  await stage.xmpp(ONLINE);
  await stage.xmpp("<presence from='juliet@xmpp.example/orchard' to='romeo@sip.example'/>");
  await stage.pass(2000);
  stage.requests();
  await stage.xmpp(
    "<presence from='juliet@xmpp.example/orchard' to='romeo@sip.example' type='unavailable'/>",
  );
  await stage.pass(2000);
  const [one, ...more] = stage.requests();
  expect(more).toEqual([]);
  expect(text(one)).toContain("<basic>open</basic>");
  expect(text(one)).not.toContain("closed");
  await stage.xmpp(
    "<presence from='juliet@xmpp.example/balcony' to='romeo@sip.example' type='unavailable'/>",
  );
  await stage.pass(2000);
  const [none, ...again] = stage.requests();
  expect(again).toEqual([]);
  expect(text(none)).toContain("<basic>closed</basic>");
  expect(text(none)).not.toContain("open");
  await stage.stop();
});

test("a storm of changes becomes the latest state, one NOTIFY at a time with growing CSeq", async () => {
  const stage = await watching();
  let underWay = 0;
  let most = 0;
  const cseqs: number[] = [];
  stage.outcomes = [
    async (request) => {
      cseqs.push(request.cseq);
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      return { status: 200 };
    },
  ];
  for (let change = 0; change < 200; change++) {
    await stage.xmpp(
      `<presence from='juliet@xmpp.example/balcony' to='romeo@sip.example'><status>${change}</status></presence>`,
    );
  }
  await stage.pass(5000);
  const notifies = stage.requests();
  expect(notifies.length).toBeLessThan(10);
  expect(text(notifies.at(-1))).toContain(">199<");
  expect(most).toBe(1);
  expect(cseqs).toEqual([...cseqs].sort((a, b) => a - b));
  expect(new Set(cseqs).size).toBe(cseqs.length);
  await stage.stop();
});

test("`unsubscribed` ends every dialog of the pair with terminated;reason=rejected, and nothing is left", async () => {
  const stage = await watching();
  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='unsubscribed'/>");
  await stage.pass(1000);
  expect(state(stage.requests().at(-1))).toMatch(/^terminated;reason=rejected/);
  expect(stage.store.subscriptions.count()).toBe(0);
  await stage.stop();
});

test("a second phone of an approved watcher is active at once and shows what is known", async () => {
  const stage = await watching();
  await stage.xmpp(ONLINE);
  await stage.pass(2000);
  stage.requests();
  await stage.sip({ callId: "call-2", fromTag: "desk" });
  const [notify] = stage.requests();
  expect(state(notify)).toMatch(/^active/);
  expect(text(notify)).toContain("ID-balcony");
  await stage.stop();
});

test("refresh, then unsubscribe in the dialog: 200 and a last NOTIFY, no `unsubscribe` to Juliet (RFC 8048 §5.3.3)", async () => {
  const stage = await watching();
  const inDialog = { toTag: "dialog", cseq: 2 };
  expect((await stage.sip({ ...inDialog, expires: 600 })).headers).toContainEqual(["Expires", "600"]);
  expect(state(stage.requests().at(-1))).toMatch(/^active;expires=600/);
  await stage.pass(2000);
  expect((await stage.sip({ ...inDialog, cseq: 3, expires: 0 })).status).toBe(200);
  await stage.pass(1000);
  expect(state(stage.requests().at(-1))).toMatch(/^terminated;reason=timeout/);
  expect(stage.stanzas().filter((stanza) => stanza.includes("unsubscribe"))).toEqual([]);
  expect(stage.store.subscriptions.count()).toBe(0);
  await stage.stop();
});

test("a dialog that is not refreshed ends by itself with terminated;reason=timeout", async () => {
  const stage = await watching();
  await stage.pass(3_600_000, 60_000);
  expect(state(stage.requests().at(-1))).toMatch(/^terminated;reason=timeout/);
  expect(stage.store.subscriptions.count()).toBe(0);
  await stage.stop();
});

test("another event package is 489 with Allow-Events, a body that nobody can read 406, too short a life 423 with Min-Expires", async () => {
  const stage = await presenceStage();
  const dialogPackage = await stage.sip({ event: { package: "dialog", parameters: new Map() } });
  expect(dialogPackage.status).toBe(489);
  expect(dialogPackage.headers.map(([name]) => name)).toContain("Allow-Events");
  expect((await stage.sip({ accept: ["application/sdp"] })).status).toBe(406);
  const brief = await stage.sip({ expires: 5 });
  expect(brief.status).toBe(423);
  expect(brief.headers).toContainEqual(["Min-Expires", "60"]);
  expect(stage.store.subscriptions.count()).toBe(0);
  await stage.stop();
});

test("a dialog of somebody else cannot be taken: 481 for a wrong tag, a wrong user, an unknown dialog", async () => {
  const stage = await watching();
  for (const forged of [
    { toTag: "dialog", fromTag: "guessed" },
    { toTag: "dialog", fromUri: "sip:paris@sip.example" },
    { toTag: "guessed" },
    { toTag: "dialog", callId: "guessed" },
  ]) {
    expect((await stage.sip({ cseq: 9, expires: 0, ...forged })).status).toBe(481);
  }
  expect(stage.store.subscriptions.count()).toBe(1);
  await stage.stop();
});

test("presence to a pair that does not exist is dropped and counted, and nobody else sees it", async () => {
  const stage = await watching();
  await stage.xmpp("<presence from='juliet@xmpp.example/balcony' to='paris@sip.example'/>");
  await stage.xmpp("<presence from='nurse@xmpp.example/kitchen' to='romeo@sip.example'/>");
  await stage.pass(2000);
  expect(stage.requests()).toEqual([]);
  expect(stage.counters.get("xmpp.presence.dropped.nobody-watches")).toBe(2);
  await stage.stop();
});

test("one watcher who asks too often gets 503 with Retry-After, another is served", async () => {
  const stage = await presenceStage({ presence: { watcherBurst: 5, watcherPerSecond: 1 } });
  const answers: number[] = [];
  for (let call = 0; call < 20; call++) answers.push((await stage.sip({ callId: `call-${call}` })).status);
  expect(answers.filter((status) => status === 200)).toHaveLength(5);
  expect(answers.filter((status) => status === 503)).toHaveLength(15);
  expect((await stage.sip({ fromUri: "sip:benvolio@sip.example" })).status).toBe(200);
  await stage.stop();
});

test("after a restart the dialog goes on: Juliet is probed, not asked, and the next NOTIFY counts on", async () => {
  const stage = await watching();
  await stage.xmpp(ONLINE);
  await stage.pass(2000);
  const before = stage.requests().at(-1)?.cseq ?? 0;
  // The first life's own alarms never ring again: it was killed.
  const again = await presenceStage({ store: stage.store, clock: fixedClock(stage.clock.now()) });
  await again.linkUp();
  await again.pass(1000);
  expect(again.stanzas()).toEqual([expect.stringContaining("type='probe'")]);
  await again.xmpp(ONLINE);
  await again.pass(2000);
  const last = again.requests().at(-1);
  expect(last?.callId).toBe(SUBSCRIBE.callId);
  expect(last?.cseq).toBeGreaterThan(before);
  expect(text(last)).toContain("<basic>open</basic>");
  await again.stop();
});

test("a fetch (Expires 0 outside a dialog) is answered by one NOTIFY terminated;reason=timeout with what the probe brought", async () => {
  const stage = await presenceStage();
  expect((await stage.sip({ expires: 0 })).status).toBe(200);
  expect(stage.stanzas().join("")).toContain("type='probe'");
  await stage.xmpp(ONLINE);
  await stage.pass(1000);
  const [notify, ...more] = stage.requests();
  expect(more).toEqual([]);
  expect(state(notify)).toMatch(/^terminated;reason=timeout/);
  expect(text(notify)).toContain("<basic>open</basic>");
  expect(stage.store.subscriptions.count()).toBe(0);
  await stage.stop();
});

test("a phone that leaves does not take its user off the contact's screen while his other phone watches on", async () => {
  const stage = await watching();
  await stage.sip({ callId: "call-2", fromTag: "desk", transaction: "second" });
  await stage.pass(2000);
  stage.stanzas();
  await stage.sip({ callId: "call-2", fromTag: "desk", toTag: "second", cseq: 2, expires: 0 });
  await stage.pass(1000);
  expect(stage.stanzas()).toEqual([]);
  await stage.sip({ toTag: "dialog", cseq: 2, expires: 0 });
  await stage.pass(1000);
  expect(stage.stanzas().join("")).toMatch(/from='romeo@sip.example'[^>]*type='unavailable'/);
  await stage.stop();
});
