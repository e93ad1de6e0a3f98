/** An XMPP side with a log that tests can read, and a server on loopback that misbehaves as told. */

import { createHash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import type { ProofOutcome } from "../../../src/core/input";
import type { Clock, Log, XmppMessageHandler } from "../../../src/gateway/sides";
import { createCounters } from "../../../src/runtime/counters";
import { randomIds } from "../../../src/runtime/ids";
import { type Element, element } from "../../../src/xml/element";
import { NS } from "../../../src/xml/namespaces";
import { type ComponentSide, createXmppSide, type LinkState } from "../../../src/xmpp/component";
import type { XmppOptions } from "../../../src/xmpp/options";

export const HOST = "sip.xmpp.test";
export const SECRET = "a sécret";

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Rig {
  readonly side: ComponentSide;
  readonly counters: ReturnType<typeof createCounters>;
  readonly lines: LogLine[];
  readonly states: LinkState[];
  readonly messages: Element[];
  /** Resolves at the next change, or the present state, that fits. */
  reaches(state: LinkState["state"]): Promise<LinkState>;
  /** Resolves when the link comes to this state anew. */
  comes(state: LinkState["state"]): Promise<LinkState>;
}

/** The side, started, with short times unless told otherwise. */
export function startSide(
  at: { readonly address: string; readonly port: number },
  more: Partial<XmppOptions> & {
    readonly secret?: string;
    readonly host?: string;
    readonly onMessage?: XmppMessageHandler;
  } = {},
): Rig {
  const lines: LogLine[] = [];
  const states: LinkState[] = [];
  const messages: Element[] = [];
  const counters = createCounters();
  const { secret = SECRET, host = HOST, onMessage, ...options } = more;
  const side = createXmppSide(
    { ...OPTIONS, components: [{ host, ...at, secret }], ...options },
    { clock: REAL_CLOCK, ids: randomIds(), log: logInto(lines, {}), counters },
  );
  const waiters = new Set<(state: LinkState) => void>();
  side.onLinkChange((state) => {
    states.push(state);
    for (const waiter of [...waiters]) waiter(state);
  });
  side.start(onMessage ?? ((message) => messages.push(message.stanza)));
  const comes = (wanted: LinkState["state"]) =>
    new Promise<LinkState>((resolve) => {
      const waiter = (state: LinkState) => {
        if (state.state !== wanted) return;
        waiters.delete(waiter);
        resolve(state);
      };
      waiters.add(waiter);
    });
  const reaches = async (wanted: LinkState["state"]) => {
    const now = side.links()[0] as LinkState;
    return now.state === wanted ? now : comes(wanted);
  };
  return { side, counters, lines, states, messages, reaches, comes };
}

/** A chat message from a SIP user of ours. */
export function chat(id: string, to: string, body: string, from = `romeo@${HOST}`): Element {
  return element(NS.client, "message", { from, to, id, type: "chat" }, element(NS.client, "body", {}, body));
}

export function kinds(outcomes: readonly ProofOutcome[]): Record<string, number> {
  const count: Record<string, number> = {};
  for (const { kind } of outcomes) count[kind] = (count[kind] ?? 0) + 1;
  return count;
}

export interface FakeConnection {
  readonly socket: Socket;
  /** Everything that came. */
  received: string;
  send(text: string | Buffer): void;
  /** Resolves when what came since the last call holds this. */
  until(part: string): Promise<string>;
}

export interface FakeServer {
  readonly address: string;
  readonly port: number;
  readonly connections: FakeConnection[];
  stop(): Promise<void>;
}

export interface FakeBehaviour {
  /** What a new connection does; the usual handshake when absent. */
  readonly onConnection?: (connection: FakeConnection, index: number) => void | Promise<void>;
  /** After the handshake: answer pings to anybody? */
  readonly answersPings?: boolean;
}

/** A component port that speaks as little as is needed. */
export async function startFakeServer(behaviour: FakeBehaviour = {}): Promise<FakeServer> {
  const connections: FakeConnection[] = [];
  const server: Server = createServer((socket) => {
    const connection = connectionOf(socket);
    connections.push(connection);
    const act = behaviour.onConnection ?? ((it) => handshake(it, behaviour.answersPings !== false));
    // A test that ends in the middle of a handshake leaves a promise that nobody waits for.
    Promise.resolve(act(connection, connections.length - 1)).catch(() => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    address: "127.0.0.1",
    port,
    connections,
    stop: () =>
      new Promise((resolve) => {
        for (const { socket } of connections) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** XEP-0114 §3 as the server sees it; checks the secret. */
export async function handshake(connection: FakeConnection, answersPings = true): Promise<void> {
  await connection.until("<stream:stream");
  connection.send(HEADER);
  const text = await connection.until("</handshake>");
  const hash = createHash("sha1").update(`${STREAM_ID}${SECRET}`, "utf8").digest("hex");
  if (!text.includes(hash)) {
    connection.send(
      "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
    );
    connection.socket.end();
    return;
  }
  if (answersPings) answerPings(connection);
  let tail = "";
  connection.socket.on("data", (data) => {
    tail = (tail + data.toString("latin1")).slice(-END.length);
    if (tail === END) connection.socket.end(END);
  });
  connection.send("<handshake/>");
}

/** Answers each ping as the domain that it went to, in order. */
export function answerPings(connection: FakeConnection): void {
  let rest = "";
  connection.socket.on("data", (data) => {
    rest += data.toString("utf8");
    let end = 0;
    for (const match of rest.matchAll(PING)) {
      connection.send(`<iq type='result' from='${match[1]}' to='${HOST}' id='${match[2]}'/>`);
      end = match.index + match[0].length;
    }
    rest = rest.slice(end);
  });
}

function connectionOf(socket: Socket): FakeConnection {
  let seen = 0;
  let wake: (() => void) | undefined;
  const connection: FakeConnection = {
    socket,
    received: "",
    send: (text) => {
      if (socket.writable) socket.write(text);
    },
    until: async (part) => {
      for (;;) {
        const at = connection.received.indexOf(part, seen);
        if (at >= 0) {
          const text = connection.received.slice(seen, at + part.length);
          seen = at + part.length;
          return text;
        }
        if (socket.destroyed) throw new Error(`closed before ${part}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
  socket.on("data", (data) => {
    connection.received += data.toString("utf8");
    wake?.();
  });
  socket.on("close", () => wake?.());
  socket.on("error", () => undefined);
  return connection;
}

function logInto(lines: LogLine[], context: Readonly<Record<string, unknown>>): Log {
  const at = (level: LogLine["level"]) => (fields: Readonly<Record<string, unknown>>, event: string) => {
    lines.push({ level, event, fields: { ...context, ...fields } });
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => logInto(lines, { ...context, ...fields }),
  };
}

const REAL_CLOCK: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};

const END = "</stream:stream>";
export const STREAM_ID = "s1";
export const HEADER = `<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' from='${HOST}' id='${STREAM_ID}'>`;
const PING = /<iq type='get' from='[^']*' to='([^']*)' id='([^']*)'><ping xmlns='urn:xmpp:ping'\/><\/iq>/g;

const OPTIONS: Omit<XmppOptions, "components"> = {
  reconnectMs: { first: 20, longest: 200 },
  pingEveryMs: 30_000,
  pingDeadlineMs: 10_000,
  proofDeadlineMs: 10_000,
  maximumInFlight: 10_000,
  maximumQueuedBytes: 16 * 1024 * 1024,
  maximumStanzaBytes: 1024 * 1024,
  maximumDepth: 64,
  software: { name: "Isthmus", version: "0.0.0" },
};
