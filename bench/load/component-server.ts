/** A bare component port (XEP-0114): takes any secret, answers pings, hands on presence; goes away and comes back as told. */

import { createServer, type Server, type Socket } from "node:net";

export interface WireStanza {
  readonly name: "presence" | "message" | "iq";
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly id: string;
  /** The whole stanza. */
  readonly text: string;
}

export class ComponentServer {
  onStanza: (stanza: WireStanza) => void = () => undefined;
  /** Sees every presence and message stanza, ours and those that come; absent: nobody looks. */
  onTraffic: ((isOurs: boolean, text: string) => void) | undefined;
  /** A handshake is done. */
  onUp: () => void = () => undefined;
  received = 0;
  #server: Server;
  #link: Socket | undefined;
  #out = "";
  #isAsked = false;
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly host: string,
    readonly address: string,
    private listenPort: number,
  ) {
    this.#server = this.#make();
  }

  /** @param host the component that will connect */
  static async open(host: string, address = "127.0.0.1", port = 0): Promise<ComponentServer> {
    const server = new ComponentServer(host, address, port);
    await server.comeBack();
    return server;
  }

  get port(): number {
    return this.listenPort;
  }

  get isUp(): boolean {
    return this.#link !== undefined;
  }

  /** Writes with the others of this turn; false, and lost, when nobody is connected. */
  send(text: string): boolean {
    if (this.#link === undefined) return false;
    if (!text.startsWith("<iq")) this.onTraffic?.(true, text);
    this.#out += text;
    if (!this.#isAsked) {
      this.#isAsked = true;
      setImmediate(() => this.#flush());
    }
    return true;
  }

  /** Ends every connection and takes no new one. */
  async goAway(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Listens, again on the same port. */
  async comeBack(): Promise<void> {
    this.#server = this.#make();
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.listenPort, this.address, resolve);
    });
    this.listenPort = (this.#server.address() as { port: number }).port;
  }

  #make(): Server {
    return createServer((socket) => this.#serve(socket));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    let rest = "";
    let isShaken = false;
    let isGreeted = false;
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      if (this.#link === socket) {
        this.#link = undefined;
        this.#out = "";
      }
    });
    socket.on("data", (chunk) => {
      rest += chunk.toString("utf8");
      if (isShaken) {
        rest = this.#take(rest);
        return;
      }
      if (!isGreeted && rest.includes("<stream:stream")) {
        isGreeted = true;
        socket.write(
          `<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:component:accept' from='${this.host}' id='bench'>`,
        );
      }
      const shaken = HANDSHAKE.exec(rest);
      if (shaken === null) return;
      isShaken = true;
      rest = rest.slice(shaken.index + shaken[0].length);
      socket.write("<handshake/>");
      this.#link = socket;
      this.onUp();
    });
  }

  /** Hands on what is whole, gives back what is not. */
  #take(text: string): string {
    let at = 0;
    for (;;) {
      const start = text.indexOf("<", at);
      if (start < 0) return "";
      const end = stanzaEnd(text, start);
      if (end < 0) return text.slice(start);
      this.#handle(text, start, end);
      at = end;
    }
  }

  #handle(text: string, start: number, end: number): void {
    const name = nameAt(text, start);
    if (name === undefined) {
      if (text.startsWith("</stream:stream", start)) this.#link?.end("</stream:stream>");
      return;
    }
    this.received += 1;
    const whole = text.slice(start, end);
    const head = whole.slice(0, whole.indexOf(">"));
    const stanza: WireStanza = {
      name,
      from: attribute(head, FROM),
      to: attribute(head, TO),
      type: attribute(head, TYPE),
      id: attribute(head, ID),
      text: whole,
    };
    if (name === "iq" && (stanza.type === "get" || stanza.type === "set"))
      this.send(`<iq type='result' id='${stanza.id}' from='${stanza.to}' to='${stanza.from}'/>`);
    else {
      if (name !== "iq") this.onTraffic?.(false, whole);
      this.onStanza(stanza);
    }
  }

  #flush(): void {
    this.#isAsked = false;
    const out = this.#out;
    this.#out = "";
    if (out !== "" && this.#link?.writable === true) this.#link.write(out);
  }
}

/** Index behind a stanza, or behind the tag of anything else; -1 while it is not whole. None holds one of its own name. */
function stanzaEnd(text: string, start: number): number {
  const tagEnd = text.indexOf(">", start);
  if (tagEnd < 0) return -1;
  const name = nameAt(text, start);
  if (name === undefined || text[tagEnd - 1] === "/") return tagEnd + 1;
  const close = `</${name}>`;
  const end = text.indexOf(close, tagEnd);
  return end < 0 ? -1 : end + close.length;
}

function nameAt(text: string, start: number): WireStanza["name"] | undefined {
  if (text.startsWith("<presence", start)) return "presence";
  if (text.startsWith("<message", start)) return "message";
  return text.startsWith("<iq", start) ? "iq" : undefined;
}

function attribute(head: string, pattern: RegExp): string {
  const found = pattern.exec(head);
  return found === null ? "" : (found[1] ?? found[2] ?? "");
}

const FROM = /\sfrom=(?:'([^']*)'|"([^"]*)")/;
const TO = /\sto=(?:'([^']*)'|"([^"]*)")/;
const TYPE = /\stype=(?:'([^']*)'|"([^"]*)")/;
const ID = /\sid=(?:'([^']*)'|"([^"]*)")/;
const HANDSHAKE = /<handshake[^>]*>[^<]*<\/handshake>/;
