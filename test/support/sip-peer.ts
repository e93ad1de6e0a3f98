/**
 * A SIP neighbour of the tests over UDP, TCP and TLS, which looks at the wire with its own eyes: it shares no code with
 * the gateway. It sends MESSAGEs and reports how they end; it records what comes and answers as it is told.
 */

import { randomBytes } from "node:crypto";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { eventually } from "./processes";

export type SipTransport = "udp" | "tcp" | "tls";

/** A message as it was on the wire. */
export interface WireMessage {
  readonly transport: SipTransport;
  readonly startLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** Octets of the whole message. */
  readonly size: number;
}

export interface SipAnswerOut {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly string[];
}

export interface SipRequestOut {
  readonly method?: string;
  readonly to: string;
  readonly from: string;
  readonly body?: string | Buffer;
  /** "text/plain;charset=utf-8" when absent. */
  readonly contentType?: string;
  readonly headers?: readonly string[];
  readonly callId?: string;
  readonly branch?: string;
}

export interface Target {
  readonly transport: SipTransport;
  readonly address: string;
  readonly port: number;
}

/** How a request ended. Status 0: no final answer within the time, or the connection ended. */
export interface SipEnd {
  readonly status: number;
  readonly reason: string;
  readonly answer: WireMessage | undefined;
  /** How often it was sent. */
  readonly sends: number;
  readonly milliseconds: number;
}

export interface SipPeerOptions {
  readonly address: string;
  readonly port: number;
  /** PEM texts; with them port + 1 takes TLS. */
  readonly tls?: { readonly key: string; readonly certificate: string; readonly ca: string };
}

export class SipPeer {
  /** Requests, oldest first; a retransmission is not a new one. */
  readonly requests: WireMessage[] = [];
  /** How often each request (by branch and CSeq) came. */
  readonly copies = new Map<string, number>();
  /** What a request is answered; undefined: nothing at all. */
  answer: (request: WireMessage) => SipAnswerOut | undefined = () => ({ status: 200, reason: "OK" });
  private closed = false;
  private readonly udp: UdpSocket;
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly outgoing = new Map<string, Promise<Socket>>();
  private readonly given = new Map<string, SipAnswerOut | undefined>();
  private readonly pending = new Map<string, (answer: WireMessage) => void>();

  private constructor(readonly options: SipPeerOptions) {
    this.udp = createSocket("udp4");
    this.udp.unref(); // what a failed test leaves open must not keep the process alive
    this.udp.on("error", () => undefined);
    this.udp.on("message", (bytes, from) => {
      const message = readMessage(bytes, "udp");
      if (message !== undefined) {
        this.take(message, (answer) => this.udp.send(answer, from.port, from.address, () => undefined));
      }
    });
  }

  /** Opens UDP and TCP on the port, and TLS on the next one when there is a certificate. */
  static async open(options: SipPeerOptions): Promise<SipPeer> {
    const peer = new SipPeer(options);
    await new Promise<void>((resolve) => peer.udp.bind(options.port, options.address, resolve));
    await peer.listen(
      createServer((socket) => peer.serve(socket, "tcp")),
      options.port,
    );
    if (options.tls !== undefined) {
      const { key, certificate: cert, ca } = options.tls;
      const server = createTlsServer({ key, cert, ca }, (socket) => peer.serve(socket, "tls"));
      server.on("tlsClientError", () => undefined);
      await peer.listen(server, options.port + 1);
    }
    return peer;
  }

  get address(): string {
    return this.options.address;
  }

  get port(): number {
    return this.options.port;
  }

  /** Sends a request and resolves with its end; retransmits over UDP by Timer E. */
  async send(request: SipRequestOut, target: Target, ms = 32_000): Promise<SipEnd> {
    const branch = request.branch ?? `z9hG4bK${randomBytes(9).toString("hex")}`;
    const bytes = this.requestBytes(request, target.transport, branch);
    return this.sendBytes(bytes, branch, target, ms);
  }

  /** Sends finished octets whose topmost Via has this branch. */
  async sendBytes(bytes: Buffer, branch: string, target: Target, ms = 32_000): Promise<SipEnd> {
    const startedAt = performance.now();
    let sends = 0;
    let timer: NodeJS.Timeout | undefined;
    let limit: NodeJS.Timeout | undefined;
    let carrier: Socket | undefined;
    let lost: () => void = () => undefined;
    const answer = await new Promise<WireMessage | undefined>((resolve) => {
      limit = setTimeout(() => resolve(undefined), ms);
      lost = () => resolve(undefined); // a connection that ends takes its answers with it
      this.pending.set(branch, (message) => resolve(message));
      const transmit = (interval: number): void => {
        sends += 1;
        this.write(bytes, target).then((socket) => {
          carrier = socket?.once("close", lost);
        }, lost);
        if (target.transport === "udp") {
          timer = setTimeout(() => transmit(Math.min(2 * interval, 4_000)), interval);
        }
      };
      transmit(500);
    });
    clearTimeout(timer);
    clearTimeout(limit);
    carrier?.off("close", lost);
    this.pending.delete(branch);
    const [, status = "0", reason = ""] = /^SIP\/2\.0 (\d+) ?(.*)$/.exec(answer?.startLine ?? "") ?? [];
    return { status: Number(status), reason, answer, sends, milliseconds: performance.now() - startedAt };
  }

  /** Writes octets to a target, whatever they are; resolves with the connection that carries them. */
  async write(bytes: Buffer, target: Target): Promise<Socket | undefined> {
    if (target.transport === "udp") {
      this.udp.send(bytes, target.port, target.address, () => undefined);
      return undefined;
    }
    const socket = await this.connection(target);
    socket.write(bytes);
    return socket;
  }

  /** The first recorded request that fits, taken out of `requests`. */
  async next(
    fits: (request: WireMessage) => boolean = () => true,
    what = "request",
    ms = 10_000,
  ): Promise<WireMessage> {
    await eventually(`${what} at the SIP peer`, () => this.requests.some(fits), ms);
    return this.requests.splice(this.requests.findIndex(fits), 1)[0] as WireMessage;
  }

  /** Closes everything; again, it does nothing. */
  async close(): Promise<void> {
    if (this.closed) {
      return;
    }
    this.closed = true;
    this.udp.close();
    for (const socket of this.sockets) {
      socket.destroy();
    }
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  private async listen(server: Server, port: number): Promise<void> {
    this.servers.push(server.unref());
    await new Promise<void>((resolve, reject) => {
      server.on("error", reject);
      server.listen(port, this.options.address, resolve);
    });
  }

  private serve(socket: Socket, transport: SipTransport): void {
    this.sockets.add(socket);
    socket.unref();
    socket.setMaxListeners(0); // one for each request under way
    let buffered = Buffer.alloc(0);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      buffered = Buffer.concat([buffered, bytes]);
      for (;;) {
        const end = messageEnd(buffered);
        if (end === undefined) {
          return;
        }
        const message = readMessage(buffered.subarray(0, end), transport);
        buffered = buffered.subarray(end);
        if (message !== undefined) {
          this.take(message, (answer) => socket.write(answer));
        }
      }
    });
  }

  private connection(target: Target): Promise<Socket> {
    const key = `${target.transport} ${target.address}:${target.port}`;
    const known = this.outgoing.get(key);
    if (known !== undefined) {
      return known;
    }
    const where = { host: target.address, port: target.port };
    const made = new Promise<Socket>((resolve, reject) => {
      const { key: pem, certificate, ca } = this.options.tls ?? {};
      const socket =
        target.transport === "tls"
          ? connectTls({ ...where, key: pem, cert: certificate, ca, checkServerIdentity: () => undefined })
          : connect(where);
      socket.once(target.transport === "tls" ? "secureConnect" : "connect", () => resolve(socket));
      socket.once("error", reject);
      socket.on("close", () => this.outgoing.delete(key));
      this.serve(socket, target.transport);
    });
    this.outgoing.set(key, made);
    return made;
  }

  private take(message: WireMessage, reply: (bytes: Buffer) => void): void {
    const branch = /;branch=([^;,\s]+)/i.exec(header(message, "Via") ?? "")?.[1] ?? "";
    if (message.startLine.startsWith("SIP/2.0 ")) {
      if (!message.startLine.startsWith("SIP/2.0 1")) {
        this.pending.get(branch)?.(message);
      }
      return;
    }
    const key = `${branch} ${header(message, "CSeq")}`;
    const copies = this.copies.get(key) ?? 0;
    this.copies.set(key, copies + 1);
    if (copies === 0) {
      this.given.set(key, this.answer(message));
      this.requests.push(message);
    }
    const answer = this.given.get(key);
    if (answer !== undefined) {
      reply(answerBytes(message, answer));
    }
  }

  private requestBytes(request: SipRequestOut, transport: SipTransport, branch: string): Buffer {
    const { method = "MESSAGE", contentType = "text/plain;charset=utf-8" } = request;
    const body = Buffer.from(request.body ?? "");
    const head = [
      `${method} ${request.to} SIP/2.0`,
      `Via: SIP/2.0/${transport.toUpperCase()} ${this.address}:${this.port};branch=${branch};rport`,
      "Max-Forwards: 70",
      `From: <${request.from}>;tag=${randomBytes(5).toString("hex")}`,
      `To: <${request.to}>`,
      `Call-ID: ${request.callId ?? randomBytes(9).toString("hex")}`,
      `CSeq: 1 ${method}`,
      ...(body.length > 0 || request.contentType !== undefined ? [`Content-Type: ${contentType}`] : []),
      ...(request.headers ?? []),
      `Content-Length: ${body.length}`,
      "",
      "",
    ];
    return Buffer.concat([Buffer.from(head.join("\r\n")), body]);
  }
}

/** First value of a header, by its long name in any case. */
export function header(message: WireMessage, name: string): string | undefined {
  return message.headers.find(([n]) => n.toLowerCase() === name.toLowerCase())?.[1];
}

function answerBytes(request: WireMessage, answer: SipAnswerOut): Buffer {
  const copied = request.headers
    .filter(([name]) => /^(via|from|to|call-id|cseq)$/i.test(name))
    .map(
      ([name, value]) => `${name}: ${value}${/^to$/i.test(name) && !/;tag=/.test(value) ? ";tag=peer" : ""}`,
    );
  const lines = [
    `SIP/2.0 ${answer.status} ${answer.reason ?? "As told"}`,
    ...copied,
    ...(answer.headers ?? []),
  ];
  return Buffer.from(`${[...lines, "Content-Length: 0"].join("\r\n")}\r\n\r\n`);
}

function readMessage(bytes: Buffer, transport: SipTransport): WireMessage | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) {
    return undefined;
  }
  const [startLine = "", ...lines] = bytes.toString("utf8", 0, end).trimStart().split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
  });
  return { transport, startLine, headers, body: bytes.subarray(end + 4), size: bytes.length };
}

// RFC 3261 §18.3: on a stream the Content-Length says where a message ends; line ends before it are keep-alives.
function messageEnd(bytes: Buffer): number | undefined {
  let start = 0;
  while (bytes[start] === 13 || bytes[start] === 10) {
    start += 1;
  }
  const head = bytes.indexOf("\r\n\r\n", start);
  if (head < 0) {
    return undefined;
  }
  const length =
    /\r\n(?:content-length|l)\s*:\s*(\d+)/i.exec(bytes.toString("latin1", start, head + 2))?.[1] ?? "0";
  const end = head + 4 + Number(length);
  return bytes.length >= end ? end : undefined;
}
