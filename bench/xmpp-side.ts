/**
 * How much one stanza costs on its way to the XMPP server and until it is proven; and one on its way in.
 * The server is a sink in a process of its own that answers pings. `npm run bench -- xmpp-side`
 */

import { type ChildProcess, fork } from "node:child_process";
import { createServer } from "node:net";
import type { Clock, Log } from "../src/gateway/sides";
import { createCounters } from "../src/runtime/counters";
import { randomIds } from "../src/runtime/ids";
import { type Element, element } from "../src/xml/element";
import { NS } from "../src/xml/namespaces";
import { createXmppSide } from "../src/xmpp/component";

const HOST = "sip.example";
const ROUNDS = 3;
const COUNT = 100_000;
/** Stanzas of one turn of the event loop: what a UDP socket hands over at a time under load. */
const BATCH = 16;
const WINDOW = 2_000;

if (process.argv[2] === "sink") sink();
else void main();

async function main(): Promise<void> {
  const child = fork(__filename, ["sink"]);
  const port = await said<number>(child);
  let came = 0;
  let wake: () => void = () => undefined;
  const side = createXmppSide(options(port), {
    clock: CLOCK,
    ids: randomIds(),
    log: SILENT,
    counters: createCounters(),
  });
  side.start(() => {
    came += 1;
    if (came === COUNT) wake();
  });
  if (!(await side.settled(5_000))) throw new Error("the sink did not answer");
  for (let round = 0; round < ROUNDS; round++) {
    await measure("out, proven", () => proveAll((stanza) => side.prove(stanza)));
    await measure("in", async () => {
      came = 0;
      child.send(COUNT);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    });
  }
  await side.stop();
  child.kill();
}

/** Runs one kind of work, COUNT times, and prints what it took of this process. */
async function measure(what: string, work: () => Promise<void>): Promise<void> {
  const began = process.hrtime.bigint();
  const before = process.cpuUsage();
  await work();
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const { user, system } = process.cpuUsage(before);
  const perStanza = (user + system) / COUNT;
  const rate = Math.round(COUNT / seconds).toLocaleString("en");
  console.log(
    `${what.padEnd(12)} ${rate.padStart(8)}/s  ${perStanza.toFixed(1)} µs CPU each (${(perStanza / 1000).toFixed(4)} s per 1,000)`,
  );
}

async function proveAll(prove: (stanza: Element) => PromiseLike<{ readonly kind: string }>): Promise<void> {
  let proven = 0;
  let sent = 0;
  const one = async (stanza: Element) => {
    const { kind } = await prove(stanza);
    if (kind !== "proven") throw new Error(kind);
    proven += 1;
  };
  const all: Promise<void>[] = [];
  while (sent < COUNT) {
    for (let i = 0; i < BATCH && sent - proven < WINDOW; i++) {
      sent += 1;
      all.push(one(message(sent)));
    }
    // Where the window is full, waiting must not cost what it measures.
    await new Promise((resolve) => (sent - proven < WINDOW ? setImmediate(resolve) : setTimeout(resolve, 1)));
  }
  await Promise.all(all);
}

function message(number: number): Element {
  const id = `stanza-number-${number}`;
  return element(
    NS.client,
    "message",
    { from: `romeo@${HOST}`, to: "juliet@example.com", id, type: "chat", "xml:lang": "en" },
    element(NS.client, "body", {}, "Neither, fair saint, if either thee dislike."),
    element(NS.client, "thread", {}, "a-call-id-of-usual-length@phone.example"),
    element("urn:xmpp:sid:0", "origin-id", { id }),
  );
}

/** A component port that answers pings and throws the rest away; told a number, it sends as many messages. */
function sink(): void {
  const server = createServer((socket) => {
    let rest = "";
    socket.setNoDelay(true);
    socket.write(
      `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' from='${HOST}' id='1'>`,
    );
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      rest += data.toString("latin1");
      let answers = rest.includes("</handshake>") ? "<handshake/>" : "";
      let end = rest.lastIndexOf(">") + 1;
      for (const ping of rest.matchAll(/<iq [^>]* to='([^']*)' id='([^']*)'><ping/g)) {
        answers += `<iq type='result' from='${ping[1]}' to='${HOST}' id='${ping[2]}'/>`;
        end = Math.max(end, ping.index + ping[0].length);
      }
      rest = rest.slice(end);
      if (answers !== "") socket.write(answers);
    });
    process.on("message", (count: number) => {
      let text = "";
      for (let i = 0; i < count; i++) {
        text += `<message from='juliet@example.com/balcony' to='romeo@${HOST}' type='chat' id='m${i}' xml:lang='en'><body>Neither, fair saint</body><active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/></message>`;
      }
      socket.write(text);
    });
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as { port: number }).port));
}

function options(port: number) {
  return {
    components: [{ host: HOST, address: "127.0.0.1", port, secret: "s" }],
    reconnectMs: { first: 100, longest: 1_000 },
    pingEveryMs: 30_000,
    pingDeadlineMs: 10_000,
    proofDeadlineMs: 10_000,
    maximumInFlight: 10_000,
    maximumQueuedBytes: 16 * 1024 * 1024,
    maximumStanzaBytes: 1024 * 1024,
    maximumDepth: 64,
    software: { name: "bench", version: "0" },
  };
}

function said<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => child.once("message", (value) => resolve(value as T)));
}

const CLOCK: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};

const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
};
