/**
 * MESSAGEs through parse → transaction → trust → handler → 202 in one process, without a network: what our own code
 * costs. Prints microseconds a message and what a completed transaction takes. Not a promise of throughput.
 */

import { DEFAULT_SWITCHES } from "../src/core/switches";
import type { Log } from "../src/gateway/sides";
import { systemClock } from "../src/runtime/clock";
import { createCounters } from "../src/runtime/counters";
import { randomIds } from "../src/runtime/ids";
import type { SipOptions } from "../src/sip/options";
import { DEFAULT_TIMERS } from "../src/sip/transaction/timers";
import type { OnBytes, Source, Transports } from "../src/sip/transport/transport";
import { createSipSide } from "../src/sip/user-agent";

const SOURCE: Source = {
  transport: "udp",
  address: "127.0.0.1",
  port: 5070,
  local: { transport: "udp", address: "127.0.0.2", port: 5060 },
  tlsIdentities: [],
};
const DONE = Promise.resolve({ ok: true } as const);
const ROUNDS = 5;
const MESSAGES = 100_000;

const OPTIONS: SipOptions = {
  transport: {
    listeners: [],
    idleCloseMs: 1000,
    connectTimeoutMs: 1000,
    maximumConnections: 10,
    maximumMessageBytes: 65_536,
  },
  timers: DEFAULT_TIMERS,
  peers: [
    {
      name: "proxy",
      domains: ["sip.test"],
      trustedAddresses: ["127.0.0.0/8"],
      trustedIdentities: [],
      route: false,
      switches: DEFAULT_SWITCHES,
    },
  ],
  domains: ["xmpp.test"],
  users: [],
  realm: "xmpp.test",
  accept: "text/plain",
  software: "bench",
  maximumServerTransactions: 100_000,
  maximumPerSource: 100_000,
  maximumClientTransactions: 100_000,
};

function silent(): Log {
  const nothing = () => {};
  return { debug: nothing, info: nothing, warn: nothing, error: nothing, child: silent };
}

function loopback(counts: { answers: number; accepted: number }) {
  let receive: OnBytes = () => {};
  const transports: Transports = {
    async start(onBytes) {
      receive = onBytes;
    },
    send: () => DONE,
    reply(bytes) {
      counts.answers++;
      if (bytes.subarray(8, 11).toString("latin1") === "202") counts.accepted++;
      return DONE;
    },
    viaFor: () => ({ host: "127.0.0.2", port: 5060 }),
    isOurs: () => false,
    listeners: () => [],
    async stop() {},
  };
  return { transports, receive: (bytes: Buffer) => receive(bytes, SOURCE) };
}

function message(n: number): Buffer {
  const body = `Message number ${n}: what light through yonder window breaks?`;
  return Buffer.from(
    [
      "MESSAGE sip:juliet@xmpp.test SIP/2.0",
      `Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-${n}-1-0`,
      "Max-Forwards: 70",
      `From: "romeo" <sip:romeo@sip.test:5070>;tag=${n}`,
      "To: <sip:juliet@xmpp.test>",
      `Call-ID: ${n}-4711@127.0.0.1`,
      "CSeq: 1 MESSAGE",
      "Content-Type: text/plain;charset=UTF-8",
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n"),
  );
}

async function run(name: string, isLater: boolean): Promise<void> {
  const counts = { answers: 0, accepted: 0 };
  const { transports, receive } = loopback(counts);
  const locator = { locate: () => Promise.resolve([]), failed: () => {}, succeeded: () => {} };
  const deps = {
    transports,
    locator,
    clock: systemClock(),
    ids: randomIds(),
    log: silent(),
    counters: createCounters(),
  };
  const side = createSipSide(OPTIONS, deps);
  const accepted = { status: 202, reason: "Accepted", headers: [] };
  await side.start(() => (isLater ? Promise.resolve(accepted) : accepted));
  for (let round = 0; round < ROUNDS; round++) {
    const messages = Array.from({ length: MESSAGES }, (_, n) => message(round * MESSAGES + n));
    const cpuBefore = process.cpuUsage();
    const before = process.hrtime.bigint();
    for (let n = 0; n < MESSAGES; n++) {
      receive(messages[n] as Buffer);
      // What a busy socket does: a batch, then everything that waits.
      if (n % 64 === 63) await DONE;
    }
    await new Promise((resolve) => setImmediate(resolve));
    const micros = Number(process.hrtime.bigint() - before) / 1000 / MESSAGES;
    const cpu = process.cpuUsage(cpuBefore);
    const cpuMicros = (cpu.user + cpu.system) / MESSAGES;
    const rate = `${Math.round(1e6 / micros)} a second`;
    console.log(
      `${name}, round ${round + 1}: ${micros.toFixed(2)} µs a message, ${rate}, CPU ${cpuMicros.toFixed(2)} µs`,
    );
  }
  const { rss, arrayBuffers } = process.memoryUsage();
  console.log(
    `${name}: ${counts.accepted} of ${counts.answers} accepted; ${counts.answers} completed transactions wait for Timer J; ` +
      `${Math.round(arrayBuffers / 1024 / 1024)} MiB in buffers, ${Math.round(rss / 1024 / 1024)} MiB resident`,
  );
  await side.stop();
}

async function main(): Promise<void> {
  if (process.argv[2] !== "later") await run("answered at once", false);
  await run("answered later", true);
}

void main();
