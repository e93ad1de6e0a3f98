/** A real Prosody between two components: the gateway, and the sink in the place of the XMPP people. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { SECRET } from "./gateways";

/** Starts it; undefined where it is not installed. Resolves when it takes components. */
export async function startProsody(
  folder: string,
  port: number,
  hosts: readonly string[],
): Promise<ChildProcess | undefined> {
  const program = ["/usr/bin/prosody", "/usr/local/bin/prosody"].find((file) => existsSync(file));
  if (program === undefined) return undefined;
  const config = join(folder, "prosody.cfg.lua");
  mkdirSync(join(folder, "prosody"));
  writeFileSync(config, configuration(folder, port, hosts));
  const child = spawn(program, ["-F", "--config", config], { stdio: "ignore", cwd: folder });
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await accepts(port)) return child;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill("SIGKILL");
  throw new Error(`Prosody did not open port ${port}`);
}

function configuration(folder: string, port: number, hosts: readonly string[]): string {
  return `run_as_root = true
daemonize = false
pidfile = "${join(folder, "prosody.pid")}"
data_path = "${join(folder, "prosody")}"
interfaces = { "127.0.0.1" }
c2s_ports = {}
s2s_ports = {}
component_ports = { ${port} }
component_interfaces = { "127.0.0.1" }
modules_enabled = {}
modules_disabled = { "s2s", "c2s" }
log = { warn = "${join(folder, "prosody.log")}" }
VirtualHost "users.bench"
${hosts.map((host) => `Component "${host}"\n  component_secret = "${SECRET}"\n`).join("")}`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => {
      resolve(true);
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
  });
}
