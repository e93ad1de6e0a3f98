import { createCounters } from "../../../src/runtime/counters";
import { HeaderList } from "../../../src/sip/message/header-list";
import type { SipResponse } from "../../../src/sip/message/message";
import { type ClientUser, NonInviteClientTransactions } from "../../../src/sip/transaction/non-invite-client";
import { DEFAULT_TIMERS } from "../../../src/sip/transaction/timers";
import type { SendResult, Target } from "../../../src/sip/transport/transport";
import { fakeTransports } from "../../support/fake-transports";
import { fixedClock } from "../../support/fixed-clock";
import { settle } from "../../support/sip-side";

const UDP: Target = { transport: "udp", address: "192.0.2.1", port: 5060 };
const TCP: Target = { ...UDP, transport: "tcp" };
const BYTES = Buffer.from("MESSAGE");

function setUp() {
  const transports = fakeTransports();
  const clock = fixedClock(0);
  const counters = createCounters();
  const transactions = new NonInviteClientTransactions(DEFAULT_TIMERS, { clock, counters, transports });
  const told: string[] = [];
  const user: ClientUser = {
    onFinal: (response) => told.push(`final ${response.status}`),
    onTimeout: () => told.push("timeout"),
    onTransportError: (why, wasSent) => told.push(`transport ${why} ${wasSent}`),
  };
  const start = (target: Target = UDP) => transactions.start("b", "MESSAGE", BYTES, target, user);
  const answer = (status: number, branch = "b", method = "MESSAGE") =>
    transactions.receive(response(status), branch, method);
  return { transports, clock, counters, transactions, told, user, start, answer };
}

function response(status: number): SipResponse {
  return { kind: "response", status, reason: "", headers: new HeaderList(), body: Buffer.alloc(0) };
}

/** When the request was sent, in steps of half a second. */
function sendTimes({ transports, clock }: ReturnType<typeof setUp>, until: number): number[] {
  const times: number[] = [];
  if (transports.take().length > 0) times.push(clock.now());
  while (clock.now() < until) {
    clock.advance(500);
    if (transports.take().length > 0) times.push(clock.now());
  }
  return times;
}

test("trying: Timer E doubles up to T2, Timer F ends it (RFC 3261 §17.1.2.2)", () => {
  const world = setUp();
  world.start();
  const times = [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
  expect(sendTimes(world, 40_000)).toEqual(times);
  expect(world.told).toEqual(["timeout"]);
  expect([world.transactions.open, world.clock.alarms]).toEqual([0, 0]);
});

test("proceeding: after a 1xx Timer E becomes T2 once it has fired; Timer F still ends it (RFC 3261 §17.1.2.2)", () => {
  const world = setUp();
  world.start();
  world.answer(100);
  world.answer(100);
  expect(sendTimes(world, 40_000)).toEqual([0, 500, 4500, 8500, 12_500, 16_500, 20_500, 24_500, 28_500]);
  expect(world.told).toEqual(["timeout"]);
});

test("trying and proceeding: a final answer is passed up once and nothing lingers (RFC 3261 §17.1.2.2)", () => {
  for (const before of [[], [180]]) {
    const world = setUp();
    world.start();
    for (const status of before) world.answer(status);
    expect(world.answer(202)).toBe(true);
    expect(world.answer(202)).toBe(false);
    expect(world.answer(100)).toBe(false);
    world.transports.take();
    world.clock.advance(100_000);
    expect(world.transports.take()).toEqual([]);
    expect(world.told).toEqual(["final 202"]);
    expect([world.transactions.open, world.clock.alarms]).toEqual([0, 0]);
  }
});

test("on a stream nothing is retransmitted, Timer F still runs (RFC 3261 §17.1.2.2)", () => {
  const world = setUp();
  world.start(TCP);
  expect(sendTimes(world, 40_000)).toEqual([0]);
  expect(world.told).toEqual(["timeout"]);
});

test("trying and proceeding: a transport error ends it (RFC 3261 §17.1.4)", async () => {
  for (const before of [[], [100]]) {
    const world = setUp();
    world.transports.onSend = () => ({ ok: false, why: "refused" });
    world.start();
    for (const status of before) world.answer(status);
    await settle();
    world.clock.advance(100_000);
    expect(world.told).toEqual(["transport refused false"]);
  }
});

test("an error on a retransmission says that the request was sent before", async () => {
  const world = setUp();
  const results: SendResult[] = [{ ok: true }, { ok: false, why: "gone" }];
  world.transports.onSend = () => results.shift() ?? { ok: true };
  world.start();
  await settle();
  world.clock.advance(500);
  await settle();
  expect(world.told).toEqual(["transport gone true"]);
});

test("a connection that closes ends what waits on it, and only that (RFC 3261 §18.4)", async () => {
  const world = setUp();
  world.transports.onSend = (target) => ({ ok: true, connection: target.port });
  world.start(TCP);
  world.transactions.start("c", "MESSAGE", BYTES, { ...TCP, port: 5070 }, world.user);
  await settle();
  world.transports.closeConnection(5060, "reset");
  expect(world.told).toEqual(["transport reset true"]);
  expect(world.transactions.open).toBe(1);
});

test("a response matches by branch and CSeq method (RFC 3261 §17.1.3)", () => {
  const world = setUp();
  world.start();
  expect(world.answer(200, "other")).toBe(false);
  expect(world.answer(200, "b", "OPTIONS")).toBe(false);
  expect(world.answer(200)).toBe(true);
});

test("thousands of transactions share one alarm", () => {
  const { transactions, clock, user } = setUp();
  for (let n = 0; n < 5000; n++) transactions.start(`${n}`, "MESSAGE", BYTES, UDP, user);
  expect(clock.alarms).toBe(1);
  expect(transactions.stop()).toBe(5000);
  expect(clock.alarms).toBe(0);
});

test("terminated: a late transport error of a finished transaction is nobody's business", async () => {
  const world = setUp();
  world.transports.onSend = () => ({ ok: false, why: "late" });
  world.start();
  world.answer(202);
  await settle();
  expect(world.told).toEqual(["final 202"]);
});
