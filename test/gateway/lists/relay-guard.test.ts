/** Two people who register here: lists and rates hold between them too. */

import { join } from "node:path";
import type { SipMessageInput } from "../../../src/core/input";
import { ListBook } from "../../../src/gateway/lists/list-book";
import { RelayGuard } from "../../../src/gateway/lists/relay-guard";
import { createCounters } from "../../../src/runtime/counters";
import { openStore } from "../../../src/store/sqlite-store";
import { fixedClock } from "../../support/fixed-clock";
import { nullLog } from "../../support/null-log";
import { TABLES } from "../presence/tables";

const HELLO: SipMessageInput = {
  kind: "sip-message",
  rid: "r",
  transaction: "t",
  requestUri: "sip:mercutio@sip.example",
  toUri: "sip:mercutio@sip.example",
  fromUri: "sip:romeo@sip.example",
  callId: "c",
  body: Buffer.from("hi"),
  peer: "phones",
};
const OK = { status: 200, reason: "OK", headers: [] };
const clock = fixedClock();
const store = openStore({ file: ":memory:", migrations: join(__dirname, "../../../migrations") });
const lists = new ListBook({ store: store.lists, clock, log: nullLog(), maximumEntries: 10 });
const guard = new RelayGuard({
  ...{ lists, clock, tables: TABLES, counters: createCounters() },
  rates: { sender: { perSecond: 1, burst: 2 }, slowMs: 1_000 },
});
afterAll(() => store.close());

const say = async (more: Partial<SipMessageInput> = {}): Promise<string> => {
  const { status, reason } = await guard.handle({ ...HELLO, ...more }, () => OK);
  return `${status} ${reason}`;
};

test("who is blocked hears what he hears of somebody who is not there; who blocks is told why", async () => {
  expect(await say({ fromUri: "sip:a@sip.example" })).toBe("200 OK");
  await lists.block("mercutio@sip.example", "romeo@sip.example");
  expect(await say()).toMatch(/^480 /);
  expect(
    await say({ fromUri: "sip:mercutio@sip.example", requestUri: "sip:romeo@sip.example;gr=phone" }),
  ).toBe("406 You have blocked this contact");
  await lists.unblock("mercutio@sip.example", "romeo@sip.example");
});

test("who sends too fast waits, then is refused with Retry-After; a stop lets through who waits", async () => {
  expect([await say(), await say()]).toEqual(["200 OK", "200 OK"]);
  const slowed = say();
  const refused = await guard.handle(HELLO, () => OK);
  expect(refused).toMatchObject({ status: 500, headers: [["Retry-After", "1"]] });
  guard.flush();
  expect(await slowed).toBe("200 OK");
});
