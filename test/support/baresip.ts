/** A real baresip: a SIP phone driven through its control port. */

import { mkdirSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { accepts, freePort, holdAddress } from "./ports";
import { Program, temporaryFolder } from "./processes";

export interface BaresipOptions {
  /** SIP address, such as "romeo@sip.test". */
  readonly aor: string;
  /** Where its requests go. */
  readonly proxy: {
    readonly address: string;
    readonly port: number;
    readonly transport?: "udp" | "tcp" | "tls";
  };
  readonly password?: string;
  /** Its name in the digest; that of its address when absent. */
  readonly username?: string;
  /** Whom it can write to: it has no command for that, only its list of contacts. */
  readonly contacts: readonly string[];
  /** Register at the proxy? (no when absent) */
  readonly register?: boolean;
  /** Publish its state, watch its contacts and be watched (no when absent). */
  readonly presence?: boolean;
  readonly address?: string;
  readonly port?: number;
  /** For TLS: its certificate and key as PEM text, and the file with the authority. */
  readonly tls?: { readonly certificateAndKey: string; readonly caFile: string };
}

export interface Baresip {
  readonly address: string;
  /** Its SIP port for UDP and TCP; TLS is the next one. */
  readonly port: number;
  /** Sends a MESSAGE to a contact. What becomes of it is in log(). */
  message(to: string, text: string): Promise<void>;
  /** Runs a command as a person would type it, without the slash; resolves with what it prints. */
  command(command: string, params?: string): Promise<string>;
  /** What its list of contacts says of this one: Online, Offline, Busy or Unknown. */
  shows(uri: string): Promise<string | undefined>;
  /** Resolves when it shows the contact so. */
  untilShows(uri: string, state: string, ms?: number): Promise<void>;
  /**
   * Publishes and tells its watchers that it is there, or not. Not before it has the answer to its last PUBLISH: without an
   * entity tag it would make a second publication and forget the first.
   */
  be(state: "online" | "offline"): Promise<void>;
  /** Texts that it displayed so far. */
  received(): string[];
  /** Resolves when the log says so. */
  until(what: string, check: (log: string) => boolean, ms?: number): Promise<void>;
  log(): string;
  stop(): Promise<void>;
  /** The battery is empty. */
  kill(): Promise<void>;
}

/** Starts baresip and waits for its control port. */
export async function startBaresip(options: BaresipOptions): Promise<Baresip> {
  const folder = temporaryFolder("baresip");
  const address = options.address ?? (await holdAddress());
  const port = options.port ?? (await freePort(address));
  const controlPort = await freePort(address);
  const consolePort = await freePort(address);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "config"),
    configuration(options, folder, { address, port, controlPort, consolePort }),
  );
  writeFileSync(join(folder, "accounts"), account(options));
  const watch = options.presence === true ? ";presence=p2p" : "";
  writeFileSync(
    join(folder, "contacts"),
    options.contacts.map((uri) => `"${uri}" <${uri}>${watch}\n`).join(""),
  );
  writeFileSync(join(folder, "tls.pem"), options.tls?.certificateAndKey ?? "");
  const program = new Program({
    name: "baresip",
    program: "baresip",
    packageName: "baresip-core",
    args: ["-f", folder, "-4", "-v", ...(options.presence === true ? ["-s"] : [])], // -s: SIP goes into the log
    cwd: folder,
    env: { HOME: folder },
  });
  program.start();
  await program.until("control port", () => accepts(address, controlPort));
  await program.until("console port", () => accepts(address, consolePort));
  const control = await open(address, controlPort);
  const screen = await open(address, consolePort); // what a person would see
  let shown = "";
  screen.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  screen.on("error", () => undefined);
  const answers: ((data: string) => void)[] = [];
  listen(control, (event) => {
    if (event.response === true) {
      answers.shift()?.(event.data ?? "");
    }
  });
  const command = (name: string, params = "") => {
    const text = JSON.stringify({ command: name, params });
    control.write(`${Buffer.byteLength(text)}:${text},`);
    return new Promise<string>((resolve) => answers.push(resolve));
  };
  const select = async (to: string) => {
    for (const move of options.contacts.flatMap(() => ["contact_prev", "contact_next"]).sort()) {
      if ((await command(move)).includes(`<${to}>`)) {
        return;
      }
    }
    throw new Error(`baresip has no contact ${to}`);
  };
  const log = () => program.log() + shown;
  const shows = async (uri: string) => {
    const line = (await command("contacts")).split("\n").find((one) => one.includes(`<${uri}>`));
    return /Online|Offline|Busy|Unknown/.exec(line ?? "")?.[0]; // among escapes for its colour
  };
  return {
    address,
    port,
    message: async (to, text) => {
      await select(to);
      await command("message", text);
    },
    command,
    shows,
    untilShows: (uri, state, ms) =>
      program.until(`${state} of ${uri}`, async () => (await shows(uri)) === state, ms),
    be: async (state) => {
      await program.until("answer to PUBLISH", () => published(program.log()));
      await command(`presence_${state}`);
    },
    received: () => [...shown.matchAll(/\r\S+: "([\s\S]*?)"\n(?=\r|$)/g)].map((match) => match[1] ?? ""),
    until: (what, check, ms) => program.until(what, () => check(log()), ms),
    log,
    stop: async () => {
      control.destroy();
      screen.destroy();
      await program.stop(2_000);
    },
    kill: async () => {
      control.destroy();
      screen.destroy();
      program.killGroup();
      await program.exited;
    },
  };
}

/** Has every PUBLISH in the log been answered? */
function published(log: string): boolean {
  const messages = log.split("#\nUDP ").map((part) => part.slice(part.indexOf("\n") + 1));
  const numbers = (start: RegExp) =>
    messages.flatMap((text) => (start.test(text) ? (/^CSeq: (\d+) PUBLISH/m.exec(text)?.[1] ?? []) : []));
  const answered = new Set(numbers(/^SIP\/2\.0 [2-6]/));
  return numbers(/^PUBLISH /).every((number) => answered.has(number));
}

interface Ports {
  readonly address: string;
  readonly port: number;
  readonly controlPort: number;
  readonly consolePort: number;
}

interface ControlEvent {
  readonly response?: boolean;
  readonly data?: string;
}

function configuration(
  { tls, presence }: BaresipOptions,
  folder: string,
  { address, port, controlPort, consolePort }: Ports,
): string {
  return `sip_listen ${address}:${port}
${tls === undefined ? "" : `sip_certificate ${join(folder, "tls.pem")}\nsip_cafile ${tls.caFile}`}
module_path /usr/lib/baresip/modules
module_tmp uuid.so
module_tmp account.so
module_app contact.so
module_app menu.so
module ctrl_tcp.so
ctrl_tcp_listen ${address}:${controlPort}
module cons.so
${presence === true ? "module_app presence.so" : ""}
cons_listen ${address}:${consolePort}
`;
}

function account(options: BaresipOptions): string {
  const { address, port, transport = "udp" } = options.proxy;
  const more = [
    `outbound="sip:${address}:${port};transport=${transport}"`,
    `regint=${options.register === true ? 600 : 0}`,
    `pubint=${options.presence === true ? 600 : 0}`,
    ...(options.username === undefined ? [] : [`auth_user=${options.username}`]),
    ...(options.password === undefined ? [] : [`auth_pass=${options.password}`]),
  ];
  return `<sip:${options.aor};transport=${transport}>;${more.join(";")}\n`;
}

function open(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, address, () => resolve(socket));
    socket.once("error", reject);
    socket.unref();
  });
}

// Netstrings: "12:{"a":"b"},…"
function listen(socket: Socket, take: (event: ControlEvent) => void): void {
  let buffered = Buffer.alloc(0);
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => {
    buffered = Buffer.concat([buffered, bytes]);
    for (;;) {
      const colon = buffered.indexOf(":");
      const length = Number(buffered.toString("latin1", 0, Math.max(colon, 0)));
      if (colon < 0 || buffered.length < colon + 1 + length + 1) {
        return;
      }
      take(JSON.parse(buffered.toString("utf8", colon + 1, colon + 1 + length)) as ControlEvent);
      buffered = buffered.subarray(colon + 1 + length + 1);
    }
  });
}
