/** Thousands of phones behind one socket that register, refresh and leave, and know what they were answered. */

import { createSocket, type Socket } from "node:dgram";

export interface CrowdOptions {
  /** Where the crowd is. */
  readonly address: string;
  readonly port: number;
  readonly gateway: { readonly address: string; readonly port: number };
  readonly domain: string;
  readonly phones: number;
  /** Requests without an answer at once. */
  readonly window: number;
}

/** What a phone was told last: 200 to this CSeq, with or without its Contact. */
export interface Told {
  readonly cseq: number;
  readonly isRegistered: boolean;
}

interface Open {
  readonly bytes: Buffer;
  readonly told: Told;
  sentAt: number;
}

export class Crowd {
  /** By number of the phone. */
  readonly told = new Map<number, Told>();
  answers = 0;
  readonly #options: CrowdOptions;
  readonly #socket: Socket;
  readonly #open = new Map<number, Open>();
  readonly #cseq = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;
  #isRunning = false;
  #next: () => { readonly phone: number; readonly expires: number };

  private constructor(options: CrowdOptions, socket: Socket, next: Crowd["next"]) {
    this.#options = options;
    this.#socket = socket;
    this.#next = next;
    socket.on("message", (bytes) => this.#take(bytes.toString("latin1")));
    socket.on("error", () => undefined);
    this.#timer = setInterval(() => this.#tick(), 20);
  }

  /** @param next who does what as soon as there is room */
  static open(options: CrowdOptions, next: Crowd["next"]): Promise<Crowd> {
    const socket = createSocket("udp4");
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(options.port, options.address, () => resolve(new Crowd(options, socket, next)));
    });
  }

  set next(next: () => { readonly phone: number; readonly expires: number }) {
    this.#next = next;
  }

  get next(): () => { readonly phone: number; readonly expires: number } {
    return this.#next;
  }

  /** Phones that wait for an answer: what the gateway has of them is not known. */
  get unsure(): ReadonlySet<number> {
    return new Set(this.#open.keys());
  }

  run(isRunning: boolean): void {
    this.#isRunning = isRunning;
    // A new life is asked at once what the last one did not answer.
    for (const open of this.#open.values()) open.sentAt = Number.NEGATIVE_INFINITY;
  }

  contactOf(phone: number): string {
    const { address, port } = this.#options;
    return `sip:phone${phone}@${address}:${port}`;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  /** Sends what there is room for, and again what was not answered: as a phone does, by its timers. */
  #tick(): void {
    const now = performance.now();
    for (const open of this.#open.values()) {
      if (now - open.sentAt > RETRANSMIT_MS) this.#send(open, now);
    }
    if (!this.#isRunning) return;
    for (let tries = 0; this.#open.size < this.#options.window && tries < this.#options.window; tries++) {
      const { phone, expires } = this.#next();
      if (!this.#open.has(phone)) this.#begin(phone, expires, now);
    }
  }

  #begin(phone: number, expires: number, now: number): void {
    const cseq = (this.#cseq.get(phone) ?? 0) + 1;
    this.#cseq.set(phone, cseq);
    const { address, port, domain } = this.#options;
    const bytes = Buffer.from(
      [
        `REGISTER sip:${domain} SIP/2.0`,
        `Via: SIP/2.0/UDP ${address}:${port};branch=z9hG4bK${phone}-${cseq};rport`,
        "Max-Forwards: 70",
        `From: <sip:phone${phone}@${domain}>;tag=${phone}`,
        `To: <sip:phone${phone}@${domain}>`,
        `Call-ID: phone-${phone}`,
        `CSeq: ${cseq} REGISTER`,
        `Contact: <${this.contactOf(phone)}>`,
        `Expires: ${expires}`,
        "Content-Length: 0",
        "",
        "",
      ].join("\r\n"),
    );
    const open: Open = { bytes, told: { cseq, isRegistered: expires > 0 }, sentAt: now };
    this.#open.set(phone, open);
    this.#send(open, now);
  }

  #send(open: Open, now: number): void {
    open.sentAt = now;
    const { address, port } = this.#options.gateway;
    this.#socket.send(open.bytes, port, address);
  }

  #take(text: string): void {
    const status = Number(text.slice(8, 11));
    const phone = Number(/^Call-ID: phone-(\d+)/m.exec(text)?.[1]);
    const cseq = Number(/^CSeq: (\d+)/m.exec(text)?.[1]);
    const open = this.#open.get(phone);
    if (open === undefined || open.told.cseq !== cseq || status < 200) return;
    if (status !== 200) return;
    this.#open.delete(phone);
    this.answers++;
    this.told.set(phone, open.told);
  }
}

const RETRANSMIT_MS = 500;
