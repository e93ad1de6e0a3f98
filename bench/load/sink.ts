/** A bare component server, or a component of a real one, in a process of its own: counts message stanzas, answers pings, sends stanzas at a rate. */

import { createHash } from "node:crypto";
import { createConnection, createServer, type Socket } from "node:net";

/** What the parent asks, and what it is told. */
export type SinkCommand =
  | { readonly do: "count" }
  | { readonly do: "reset" }
  /** Stanzas from many users, so many a second, in all `count`. */
  | { readonly do: "send"; readonly rate: number; readonly count: number; readonly users: number };
export interface SinkReport {
  readonly messages: number;
  readonly errors: number;
  readonly sent: number;
  /** One-way times of probes, milliseconds: bodies `probe <hrtime>`. */
  readonly probes: readonly number[];
}

const HOST = process.argv[2] ?? "sip.bench";
const PORT = Number(process.argv[3] ?? 0);
/** Given: the sink joins the server at PORT as the component HOST, instead of being the server. */
const SECRET = process.argv[4];
const TICK_MS = 5;

let messages = 0;
let errors = 0;
let sent = 0;
let probes: number[] = [];
let component: Socket | undefined;

if (SECRET === undefined) {
  const server = createServer((socket) => serve(socket, acceptComponent));
  server.listen(PORT, "127.0.0.1", () =>
    process.send?.({ port: (server.address() as { port: number }).port }),
  );
} else {
  const socket = createConnection(PORT, "127.0.0.1", () => {
    socket.write(
      `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='${HOST}'>`,
    );
    process.send?.({ port: PORT });
  });
  serve(socket, joinServer);
}

/** @param greet reads what came before the stanzas; true when the handshake is done */
function serve(socket: Socket, greet: (socket: Socket, text: string) => boolean | undefined): void {
  socket.setNoDelay(true);
  let rest = "";
  let isShaken = false;
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    rest += chunk.toString("latin1");
    if (isShaken) {
      rest = take(socket, rest);
      return;
    }
    const done = greet(socket, rest);
    if (done === undefined) return;
    rest = "";
    isShaken = done;
    if (!done) return;
    component = socket;
    process.send?.({ ready: true });
  });
}

/** XEP-0114 §3 as a server that takes any secret. Undefined: more must come. */
function acceptComponent(socket: Socket, text: string): boolean | undefined {
  if (text.includes("<stream:stream") && !text.includes("<handshake")) {
    socket.write(
      `<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:component:accept' from='${HOST}' id='bench'>`,
    );
    return false;
  }
  if (!/<handshake[^>]*>[^<]*<\/handshake>/.test(text)) return undefined;
  socket.write("<handshake/>");
  return true;
}

/** XEP-0114 §3 as a component. */
function joinServer(socket: Socket, text: string): boolean | undefined {
  if (text.includes("<handshake")) return true;
  const id = /<stream:stream[^>]*\sid=['"]([^'"]*)['"][^>]*>/.exec(text)?.[1];
  if (id === undefined) return undefined;
  const digest = createHash("sha1").update(`${id}${SECRET}`).digest("hex");
  socket.write(`<handshake>${digest}</handshake>`);
  return false;
}

/** Counts what is whole, answers pings, gives back what is not whole yet. */
function take(socket: Socket, text: string): string {
  let at = 0;
  let replies = "";
  for (;;) {
    const start = text.indexOf("<", at);
    if (start < 0) break;
    if (text.startsWith("<message", start)) {
      const end = text.indexOf("</message>", start);
      if (end < 0) return flush(socket, replies, text.slice(start));
      countMessage(text, start, end);
      at = end + 10;
    } else if (text.startsWith("<iq", start)) {
      const end = text.indexOf("</iq>", start);
      if (end < 0) return flush(socket, replies, text.slice(start));
      replies += answer(text.slice(start, end));
      at = end + 5;
    } else {
      const end = text.indexOf(">", start);
      if (end < 0) return flush(socket, replies, text.slice(start));
      at = end + 1;
    }
  }
  return flush(socket, replies, "");
}

function flush(socket: Socket, replies: string, rest: string): string {
  if (replies !== "") socket.write(replies);
  return rest;
}

function countMessage(text: string, start: number, end: number): void {
  messages += 1;
  const head = text.slice(start, Math.min(end, start + 200));
  if (head.includes("type='error'") || head.includes('type="error"')) errors += 1;
  // From here to the end of this message: a search over all that follows would make the sink the bottleneck.
  const body = text.slice(start, end);
  const probe = body.indexOf("<body>probe ");
  if (probe < 0) return;
  const sentAt = body.slice(probe + 12, body.indexOf("<", probe + 12));
  probes.push(Number(process.hrtime.bigint() - BigInt(sentAt)) / 1e6);
}

function answer(iq: string): string {
  const attribute = (name: string): string => new RegExp(`\\s${name}=['"]([^'"]*)['"]`).exec(iq)?.[1] ?? "";
  if (attribute("type") !== "get") return "";
  return `<iq type='result' id='${attribute("id")}' from='${attribute("to")}' to='${attribute("from")}'/>`;
}

function send(rate: number, count: number, users: number): void {
  const startedAt = performance.now();
  let done = 0;
  const timer = setInterval(() => {
    const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1000) * rate));
    let text = "";
    for (; done < due; done++) {
      const user = done % users;
      text += `<message from='juliet${user}@xmpp.bench/balcony' to='romeo${user}@${HOST}' type='chat' id='b${done}'><body>message ${done} of the bench, as long as people write</body></message>`;
    }
    if (text !== "") component?.write(text);
    sent = done;
    if (done >= count) {
      clearInterval(timer);
      process.send?.({ sentAll: true });
    }
  }, TICK_MS);
}

process.on("message", (command: SinkCommand) => {
  if (command.do === "count") process.send?.({ messages, errors, sent, probes } satisfies SinkReport);
  else if (command.do === "send") send(command.rate, command.count, command.users);
  else {
    messages = errors = sent = 0;
    probes = [];
  }
});
process.on("disconnect", () => process.exit(0));
