/** An XMPP server's component port in a thread of its own: one of its users floods, others write now and then. XEP-0114, XEP-0199. */

import { Worker } from "node:worker_threads";

export interface FloodOrder {
  /** Stanzas a second of the one. */
  readonly flood: number;
  /** How many others write one each second. */
  readonly others: number;
  readonly seconds: number;
  /** Begins each text, so that those of one order can be told. */
  readonly label: string;
  /** The one does not write, but begins and stops to type (XEP-0085). */
  readonly typing?: boolean;
}

export interface FloodReport {
  /** Stanzas that the one sent. */
  readonly flooded: number;
  /** What the others sent: text, and when, milliseconds since 1970 with fractions. */
  readonly sent: readonly { readonly body: string; readonly at: number }[];
}

/** What the gateway wrote to users so far, and how often the link was made. */
export interface Heard {
  readonly links: number;
  /** Errors that the flooding one got, by condition. */
  readonly errors: Readonly<Record<string, number>>;
  /** Errors that others got. */
  readonly othersErrors: number;
  readonly warnings: number;
}

export class FloodingServer {
  readonly #worker: Worker;
  readonly port: number;

  private constructor(worker: Worker, port: number) {
    this.#worker = worker;
    this.port = port;
  }

  /** Serves the component `host`; its own users are of xmpp.test, and write to juliet there. */
  static async open(address: string, host: string): Promise<FloodingServer> {
    const worker = new Worker(SERVER, { eval: true, workerData: { address, host } });
    return new FloodingServer(worker, await FloodingServer.#answer<number>(worker));
  }

  flood(order: FloodOrder): Promise<FloodReport> {
    return this.#ask({ flood: order });
  }

  heard(): Promise<Heard> {
    return this.#ask({});
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask<T>(question: object): Promise<T> {
    this.#worker.postMessage(question);
    return FloodingServer.#answer<T>(this.#worker);
  }

  static #answer<T>(worker: Worker): Promise<T> {
    return new Promise((resolve, reject) => {
      worker.once("error", reject);
      worker.once("message", (answer: T) => {
        worker.off("error", reject);
        resolve(answer);
      });
    });
  }
}

const SERVER = `
const { workerData: { address, host }, parentPort } = require("node:worker_threads");
const now = () => performance.timeOrigin + performance.now();
const heard = { links: 0, errors: {}, othersErrors: 0, warnings: 0 };
let link;
const server = require("node:net").createServer((socket) => {
  let text = "";
  socket.setNoDelay(true).setEncoding("utf8");
  socket.on("error", () => undefined);
  socket.on("data", (data) => {
    text += data;
    if (link !== socket) {
      if (text.includes("</handshake>")) {
        link = socket;
        heard.links += 1;
        text = "";
        socket.write("<handshake/>");
      } else if (text.includes("jabber:component:accept") && !socket.greeted) {
        socket.greeted = true;
        socket.write("<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' from='" +
          host + "' id='s1'>");
      }
      return;
    }
    let end = 0;
    for (const stanza of text.matchAll(/<(iq|message)\\b([^>]*)>(.*?)<\\/\\1>/gs)) {
      end = stanza.index + stanza[0].length;
      const value = (name) => new RegExp("\\\\b" + name + "=['\\"]([^'\\"]*)").exec(stanza[2])?.[1] ?? "";
      if (stanza[1] === "iq" && value("type") === "get")
        socket.write("<iq type='result' id='" + value("id") + "' from='" + value("to") + "' to='" + value("from") + "'/>");
      else if (value("type") === "headline") heard.warnings += 1;
      else if (value("type") !== "error") continue;
      else if (!value("to").startsWith("pest@")) heard.othersErrors += 1;
      else {
        const condition = /<error[^>]*>.*?<([a-z-]+)/s.exec(stanza[3])?.[1] ?? "none";
        heard.errors[condition] = (heard.errors[condition] ?? 0) + 1;
      }
    }
    text = text.slice(end);
  });
});
server.listen(0, address, () => parentPort.postMessage(server.address().port));

function run({ flood, others, seconds, label, typing }) {
  const startedAt = now();
  const sent = [];
  let flooded = 0;
  const stanza = (from, id, content) =>
    "<message from='" + from + "@xmpp.test/x' to='romeo@" + host + "' type='chat' id='" + id + "'>" + content + "</message>";
  const text = (body) => "<body>" + body + "</body>";
  const state = (n) => "<" + (n % 2 === 0 ? "composing" : "paused") + " xmlns='http://jabber.org/protocol/chatstates'/>";
  const tick = () => {
    const elapsed = Math.min(seconds * 1000, now() - startedAt);
    let batch = "";
    for (; flooded < Math.floor((elapsed * flood) / 1000); flooded++)
      batch += stanza("pest", "f" + label + flooded, typing ? state(flooded) : text("flood " + label + " " + flooded));
    for (; sent.length < Math.floor((elapsed * others) / 1000); ) {
      const body = label + " " + sent.length;
      batch += stanza("user" + (sent.length % others), "o" + label + sent.length, text(body));
      sent.push({ body, at: now() });
    }
    if (batch !== "") link.write(batch);
    if (elapsed < seconds * 1000) setTimeout(tick, 2);
    else parentPort.postMessage({ flooded, sent });
  };
  tick();
}
parentPort.on("message", ({ flood }) => {
  if (flood === undefined) parentPort.postMessage(heard);
  else run(flood);
});
`;
