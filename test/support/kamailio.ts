/** A real Kamailio on loopback, as a plain proxy: each domain, or each user, has a place where its requests go. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { accepts, freePort, holdAddress } from "./ports";
import { Program, temporaryFolder } from "./processes";

/** A SIP URI such as "sip:127.0.0.5:5070;transport=tcp", or one for each transport that the request came by. */
export type NextHop = string | Readonly<Record<"udp" | "tcp" | "tls", string>>;

export interface KamailioOptions {
  /** Domain or user@domain → next hop. First match wins. */
  readonly routes?: readonly (readonly [who: string, nextHop: NextHop])[];
  /** Certificate files; with them tlsPort takes TLS and TLS next hops get this certificate. */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string; readonly caFile: string };
  /** Part of request_route that comes before the routes, as it is. */
  readonly snippet?: string;
  /** The whole kamailio.cfg instead of one made from the routes; it listens on `address` and `sipPort`. */
  readonly configuration?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly address?: string;
  readonly sipPort?: number;
  readonly tlsPort?: number;
}

export interface Kamailio {
  readonly address: string;
  /** UDP and TCP. */
  readonly sipPort: number;
  readonly tlsPort: number;
  readonly pid: number | undefined;
  stop(): Promise<void>;
  kill(signal?: NodeJS.Signals): void;
  restart(): Promise<void>;
  log(): string;
}

/** Starts Kamailio and waits until it takes connections. */
export async function startKamailio(options: KamailioOptions): Promise<Kamailio> {
  const folder = temporaryFolder("kamailio");
  const address = options.address ?? (await holdAddress());
  const sipPort = options.sipPort ?? (await freePort(address));
  const tlsPort = options.tlsPort ?? (await freePort(address));
  const config = join(folder, "kamailio.cfg");
  writeFileSync(config, options.configuration ?? configuration(options, folder, address, sipPort, tlsPort));
  writeFileSync(join(folder, "tls.cfg"), tlsConfiguration(options));
  const program = new Program({
    name: "kamailio",
    program: "kamailio",
    packageName: "kamailio",
    args: ["-f", config, "-DD", "-E", "-e", "-m", "64", "-M", "8", "-Y", folder, "-P", join(folder, "pid")],
    cwd: folder,
    env: options.env ?? {},
  });
  const start = async () => {
    program.start();
    await program.until("port", () => accepts(address, sipPort));
  };
  await start();
  return {
    address,
    sipPort,
    tlsPort,
    get pid() {
      return program.pid;
    },
    stop: () => program.stop(),
    kill: (signal) => program.killGroup(signal),
    restart: async () => {
      await program.stop();
      await start();
    },
    log: () => program.log(),
  };
}

function configuration(
  options: KamailioOptions,
  folder: string,
  address: string,
  sipPort: number,
  tlsPort: number,
): string {
  const routes = (options.routes ?? []).map(([who, nextHop]) => {
    const pattern = who.includes("@") ? '$rU + "@" + $rd' : "$rd";
    const hops = typeof nextHop === "string" ? { udp: nextHop, tcp: nextHop, tls: nextHop } : nextHop;
    return Object.entries(hops)
      .map(
        ([proto, hop]) =>
          `  if (${pattern} == "${who}" && $proto == "${proto}") { $du = "${hop}"; route(RELAY); }`,
      )
      .join("\n");
  });
  return `#!KAMAILIO
debug=2
log_stderror=yes
children=2
tcp_children=2
fork=yes
auto_aliases=no
disable_tcp=no
tcp_max_connections=256
tcp_connection_lifetime=300
tcp_rd_buf_size=131072
${options.tls === undefined ? "" : "enable_tls=yes"}
listen=udp:${address}:${sipPort}
listen=tcp:${address}:${sipPort}
${options.tls === undefined ? "" : `listen=tls:${address}:${tlsPort}`}
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
${options.tls === undefined ? "" : `loadmodule "tls.so"\nmodparam("tls", "config", "${join(folder, "tls.cfg")}")`}
modparam("tm", "fr_timer", 32000)

request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
${options.snippet ?? ""}
  loose_route();
${routes.join("\n")}
  sl_send_reply("404", "Not Here");
}

route[RELAY] {
  if (!t_relay()) { sl_reply_error(); }
  exit;
}
`;
}

function tlsConfiguration(options: KamailioOptions): string {
  const { certificateFile, keyFile, caFile } = options.tls ?? {};
  const domain = (kind: string) => `[${kind}:default]
method = TLSv1.2+
verify_certificate = ${kind === "client" ? "yes" : "no"}
require_certificate = no
certificate = ${certificateFile}
private_key = ${keyFile}
ca_list = ${caFile}
`;
  return `${domain("server")}\n${domain("client")}`;
}
