/** The first NOTIFY of a dialog waits a moment for what the contact's server says. RFC 6665 §4.2.1.2, RFC 8048 §5.3.1. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SipDialogRequest } from "../../../src/core/effect";
import { openStore } from "../../../src/store/sqlite-store";
import { presenceStage } from "./stage";

const SUBSCRIBED = "<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribed'/>";
const ONLINE = "<presence from='juliet@xmpp.example/balcony' to='romeo@sip.example'/>";
const REFUSED = "<presence from='juliet@xmpp.example' to='romeo@sip.example' type='unsubscribed'/>";
const WAIT_MS = 40;
const MIGRATIONS = join(__dirname, "../../../migrations");

const state = (request: SipDialogRequest | undefined) =>
  request?.headers.find(([name]) => name === "Subscription-State")?.[1];
const text = (request: SipDialogRequest | undefined) => Buffer.from(request?.body ?? []).toString("utf8");

async function subscribing() {
  const stage = await presenceStage({ presence: { firstNotifyMs: WAIT_MS } });
  expect((await stage.sip({ transaction: "dialog" })).status).toBe(200);
  expect(stage.requests()).toEqual([]);
  expect(stage.stanzas()).toEqual([expect.stringContaining("type='subscribe'")]);
  return stage;
}

test("who has leave already sees the state in his first NOTIFY", async () => {
  const stage = await subscribing();
  await stage.xmpp(SUBSCRIBED);
  await stage.xmpp(ONLINE);
  expect(stage.requests()).toEqual([]);
  await stage.pass(WAIT_MS);
  const notifies = stage.requests();
  expect(notifies.map(({ cseq }) => cseq)).toEqual([1]);
  expect(state(notifies[0])).toMatch(/^active;expires=/);
  expect(text(notifies[0])).toContain("ID-balcony");
  await stage.pass(5_000);
  expect(stage.requests()).toEqual([]);
  await stage.stop();
});

test("who has none is told `pending` when the moment has passed, and the state when it comes", async () => {
  const stage = await subscribing();
  await stage.pass(WAIT_MS);
  expect(stage.requests().map(state)).toEqual([expect.stringMatching(/^pending;expires=/)]);
  await stage.xmpp(SUBSCRIBED);
  await stage.pass(2_000);
  expect(stage.requests().map(state)).toEqual([expect.stringMatching(/^active;expires=/)]);
  await stage.stop();
});

test("an answer that comes after the end is left to the next life, which owes that NOTIFY still", async () => {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-end-"));
  const store = openStore({ file: join(folder, "a.db"), migrations: MIGRATIONS });
  const stage = await presenceStage({ presence: { firstNotifyMs: 0 }, store });
  let answer = (): void => undefined;
  stage.outcomes = [
    () =>
      new Promise((resolve) => {
        answer = () => resolve({ status: 503, local: true });
      }),
  ];
  await stage.sip({ transaction: "dialog" });
  expect(stage.requests()).toHaveLength(1);
  await stage.stop();
  answer();
  await new Promise((resolve) => setImmediate(resolve));
  expect(stage.counters.get("presence.failed")).toBe(0);
  const nextLife = openStore({ file: join(folder, "a.db"), migrations: MIGRATIONS });
  expect(nextLife.subscriptions.page("", 2)).toMatchObject([{ owed: true }]);
  nextLife.close();
  rmSync(folder, { recursive: true });
});

test("who is refused at once hears nothing else", async () => {
  const stage = await subscribing();
  await stage.xmpp(REFUSED);
  await stage.pass(WAIT_MS);
  expect(stage.requests().map(state)).toEqual(["terminated;reason=rejected"]);
  await stage.pass(5_000);
  expect(stage.requests()).toEqual([]);
  await stage.stop();
});

test("who leaves at once gets one NOTIFY, which is the last", async () => {
  const stage = await subscribing();
  const left = await stage.sip({ transaction: "later", toTag: "dialog", cseq: 2, expires: 0 });
  expect(left.status).toBe(200);
  await stage.pass(WAIT_MS);
  expect(stage.requests().map(state)).toEqual(["terminated;reason=timeout"]);
  await stage.stop();
});
