/** The gateways under load: Isthmus, and Kamailio with its xmpp module where it is installed. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";

export interface GatewayUnderLoad {
  readonly name: string;
  readonly pid: number;
  /** SIP address that takes MESSAGEs, `host:port`. */
  readonly sip: string;
  stop(): Promise<void>;
}

export interface Places {
  readonly folder: string;
  /** Port of the component server (sink or Prosody). */
  readonly componentPort: number;
  readonly sipPort: number;
  /** Port of the UAS that gets what goes to SIP. */
  readonly uasPort: number;
}

export const HOST = "sip.bench";
export const SECRET = "bench";

/** Starts the gateway from its build, with a configuration of its own. @param more further parts of it, as YAML */
export async function startIsthmus(places: Places, more = ""): Promise<GatewayUnderLoad> {
  const { folder, componentPort, sipPort, uasPort } = places;
  const config = join(folder, "isthmus.yaml");
  writeFileSync(
    config,
    `sip:
  listen: ["udp:127.0.0.1:${sipPort}", "tcp:127.0.0.1:${sipPort}"]
  limits: { serverTransactions: 1000000 }
  peers: [{ name: bench, trust: [127.0.0.1], proxy: "sip:127.0.0.1:${uasPort}", route: false }]
xmpp:
  components: [{ host: ${HOST}, server: "127.0.0.1:${componentPort}", secret: ${SECRET} }]
domains:
  sip: [{ sip: ${HOST}, xmpp: ${HOST}, peer: bench }]
  xmpp: [{ xmpp: xmpp.bench, sip: xmpp.bench, via: route }]
limits: { rates: { messages: { sender: off, pair: off } } } # a few addresses speak for thousands
store: { file: bench.db }
log: { level: warn }
health: { listen: "127.0.0.1:${sipPort + 1}" }
${more}`,
  );
  return runIsthmus(places);
}

/** Starts it with the configuration and the database that an earlier start has left in the folder. */
export async function runIsthmus({ folder, sipPort }: Places): Promise<GatewayUnderLoad> {
  const config = join(folder, "isthmus.yaml");
  const child = spawn(
    process.execPath,
    [
      ...profiling(folder),
      ...COLLECTABLE,
      ...YOUNG_HEAP,
      join(__dirname, "../../src/cli/main.js"),
      "run",
      "--config",
      config,
    ],
    {
      stdio: ["ignore", "inherit", "inherit"],
      cwd: folder,
    },
  );
  await healthy(sipPort + 1);
  return { name: "Isthmus", pid: child.pid ?? 0, sip: `127.0.0.1:${sipPort}`, stop: () => stopped(child) };
}

/** Starts Kamailio with its xmpp module as a component; undefined where it, or a compiler for the shim, is not installed. */
export async function startKamailio(
  places: Places,
  shimSource: string,
): Promise<GatewayUnderLoad | undefined> {
  const program = ["/usr/sbin/kamailio", "/usr/local/sbin/kamailio"].find((file) => existsSync(file));
  const library = buildShim(places.folder, shimSource);
  if (program === undefined || library === undefined || !existsSync(XMPP_MODULE)) return undefined;
  const { folder, componentPort, sipPort, uasPort } = places;
  const config = join(folder, "kamailio.cfg");
  writeFileSync(config, kamailioConfig(sipPort, componentPort, uasPort));
  const child = spawn(
    program,
    ["-f", config, "-DD", "-E", "-m", "512", "-M", "16", "-Y", folder, "-P", join(folder, "pid")],
    {
      // When it ends it sends SIGTERM to its whole process group, which must not be ours.
      detached: true,
      stdio: ["ignore", "ignore", "ignore"],
      env: { ...process.env, LD_PRELOAD: library },
      cwd: folder,
    },
  );
  return { name: "Kamailio", pid: child.pid ?? 0, sip: `127.0.0.1:${sipPort}`, stop: () => stopped(child) };
}

/** As the first line of src/cli/main.ts has it. */
const YOUNG_HEAP = [
  "--min-semi-space-size=32",
  "--max-semi-space-size=32",
  "--no-allocation-site-pretenuring",
];

/** Memory can be measured without the garbage. */
const COLLECTABLE = ["--expose-gc", "--require", join(__dirname, "gc-on-signal.js")];

const XMPP_MODULE = "/usr/lib/x86_64-linux-gnu/kamailio/modules/xmpp.so";

/** `--prof`-like sampling when ISTHMUS_BENCH_PROFILE is set: a .cpuprofile lands in the folder. */
function profiling(folder: string): string[] {
  return process.env.ISTHMUS_BENCH_PROFILE === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`];
}

/** Compiles the preloaded fix; undefined without a compiler. */
export function buildShim(folder: string, source: string): string | undefined {
  const library = join(folder, "shim.so");
  try {
    execFileSync(
      "gcc",
      ["-shared", "-fPIC", "-O2", "-o", library, source, "-Wl,--no-as-needed", "-lexpat", "-ldl"],
      { stdio: "ignore" },
    );
    return library;
  } catch {
    return undefined;
  }
}

function kamailioConfig(sipPort: number, componentPort: number, uasPort: number): string {
  return `debug=0
log_stderror=no
children=4
auto_aliases=no
listen=udp:127.0.0.1:${sipPort}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "rr.so"
loadmodule "xmpp.so"
modparam("xmpp", "backend", "component")
modparam("xmpp", "domain_separator", "*")
modparam("xmpp", "gateway_domain", "${HOST}")
modparam("xmpp", "xmpp_domain", "${HOST}")
modparam("xmpp", "xmpp_host", "127.0.0.1")
modparam("xmpp", "xmpp_port", ${componentPort})
modparam("xmpp", "xmpp_password", "${SECRET}")
modparam("xmpp", "outbound_proxy", "sip:127.0.0.1:${uasPort}")
request_route {
  if (is_method("MESSAGE")) {
    if (xmpp_send_message()) { sl_send_reply("200", "Accepted"); }
    else { sl_send_reply("503", "Not sent"); }
    exit;
  }
  sl_send_reply("405", "Method Not Allowed");
}
`;
}

/** Resolves when the health page says ready. */
export async function healthy(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await ready(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the gateway did not become ready on port ${port}`);
}

function ready(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => socket.write("GET /health HTTP/1.0\r\n\r\n"));
    socket.once("data", (data) => {
      resolve(data.toString().includes(" 200 "));
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
  });
}

/** Ends a program, first kindly. */
export function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const hard = setTimeout(() => child.kill("SIGKILL"), 8_000);
    child.once("exit", () => {
      clearTimeout(hard);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
