/** A slixmpp client in its own process (slixmpp_client.py), driven by JSON lines. */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { findProgram, NotInstalled, Program } from "./processes";
import { attribute, child, childText, parseXml, type Xml } from "./xml";

export interface XmppClientOptions {
  /** Bare JID. */
  readonly jid: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
  readonly resource?: string;
  /** Send initial presence (true when absent). */
  readonly presence?: boolean;
}

/** A stanza as it came. */
export interface Stanza {
  readonly xml: string;
  readonly element: Xml;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly id: string;
  /** Text of body, undefined when there is none. */
  readonly body: string | undefined;
  /** Of an error: condition, type and text. */
  readonly error: { readonly condition: string; readonly type: string; readonly text: string } | undefined;
}

/** What a client says, or is told, of one resource. */
export interface PresenceState {
  readonly available: boolean;
  /** away, chat, dnd or xa; "" for none. */
  readonly show: string;
  readonly status: string;
  readonly priority: number;
}

export interface PresenceOut {
  readonly show?: string;
  readonly status?: string;
  readonly priority?: number;
  readonly lang?: string;
  /** Nobody but this one is told (RFC 6121 §4.6). */
  readonly to?: string;
  readonly type?: "unavailable" | "probe";
  /** Further children, as XML. */
  readonly extra?: string;
}

export interface MessageOut {
  readonly to: string;
  readonly body?: string;
  readonly subject?: string;
  readonly thread?: string;
  readonly id?: string;
  /** "chat" when absent. */
  readonly type?: string;
  readonly lang?: string;
  /** Ask for an XEP-0184 receipt. */
  readonly receipt?: boolean;
  /** XEP-0085 state, such as "composing". */
  readonly chatState?: string;
  /** Further children, as XML. */
  readonly extra?: string;
}

/** Connects, binds and waits until the session is up. */
export async function startXmppClient(options: XmppClientOptions): Promise<XmppClient> {
  requireSlixmpp();
  const client = new XmppClient(options);
  await client.online();
  return client;
}

export class XmppClient {
  /** Every stanza that came, oldest first. */
  readonly stanzas: Stanza[] = [];
  /** Every presence stanza that came, oldest first; nobody takes one out. */
  readonly presences: Stanza[] = [];
  private readonly program: Program;
  private readonly waiters = new Set<() => void>();
  private fullJid: string | undefined;
  private readonly events: string[] = [];
  private counter = 0;

  constructor(private readonly options: XmppClientOptions) {
    const { jid, password, host, port, resource = "test" } = options;
    this.program = new Program({
      name: `slixmpp ${jid}`,
      program: PYTHON,
      packageName: "python3-slixmpp",
      args: ["-W", "ignore", CLIENT, JSON.stringify({ jid: `${jid}/${resource}`, password, host, port })],
      outputIsProtocol: true,
    });
    this.program.onLine((line) => this.take(line));
    this.program.start();
  }

  /** Our full JID. */
  get jid(): string {
    return this.fullJid ?? this.options.jid;
  }

  get pid(): number | undefined {
    return this.program.pid;
  }

  log(): string {
    return `${this.events.join("\n")}\n${this.program.log()}`;
  }

  async online(): Promise<void> {
    await this.program.until("session", () => this.fullJid !== undefined, 30_000);
    if (this.options.presence !== false) {
      const id = this.nextId();
      this.raw(`<presence id="${id}"/>`); // its echo says that the server has it
      await this.next((stanza) => stanza.name === "presence" && stanza.id === id, "own presence");
    }
  }

  /** Writes XML into the stream as it is. */
  raw(xml: string): void {
    this.program.write(`${JSON.stringify({ raw: xml })}\n`);
  }

  /** Sends a message; returns its id. */
  message(message: MessageOut): string {
    const id = message.id ?? this.nextId();
    const lang = message.lang === undefined ? "" : ` xml:lang="${escapeXml(message.lang)}"`;
    this.raw(
      `<message to="${escapeXml(message.to)}" type="${message.type ?? "chat"}" id="${escapeXml(id)}"${lang}>` +
        optional("subject", message.subject) +
        optional("body", message.body) +
        optional("thread", message.thread) +
        (message.chatState === undefined
          ? ""
          : `<${message.chatState} xmlns="http://jabber.org/protocol/chatstates"/>`) +
        (message.receipt === true ? '<request xmlns="urn:xmpp:receipts"/>' : "") +
        `${message.extra ?? ""}</message>`,
    );
    return id;
  }

  /** Sends presence: to all who may see us, unless `to` is given. */
  presence(presence: PresenceOut = {}): void {
    const { to, type, lang, show, status, priority, extra } = presence;
    const attributes = Object.entries({ to, type, "xml:lang": lang })
      .map(([name, value]) => (value === undefined ? "" : ` ${name}="${escapeXml(value)}"`))
      .join("");
    this.raw(
      `<presence${attributes}>${optional("show", show)}${optional("status", status)}` +
        `${optional("priority", priority?.toString())}${extra ?? ""}</presence>`,
    );
  }

  /** Asks to see somebody, takes it back, lets somebody see us, or does not let him. */
  subscription(type: "subscribe" | "unsubscribe" | "subscribed" | "unsubscribed", to: string): void {
    this.raw(`<presence to="${escapeXml(to)}" type="${type}" id="${this.nextId()}"/>`);
  }

  /** The next presence of this type from somebody (a bare JID), taken out of `stanzas`. */
  nextPresence(type: string, from: string, ms?: number): Promise<Stanza> {
    return this.next(
      (s) => s.name === "presence" && s.type === type && bare(s.from) === from,
      `presence ${type === "" ? "available" : type} from ${from}`,
      ms,
    );
  }

  /** All that we were told of somebody's resources (bare JID → resource → last state); those that left are there as such. */
  resourcesOf(from: string): Readonly<Record<string, PresenceState>> {
    const told = this.presences.filter(
      ({ from: jid, type }) => bare(jid) === from && (type === "" || type === "unavailable"),
    );
    return Object.fromEntries(told.map((s) => [s.from.slice(from.length + 1), stateOf(s)]));
  }

  /** Resolves when what we were told of somebody fits. */
  async untilSees(
    from: string,
    what: string,
    fits: (resources: readonly PresenceState[], byName: Readonly<Record<string, PresenceState>>) => boolean,
    ms = 10_000,
  ): Promise<void> {
    const end = Date.now() + ms;
    while (!fits(Object.values(this.resourcesOf(from)), this.resourcesOf(from))) {
      const left = end - Date.now();
      if (left <= 0 || !this.program.running) {
        const seen = JSON.stringify(this.resourcesOf(from));
        throw new Error(`${this.options.jid} does not see ${from} ${what} within ${ms} ms, but ${seen}`);
      }
      await this.more(left);
    }
  }

  /** Our roster: bare JID → subscription ("none", "to", "from", "both") and whether we wait for an answer. */
  async roster(): Promise<
    Readonly<Record<string, { readonly subscription: string; readonly asked: boolean }>>
  > {
    const answer = await this.iq("get", undefined, '<query xmlns="jabber:iq:roster"/>');
    const items = child(answer.element, "query")?.children ?? [];
    return Object.fromEntries(
      items
        .filter((item) => typeof item !== "string")
        .map((item) => [
          attribute(item, "jid"),
          { subscription: attribute(item, "subscription"), asked: attribute(item, "ask") === "subscribe" },
        ]),
    );
  }

  /** Sends an IQ and waits for its result or error. */
  async iq(type: "get" | "set", to: string | undefined, payload: string, ms = 10_000): Promise<Stanza> {
    const id = this.nextId();
    this.raw(
      `<iq type="${type}" id="${id}"${to === undefined ? "" : ` to="${escapeXml(to)}"`}>${payload}</iq>`,
    );
    return this.next(
      (stanza) =>
        stanza.name === "iq" && stanza.id === id && (stanza.type === "result" || stanza.type === "error"),
      `answer to IQ ${payload}`,
      ms,
    );
  }

  /** XEP-0191. */
  async block(jid: string): Promise<void> {
    const answer = await this.iq(
      "set",
      undefined,
      `<block xmlns="urn:xmpp:blocking"><item jid="${escapeXml(jid)}"/></block>`,
    );
    if (answer.type !== "result") {
      throw new Error(`not blocked: ${answer.xml}`);
    }
  }

  async unblock(jid: string): Promise<void> {
    await this.iq(
      "set",
      undefined,
      `<unblock xmlns="urn:xmpp:blocking"><item jid="${escapeXml(jid)}"/></unblock>`,
    );
  }

  /** The first stanza, among those that came already or will come, that fits; it is taken out of `stanzas`. */
  async next(fits: (stanza: Stanza) => boolean, what: string, ms = 10_000): Promise<Stanza> {
    const end = Date.now() + ms;
    for (;;) {
      const at = this.stanzas.findIndex(fits);
      if (at >= 0) {
        return this.stanzas.splice(at, 1)[0] as Stanza;
      }
      if (!this.program.running) {
        throw new Error(`${this.options.jid} is offline, waiting for ${what}\n${this.log()}`);
      }
      const left = end - Date.now();
      if (left <= 0) {
        throw new Error(
          `${this.options.jid}: no ${what} within ${ms} ms; there is ${this.stanzas.map((s) => s.xml)}`,
        );
      }
      await this.more(left);
    }
  }

  /** The next message with a body that is not an error. */
  nextMessage(ms?: number): Promise<Stanza> {
    return this.next(
      (s) => s.name === "message" && s.type !== "error" && s.body !== undefined,
      "message",
      ms,
    );
  }

  /** The error for a stanza of ours with this id. */
  nextError(id: string, ms?: number): Promise<Stanza> {
    return this.next((s) => s.type === "error" && s.id === id, `error for ${id}`, ms);
  }

  /**
   * Makes sure that whatever was sent to us through the server before this call has come:
   * the server answers a ping in order.
   */
  async settle(): Promise<void> {
    await this.iq("get", undefined, '<ping xmlns="urn:xmpp:ping"/>');
  }

  /** Closes the stream and ends the process. */
  async stop(): Promise<void> {
    this.program.write(`${JSON.stringify({ quit: true })}\n`);
    const alarm = setTimeout(() => this.program.killGroup(), 3_000);
    await this.program.exited;
    clearTimeout(alarm);
  }

  kill(): void {
    this.program.killGroup();
  }

  private nextId(): string {
    this.counter += 1;
    return `${(this.options.resource ?? "test").replace(/\W/g, "")}-${this.counter}`;
  }

  private take(line: string): void {
    const event = JSON.parse(line) as { event: string; jid?: string; xml?: string; text?: string };
    if (event.event === "stanza") {
      const stanza = readStanza(event.xml ?? "");
      this.stanzas.push(stanza);
      if (stanza.name === "presence") this.presences.push(stanza);
    } else {
      this.events.push(line);
      if (event.event === "online") {
        this.fullJid = event.jid;
      }
    }
    for (const waiter of this.waiters) {
      waiter();
    }
    this.waiters.clear();
  }

  private more(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const alarm = setTimeout(resolve, Math.min(ms, 200));
      this.waiters.add(() => {
        clearTimeout(alarm);
        resolve();
      });
    });
  }
}

/** Reads what every stanza has. */
export function readStanza(xml: string): Stanza {
  const element = parseXml(xml);
  const error = child(element, "error");
  const condition = error?.children.find((c) => typeof c !== "string" && c.name !== "text");
  return {
    xml,
    element,
    name: element.name,
    from: attribute(element, "from"),
    to: attribute(element, "to"),
    type: attribute(element, "type"),
    id: attribute(element, "id"),
    body: childText(element, "body"),
    error:
      attribute(element, "type") !== "error" || error === undefined
        ? undefined
        : {
            condition: condition === undefined || typeof condition === "string" ? "" : condition.name,
            type: attribute(error, "type"),
            text: childText(error, "text") ?? "",
          },
  };
}

function stateOf({ element, type }: Stanza): PresenceState {
  return {
    available: type === "",
    show: childText(element, "show") ?? "",
    status: childText(element, "status") ?? "",
    priority: Number(childText(element, "priority") ?? "0"),
  };
}

function bare(jid: string): string {
  return jid.split("/", 1)[0] ?? jid;
}

/** Throws NotInstalled when Debian's Python has no slixmpp. */
export function requireSlixmpp(): void {
  findProgram(PYTHON, "python3-slixmpp");
  try {
    execFileSync(PYTHON, [
      "-c",
      "import importlib.util,sys; sys.exit(importlib.util.find_spec('slixmpp') is None)",
    ]);
  } catch {
    throw new NotInstalled("python3-slixmpp");
  }
}

/** Text and attribute values for XML. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\r]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function optional(name: string, text: string | undefined): string {
  return text === undefined ? "" : `<${name}>${escapeXml(text)}</${name}>`;
}

// Debian's own interpreter: the one that python3-slixmpp is installed for.
const PYTHON = "/usr/bin/python3";
const CLIENT = join(__dirname, "slixmpp_client.py");
