/** The gateway itself as a child process: the real program, from a build of the present sources. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { freePort, sharedAddress } from "./ports";
import { eventually, Program, temporaryFolder } from "./processes";

export interface GatewayOptions {
  /** Wait until every XMPP link is up (true when absent), or only until the program listens. */
  readonly ready?: boolean;
  /** Keep its database and configuration here, for a second life; else a temporary folder. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface LogLine {
  readonly level?: number | string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

export interface Health {
  readonly ready: boolean;
  readonly counters: Readonly<Record<string, number>>;
  readonly memory: number;
  readonly [part: string]: unknown;
}

export interface Gateway {
  readonly pid: number | undefined;
  readonly folder: string;
  /** The health page as it is now; undefined when nothing answers. */
  health(): Promise<Health | undefined>;
  /** One counter, 0 when it has never counted. */
  counter(name: string): Promise<number>;
  /** Log lines so far. */
  lines(): LogLine[];
  log(): string;
  kill(signal?: NodeJS.Signals): void;
  exited(): Promise<number | null>;
  /** Asks it to stop (SIGTERM); resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Starts it again after kill or stop, with the same configuration and database. */
  start(): Promise<void>;
}

/**
 * Starts the gateway with this configuration (as isthmus.yaml would hold; `store` and `health` are filled in) and waits until
 * messages can cross.
 */
export async function startGateway(config: object, options: GatewayOptions = {}): Promise<Gateway> {
  const folder = options.folder ?? temporaryFolder("gateway");
  const address = await sharedAddress();
  const healthPort = await freePort(address);
  const file = join(folder, "isthmus.yaml");
  const whole = {
    store: { file: join(folder, "isthmus.db") },
    log: { level: "debug" },
    ...config,
    health: { listen: `${address}:${healthPort}` },
  };
  writeFileSync(file, JSON.stringify(whole, undefined, 2)); // JSON is YAML
  const lines: LogLine[] = [];
  const program = new Program({
    name: "isthmus",
    program: process.execPath,
    packageName: "nodejs",
    args: [join(build(), "cli", "main.js"), "run", "--config", file],
    cwd: folder,
    env: options.env ?? {},
  });
  program.onLine((line) => lines.push(parseLine(line)));
  const health = () => readHealth(`http://${address}:${healthPort}/health`);
  const start = async () => {
    program.start();
    await program.until("readiness", async () => {
      const report = await health();
      return options.ready === false ? report !== undefined : report?.ready === true;
    });
  };
  await start();
  return {
    get pid() {
      return program.pid;
    },
    folder,
    health,
    counter: async (name) => (await health())?.counters[name] ?? 0,
    lines: () => lines,
    log: () => program.log(),
    kill: (signal) => program.kill(signal),
    exited: () => program.exited,
    stop: async () => {
      const { exited } = program;
      await program.stop(20_000);
      return exited;
    },
    start,
  };
}

/** Waits until the gateway says it is ready, or not. */
export function untilReady(gateway: Gateway, ready: boolean, ms?: number): Promise<void> {
  return eventually(
    `gateway ${ready ? "" : "not "}ready`,
    async () => (await gateway.health())?.ready === ready,
    ms,
  );
}

/** One MESSAGE crossing at a time needs no more than these parts of a configuration. */
export function link(
  host: string,
  server: { address: string; componentPort: number },
  secret: string,
): object {
  return { host, server: `${server.address}:${server.componentPort}`, secret };
}

async function readHealth(url: string): Promise<Health | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return (await response.json()) as Health;
  } catch {
    return undefined;
  }
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { msg: line };
  }
}

/**
 * Compiles src/ once for every state of the sources, whoever asks first, and returns the folder with the result. It lies
 * beside links to what the package brings along (mappings, migrations), as dist/ does. dist/ itself is left alone: it may
 * be running.
 */
export function build(): string {
  const root = resolve(__dirname, "..", "..");
  const cache = join(root, "node_modules", ".cache", "isthmus");
  const name = fingerprint(root);
  const home = join(cache, name);
  if (!existsSync(home)) {
    mkdirSync(cache, { recursive: true });
    const fresh = mkdtempSync(join(cache, "building-"));
    for (const part of ["package.json", "mappings", "migrations"]) {
      symlinkSync(join(root, part), join(fresh, part));
    }
    mkdirSync(join(fresh, "dist"));
    compile(root, join(fresh, "dist"));
    removeOldBuilds(cache);
    try {
      renameSync(fresh, home);
    } catch {
      rmSync(fresh, { recursive: true, force: true }); // another test process was faster
    }
  }
  const now = new Date();
  utimesSync(home, now, now);
  return join(home, "dist");
}

/** Not those of the last hour: another run may be starting its gateways from one. */
function removeOldBuilds(cache: string): void {
  for (const name of readdirSync(cache).filter((entry) => /^[0-9a-f]{16}$/.test(entry))) {
    const folder = join(cache, name);
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > KEEP_BUILD_MS) rmSync(folder, { recursive: true, force: true });
  }
}

const KEEP_BUILD_MS = 3_600_000;

function compile(root: string, into: string): void {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  try {
    execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", into], {
      encoding: "utf8",
    });
  } catch (error) {
    throw new Error(`the sources do not compile:\n${(error as { stdout?: string }).stdout ?? String(error)}`);
  }
}

function fingerprint(root: string): string {
  const hash = createHash("sha256");
  const names = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  for (const name of names.filter((n) => n.endsWith(".ts")).sort()) {
    const { size, mtimeMs } = statSync(join(root, "src", name));
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex").slice(0, 16);
}
