/**
 * Messages under rising load, both ways, through the running gateway and, where it is installed, through Kamailio's xmpp
 * module in the same run: highest rate without loss or retransmission, times, CPU seconds per 1,000, peak memory.
 *
 * --quick: shorter steps; --alone: without Kamailio; --to-xmpp, --to-sip: one direction only.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type GatewayUnderLoad,
  HOST,
  type Places,
  SECRET,
  startIsthmus,
  startKamailio,
} from "./load/gateways";
import { INTERRUPTED } from "./load/interrupted";
import { Prober, quantile } from "./load/prober";
import { cpuTimes, peakMemory } from "./load/process-figures";
import { startProsody } from "./load/prosody";
import { Sink } from "./load/sink-process";
import { sippUac, sippUas, USERS } from "./load/sipp";

const QUICK = process.argv.includes("--quick");
/** Each step lasts so long, seconds. */
const STEP_SECONDS = QUICK ? 4 : 11;
/** All measurements together, seconds; each gets an equal share of what is left. */
const BUDGET_SECONDS = QUICK ? 340 : 900;
const FIRST_RATE = QUICK ? 6_000 : 4_000;
/** What a program does before it is judged: code is compiled, memory grows. */
const WARM_UP_RATE = 3_000;
const GROWTH = QUICK ? 1.5 : 1.25;
const HIGHEST_RATE = 40_000;
/** A step counts as sustained with at most this share of retransmissions. */
const RETRANSMISSIONS_ALLOWED = 0.001;
/** SIPp itself gives up one call in some 300,000 at the very 202 that it waits for (its error log shows it), and sends a BYE. */
const ABORTED_BY_SIPP = 1 / 50_000;
/** What a step needs beside its load: programs start, counts settle. */
const AROUND_A_STEP_SECONDS = 5;
/** At half of the highest rate a gateway's CPU changes no more after that: its code is compiled. */
const COMPILED_AFTER_SECONDS = 15;
/** The half of the highest rate: a new start, that time, and the step. */
const AT_HALF_SECONDS = COMPILED_AFTER_SECONDS + STEP_SECONDS + 2 * AROUND_A_STEP_SECONDS + 5;
const XMPP_HOST = "xmpp.bench";

interface Step {
  readonly good: boolean;
  /** SIP answer and one way to the sink, milliseconds, of single probes. */
  readonly answers: readonly number[];
  readonly oneWay: readonly number[];
  readonly userPer1000: number;
  readonly systemPer1000: number;
}

interface Figures {
  readonly highestRate: number;
  /** Did the time end before the gateway did? */
  readonly isCut: boolean;
  /** At half of the highest rate, in a process that has carried that much and no more. */
  readonly half: Step;
  readonly peakMiB: number;
}

type Start = (places: Places) => Promise<GatewayUnderLoad | undefined>;
/** One step of load. */
type Run = (
  rate: number,
  withProbes: boolean,
  seconds?: number,
) => Promise<Step & { readonly detail: string }>;
/** Makes one direction's load; the second function ends it. */
type Load = (
  gateway: GatewayUnderLoad,
  sink: Sink,
  places: Places,
) => Promise<readonly [run: Run, close: () => void]>;

interface Contest {
  readonly title: string;
  readonly load: Load;
  /** Over a real Prosody instead of the sink alone. */
  readonly prosody?: true;
  readonly gateways: readonly (readonly [name: string, start: Start])[];
}

async function main(): Promise<void> {
  const shim = join(__dirname, "../../../../bench/load/kamailio-expat-shim.c");
  const isthmus = ["Isthmus", startIsthmus] as const;
  const kamailio = ["Kamailio", (places: Places) => startKamailio(places, shim)] as const;
  const both = process.argv.includes("--alone") ? [isthmus] : [kamailio, isthmus];
  const contests: Contest[] = [];
  if (!process.argv.includes("--to-sip")) {
    contests.push({ title: "SIP MESSAGE → stanza", load: toXmpp, gateways: both });
    contests.push({ title: "SIP MESSAGE → Prosody", load: toXmpp, gateways: [isthmus], prosody: true });
  }
  if (!process.argv.includes("--to-xmpp"))
    contests.push({ title: "stanza → SIP MESSAGE", load: toSip, gateways: both });
  const deadline = performance.now() + BUDGET_SECONDS * 1000;
  let left = contests.reduce((sum, { gateways }) => sum + gateways.length, 0);
  for (const contest of contests) {
    process.stdout.write(`\n${contest.title}\n`);
    const results = new Map<string, Figures>();
    for (const [name, start] of contest.gateways) {
      const now = performance.now();
      const figures = await measure(start, contest, now + (deadline - now) / left--);
      if (typeof figures === "string") process.stdout.write(`  ${name}: not run, ${figures}\n`);
      else results.set(name, figures);
    }
    print(results);
  }
}

/** SIPp → gateway → sink. */
const toXmpp: Load = async (gateway, sink, places) => {
  const run: Run = async (rate, withProbes, seconds = STEP_SECONDS) => {
    sink.reset();
    const before = cpuTimes(gateway.pid);
    const prober = withProbes ? new Prober(gateway.sip) : undefined;
    await prober?.start();
    const result = await sippUac(places.folder, gateway.sip, rate, rate * seconds);
    prober?.finish();
    await settled(async () => (await sink.report()).messages, 400);
    const { messages, probes } = await sink.report();
    const good =
      result.failed <= result.sent * ABORTED_BY_SIPP &&
      messages >= result.sent &&
      result.retransmissions <= result.sent * RETRANSMISSIONS_ALLOWED &&
      result.seconds < seconds * 1.3 + 2;
    const detail = `${messages} of ${result.sent}, ${result.retransmissions} retransmitted, answer p99 ${result.p99} ms`;
    const answers = prober?.stop() ?? [];
    return { good, detail, ...cost(gateway.pid, before, messages), answers, oneWay: probes };
  };
  return [run, () => undefined];
};

/** Sink → gateway → SIPp. */
const toSip: Load = async (gateway, sink, places) => {
  const uas = sippUas(places.folder, places.uasPort);
  await new Promise((resolve) => setTimeout(resolve, 1_000)); // SIPp opens its socket
  const run: Run = async (rate, _, seconds = STEP_SECONDS) => {
    sink.reset();
    const taken = uas.taken();
    const before = cpuTimes(gateway.pid);
    const count = rate * seconds;
    await sink.send(rate, count, USERS);
    await settled(async () => uas.taken(), 1_100); // SIPp counts once a second
    const arrived = uas.taken() - taken;
    const { errors } = await sink.report();
    // One in 10,000 may be on its way still; more than were sent are retransmissions.
    const good =
      arrived >= count * 0.9999 && arrived <= count * (1 + RETRANSMISSIONS_ALLOWED) && errors === 0;
    const detail = `${arrived} of ${count}, ${errors} errors`;
    return { good, detail, ...cost(gateway.pid, before, arrived), answers: [], oneWay: [] };
  };
  return [run, () => uas.close()];
};

/** Finds the highest rate; then times and CPU at half of it, in a new process: the last steps of the climb are too much for anybody. */
async function measure(start: Start, contest: Contest, until: number): Promise<Figures | string> {
  const climbed = await withGateway(start, contest, (gateway, run) =>
    climb(gateway, run, until - AT_HALF_SECONDS * 1000),
  );
  if (typeof climbed === "string") return climbed;
  const rate = Math.max(1_000, Math.round(climbed.highestRate / 2));
  const half = await withGateway(start, contest, async (gateway, run) => {
    await run(rate, false, COMPILED_AFTER_SECONDS);
    return step(gateway, run, rate, true);
  });
  return typeof half === "string" ? half : { ...climbed, half };
}

/** Warms up and raises the rate until a step fails twice or the time is up. */
async function climb(gateway: GatewayUnderLoad, run: Run, until: number): Promise<Omit<Figures, "half">> {
  const oneStepMs = (STEP_SECONDS + AROUND_A_STEP_SECONDS) * 1000;
  await run(WARM_UP_RATE, false);
  let best = 0;
  let isCut = false;
  for (let rate = FIRST_RATE; rate <= HIGHEST_RATE; rate = Math.round(rate * GROWTH)) {
    // Two tries of this step.
    isCut = performance.now() + 2 * oneStepMs > until && best > 0;
    if (
      isCut ||
      (!(await step(gateway, run, rate, false)).good && !(await step(gateway, run, rate, false)).good)
    )
      break;
    best = rate;
  }
  return { highestRate: best, isCut, peakMiB: peakMemory(gateway.pid) };
}

/** Runs one step and prints it. */
async function step(gateway: GatewayUnderLoad, run: Run, rate: number, withProbes: boolean): Promise<Step> {
  const result = await run(rate, withProbes);
  const { good, detail, userPer1000, systemPer1000 } = result;
  const cpu = `CPU s/1000 ${(userPer1000 + systemPer1000).toFixed(4)}, system ${systemPer1000.toFixed(4)} of it`;
  const verdict = good ? "sustained" : "NOT      ";
  process.stdout.write(
    `  ${gateway.name.padEnd(9)} ${String(rate).padStart(6)}/s ${verdict} ${detail}, ${cpu}\n`,
  );
  return result;
}

/** CPU seconds since `before`, per 1,000 messages. */
function cost(pid: number, before: { user: number; system: number }, messages: number) {
  const after = cpuTimes(pid);
  return {
    userPer1000: ((after.user - before.user) / messages) * 1000,
    systemPer1000: ((after.system - before.system) / messages) * 1000,
  };
}

/** Starts everything, works, and stops everything, also after a failure or Ctrl-C. @returns why not, where it cannot run */
async function withGateway<Result>(
  start: Start,
  contest: Contest,
  work: (gateway: GatewayUnderLoad, run: Run) => Promise<Result>,
): Promise<Result | string> {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-bench-"));
  const base = 20_000 + Math.floor(Math.random() * 8_000);
  const closing: (() => unknown)[] = [];
  const run = async (): Promise<Result | string> => {
    if (contest.prosody) {
      const prosody = await startProsody(folder, base + 20, [HOST, XMPP_HOST]);
      if (prosody === undefined) return "Prosody is not installed";
      closing.push(() => prosody.kill("SIGKILL"));
    }
    const sink = contest.prosody ? await Sink.join(XMPP_HOST, base + 20, SECRET) : await Sink.open(HOST);
    closing.push(() => sink.close());
    const places = { folder, componentPort: sink.port, sipPort: base, uasPort: base + 10 };
    const gateway = await start(places);
    if (gateway === undefined) return "it, its xmpp module or gcc (for a fix of its crash) is not installed";
    closing.push(() => gateway.stop());
    await withinSeconds(sink.connected(), 20);
    const [load, close] = await contest.load(gateway, sink, places);
    closing.push(close);
    return work(gateway, load);
  };
  try {
    return await Promise.race([run(), INTERRUPTED]);
  } finally {
    for (const close of closing.reverse()) await close();
    if (process.env.ISTHMUS_BENCH_PROFILE === undefined) rmSync(folder, { recursive: true, force: true });
    else process.stdout.write(`profiles are in ${folder}\n`);
  }
}

function withinSeconds(what: Promise<unknown>, seconds: number): Promise<unknown> {
  const late = new Promise((_, reject) => {
    setTimeout(
      () => reject(new Error(`the component did not connect within ${seconds} s`)),
      seconds * 1000,
    ).unref();
  });
  return Promise.race([what, late]);
}

/** Waits until a count grows no more; a peer that goes on for ever is waited for no longer than a step lasts. */
async function settled(count: () => Promise<number>, everyMs: number): Promise<void> {
  let last = -1;
  const until = performance.now() + STEP_SECONDS * 1000;
  for (let quiet = 0; quiet < 2 && performance.now() < until; ) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    const now = await count();
    quiet = now === last ? quiet + 1 : 0;
    last = now;
  }
}

const COLUMNS = ["rate /s", "answer p50", "p99 ms", "one way p50", "p99 ms", "CPU s/1000", "peak MiB"];

function print(results: ReadonlyMap<string, Figures>): void {
  process.stdout.write(`\n${"".padEnd(12)}${COLUMNS.map((name) => name.padStart(13)).join("")}\n`);
  for (const [name, { highestRate, isCut, half, peakMiB }] of results) {
    const times = [half.answers, half.oneWay].flatMap((all) => [quantile(all, 0.5), quantile(all, 0.99)]);
    const cells = [
      `${isCut ? "≥ " : ""}${highestRate}`,
      ...times.map((time) => (Number.isNaN(time) ? "-" : time.toFixed(1))),
      (half.userPer1000 + half.systemPer1000).toFixed(4),
      peakMiB.toFixed(0),
    ];
    process.stdout.write(`  ${name.padEnd(10)}${cells.map((cell) => cell.padStart(13)).join("")}\n`);
  }
  const [peer, ours] = [results.get("Kamailio"), results.get("Isthmus")];
  if (peer === undefined || ours === undefined) return;
  const cpu = (one: Figures): number => one.half.userPer1000 + one.half.systemPer1000;
  const rate = (ours.highestRate / peer.highestRate).toFixed(2);
  process.stdout.write(
    `  Isthmus against Kamailio: rate ${rate}x, CPU ${(cpu(ours) / cpu(peer)).toFixed(2)}x\n`,
  );
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  },
);
