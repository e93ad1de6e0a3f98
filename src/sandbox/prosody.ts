/** A real Prosody on loopback, with configuration and data of its own in a folder that goes with it. */

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, join } from "node:path";

export interface SandboxServer {
  readonly address: string;
  readonly clientPort: number;
  readonly componentPort: number;
  readonly domain: string;
  readonly componentHost: string;
  readonly secret: string;
  readonly account: { readonly name: string; readonly password: string };
}

const READY_MS = 15_000;
const POLL_MS = 50;

/** The program's place in PATH, or undefined: nothing is run to find out (`prosody --version` would start the server). */
export function findProgram(name: string, path = process.env.PATH ?? ""): string | undefined {
  for (const folder of [...path.split(delimiter), "/usr/sbin", "/usr/local/bin"]) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not here
    }
  }
  return undefined;
}

/**
 * Starts Prosody and resolves when it takes connections.
 * @throws (rejects) Error with the end of Prosody's log when it does not come up
 */
export async function startProsody(
  program: string,
  folder: string,
  server: SandboxServer,
): Promise<ChildProcess> {
  const config = join(folder, "prosody.cfg.lua");
  writeFileSync(config, configText(folder, server), { mode: 0o600 });
  writeAccount(folder, server);
  const child = spawn(program, ["--config", config, "-F"], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4000);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const ports = [server.clientPort, server.componentPort];
  for (const port of ports) {
    if (!(await answers(server.address, port, child))) {
      child.kill("SIGKILL");
      throw new Error(`Prosody did not open ${server.address}:${port}; it said:\n${output}`);
    }
  }
  return child;
}

function configText(folder: string, server: SandboxServer): string {
  return `-- written by the Isthmus sandbox
run_as_root = true
daemonize = false
pidfile = "${folder}/prosody.pid"
data_path = "${folder}/data"
interfaces = { "${server.address}" }
c2s_ports = { ${server.clientPort} }
component_interfaces = { "${server.address}" }
component_ports = { ${server.componentPort} }
s2s_ports = {}
modules_enabled = { "roster", "saslauth", "disco", "ping", "version", "time", "blocklist" }
modules_disabled = { "s2s", "tls" }
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
log = { { levels = { min = "info" }, to = "console" } }
VirtualHost "${server.domain}"
Component "${server.componentHost}"
  component_secret = "${server.secret}"
`;
}

/** An account file as Prosody's internal storage has it. */
function writeAccount(folder: string, { domain, account }: SandboxServer): void {
  const escaped = domain.replace(
    /[^a-zA-Z0-9]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  const accounts = join(folder, "data", escaped, "accounts");
  mkdirSync(accounts, { recursive: true });
  writeFileSync(join(accounts, `${account.name}.dat`), `return { ["password"] = "${account.password}" };\n`, {
    mode: 0o600,
  });
}

async function answers(address: string, port: number, child: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    if (await opens(address, port)) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
}

function opens(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
