/** A real Prosody on loopback: plain-text client connections, components, s2s on request. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accepts, freePort, holdAddress } from "./ports";
import { Program, temporaryFolder } from "./processes";
import { SNIPPET_PORT, type XmppServer, type XmppServerOptions } from "./xmpp-server";

/** Starts Prosody and waits until it takes clients and components. */
export async function startProsody(options: XmppServerOptions): Promise<XmppServer> {
  const folder = temporaryFolder("prosody");
  const address = options.address ?? (await holdAddress());
  const c2sPort = await freePort(address);
  const componentPort = options.componentSnippet === undefined ? await freePort(address) : SNIPPET_PORT;
  const domains = options.domains ?? [options.domain ?? "xmpp.test"];
  for (const domain of domains) {
    writeAccounts(folder, domain, options);
  }
  mkdirSync(join(folder, "certs")); // it wants one, be it empty
  const config = join(folder, "prosody.cfg.lua");
  writeFileSync(config, configuration({ folder, address, c2sPort, componentPort, domains, options }));
  const program = new Program({
    name: "prosody",
    program: "prosody",
    packageName: "prosody",
    args: ["-F", "--config", config],
    cwd: folder,
  });
  const start = async () => {
    program.start();
    await program.until("client port", () => accepts(address, c2sPort));
    if ((options.components ?? []).length > 0 || options.componentSnippet !== undefined) {
      await program.until("component port", () => accepts(address, componentPort));
    }
  };
  await start();
  return {
    kind: "prosody",
    address,
    c2sPort,
    componentPort,
    get pid() {
      return program.pid;
    },
    stop: () => program.stop(),
    kill: (signal) => program.killGroup(signal),
    exited: () => program.exited,
    restart: async () => {
      await program.stop();
      await start();
    },
    log: () => program.log(),
  };
}

// Prosody's file store names a file by percent-encoding all but letters and digits, in lower case.
function writeAccounts(folder: string, domain: string, options: XmppServerOptions): void {
  const encode = (text: string) =>
    Buffer.from(text, "utf8")
      .toString("latin1")
      .replace(/[^A-Za-z0-9]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
  const accounts = join(folder, "data", encode(domain), "accounts");
  mkdirSync(accounts, { recursive: true });
  for (const user of options.users ?? []) {
    if (user.domain === undefined || user.domain === domain) {
      writeFileSync(
        join(accounts, `${encode(user.name)}.dat`),
        `return { password = ${luaString(user.password)} };\n`,
      );
    }
  }
}

interface Settings {
  readonly folder: string;
  readonly address: string;
  readonly c2sPort: number;
  readonly componentPort: number;
  readonly domains: readonly string[];
  readonly options: XmppServerOptions;
}

function configuration({ folder, address, c2sPort, componentPort, domains, options }: Settings): string {
  const s2s = options.s2s;
  return `
run_as_root = true
daemonize = false
pidfile = ${luaString(join(folder, "prosody.pid"))}
data_path = ${luaString(join(folder, "data"))}
interfaces = { "${address}" }
c2s_ports = { ${c2sPort} }
component_ports = { ${componentPort} }
component_interfaces = { "${address}" }
${s2s === undefined ? 'modules_disabled = { "s2s" }' : `s2s_ports = { ${s2s.port ?? 5269} }\n${federation(s2s.dns)}`}
modules_enabled = { "roster", "saslauth", "disco", "ping", "posix", "blocklist", "carbons", "version", "presence", "message", "iq", "dialback" }
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = false
s2s_require_encryption = false
s2s_secure_auth = false
allow_unencrypted_plain_auth = true
component_max_stanza_size = 2097152
c2s_stanza_size_limit = 2097152
s2s_stanza_size_limit = 2097152
log = { { levels = { min = "${options.logLevel ?? "info"}" }, to = "console" } }
${domains.map((domain) => `VirtualHost "${domain}"\n`).join("")}
${(options.components ?? []).map(({ host, secret }) => `Component "${host}"\n  component_secret = ${luaString(secret)}\n  modules_enabled = { ${s2s === undefined ? "" : '"dialback"'} }\n`).join("")}
${options.componentSnippet ?? ""}
`;
}

// libunbound refuses name servers on loopback and knows that .test does not exist, until told otherwise.
function federation(dns: string): string {
  return `unbound = { resolvconf = false, forward = "${dns}", options = { ["do-not-query-localhost:"] = "no", ["local-zone:"] = "test. transparent" } }`;
}

function luaString(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n")}"`;
}
