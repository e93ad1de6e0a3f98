/**
 * Phones made of the libraries that real ones are made of, driven by JSON lines: linphone's and Pidgin's. They register,
 * publish, watch and are watched as those do, and say what they would show to a person.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EVERYWHERE, linphoneSettings } from "./linphone";
import { freePort, holdAddress } from "./ports";
import { findProgram, Program, temporaryFolder } from "./processes";

export interface LibraryPhoneOptions {
  /** SIP address, such as "romeo@sip.test". */
  readonly aor: string;
  /** Where its requests go, by UDP. */
  readonly proxy: { readonly address: string; readonly port: number };
  /** URIs that it watches from the start. */
  readonly contacts?: readonly string[];
  /** Ask its user about each watcher (see decide), instead of taking everybody; linphone only. */
  readonly asks?: boolean;
  /** Lifetime of what it publishes, in seconds; linphone only. */
  readonly publish?: number;
  /** Of its account. */
  readonly password?: string;
  /** "udp" when absent; Pidgin only. */
  readonly transport?: "udp" | "tcp";
  /** Its own port; a free one when absent. */
  readonly port?: number;
}

/** What it shows of a contact. */
export interface Shown {
  readonly uri: string;
  /** In its own words: linphone says online, busy, do-not-disturb or offline; Pidgin available or offline. */
  readonly state: string;
  /** RPID activity, where it takes one in. */
  readonly activity: string | null;
  readonly note: string | null;
}

export class LibraryPhone {
  /** What it showed so far, oldest first. */
  readonly history: Shown[] = [];
  /** Texts that it displayed so far. */
  readonly received: { readonly uri: string; readonly text: string }[] = [];
  private readonly events = new Set<string>();

  constructor(
    private readonly program: Program,
    readonly port: number,
  ) {
    program.onLine((line) => {
      const event = JSON.parse(line) as { readonly event: string } & Shown;
      if (event.event === "presence") this.history.push(event);
      else if (event.event === "message")
        this.received.push(event as unknown as { uri: string; text: string });
      else this.events.add(event.event);
    });
    program.start();
  }

  /** Resolves when it has started and is registered. */
  async online(): Promise<void> {
    await this.until("registration", () => this.events.has("online"));
  }

  watch(uri: string): void {
    this.tell({ watch: uri });
  }

  /** Sends a MESSAGE. */
  say(to: string, text: string): void {
    this.tell({ say: text, to });
  }

  unwatch(uri: string): void {
    this.tell({ unwatch: uri });
  }

  /**
   * Tells its own state: online, offline, or away, busy and so on, with a note for linphone. Not before it has the answer to
   * its last PUBLISH: liblinphone would keep the next one back for five seconds.
   */
  async be(state: string, note?: string): Promise<void> {
    await this.until("answer to PUBLISH", () => {
      const log = this.log();
      const last = log.lastIndexOf(PUBLISH_STATE);
      return last < 0 || !log.startsWith("Progress", last + PUBLISH_STATE.length);
    });
    this.tell({ be: state, ...(note === undefined ? {} : { note }) });
  }

  /** Waits for a watcher who needs a decision. */
  askedBy(uri: string, ms?: number): Promise<void> {
    return this.until(`question about ${uri}`, () => this.events.has(`asked by ${uri}`), ms);
  }

  decide(uri: string, what: "accept" | "deny"): void {
    this.tell({ decide: what, uri });
  }

  /** What it shows of a contact now; undefined when nothing was said yet. */
  shows(uri: string): Shown | undefined {
    return this.history.findLast((shown) => shown.uri === uri);
  }

  /** Resolves when it shows the contact so; `text` is what a person would call it, for the message of a failure. */
  untilShows(uri: string, wanted: Partial<Shown>, ms = 10_000): Promise<void> {
    const fits = (shown: Shown) =>
      Object.entries(wanted).every(([key, value]) => shown[key as keyof Shown] === value);
    return this.until(
      `${JSON.stringify(wanted)} of ${uri}`,
      () => {
        const shown = this.shows(uri);
        return shown !== undefined && fits(shown);
      },
      ms,
    );
  }

  until(what: string, check: () => boolean, ms?: number): Promise<void> {
    return this.program.until(what, check, ms);
  }

  /** Its own log, with all that it sent and took. */
  log(): string {
    return this.program.log();
  }

  /** Signs off as a person would. */
  async stop(): Promise<void> {
    this.tell({ quit: true });
    const alarm = setTimeout(() => this.program.killGroup(), 5_000);
    await this.program.exited;
    clearTimeout(alarm);
  }

  /** The battery is empty. */
  async kill(): Promise<void> {
    this.program.killGroup();
    await this.program.exited;
  }

  private tell(command: object): void {
    this.program.write(`${JSON.stringify(command)}\n`);
  }
}

/** A phone on liblinphone: registers and publishes; takes every watcher. */
export async function startLinphonePhone(options: LibraryPhoneOptions): Promise<LibraryPhone> {
  const folder = temporaryFolder("linphone");
  const port = options.port ?? (await freePort(EVERYWHERE));
  const settings = linphoneSettings(
    { ...options, register: true, publish: options.publish ?? 600 },
    folder,
    port,
  );
  writeFileSync(join(folder, "linphonerc"), settings);
  return start("liblinphone", "linphone_phone.py", { folder, asks: options.asks === true }, port, options);
}

/** A client on libpurple's SIMPLE, as Pidgin is: registers and publishes; takes every watcher. */
export async function startPurplePhone(options: LibraryPhoneOptions): Promise<LibraryPhone> {
  const folder = temporaryFolder("purple");
  const address = await holdAddress();
  const port = options.port ?? (await freePort(EVERYWHERE)); // libpurple listens there, too
  const { aor, proxy, contacts = [], password = "x", transport = "udp" } = options;
  const settings = { folder, aor, proxy, own: { address, port }, contacts, password, transport };
  return start("libpurple", "purple_phone.py", settings, port);
}

/** Finch itself, on a terminal, driven by keys: the libpurple of Pidgin with windows of its own. It has one contact. */
export async function startFinch(options: LibraryPhoneOptions): Promise<LibraryPhone> {
  const folder = temporaryFolder("finch");
  const address = await holdAddress();
  const port = options.port ?? (await freePort(EVERYWHERE));
  const { aor, proxy, contacts = [], password = "x" } = options;
  const settings = { folder, aor, proxy, own: { address, port }, contacts, password };
  return start("finch", "finch_phone.py", settings, port);
}

async function start(
  name: string,
  script: string,
  settings: { readonly folder: string } & Readonly<Record<string, unknown>>,
  port: number,
  { contacts = [] }: { readonly contacts?: readonly string[] } = {},
): Promise<LibraryPhone> {
  const program = new Program({
    name,
    program: findProgram(PYTHON, "python3"),
    packageName: "python3",
    args: [join(__dirname, script), JSON.stringify(settings)],
    cwd: settings.folder,
    env: { HOME: settings.folder, XDG_DATA_HOME: settings.folder, XDG_CONFIG_HOME: settings.folder },
    outputIsProtocol: true,
  });
  const phone = new LibraryPhone(program, port);
  await phone.online();
  for (const uri of contacts) phone.watch(uri);
  return phone;
}

const PUBLISH_STATE = "to publish state LinphonePublish";
const PYTHON = "/usr/bin/python3";
