/**
 * Presence under rising load, through the running gateway and, where it is installed, through Kamailio with its presence
 * server and pua_xmpp in the same run: subscriptions set up and changes told, the highest rate without loss or
 * retransmission, times, CPU seconds per 1,000. Then 1,000, 10,000 and 100,000 subscriptions held: memory, disk, cost of an
 * event, and the time from a kill -9 until everybody sees the truth again.
 *
 * --quick: shorter steps; --alone: without Kamailio; --rates, --scale: one part only; --most=N: no more than N subscriptions.
 */

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GatewayUnderLoad, HOST, type Places, runIsthmus, startIsthmus } from "./load/gateways";
import { INTERRUPTED } from "./load/interrupted";
import { startKamailioPresence } from "./load/kamailio-presence";
import {
  changesToSip,
  changesToXmpp,
  type PresenceStep,
  setUpFromSip,
  setUpFromXmpp,
} from "./load/presence-steps";
import { PresenceWorld } from "./load/presence-world";
import { quantile } from "./load/prober";
import { memory, peakMemory } from "./load/process-figures";

const QUICK = process.argv.includes("--quick");
const STEP_SECONDS = QUICK ? 3 : 6;
/** Before the steps of each kind of work: code is compiled when it has run for a while. */
const WARM_UP_SECONDS = 4;
/** The cost of an event is measured so long, after a warm-up at the same rate. */
const HALF_SECONDS = QUICK ? 5 : 8;
/** Code is compiled after that. */
const HALF_WARM_UP_SECONDS = 12;
/**
 * Pairs for changes are set up for so long, at the rate at which set-ups begin: more than change in a second, since a dialog is
 * told at most once in one.
 */
const PAIR_SECONDS = 8;
const GROWTH = QUICK ? 1.5 : 1.35;
/** A step that fails by more than this share of its events need not be tried again. */
const NEARLY = 0.97;
/** Below this part of the rate at which it begins a bench means nothing. */
const LEAST = 20;
const XMPP_HOST = "xmpp.bench";
/** Subscriptions held, all together; the last is the goal of the project. */
const SIZES = [1_000, 10_000, 100_000];
/** Events a second at which the cost of one is measured, whatever the number of subscriptions. */
const COST_RATE = 500;
const COST_SECONDS = QUICK ? 4 : 6;
/** How fast the subscriptions that are held are made, a second, and how many are under way at once. */
const FILL_RATE = 3_000;
const FILL_WINDOW = 2_000;
/** Answered SIP transactions are kept for 64 T1: what is held after that belongs to the subscriptions. */
const IDLE_MS = 36_000;
/** Of the gateway under test; its default is 1,000. */
const REQUESTS_PER_SECOND = 5_000;

interface Contender {
  readonly name: string;
  readonly start: (places: Places) => Promise<GatewayUnderLoad | undefined>;
  /** How its SIP side names an XMPP person, where it has a way of its own. */
  readonly personUri?: (gateway: GatewayUnderLoad) => (n: number) => string;
}

interface Figures {
  readonly rate: number;
  /** At half of that rate, in a process that did nothing else. */
  readonly half: PresenceStep;
}

type Rates = Partial<Record<(typeof WORKS)[number]["title"], Figures>>;

async function main(): Promise<void> {
  const isthmus: Contender = { name: "Isthmus", start: (places) => startIsthmus(places, PRESENCE) };
  const shim = join(__dirname, "../../../../bench/load/kamailio-expat-shim.c");
  const kamailio: Contender = {
    name: "Kamailio",
    start: (places) => startKamailioPresence(places, shim),
    personUri: (gateway) => (n) => `sip:juliet${n}*${XMPP_HOST}@${gateway.sip.split(":")[0]}`,
  };
  const contenders = process.argv.includes("--alone") ? [isthmus] : [kamailio, isthmus];
  if (!process.argv.includes("--scale")) {
    const results = new Map<string, Rates>();
    for (const contender of contenders) {
      const best = await highestRates(contender);
      const rates = best && (await halfRates(contender, best));
      if (rates === undefined) say(`${contender.name}: not run, it, a module of it or gcc is not installed`);
      else results.set(contender.name, rates);
    }
    printRates(results);
  }
  if (!process.argv.includes("--rates")) await withWorld(isthmus, hold);
}

const WORKS = [
  { title: "SUBSCRIBE set-up", of: setUpFromSip, isNew: true },
  { title: "change → NOTIFY", of: changesToSip, isNew: false },
  { title: "subscribe set-up", of: setUpFromXmpp, isNew: true },
  { title: "NOTIFY → change", of: changesToXmpp, isNew: false },
] as const;

type Work = (typeof WORKS)[number];

/** Kamailio sends nothing to SIP that XMPP people subscribe to: its pua has no such way. */
function worksOf(name: string): readonly Work[] {
  return name === "Kamailio" ? WORKS.slice(0, 2) : WORKS;
}

/**
 * The highest rate of each kind of work that holds. Each has a process of its own: what an overload has left behind must not
 * be measured with the next. Undefined: it cannot be run.
 */
async function highestRates(contender: Contender): Promise<ReadonlyMap<Work["title"], number> | undefined> {
  const best = new Map<Work["title"], number>();
  for (const work of worksOf(contender.name)) {
    const rate = await withWorld(contender, (gateway, world) => highestRate(gateway, world, work));
    if (rate === undefined) return undefined;
    if (rate > 0) best.set(work.title, rate);
  }
  return best;
}

async function highestRate(gateway: GatewayUnderLoad, world: PresenceWorld, work: Work): Promise<number> {
  say(`\n${work.title}, ${gateway.name}`);
  const load = loader(gateway, world);
  const first = FIRST[gateway.name]?.[work.title] ?? 200;
  await load.pairsFor(work);
  await load.run(work, first / 4, WARM_UP_SECONDS);
  const holds = async (rate: number): Promise<boolean> => {
    const step = await load.shown(work, rate, STEP_SECONDS);
    const isNear = step.times.length > NEARLY * step.count;
    return step.good || (isNear && (await load.shown(work, rate, STEP_SECONDS)).good);
  };
  let best = 0;
  for (let rate = first; rate < 50_000 && (await holds(rate)); rate = Math.round(rate * GROWTH)) best = rate;
  // A machine that is slow, or has other things to do.
  for (let rate = first / 2; best === 0 && rate > first / LEAST; rate /= 2)
    if (await holds(rate)) best = rate;
  say(`  peak memory ${peakMemory(gateway.pid).toFixed(0)} MiB`);
  return best;
}

/**
 * What an event costs and how long it takes at half of the highest rate: each kind of work in a process of its own again, so
 * that changes are told to as many pairs as while climbing, and not to all that set-ups have left behind.
 */
async function halfRates(contender: Contender, best: ReadonlyMap<Work["title"], number>): Promise<Rates> {
  const rates: Rates = {};
  say(`\nat half of these rates, ${contender.name}`);
  for (const work of worksOf(contender.name)) {
    const rate = best.get(work.title);
    if (rate === undefined) continue;
    const half = await withWorld(contender, (gateway, world) => halfRate(gateway, world, work, rate));
    if (half !== undefined) rates[work.title] = { rate, half };
  }
  return rates;
}

async function halfRate(
  gateway: GatewayUnderLoad,
  world: PresenceWorld,
  work: Work,
  rate: number,
): Promise<PresenceStep> {
  const load = loader(gateway, world);
  const half = Math.round(rate / 2);
  await load.pairsFor(work);
  await load.run(work, half, HALF_WARM_UP_SECONDS);
  return load.shown(work, half, HALF_SECONDS, `${work.title} `);
}

/** Runs steps of work, with the pairs that they need. */
function loader({ pid, name }: GatewayUnderLoad, world: PresenceWorld) {
  // The next new pair, of each direction: the same people are in both.
  const next = { sip: 0, xmpp: 0 };
  const setUp = (of: typeof setUpFromSip, rate: number, count: number): Promise<PresenceStep> => {
    const side = of === setUpFromSip ? "sip" : "xmpp";
    const first = next[side];
    next[side] += count;
    return of(world, pid, first, rate, count);
  };
  const run = (work: Work, rate: number, seconds: number): Promise<PresenceStep> => {
    const count = Math.round(rate * seconds);
    return work.isNew ? setUp(work.of, rate, count) : work.of(world, pid, rate, count);
  };
  const pairsFor = async ({ title }: Work): Promise<void> => {
    const rate = FIRST[name]?.["SUBSCRIBE set-up"] ?? 200;
    const of =
      title === "change → NOTIFY" && next.sip === 0
        ? setUpFromSip
        : title === "NOTIFY → change" && next.xmpp === 0
          ? setUpFromXmpp
          : undefined;
    if (of !== undefined) await setUp(of, rate, rate * PAIR_SECONDS);
  };
  const shown = async (work: Work, rate: number, seconds: number, label = ""): Promise<PresenceStep> => {
    const result = await run(work, rate, seconds);
    const times = `p50 ${quantile(result.times, 0.5).toFixed(1)} p99 ${quantile(result.times, 0.99).toFixed(0)} ms`;
    const verdict = result.good ? "sustained" : "NOT      ";
    say(
      `  ${label}${String(rate).padStart(6)}/s ${verdict} ${result.detail}, ${times}, CPU s/1000 ${result.cpuPer1000.toFixed(3)}`,
    );
    return result;
  };
  return { run, pairsFor, shown };
}

/** Where to begin, a second: a step that surely holds. */
const FIRST: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Kamailio: { "SUBSCRIBE set-up": 256, "change → NOTIFY": 576 },
  Isthmus: {
    "SUBSCRIBE set-up": 1_200,
    "change → NOTIFY": 2_000,
    "subscribe set-up": 1_200,
    "NOTIFY → change": 2_000,
  },
};

function printRates(results: ReadonlyMap<string, Rates>): void {
  const ours = results.get("Isthmus");
  const peer = results.get("Kamailio");
  say(
    `\n${"".padEnd(22)}${["", "rate /s", "p50", "p99 ms", "CPU s/1000"].map((c) => c.padStart(11)).join("")}`,
  );
  for (const { title } of WORKS) {
    for (const [name, rates] of results) {
      const figures = rates[title];
      if (figures === undefined) continue;
      const times = [0.5, 0.99].map((share) => quantile(figures.half.times, share).toFixed(1));
      const cells = [name, String(figures.rate), ...times, figures.half.cpuPer1000.toFixed(3)];
      say(`  ${title.padEnd(20)}${cells.map((cell) => cell.padStart(11)).join("")}`);
    }
    const [a, b] = [ours?.[title], peer?.[title]];
    if (a !== undefined && b !== undefined) {
      const [rate, cpu] = [a.rate / b.rate, a.half.cpuPer1000 / b.half.cpuPer1000];
      say(`  Isthmus against Kamailio: rate ${rate.toFixed(1)}x, CPU ${cpu.toFixed(2)}x`);
    }
  }
}

/** Fills the gateway step by step, half of the subscriptions in each direction, and looks at what they cost. */
async function hold(first: GatewayUnderLoad, world: PresenceWorld, places: Places): Promise<void> {
  const { pid } = first;
  const empty = await heldMemory(pid);
  say(`\n${COLUMNS.map((name) => name.padStart(12)).join("")}`);
  let [base, held] = [0, 0];
  const most = Number(process.argv.find((arg) => arg.startsWith("--most="))?.slice(7) ?? SIZES.at(-1));
  for (const size of SIZES.filter((one) => one <= most)) {
    const more = (size - held) / 2;
    const sip = await setUpFromSip(world, pid, held / 2, FILL_RATE, more, FILL_WINDOW);
    const xmpp = await setUpFromXmpp(world, pid, held / 2, FILL_RATE, more, FILL_WINDOW);
    held = size;
    const toSip = await changesToSip(world, pid, COST_RATE, COST_RATE * COST_SECONDS);
    const toXmpp = await changesToXmpp(world, pid, COST_RATE, COST_RATE * COST_SECONDS);
    await pause(IDLE_MS);
    const now = await heldMemory(pid);
    // The first thousand have warmed the process up: its code and its young heap are not theirs.
    if (base === 0) base = now;
    const each = size === SIZES[0] ? Number.NaN : ((now - base) * 1024) / (size - (SIZES[0] as number));
    const cells = [
      String(size),
      (sip.times.length / sip.seconds).toFixed(0),
      (xmpp.times.length / xmpp.seconds).toFixed(0),
      ...[sip, xmpp, toSip, toXmpp].map((step) => step.cpuPer1000.toFixed(3)),
      now.toFixed(0),
      Number.isNaN(each) ? "-" : each.toFixed(2),
      String(Math.round(diskSize(places.folder) / size)),
      String(world.wrong().length),
    ];
    say(cells.map((cell) => cell.padStart(12)).join(""));
    for (const step of [sip, xmpp, toSip, toXmpp])
      if (step.times.length < step.count) say(`    ${step.detail}`);
  }
  say(`  empty at the start: ${empty.toFixed(0)} MiB`);
  await comeBack(first, world, places, held, empty);
}

const COLUMNS = [
  "held",
  "SIP new/s",
  "XMPP new/s",
  "CPU s/1000",
  "CPU s/1000",
  "NOTIFY out",
  "NOTIFY in",
  "MiB",
  "KiB each",
  "disk B each",
  "wrong",
];

/** kill -9, everybody changes meanwhile, start: until when does who see the truth? */
async function comeBack(
  first: GatewayUnderLoad,
  world: PresenceWorld,
  places: Places,
  held: number,
  empty: number,
): Promise<void> {
  process.kill(first.pid, "SIGKILL");
  await first.stop();
  for (const { person } of world.sipPairs.values()) world.people.change(person, "balcony", "xa");
  for (const { presentity } of world.xmppPairs.values()) presentity.devices.set("desk", "xa");
  const asked = [...world.people.asked.values()].reduce((sum, count) => sum + count, 0);
  world.presentities.arrivals.length = 0;
  const startedAt = performance.now();
  const seconds = (): string => ((performance.now() - startedAt) / 1000).toFixed(1);
  const gateway = await runIsthmus(places);
  try {
    say(`\nkill -9 with ${held} subscriptions, everybody changed meanwhile; seconds since the start:`);
    say(`  ready ${seconds()} (${memory(gateway.pid).toFixed(0)} MiB)`);
    const until = performance.now() + 60_000 + (held / REQUESTS_PER_SECOND) * 4_000;
    let left = world.wrong().length;
    for (let shown = held; left > 0 && performance.now() < until; left = world.wrong().length) {
      if (left < shown / 2) {
        say(`  ${seconds()}: ${left} pairs still wrong`);
        shown = left;
      }
      await pause(500);
    }
    const again = [...world.people.asked.values()].reduce((sum, count) => sum + count, 0) - asked;
    say(
      `  ${seconds()}: ${left} pairs still wrong; ${again} asked again for leave; at most ${busiestSecond(world)} requests a second (cap ${REQUESTS_PER_SECOND})`,
    );
    for (const sentence of world.wrong(5)) say(`    ${sentence}`);
    await pause(IDLE_MS);
    const now = await heldMemory(gateway.pid);
    say(
      `  idle again: ${now.toFixed(0)} MiB, ${(((now - empty) * 1024) / held).toFixed(2)} KiB a subscription beyond the empty gateway`,
    );
  } finally {
    await gateway.stop();
  }
}

/** Resident size without what is only waiting to be collected, MiB. */
async function heldMemory(pid: number): Promise<number> {
  for (let round = 0; round < 2; round++) {
    process.kill(pid, "SIGUSR2");
    await pause(1_000);
  }
  return memory(pid);
}

/** SUBSCRIBEs of ours in the busiest second. */
function busiestSecond({ presentities: { arrivals } }: PresenceWorld): number {
  let most = 0;
  for (let from = 0, to = 0; to < arrivals.length; to++) {
    while ((arrivals[to] as number) - (arrivals[from] as number) > 1_000) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

async function withWorld<T>(
  contender: Contender,
  work: (gateway: GatewayUnderLoad, world: PresenceWorld, places: Places) => Promise<T>,
): Promise<T | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-bench-"));
  const base = 20_000 + Math.floor(Math.random() * 8_000);
  const world = await PresenceWorld.open({ sipHost: HOST, xmppHost: XMPP_HOST, sipPort: base + 10 });
  const places = { folder, componentPort: world.server.port, sipPort: base, uasPort: base + 10 };
  let gateway: GatewayUnderLoad | undefined;
  const run = async (): Promise<T | undefined> => {
    gateway = await contender.start(places);
    if (gateway === undefined) return undefined;
    const colon = gateway.sip.lastIndexOf(":");
    world.endpoint.target = {
      address: gateway.sip.slice(0, colon),
      port: Number(gateway.sip.slice(colon + 1)),
    };
    if (contender.personUri !== undefined) world.personUri = contender.personUri(gateway);
    for (let waited = 0; !world.server.isUp; waited += 50) {
      if (waited > 20_000) throw new Error("the component did not connect within 20 s");
      await pause(50);
    }
    return work(gateway, world, places);
  };
  try {
    return await Promise.race([run(), INTERRUPTED]);
  } finally {
    await gateway?.stop();
    await world.close();
    if (process.env.ISTHMUS_BENCH_PROFILE === undefined) rmSync(folder, { recursive: true, force: true });
    else say(`profiles are in ${folder}`);
  }
}

/** Octets of the database with what lies beside it. */
function diskSize(folder: string): number {
  return ["bench.db", "bench.db-wal"].reduce((sum, name) => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    return sum + (found?.size ?? 0);
  }, 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const PRESENCE = `presence:
  requestsPerSecond: ${REQUESTS_PER_SECOND}
`;

main().then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  },
);
