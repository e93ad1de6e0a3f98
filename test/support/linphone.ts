/** A real linphonec: a SIP phone driven through its console. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./ports";
import { Program, temporaryFolder } from "./processes";

export interface LinphoneOptions {
  /** SIP address, such as "romeo@sip.test". */
  readonly aor: string;
  /** Where its requests go. */
  readonly proxy: { readonly address: string; readonly port: number; readonly transport?: "udp" | "tcp" };
  readonly password?: string;
  readonly register?: boolean;
  /** Tell a presence server about itself, for so many seconds each time (not at all when absent). */
  readonly publish?: number;
  readonly port?: number;
  /** Run it in a network namespace: the words that `ip` needs for that (see `Nat`). */
  readonly inNamespace?: readonly string[];
}

export interface Linphone {
  readonly port: number;
  /** Sends a MESSAGE. */
  message(to: string, text: string): void;
  command(line: string): void;
  until(what: string, check: (log: string) => boolean, ms?: number): Promise<void>;
  log(): string;
  stop(): Promise<void>;
}

/**
 * Starts linphonec and waits for its prompt. It listens on every interface: its port is free on all of them.
 */
export async function startLinphone(options: LinphoneOptions): Promise<Linphone> {
  const folder = temporaryFolder("linphone");
  const port = options.port ?? (await freePort(EVERYWHERE));
  const config = join(folder, "linphonerc");
  writeFileSync(config, linphoneSettings(options, folder, port));
  const args = ["-c", config, "-d", "6", "-l", join(folder, "log")];
  const { inNamespace } = options;
  const program = new Program({
    name: "linphonec",
    program: inNamespace === undefined ? "linphonec" : "ip",
    packageName: "linphone-cli",
    args: inNamespace === undefined ? args : [...inNamespace, "linphonec", ...args],
    cwd: folder,
    env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    logFiles: [join(folder, "log")],
  });
  program.start();
  await program.until("prompt", () => program.log().includes("linphonec>"));
  const command = (line: string) => program.write(`${line}\n`);
  return {
    port,
    message: (to, text) => command(`chat ${to} ${text}`),
    command,
    until: (what, check, ms) => program.until(what, () => check(program.log()), ms),
    log: () => program.log(),
    stop: () => program.stop(2_000),
  };
}

/** liblinphone listens on every interface. */
export const EVERYWHERE = "0.0.0.0";

/** A linphonerc: one account, one port of its own. */
export function linphoneSettings(options: LinphoneOptions, folder: string, port: number): string {
  const { address, port: proxyPort, transport = "udp" } = options.proxy;
  const [user = "", domain = ""] = options.aor.split("@");
  const route = `<sip:${address}:${proxyPort};transport=${transport};lr>`;
  return `[sip]
sip_port=${transport === "udp" ? port : 0}
sip_tcp_port=${transport === "tcp" ? port : 0}
sip_tls_port=0
default_proxy=0
use_ipv6=0
register_only_when_network_is_up=0
guess_hostname=1

[proxy_0]
reg_proxy=<sip:${address}:${proxyPort};transport=${transport}>
reg_route=${route}
reg_identity=sip:${options.aor}
reg_expires=600
reg_sendregister=${options.register === true ? 1 : 0}
publish=${options.publish === undefined ? 0 : 1}
publish_expires=${options.publish ?? 600}
dial_escape_plus=0

${
  options.password === undefined
    ? ""
    : `[auth_info_0]
username=${user}
passwd=${options.password}
domain=${domain}
realm=${domain}
`
}
[storage]
uri=${join(folder, "linphone.db")}

[misc]
chat_database_path=${join(folder, "chat.db")}
history_max_size=0
`;
}
