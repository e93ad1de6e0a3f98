/**
 * Messages under rising load, both ways, through the running gateway and, where it is installed, through Kamailio's xmpp
 * module in the same run: highest rate without loss or retransmission, answer times, CPU seconds per 1,000, peak memory.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GatewayUnderLoad, HOST, type Places, startIsthmus, startKamailio } from "./load/gateways";
import { cpuSeconds, peakMemory } from "./load/process-figures";
import { Sink } from "./load/sink-process";
import { sippUac, sippUas } from "./load/sipp";

const QUICK = process.argv.includes("--quick");
/** Each step lasts so long, seconds. */
const STEP_SECONDS = QUICK ? 4 : 11;
const FIRST_RATE = 4_000;
const GROWTH = QUICK ? 1.4 : 1.2;
const HIGHEST_RATE = 40_000;
/** A step counts as sustained with at most this share of retransmissions. */
const RETRANSMISSIONS_ALLOWED = 0.001;
const USERS = 1_000;

interface Figures {
  readonly highestRate: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuPer1000: number;
  readonly peakMiB: number;
}

type Start = (places: Places) => Promise<GatewayUnderLoad | undefined>;

async function main(): Promise<void> {
  const shim = join(__dirname, "../../../../bench/load/kamailio-expat-shim.c");
  const gateways: [string, Start][] = [["Isthmus", startIsthmus]];
  if (!process.argv.includes("--alone"))
    gateways.unshift(["Kamailio", (places) => startKamailio(places, shim)]);
  for (const [direction, measure] of [
    ["SIP MESSAGE → stanza", toXmpp],
    ["stanza → SIP MESSAGE", toSip],
  ] as const) {
    if (process.argv.includes("--to-sip") && measure === toXmpp) continue;
    if (process.argv.includes("--to-xmpp") && measure === toSip) continue;
    process.stdout.write(`\n${direction}\n`);
    const results = new Map<string, Figures>();
    for (const [name, start] of gateways) {
      const figures = await measure(start);
      if (figures === undefined) process.stdout.write(`  ${name}: not installed\n`);
      else results.set(name, figures);
    }
    print(results);
  }
}

/** SIPp → gateway → sink. */
async function toXmpp(start: Start): Promise<Figures | undefined> {
  return withGateway(start, async (gateway, sink, places) => {
    const step = async (rate: number): Promise<Step> => {
      sink.reset();
      const before = cpuSeconds(gateway.pid);
      const result = await sippUac(places.folder, gateway.sip, rate, rate * STEP_SECONDS);
      await settled(async () => (await sink.report()).messages);
      const { messages } = await sink.report();
      const cpu = cpuSeconds(gateway.pid) - before;
      const good =
        result.failed === 0 &&
        messages >= result.sent &&
        result.retransmissions <= result.sent * RETRANSMISSIONS_ALLOWED &&
        result.seconds < STEP_SECONDS * 1.3 + 2;
      progress(
        gateway.name,
        rate,
        good,
        `${messages} of ${result.sent}, ${result.retransmissions} retransmitted, p99 ${result.p99} ms, ${cpu.toFixed(2)} CPU s`,
      );
      return { good, p50: result.p50, p99: result.p99, cpuPer1000: (cpu / messages) * 1000 };
    };
    return climb(step, gateway);
  });
}

/** Sink → gateway → SIPp. */
async function toSip(start: Start): Promise<Figures | undefined> {
  return withGateway(start, async (gateway, sink, places) => {
    const uas = sippUas(places.folder, places.uasPort);
    try {
      await new Promise((resolve) => setTimeout(resolve, 1_000)); // SIPp opens its socket
      const step = async (rate: number): Promise<Step> => {
        sink.reset();
        const taken = uas.taken();
        const before = cpuSeconds(gateway.pid);
        await sink.send(rate, rate * STEP_SECONDS, USERS);
        await settled(async () => uas.taken());
        const arrived = uas.taken() - taken;
        const { errors } = await sink.report();
        const cpu = cpuSeconds(gateway.pid) - before;
        const good =
          arrived >= rate * STEP_SECONDS * 0.9999 && arrived <= rate * STEP_SECONDS * 1.001 && errors === 0;
        progress(
          gateway.name,
          rate,
          good,
          `${arrived} of ${rate * STEP_SECONDS}, ${errors} errors, ${cpu.toFixed(2)} CPU s`,
        );
        return { good, p50: Number.NaN, p99: Number.NaN, cpuPer1000: (cpu / arrived) * 1000 };
      };
      return await climb(step, gateway);
    } finally {
      uas.close();
    }
  });
}

interface Step {
  readonly good: boolean;
  readonly p50: number;
  readonly p99: number;
  readonly cpuPer1000: number;
}

/** Raises the rate until a step fails twice, then measures time and CPU at half of the best. */
async function climb(step: (rate: number) => Promise<Step>, gateway: GatewayUnderLoad): Promise<Figures> {
  let best = 0;
  for (let rate = FIRST_RATE; rate <= HIGHEST_RATE; rate = Math.round(rate * GROWTH)) {
    if (!(await step(rate)).good && !(await step(rate)).good) break;
    best = rate;
  }
  const half = await step(Math.max(1_000, Math.round(best / 2)));
  return {
    highestRate: best,
    p50: half.p50,
    p99: half.p99,
    cpuPer1000: half.cpuPer1000,
    peakMiB: peakMemory(gateway.pid),
  };
}

async function withGateway<T>(
  start: Start,
  measure: (gateway: GatewayUnderLoad, sink: Sink, places: Places) => Promise<T>,
): Promise<T | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-bench-"));
  const sink = await Sink.open(HOST);
  const base = 20_000 + Math.floor(Math.random() * 8_000);
  const places = { folder, componentPort: sink.port, sipPort: base, uasPort: base + 10 };
  const connected = sink.connected();
  const gateway = await start(places);
  try {
    if (gateway === undefined) return undefined;
    await withinSeconds(connected, 20);
    return await measure(gateway, sink, places);
  } finally {
    await gateway?.stop();
    sink.close();
    if (process.env.ISTHMUS_BENCH_PROFILE === undefined) rmSync(folder, { recursive: true, force: true });
    else process.stdout.write(`profiles are in ${folder}\n`);
  }
}

function withinSeconds(what: Promise<unknown>, seconds: number): Promise<unknown> {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`the component did not connect within ${seconds} s`)), seconds * 1000).unref();
  });
  return Promise.race([what, late]);
}

/** Waits until a count grows no more. */
async function settled(count: () => Promise<number>): Promise<void> {
  let last = -1;
  for (let quiet = 0; quiet < 3; ) {
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const now = await count();
    quiet = now === last ? quiet + 1 : 0;
    last = now;
  }
}

function progress(name: string, rate: number, good: boolean, detail: string): void {
  process.stdout.write(
    `  ${name.padEnd(9)} ${String(rate).padStart(6)}/s ${good ? "sustained" : "NOT      "} ${detail}\n`,
  );
}

function print(results: ReadonlyMap<string, Figures>): void {
  process.stdout.write("\n            highest rate   p50 ms   p99 ms   CPU s/1000   peak MiB\n");
  for (const [name, one] of results) {
    const cells = [one.highestRate, one.p50, one.p99, one.cpuPer1000.toFixed(4), one.peakMiB.toFixed(0)];
    process.stdout.write(`  ${name.padEnd(10)}${cells.map((cell) => String(cell).padStart(11)).join("")}\n`);
  }
  const [peer, ours] = [results.get("Kamailio"), results.get("Isthmus")];
  if (peer === undefined || ours === undefined) return;
  const rate = (ours.highestRate / peer.highestRate).toFixed(2);
  const cpu = (ours.cpuPer1000 / peer.cpuPer1000).toFixed(2);
  process.stdout.write(`  Isthmus against Kamailio: rate ${rate}x, CPU ${cpu}x\n`);
}

void main();
