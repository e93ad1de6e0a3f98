import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { openStore } from "../../../src/store/sqlite-store";
import { presenceStage, SUBSCRIBE } from "./stage";

const ASKS = "<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribe'/>";
const from = (resource: string, type = "") =>
  `<presence from='juliet@xmpp.example${resource}' to='romeo@sip.example'${type && ` type='${type}'`}/>`;
const open = (id: string) =>
  Buffer.from(`<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='sip:romeo@sip.example'>
  <tuple id='${id}'><status><basic>open</basic></status></tuple></presence>`);

/** Romeo watches Juliet, who is there twice. */
async function romeoWatches() {
  const stage = await presenceStage();
  await stage.sip({ transaction: "dialog" });
  await stage.xmpp(from("", "subscribed"));
  await stage.xmpp(from("/balcony"));
  await stage.xmpp(from("/orchard"));
  await stage.pass(3000);
  stage.stanzas();
  stage.requests();
  return stage;
}

/** Juliet watches Romeo, whose phone is there. */
async function julietWatches(options: Parameters<typeof presenceStage>[0] = {}) {
  const stage = await presenceStage(options);
  stage.outcomes = [() => ({ status: 200, toTag: "romeo", contact: "sip:romeo@192.0.2.7", expires: 3600 })];
  await stage.xmpp(ASKS);
  const [subscribe] = stage.requests();
  const notify = (cseq: number, more: object = {}) =>
    stage.sip({
      ...SUBSCRIBE,
      method: "NOTIFY",
      fromUri: "sip:romeo@sip.example",
      toUri: "sip:juliet@xmpp.example",
      fromTag: "romeo",
      toTag: subscribe?.fromTag ?? "",
      callId: subscribe?.callId ?? "",
      cseq,
      subscriptionState: { state: "active" },
      contentType: "application/pidf+xml",
      body: open("phone"),
      ...more,
    });
  await notify(1);
  stage.stanzas();
  return { stage, notify };
}

const body = (request: { body: Uint8Array } | undefined) => Buffer.from(request?.body ?? []).toString();

test("a resource that went while the link was down is not shown any more once the probe has been answered", async () => {
  const stage = await romeoWatches();
  stage.linkDown();
  await stage.pass(60_000, 5_000);
  expect(stage.requests()).toEqual([]);
  await stage.linkUp();
  await stage.pass(500);
  expect(stage.stanzas().join("")).toContain("type='probe'");
  await stage.xmpp(from("/balcony"));
  await stage.pass(10_000);
  const last = stage.requests().at(-1);
  expect(body(last)).toContain("ID-balcony");
  expect(body(last)).not.toContain("ID-orchard");
  await stage.stop();
});

test("a probe that nobody answers changes nothing: unknown is not offline", async () => {
  const stage = await romeoWatches();
  stage.linkDown();
  await stage.linkUp();
  await stage.pass(60_000, 5_000);
  for (const request of stage.requests()) expect(body(request)).not.toContain("closed");
  await stage.stop();
});

test("`unavailable` from the bare address means that the whole person has gone", async () => {
  const stage = await romeoWatches();
  await stage.xmpp(from("", "unavailable"));
  await stage.pass(3000);
  const last = stage.requests().at(-1);
  expect(body(last)).toContain("<basic>closed</basic>");
  expect(body(last)).not.toContain("open");
  await stage.stop();
});

test("a SUBSCRIBE that came while the link was down is asked of the contact when it is up", async () => {
  const stage = await presenceStage();
  stage.linkDown();
  expect((await stage.sip({})).status).toBe(200);
  expect(stage.stanzas()).toEqual([]);
  await stage.linkUp();
  await stage.pass(1000);
  expect(stage.stanzas().join("")).toContain("type='subscribe'");
  await stage.stop();
});

test("what the phone told while the link was down reaches Juliet when it is up, though nothing changed after", async () => {
  const { stage, notify } = await julietWatches();
  stage.linkDown();
  await notify(2, { body: open("desk") });
  await stage.linkUp();
  await stage.pass(6_000);
  const [refresh] = stage.requests().slice(-1);
  expect(refresh?.method).toBe("SUBSCRIBE");
  await notify(3, { body: open("desk") });
  const stanzas = stage.stanzas().join("");
  expect(stanzas).toMatch(/from='romeo@sip.example\/desk'/);
  expect(stanzas).toMatch(/romeo@sip.example\/phone[^>]*type='unavailable'/);
  await stage.stop();
});

test("what has gone while the link was down has gone for her too, though the phone does not speak of it any more", async () => {
  const { stage, notify } = await julietWatches();
  stage.linkDown();
  for (const [cseq, id] of [...["desk", "tablet", "car"].entries()])
    await notify(cseq + 2, { body: open(id) });
  await stage.linkUp();
  await stage.pass(6_000);
  const stanzas = stage.stanzas().join("");
  for (const id of ["phone", "desk", "tablet"])
    expect(stanzas).toMatch(new RegExp(`romeo@sip.example/${id}[^>]*type='unavailable'`));
  expect(stanzas).not.toContain("romeo@sip.example/car");
  await stage.stop();
});

test("`unsubscribed` is not lost with the link: it waits until the server has it", async () => {
  const { stage, notify } = await julietWatches();
  const told: string[] = [];
  let isUp = false;
  stage.onProve = (xml) => {
    told.push(xml);
    return isUp ? { kind: "proven" } : { kind: "link-down", retryAfter: 1 };
  };
  stage.linkDown();
  await notify(2, { subscriptionState: { state: "terminated", reason: "rejected" }, body: new Uint8Array() });
  expect(stage.store.subscriptions.count()).toBe(0);
  isUp = true;
  told.length = 0;
  await stage.linkUp();
  await stage.pass(3000);
  expect(told.join("")).toContain("type='unsubscribed'");
  expect(told.join("")).toMatch(/romeo@sip.example\/phone[^>]*type='unavailable'/);
  expect(stage.gateway.state().owedReports).toBe(0);
  await stage.stop();
});

test("what was owed from before goes first when the link is up: it does not end what she has asked for since", async () => {
  const { stage, notify } = await julietWatches();
  stage.onProve = () => ({ kind: "link-down", retryAfter: 1 });
  stage.linkDown();
  await notify(2, { subscriptionState: { state: "terminated", reason: "rejected" }, body: new Uint8Array() });
  const told: string[] = [];
  stage.onProve = (xml) => {
    told.push(xml);
    return { kind: "proven" };
  };
  await stage.linkUp();
  expect(told.join("")).toContain("type='unsubscribed'");
  told.length = 0;
  await stage.xmpp(ASKS);
  const subscribe = stage.requests().at(-1);
  await notify(1, { callId: subscribe?.callId ?? "", toTag: subscribe?.fromTag ?? "" });
  expect(stage.stanzas().join("")).toContain("type='subscribed'");
  await stage.pass(5_000);
  expect([...told, ...stage.stanzas()].join("")).not.toContain("type='unsubscribed'");
  await stage.stop();
});

test("a row does not go without its last word: what refuses the one keeps the other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-outage-"));
  const file = join(folder, "isthmus.db");
  const store = openStore({ file, migrations: join(__dirname, "../../../migrations") });
  const { stage, notify } = await julietWatches({ store });
  const beside = new Database(file);
  beside.exec("CREATE TRIGGER refuse BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'no room'); END");
  const rejected = { subscriptionState: { state: "terminated", reason: "rejected" }, body: new Uint8Array() };
  expect((await notify(2, rejected)).status).toBe(503);
  expect(store.subscriptions.count()).toBe(1);
  expect(stage.stanzas()).toEqual([]);
  beside.exec("DROP TRIGGER refuse");
  beside.close();
  expect((await notify(3, rejected)).status).toBe(200);
  expect(store.subscriptions.count()).toBe(0);
  expect(stage.stanzas().join("")).toContain("type='unsubscribed'");
  await stage.stop();
  rmSync(folder, { recursive: true });
});
