/** Single MESSAGEs beside the load, each with the time of its sending as its text: what one person waits among many. */

import { createSocket, type Socket } from "node:dgram";

/** So few that they are no load of their own, so many that the slowest hundredth is more than chance. */
const PROBES_PER_SECOND = 50;

export class Prober {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #port: number;
  readonly #sentAt = new Map<string, number>();
  readonly #answers: number[] = [];
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param target `host:port` of the gateway */
  constructor(target: string) {
    const colon = target.lastIndexOf(":");
    this.#host = target.slice(0, colon);
    this.#port = Number(target.slice(colon + 1));
    this.#socket = createSocket("udp4");
    this.#socket.on("message", (bytes) => this.#answered(bytes.toString("latin1")));
  }

  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.bind(0, "127.0.0.1", () => {
        this.#timer = setInterval(() => this.#probe(), 1000 / PROBES_PER_SECOND);
        resolve();
      });
    });
  }

  /** Sends no more. */
  finish(): void {
    clearInterval(this.#timer);
  }

  /** Times from request to final answer, milliseconds. The one-way times are with whoever got the messages. */
  stop(): readonly number[] {
    this.finish();
    this.#socket.close();
    return this.#answers;
  }

  #probe(): void {
    this.#count += 1;
    const id = `probe-${process.pid}-${this.#count}`;
    const now = process.hrtime.bigint();
    const body = `probe ${now}`;
    const head = [
      "MESSAGE sip:juliet@xmpp.bench SIP/2.0",
      `Via: SIP/2.0/UDP 127.0.0.1:${this.#socket.address().port};branch=z9hG4bK${id}`,
      "Max-Forwards: 70",
      `From: <sip:prober@sip.bench>;tag=${id}`,
      "To: <sip:juliet@xmpp.bench>",
      `Call-ID: ${id}`,
      "CSeq: 1 MESSAGE",
      "Content-Type: text/plain;charset=utf-8",
      `Content-Length: ${body.length}`,
    ];
    this.#sentAt.set(id, Number(now) / 1e6);
    this.#socket.send(`${head.join("\r\n")}\r\n\r\n${body}`, this.#port, this.#host);
  }

  #answered(text: string): void {
    const id = /^Call-ID: *(\S+)/im.exec(text)?.[1] ?? "";
    const sentAt = this.#sentAt.get(id);
    if (sentAt === undefined || !text.startsWith("SIP/2.0 2")) return;
    this.#sentAt.delete(id);
    this.#answers.push(Number(process.hrtime.bigint()) / 1e6 - sentAt);
  }
}

/** The value below which this share of them lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}
