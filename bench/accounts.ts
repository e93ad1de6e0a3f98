/**
 * People who sign in: MESSAGE and REGISTER with digest, the secrets of 10,000 in a real slapd, remembered and not; beside the
 * same without authentication and a bare loop of ldapts queries in the same run. Rates, CPU, and who is at his limit.
 *
 * --quick: shorter steps; --message, --register: one of them only; --cached, --uncached: without the other.
 */

import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { accountsPlay, type Method } from "./load/accounts-plays";
import { CONNECTIONS, type Mode, startAccountsGateway } from "./load/accounts-world";
import { HOST } from "./load/gateways";
import { INTERRUPTED } from "./load/interrupted";
import type { LdapLoopResult } from "./load/ldap-loop";
import { cpuTimes } from "./load/process-figures";
import { Sink } from "./load/sink-process";
import { sippCalls } from "./load/sipp";
import { type SlapdUnderLoad, startSlapd } from "./load/slapd";

const QUICK = process.argv.includes("--quick");
/** Each step lasts so long, seconds. */
const STEP_SECONDS = QUICK ? 3 : 10;
const PEOPLE = 10_000;
/** From here the rate goes up by `GROWTH` until a step fails (or down until none does); the gap is then halved so often. */
const FIRST_RATE: Readonly<Record<Mode, number>> = { open: 3_000, cached: 1_500, uncached: 600 };
const GROWTH = 1.5;
const HALVINGS = QUICK ? 1 : 3;
const HIGHEST_RATE = 40_000;
const LOWEST_RATE = 200;
const REST_MS = 2_000;
/** Everybody once: what is remembered then is remembered, and code is compiled. */
const WARM_UP_RATE = 2_000;
const UNCACHED_WARM_UP_RATE = 1_000;
/** A step counts as sustained with at most this share of retransmissions. */
const RETRANSMISSIONS_ALLOWED = 0.001;
/** What must be reached: a completed call with digest is two requests, and a query is a part of one call. Which bare loop is meant, one query at a time or several, is not said: both are shown. */
const CACHED_FLOOR = 0.45;
const UNCACHED_FLOOR = 0.5;

interface Step {
  readonly good: boolean;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU seconds per 1,000 calls. */
  readonly gateway: number;
  readonly slapd: number;
  readonly generator: number;
  readonly detail: string;
}

interface Figures {
  /** The highest that was sustained; undefined: not even the first. */
  readonly best: Step | undefined;
  readonly half: Step;
}

interface Bare {
  readonly connections: number;
  readonly perSecond: number;
  readonly clientPer1000: number;
  readonly slapdPer1000: number;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-accounts-"));
  const base = 28_000 + Math.floor(Math.random() * 3_000);
  let slapd: SlapdUnderLoad | undefined;
  try {
    slapd = await startSlapd(folder, base, PEOPLE, HOST);
    if (slapd === undefined) throw new Error("slapd is not installed");
    say(`${cpus().length} cores, load ${loadavg()[0]?.toFixed(2)} before the run, ${PEOPLE} people in slapd`);
    const bare = [await bareLoop(slapd, 1), await bareLoop(slapd, CONNECTIONS)];
    const results = new Map<string, Figures>();
    for (const [index, [method, mode]] of contests().entries()) {
      const work = measure(folder, base + 10 + 4 * index, slapd, method, mode);
      results.set(`${method} ${mode}`, await Promise.race([work, INTERRUPTED]));
    }
    bare.push(await bareLoop(slapd, 1), await bareLoop(slapd, CONNECTIONS));
    print(results, bare);
  } finally {
    slapd?.stop();
    if (process.env.ISTHMUS_BENCH_PROFILE === undefined) rmSync(folder, { recursive: true, force: true });
    else say(`profiles are in ${folder}`);
  }
}

function contests(): (readonly [Method, Mode])[] {
  const has = (option: string): boolean => process.argv.includes(option);
  const methods = METHODS.filter((method) => !has(method === "MESSAGE" ? "--register" : "--message"));
  const modes = MODES.filter(
    (mode) => !has(mode === "cached" ? "--uncached" : mode === "uncached" ? "--cached" : ""),
  );
  return methods.flatMap((method) => modes.map((mode) => [method, mode] as const));
}

/** One query after another on each connection: a plain loop on one of them, and the most that both programs do on several. */
async function bareLoop(slapd: SlapdUnderLoad, connections: number): Promise<Bare> {
  const args = [slapd.url, String(connections), String(STEP_SECONDS), String(PEOPLE)];
  const before = cpuTimes(slapd.pid);
  const child = fork(join(__dirname, "load", "ldap-loop.js"), args);
  const { queries, seconds, cpuSeconds } = await new Promise<LdapLoopResult>((resolve, reject) => {
    child.once("message", (result) => resolve(result as LdapLoopResult));
    child.once("exit", () => reject(new Error("the loop of ldapts queries failed")));
  });
  const after = cpuTimes(slapd.pid);
  // slapd's figure holds the two seconds of warming up as well.
  const all = queries * ((seconds + 2) / seconds);
  const bare: Bare = {
    connections,
    perSecond: queries / seconds,
    clientPer1000: (cpuSeconds / queries) * 1000,
    slapdPer1000: ((after.user + after.system - before.user - before.system) / all) * 1000,
  };
  say(
    `bare ldapts, ${connections} connections: ${bare.perSecond.toFixed(0)} queries/s, CPU s/1000: client ${bare.clientPer1000.toFixed(3)}, slapd ${bare.slapdPer1000.toFixed(3)}`,
  );
  return bare;
}

async function measure(
  folder: string,
  sipPort: number,
  slapd: SlapdUnderLoad,
  method: Method,
  mode: Mode,
): Promise<Figures> {
  const sink = await Sink.open(HOST);
  const places = { folder, componentPort: sink.port, sipPort, uasPort: sipPort + 2 };
  const gateway = await startAccountsGateway(places, slapd.url, mode);
  const play = accountsPlay(method, mode !== "open", PEOPLE, HOST);
  const run = async (rate: number, count: number): Promise<Step> => {
    const before = [gateway.pid, slapd.pid].map(cpuSeconds);
    const result = await sippCalls(folder, gateway.sip, play, rate, count);
    const [ours, theirs] = [gateway.pid, slapd.pid].map((pid, index) => cpuSeconds(pid) - before[index]!);
    const per1000 = (seconds = 0): number => (seconds / count) * 1000;
    const good =
      result.failed === 0 &&
      result.successful >= count &&
      result.retransmissions <= count * RETRANSMISSIONS_ALLOWED &&
      result.seconds < (count / rate) * 1.3 + 2;
    return {
      ...{ good, rate, p50: result.p50, p99: result.p99 },
      ...{ gateway: per1000(ours), slapd: per1000(theirs), generator: per1000(result.cpuSeconds) },
      detail: `${result.successful} of ${count}, ${result.retransmissions} retransmitted`,
    };
  };
  try {
    await sink.connected();
    say(`\n${method}, ${NAMES[mode]}`);
    await run(mode === "uncached" ? UNCACHED_WARM_UP_RATE : WARM_UP_RATE, PEOPLE);
    return await climb(mode, run);
  } finally {
    await gateway.stop();
    sink.close();
  }
}

async function climb(mode: Mode, run: (rate: number, count: number) => Promise<Step>): Promise<Figures> {
  const once = async (rate: number): Promise<Step> => {
    const step = await run(rate, Math.round(rate * STEP_SECONDS));
    say(
      `  ${String(rate).padStart(6)}/s ${step.good ? "sustained" : "NOT      "} ${step.detail}, ${costs(step)}`,
    );
    return step;
  };
  // What else the machine does at that moment may fail a step: each has a second try.
  const tried = async (rate: number): Promise<Step> => {
    const step = await once(rate);
    if (step.good) return step;
    await rest();
    const again = await once(rate);
    if (!again.good) await rest();
    return again;
  };
  let best: Step | undefined;
  let rate = FIRST_RATE[mode];
  let step = await tried(rate);
  while (!step.good && rate > LOWEST_RATE) {
    rate = Math.round(rate / GROWTH / 100) * 100;
    step = await tried(rate);
  }
  while (step.good && rate < HIGHEST_RATE) {
    best = step;
    rate = Math.round((rate * GROWTH) / 100) * 100;
    step = await tried(rate);
  }
  for (let halving = 0, failed = rate; best !== undefined && halving < HALVINGS; halving++) {
    const middle = Math.round((best.rate + failed) / 200) * 100;
    if (middle <= best.rate || middle >= failed) break;
    step = await tried(middle);
    if (step.good) best = step;
    else failed = middle;
  }
  return { best, half: await once(Math.round((best?.rate ?? FIRST_RATE[mode]) / 2)) };
}

/** What an overload has left in sockets and queues is not measured with the next step. */
function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS));
}

function costs({ gateway, slapd, generator, rate }: Step): string {
  const share = (per1000: number): string => `${((per1000 * rate) / 10).toFixed(0)} %`;
  return `cores taken: gateway ${share(gateway)}, slapd ${share(slapd)}, SIPp ${share(generator)}`;
}

function print(results: ReadonlyMap<string, Figures>, bare: readonly Bare[]): void {
  const loops = [1, CONNECTIONS].map((connections) =>
    meanOf(bare.filter((one) => one.connections === connections)),
  );
  say(
    "\n| Work | Calls a second | p50 / p99 at half of it, ms | CPU s per 1,000: gateway | slapd | Cores taken at the limit: gateway / slapd / SIPp |",
  );
  say("| --- | --- | --- | --- | --- | --- |");
  for (const [name, { best, half }] of results) {
    const [method = "", mode = "open"] = name.split(" ");
    const shares =
      best === undefined ? "" : SHARES.map((who) => ((best[who] * best.rate) / 1000).toFixed(2)).join(" / ");
    say(
      `| ${method}, ${NAMES[mode as Mode]} | ${best?.rate ?? `below ${half.rate * 2}`} | ${half.p50} / ${half.p99} | ${half.gateway.toFixed(3)} | ${half.slapd.toFixed(3)} | ${shares} |`,
    );
  }
  for (const { connections, perSecond, clientPer1000, slapdPer1000 } of loops)
    say(
      `| bare ldapts queries, ${connections} at a time | ${perSecond.toFixed(0)} | | ${clientPer1000.toFixed(3)} | ${slapdPer1000.toFixed(3)} | |`,
    );
  say("\n| Ratio | Floor | Rate | By CPU of the gateway |\n| --- | --- | --- | --- |");
  for (const method of METHODS) {
    const [open, cached, uncached] = MODES.map((mode) => results.get(`${method} ${mode}`));
    if (open?.best !== undefined && cached?.best !== undefined)
      ratio(
        `${method}, remembered, to no authentication`,
        CACHED_FLOOR,
        cached.best.rate / open.best.rate,
        open.half.gateway / cached.half.gateway,
      );
    if (uncached?.best === undefined) continue;
    for (const { connections, perSecond, clientPer1000 } of loops)
      ratio(
        `${method}, not remembered, to bare ldapts queries, ${connections} at a time`,
        UNCACHED_FLOOR,
        uncached.best.rate / perSecond,
        clientPer1000 / uncached.half.gateway,
      );
  }
}

function ratio(what: string, floor: number, rate: number, cpu: number): void {
  const verdict = rate < floor ? " **not reached**" : "";
  say(`| ${what} | ${floor} | ${rate.toFixed(2)}${verdict} | ${cpu.toFixed(2)} |`);
}

function meanOf(bare: readonly Bare[]): Bare {
  const mean = (figure: (one: Bare) => number): number =>
    bare.reduce((sum, one) => sum + figure(one), 0) / bare.length;
  return {
    connections: bare[0]!.connections,
    perSecond: mean((one) => one.perSecond),
    clientPer1000: mean((one) => one.clientPer1000),
    slapdPer1000: mean((one) => one.slapdPer1000),
  };
}

function cpuSeconds(pid: number): number {
  const { user, system } = cpuTimes(pid);
  return user + system;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const METHODS: readonly Method[] = ["MESSAGE", "REGISTER"];
const MODES: readonly Mode[] = ["open", "cached", "uncached"];
const NAMES: Readonly<Record<Mode, string>> = {
  open: "no authentication",
  cached: "digest, secrets remembered",
  uncached: "digest, a query each",
};
const SHARES = ["gateway", "slapd", "generator"] as const;

main().then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  },
);
