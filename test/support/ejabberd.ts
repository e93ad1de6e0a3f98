/** A real ejabberd on loopback, as an Erlang node without a name: no epmd, so that several may run side by side. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accepts, freePort, holdAddress } from "./ports";
import { findProgram, Program, temporaryFolder } from "./processes";
import { SNIPPET_PORT, type XmppServer, type XmppServerOptions } from "./xmpp-server";

export interface EjabberdOptions extends XmppServerOptions {
  /** The whole ejabberd.yml instead of one made from the options; it serves clients on 5222 and components on 5347. */
  readonly configuration?: string;
}

/** Starts ejabberd and waits until it takes clients and components. */
export async function startEjabberd(options: EjabberdOptions): Promise<XmppServer> {
  findProgram("ejabberdctl", "ejabberd");
  const folder = temporaryFolder("ejabberd");
  const address = options.address ?? (await holdAddress());
  const isGiven = options.configuration !== undefined;
  const c2sPort = isGiven ? 5222 : await freePort(address);
  const usual = isGiven || options.componentSnippet !== undefined;
  const componentPort = usual ? SNIPPET_PORT : await freePort(address);
  const domains = options.domains ?? [options.domain ?? "xmpp.test"];
  const log = join(folder, "log", "ejabberd.log");
  mkdirSync(join(folder, "spool"));
  mkdirSync(join(folder, "log"));
  writeFileSync(
    join(folder, "ejabberd.yml"),
    options.configuration ?? configuration({ address, c2sPort, componentPort, domains, options }),
  );
  writeFileSync(join(folder, "inetrc"), inetrc(options.s2s?.dns));
  const program = new Program({
    name: "ejabberd",
    program: "erl",
    packageName: "ejabberd",
    args: arguments_(folder, domains, options),
    cwd: folder,
    env: {
      HOME: folder, // the Erlang cookie
      ERL_LIBS: "/usr/lib/x86_64-linux-gnu",
      ERL_INETRC: join(folder, "inetrc"),
      ERL_CRASH_DUMP_BYTES: "0",
      EJABBERD_CONFIG_PATH: join(folder, "ejabberd.yml"),
      EJABBERD_LOG_PATH: log,
    },
  });
  const start = async () => {
    const before = count(program.log(), READY);
    program.start();
    await program.until("accounts", () => count(program.log(), READY) > before, 60_000);
    await program.until("client port", () => accepts(address, c2sPort));
    await program.until("component port", () => accepts(address, componentPort));
  };
  await start();
  return {
    kind: "ejabberd",
    address,
    c2sPort,
    componentPort,
    get pid() {
      return program.pid;
    },
    stop: () => program.stop(10_000),
    kill: (signal) => program.killGroup(signal),
    exited: () => program.exited,
    restart: async () => {
      await program.stop(10_000);
      await start();
    },
    log: () => program.log(),
  };
}

function arguments_(folder: string, domains: readonly string[], options: XmppServerOptions): string[] {
  const binary = (text: string) => `<<${[...Buffer.from(text, "utf8")].join(",")}>>`;
  const users = domains.flatMap((domain) =>
    (options.users ?? [])
      .filter((user) => user.domain === undefined || user.domain === domain)
      .map((user) => `{${binary(user.name)},${binary(domain)},${binary(user.password)}}`),
  );
  // Erlang loads a module when it is first called, which can take many milliseconds; a server that has been up for a while has
  // them all.
  const warm =
    '[code:ensure_loaded(list_to_atom(filename:basename(F,".beam")))||D<-[ejabberd,p1_xmpp],' +
    'F<-filelib:wildcard(filename:join(code:lib_dir(D,ebin),"*.beam"))],';
  const register = `${warm}[ejabberd_auth:try_register(U,S,P)||{U,S,P}<-[${users.join(",")}]],io:format("${READY}~n").`;
  return [
    ...["+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none", "+S", "2"],
    ...["-noinput", "-mnesia", "dir", `"${join(folder, "spool")}"`, "-s", "ejabberd", "-eval", register],
  ];
}

interface Settings {
  readonly address: string;
  readonly c2sPort: number;
  readonly componentPort: number;
  readonly domains: readonly string[];
  readonly options: XmppServerOptions;
}

// JSON is YAML. Password stored plain, so that SASL PLAIN over an unencrypted stream is all that is needed.
function configuration({ address, c2sPort, componentPort, domains, options }: Settings): string {
  const listener = (module: string, port: number, more: object) => ({ module, port, ip: address, ...more });
  const listeners = [
    listener("ejabberd_c2s", c2sPort, { starttls: false, max_stanza_size: 2_097_152, access: "all_allowed" }),
    ...(options.componentSnippet === undefined
      ? [
          listener("ejabberd_service", componentPort, {
            ...admission(options),
            max_stanza_size: "infinity",
          }),
        ]
      : []),
    ...(options.s2s === undefined
      ? []
      : [listener("ejabberd_s2s_in", options.s2s.port ?? 5269, { max_stanza_size: 2_097_152 })]),
  ];
  const settings = {
    loglevel: options.logLevel ?? "info",
    hosts: domains,
    auth_method: "internal",
    auth_password_format: "plain",
    s2s_use_starttls: "false",
    s2s_timeout: 10,
    s2s_max_retry_delay: 1,
    acl: { local: { user_regexp: "" } },
    access_rules: { all_allowed: { allow: "all" } },
    shaper_rules: { max_user_sessions: 1000, max_user_offline_messages: 10_000 },
    modules: {
      mod_blocking: {},
      mod_carboncopy: {},
      mod_disco: {},
      mod_ping: {},
      mod_privacy: {},
      mod_roster: {},
      mod_version: {},
      ...(options.s2s === undefined ? {} : { mod_s2s_dialback: {} }),
    },
  };
  return [
    ...Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value)}`),
    "listen:",
    ...listeners.map((one) => `  - ${JSON.stringify(one)}`),
    options.componentSnippet ?? "",
  ].join("\n");
}

// A listener with `hosts` routes every one of them to every component that connects there; with one `password` each
// connection gets its own host alone, but may name any.
function admission({ components = [], sharedListener }: XmppServerOptions): object {
  if (components.length <= 1 || sharedListener === true) {
    return { hosts: Object.fromEntries(components.map(({ host, secret }) => [host, { password: secret }])) };
  }
  const secrets = new Set(components.map(({ secret }) => secret));
  if (secrets.size > 1) {
    throw new Error("ejabberd in these tests has one secret for all components");
  }
  return { password: [...secrets][0] };
}

function inetrc(dns: string | undefined): string {
  const host = '{host, {127,0,0,1}, ["localhost"]}.\n';
  if (dns === undefined) {
    return `{lookup, [file]}.\n${host}`;
  }
  const [address = "", port = "53"] = dns.split("@");
  const nameserver = `{alt_nameserver, {${address.replace(/\./g, ",")}}, ${port}}.\n`;
  return `{lookup, [file, dns]}.\n{resolv_conf, ""}.\n{hosts_file, ""}.\n${nameserver.replace("alt_", "")}${host}`;
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

const READY = "accounts registered";
