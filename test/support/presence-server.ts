/**
 * A real Kamailio that is the home of SIP users: their registrar, and their presence server (RFC 3856, RFC 3903, RFC 4745
 * rules) or not.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type Kamailio, startKamailio } from "./kamailio";
import { freePort, holdAddress } from "./ports";
import { temporaryFolder } from "./processes";

export interface PresenceServerOptions {
  /** Domain of its users. */
  readonly domain: string;
  /**
   * "open": everybody may watch everybody; "rules": a watcher waits until the user has allowed him; "none": no presence server
   * but a registrar, SUBSCRIBE goes to the phones themselves and PUBLISH to `publishTo`.
   */
  readonly presence: "open" | "rules" | "none";
  /** Other domains → next hop. */
  readonly routes?: readonly (readonly [domain: string, nextHop: string])[];
  readonly publishTo?: string;
  readonly address?: string;
  readonly sipPort?: number;
}

export interface PresenceServer extends Kamailio {
  /** The user lets this watcher (a URI) see him, or denies it; pending and active watchers learn it at once. */
  decide(user: string, watcher: string, what: "allow" | "block"): Promise<void>;
}

/** Starts it and waits until it takes connections. */
export async function startPresenceServer(options: PresenceServerOptions): Promise<PresenceServer> {
  const address = options.address ?? (await holdAddress());
  const sipPort = options.sipPort ?? (await freePort(address));
  const file = join(temporaryFolder("presence"), "presence.db");
  const database = new Database(file);
  database.pragma("journal_mode = WAL");
  for (const part of ["standard", "presence"]) {
    database.exec(readFileSync(`${SCHEMAS}/${part}-create.sql`, "utf8"));
  }
  const kamailio = await startKamailio({
    address,
    sipPort,
    configuration: configuration(options, { address, sipPort, file }),
  });
  return {
    ...kamailio,
    get pid() {
      return kamailio.pid;
    },
    stop: async () => {
      database.close();
      await kamailio.stop();
    },
    decide: async (user, watcher, what) => {
      database.prepare("DELETE FROM xcap WHERE username = ? AND domain = ?").run(user, options.domain);
      database
        .prepare(
          "INSERT INTO xcap (username, domain, doc, doc_type, etag, source, doc_uri, port) VALUES (?, ?, ?, ?, 'e', 0, '', 0)",
        )
        .run(user, options.domain, rules(watcher, what), PRES_RULES);
      const answer = await fetch(`http://${address}:${sipPort}/rpc`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "presence.refreshWatchers",
          params: [`sip:${user}@${options.domain}`, "presence", 0],
        }),
      });
      if (!answer.ok) throw new Error(`Kamailio did not take the rules: ${await answer.text()}`);
    },
  };
}

/** RFC 4745 and RFC 5025. */
function rules(watcher: string, handling: string): string {
  return `<?xml version="1.0"?>
<ruleset xmlns="urn:ietf:params:xml:ns:common-policy" xmlns:pr="urn:ietf:params:xml:ns:pres-rules">
<rule id="r1"><conditions><identity><one id="${watcher}"/></identity></conditions>
<actions><pr:sub-handling>${handling}</pr:sub-handling></actions><transformations/></rule></ruleset>`;
}

interface Place {
  readonly address: string;
  readonly sipPort: number;
  readonly file: string;
}

// One process for each transport: SQLite in Kamailio does not wait for another's write.
function configuration(options: PresenceServerOptions, { address, sipPort, file }: Place): string {
  const { domain, presence, publishTo } = options;
  const hops = (options.routes ?? []).map(([to, hop]) => `  if ($rd == "${to}") $du = "${hop}";`);
  return `#!KAMAILIO
debug=2
log_stderror=yes
children=1
tcp_children=1
fork=yes
auto_aliases=no
alias="${domain}"
tcp_accept_no_cl=yes
listen=udp:${address}:${sipPort}
listen=tcp:${address}:${sipPort}
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "xlog.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
loadmodule "db_sqlite.so"
loadmodule "presence.so"
loadmodule "presence_xml.so"
modparam("tm", "fr_timer", 32000)
modparam("tm", "wt_timer", 100) # a phone that starts anew with the same identifiers is not taken for a retransmission here
modparam("jsonrpcs", "transport", 0)
modparam("registrar", "gruu_enabled", 0) # linphone would take it for its Contact, which this proxy does not route
modparam("presence|presence_xml", "db_url", "sqlite:///${file}")
modparam("presence", "server_address", "sip:presence@${address}:${sipPort}")
modparam("presence", "min_expires", 0)
modparam("presence", "expires_offset", 0)
modparam("presence", "clean_period", 1)
modparam("presence_xml", "force_active", ${presence === "rules" ? 0 : 1})
modparam("presence_xml", "integrated_xcap_server", 1)

request_route {
  xlog("L_WARN", "$rm $ru from $fu at $si:$sp to-tag $tt\\n");
  if (!mf_process_maxfwd_header("20")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("REGISTER")) { save("location"); exit; }
  if (loose_route() && has_totag()) route(RELAY); # takes our own Route out of a phone's first request, too
  if (uri == myself${presence === "none" ? " && 0 == 1" : ""} && is_method("PUBLISH|SUBSCRIBE")) {
    if (!t_newtran()) { sl_reply_error(); exit; }
    if (is_method("PUBLISH")) handle_publish(); else handle_subscribe();
    t_release();
    exit;
  }
  if (is_method("SUBSCRIBE") && !has_totag()) record_route();
${hops.join("\n")}
  if (uri == myself) {
    if (is_method("PUBLISH")) { ${publishTo === undefined ? 'sl_send_reply("405", "No Presence Server"); exit;' : `$du = "${publishTo}"; route(RELAY);`} }
    if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  }
  route(RELAY);
}

route[RELAY] {
  if (!t_relay()) { sl_reply_error(); }
  exit;
}

event_route[xhttp:request] {
  jsonrpc_dispatch();
}
`;
}

const SCHEMAS = "/usr/share/kamailio/db_sqlite";
/** Type of a presence rules document in Kamailio's table. */
const PRES_RULES = 2;
