/**
 * The SIP side refuses, is silent, is gone, or the gateway dies: every message from XMPP is delivered or answered by an error.
 * Architecture §4 point 3.
 * @jest-environment ./test/support/environment.ts
 */

import { join } from "node:path";
import Database from "better-sqlite3";
import { untilReady } from "../support/gateway";
import { eventually } from "../support/processes";
import { needs } from "../support/requires";
import { SipPhone } from "../support/sip-phone";
import { type Rig, startRig } from "./support/rig";
import { sleep } from "./support/sip-traffic";
import { spread, Table } from "./support/table";
import { Account, untilDone, type Written, write } from "./support/xmpp-traffic";

jest.setTimeout(120_000);

/** 64 · T1 is 3.2 seconds then. */
const SHORT = { timers: { t1: "50 ms", t2: "400 ms" }, proofDeadline: "1500 ms" };

const table = new Table("XMPP → SIP, messages at 200 a second", [
  "fault",
  "sent",
  "reached the phone",
  "answered by an error",
  "silently lost",
  "twice, same Call-ID and CSeq",
  "twice, other",
  "repeats that the phone absorbed",
  "told twice",
  "errors",
  "socket to phone ms p50 / p99 / longest",
]);

let rig: Rig | undefined;
const phones: SipPhone[] = [];

afterEach(async () => {
  await rig?.stop();
  rig = undefined;
  for (const phone of phones.splice(0)) phone.close();
});

needs(["prosody", "python3-slixmpp"], "XMPP to SIP", () => {
  test.each([
    ["404 to each", 404, 1_000, 50, "item-not-found"],
    ["503 to each", 503, 1_000, 50, "internal-server-error"],
    ["no answer at all", undefined, 300, 300, "remote-server-timeout"],
  ])("%s: every sender is told", async (fault, status, count, pairs, condition) => {
    const running = await startRig(SHORT);
    rig = running;
    running.phone.answer = () => status;
    const written = await write(running.juliet, { count, pairs });
    if (status === undefined) journalTimes(running);
    await untilDone(running.gateway, running.juliet);
    const account = row(fault, written, running);
    expect(account.lost).toHaveLength(0);
    expect(account.errors).toBe(count);
    expect(account.conditions).toBe(`${count} × ${condition}`);
    expect(account.toldTwice).toBe(0);
    expect(account.twiceOtherRequest).toBe(0);
  });

  test("errors owed while the XMPP link is down outlive a kill -9, and are told once", async () => {
    const running = await startRig(SHORT);
    rig = running;
    const { phone, gateway, cutter, juliet } = running;
    phone.answer = () => undefined;
    const written = await write(juliet, { count: 200, rate: 1_000, pairs: 200 });
    await eventually("all in the journal", async () => (await gateway.health())?.journal === 200);
    cutter.refuse();
    cutter.reset();
    await eventually("all errors owed", async () => (await gateway.health())?.owedReports === 200, 20_000);
    gateway.kill("SIGKILL");
    await gateway.exited();
    cutter.heal();
    await gateway.start();
    await untilDone(gateway, juliet);
    const account = row("no answer, link down, kill -9", written, running);
    expect(account.lost).toHaveLength(0);
    expect(account.errors).toBe(200);
    expect(account.toldTwice).toBe(0);
  });

  test("a phone that is gone for 3 s gets every message, or its sender an error", async () => {
    const running = await startRig(SHORT);
    rig = running;
    const { phone } = running;
    const { address, port } = phone;
    const writing = write(running.juliet, { count: 1_000, pairs: 50 });
    await sleep(1_500);
    phone.close();
    await sleep(3_000);
    phones.push(await SipPhone.open(address, port));
    const written = await writing;
    await untilDone(running.gateway, running.juliet);
    const account = row("gone for 3 s", written, running);
    expect(account.lost).toHaveLength(0);
    expect(account.twiceOtherRequest).toBe(0);
    expect(account.outOfOrder).toBe(0);
  });

  test("a reset of the link loses nothing but what was on the wire", async () => {
    const running = await startRig();
    rig = running;
    const { gateway, juliet, cutter } = running;
    const writing = write(juliet, { count: 1_000, pairs: 50 });
    for (let reset = 0; reset < RESETS; reset++) {
      await sleep(1_000);
      cutter.reset();
    }
    const written = await writing;
    await untilReady(gateway, true);
    await untilDone(gateway, juliet);
    const account = row(`the link is reset ${RESETS} times`, written, running);
    const lost = new Set(account.lost);
    const ends = written.filter((message, i) => lost.has(written[i - 1] as Written) && !lost.has(message));
    expect(ends.length).toBeLessThanOrEqual(RESETS);
    expect(account.twiceOtherRequest).toBe(0);
    expect(account.outOfOrder).toBe(0);
  });

  test("kill -9 of the gateway loses nothing but what the server wrote before it knew", async () => {
    const running = await startRig({ direct: true });
    rig = running;
    const { gateway, juliet, phone } = running;
    phone.answer = () => undefined; // so that the journal keeps what it takes
    const kept = await write(juliet, { count: 200, rate: 1_000, pairs: 50, label: "kept" });
    await eventually("all in the journal", async () => (await gateway.health())?.journal === 200);
    const writing = write(juliet, { count: 800, pairs: 50 });
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(800);
      gateway.kill("SIGKILL");
      await gateway.exited();
      phone.answer = () => 200;
      await sleep(300);
      await gateway.start();
    }
    const written = [...kept, ...(await writing)];
    await untilDone(gateway, juliet);
    const account = row("kill -9 of the gateway, twice", written, running);
    expect(account.lost.filter((message) => kept.includes(message))).toHaveLength(0);
    // The gap that XEP-0114 leaves: what was on the socket of a gateway that had died. The server bounces whatever comes
    // once it has noticed, so each run of lost messages ends with a bounce; a message that the journal lost would not.
    const errors = juliet.errors();
    const lost = new Set(account.lost);
    const ends = written.filter((message, i) => lost.has(written[i - 1] as Written) && !lost.has(message));
    expect(ends.filter(({ id }) => !errors.has(id))).toHaveLength(0);
    expect(ends.length).toBeLessThanOrEqual(KILLS);
    expect(account.delivered).toBeGreaterThan(0);
    expect(account.twiceOtherRequest).toBe(0);
  });
});

/** Rows of the journal as they are now: from the gateway's socket to the moment at which it had read and translated. */
function journalTimes({ gateway, recording }: Rig): void {
  const database = new Database(join(gateway.folder, "isthmus.db"), { readonly: true });
  const rows = database.prepare("SELECT received_at AS at, origin FROM journal").all() as JournalRow[];
  database.close();
  const crossed = new Map(recording.toGateway.map(({ id, at }) => [id, at]));
  const times = rows.flatMap(({ at, origin }) => {
    const socket = crossed.get((JSON.parse(origin) as { id: string }).id);
    return socket === undefined ? [] : [at - socket];
  });
  table.row([
    "… socket to received_at of the journal, ms p50 / p99 / longest",
    times.length,
    spread(times, 1),
  ]);
}

interface JournalRow {
  readonly at: number;
  readonly origin: string;
}

function row(fault: string, written: readonly Written[], running: Rig): Account {
  const all = [running.phone, ...phones];
  const account = new Account(written, running.juliet, all, running.recording);
  table.row([
    fault,
    written.length,
    account.delivered,
    account.errors,
    account.lost.length,
    account.twiceSameRequest,
    account.twiceOtherRequest,
    all.reduce((sum, phone) => sum + phone.repeats, 0),
    account.toldTwice,
    account.conditions,
    account.times(),
  ]);
  return account;
}

const KILLS = 2;
const RESETS = 4;
