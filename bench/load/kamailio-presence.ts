/**
 * Kamailio as a gateway of presence: its presence server, pua, pua_xmpp and SQLite in one process family, in the way that
 * was the fastest of those tried: one SIP worker (more of them only meet "database is locked"), subscriptions in memory and
 * written back, and the database in memory where the machine has such a place.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { buildShim, type GatewayUnderLoad, HOST, type Places, SECRET, stopped } from "./gateways";

/** Starts it; undefined where it, one of its modules or a compiler for the shim is not installed. */
export async function startKamailioPresence(
  places: Places,
  shimSource: string,
): Promise<GatewayUnderLoad | undefined> {
  const program = ["/usr/sbin/kamailio", "/usr/local/sbin/kamailio"].find((file) => existsSync(file));
  const library = buildShim(places.folder, shimSource);
  const isThere = MODULES.every((name) => existsSync(join(MODULE_FOLDER, `${name}.so`)));
  if (program === undefined || library === undefined || !isThere || !existsSync(SCHEMA_FOLDER))
    return undefined;
  const { folder } = places;
  const address = ownAddress();
  const fast = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : folder, "isthmus-bench-"));
  makeDatabase(join(fast, "kamailio.db"));
  const config = join(folder, "kamailio.cfg");
  writeFileSync(config, configuration(places, address, fast));
  const child = spawn(
    program,
    ["-f", config, "-DD", "-E", "-m", "1024", "-M", "32", "-Y", folder, "-P", join(folder, "pid")],
    {
      // When it ends it sends SIGTERM to its whole process group, which must not be ours.
      detached: true,
      stdio: ["ignore", "ignore", process.env.ISTHMUS_BENCH_PEER_LOG === undefined ? "ignore" : "inherit"],
      env: { ...process.env, LD_PRELOAD: library },
      cwd: folder,
    },
  );
  return {
    name: "Kamailio",
    pid: child.pid ?? 0,
    sip: `${address}:5060`,
    stop: async () => {
      await stopped(child);
      rmSync(fast, { recursive: true, force: true });
    },
  };
}

/**
 * Its pua sends winfo subscriptions to the domain of the presentity, whatever proxy is configured: that domain is an address
 * of its own, with the standard port.
 */
function ownAddress(): string {
  const octet = (): number => 1 + Math.floor(Math.random() * 250);
  return `127.${octet()}.${octet()}.${octet()}`;
}

const MEMORY = "/dev/shm";
const MODULE_FOLDER = "/usr/lib/x86_64-linux-gnu/kamailio/modules";
const SCHEMA_FOLDER = "/usr/share/kamailio/db_sqlite";
const MODULES = ["xmpp", "presence", "presence_xml", "pua", "pua_xmpp", "db_sqlite"];

function makeDatabase(file: string): void {
  const database = new Database(file);
  for (const part of ["standard", "presence"])
    database.exec(readFileSync(join(SCHEMA_FOLDER, `${part}-create.sql`), "utf8"));
  database.close();
}

function configuration({ componentPort }: Places, address: string, folder: string): string {
  const self = `sip:${address}:5060`;
  const url = `sqlite://${join(folder, "kamailio.db")}`;
  return `debug=${process.env.ISTHMUS_BENCH_PEER_LOG ?? "0"}
log_stderror=yes
children=1
auto_aliases=no
listen=udp:${address}:5060
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "rr.so"
loadmodule "db_sqlite.so"
loadmodule "xmpp.so"
loadmodule "presence.so"
loadmodule "presence_xml.so"
loadmodule "pua.so"
loadmodule "pua_xmpp.so"
modparam("db_sqlite", "db_set_journal_mode", "${url}=WAL")
modparam("xmpp", "backend", "component")
modparam("xmpp", "domain_separator", "*")
modparam("xmpp", "gateway_domain", "${address}")
modparam("xmpp", "xmpp_domain", "${HOST}")
modparam("xmpp", "xmpp_host", "127.0.0.1")
modparam("xmpp", "xmpp_port", ${componentPort})
modparam("xmpp", "xmpp_password", "${SECRET}")
modparam("presence", "db_url", "${url}")
modparam("presence", "server_address", "${self}")
modparam("presence", "subs_db_mode", 2)
modparam("presence_xml", "db_url", "${url}")
modparam("presence_xml", "force_active", 1)
modparam("pua", "db_url", "${url}")
modparam("pua_xmpp", "server_address", "${self}")
request_route {
  if (is_method("SUBSCRIBE")) {
    if (!t_newtran()) { sl_reply_error(); exit; }
    handle_subscribe();
    if ($hdr(Event) == "presence") { pua_xmpp_req_winfo("$ru", "$hdr(Expires)"); }
    t_release();
    exit;
  }
  if (is_method("PUBLISH")) {
    if (!t_newtran()) { sl_reply_error(); exit; }
    handle_publish();
    t_release();
    exit;
  }
  if (is_method("NOTIFY")) {
    if (pua_xmpp_notify()) { sl_send_reply("200", "OK"); }
    else { sl_send_reply("481", "No such dialog"); }
    exit;
  }
  sl_send_reply("405", "Method Not Allowed");
}
`;
}
