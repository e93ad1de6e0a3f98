/** A plain SIP phone over UDP for tests that must know the fate of each message: it retransmits by Timer E and keeps count. */

import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import type { AddressInfo } from "node:net";
import type { SipRequest, SipResponse } from "../../src/sip/message/message";
import { parseMessage } from "../../src/sip/message/parse";

export interface PhoneMessage {
  readonly to: string;
  readonly from: string;
  readonly body: string;
  readonly headers?: readonly string[];
  readonly contentType?: string;
}

export interface PhoneOutcome {
  /** Final status; 408 when none came within 64 T1. */
  readonly status: number;
  readonly response: SipResponse | undefined;
  readonly sends: number;
  readonly milliseconds: number;
}

/** What the phone answers to a MESSAGE: a status, headers too, or nothing at all. */
export type PhoneAnswer =
  | number
  | { readonly status: number; readonly headers: readonly string[] }
  | undefined;

const T1 = 500;
const T2 = 4_000;

export class SipPhone {
  /** Bodies of the MESSAGEs that came, one each time it came; retransmissions of one transaction are absorbed. `at`: ms since 1970. */
  readonly received: { readonly body: string; readonly request: SipRequest; readonly at: number }[] = [];
  /** Requests that came again in their own transaction. */
  repeats = 0;
  /** How a MESSAGE is answered. */
  answer: (request: SipRequest) => PhoneAnswer = () => 200;
  #open = true;
  readonly #socket: Socket;
  readonly #pending = new Map<string, (response: SipResponse) => void>();
  readonly #answered = new Map<string, PhoneAnswer>();
  readonly #waiters = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (bytes, from) => this.#take(bytes, from.port, from.address));
    socket.on("error", () => undefined);
  }

  static open(address: string, port = 0): Promise<SipPhone> {
    const socket = createSocket("udp4");
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, address, () => {
        socket.setRecvBufferSize(4 << 20);
        resolve(new SipPhone(socket));
      });
    });
  }

  get port(): number {
    return (this.#socket.address() as AddressInfo).port;
  }

  get address(): string {
    return this.#socket.address().address;
  }

  /** Sends a MESSAGE and resolves with its end. Never rejects. */
  send(
    message: PhoneMessage,
    target: { readonly address: string; readonly port: number },
  ): Promise<PhoneOutcome> {
    const branch = `z9hG4bK${randomBytes(9).toString("hex")}`;
    const bytes = this.#request(message, branch);
    const startedAt = performance.now();
    return new Promise((resolve) => {
      let sends = 0;
      let interval = T1;
      let timer: NodeJS.Timeout | undefined;
      const end = (status: number, response: SipResponse | undefined): void => {
        clearTimeout(timer);
        clearTimeout(giveUp);
        this.#pending.delete(branch);
        resolve({ status, response, sends, milliseconds: performance.now() - startedAt });
      };
      const giveUp = setTimeout(() => end(408, undefined), 64 * T1);
      const transmit = (): void => {
        sends += 1;
        this.#socket.send(bytes, target.port, target.address, () => undefined);
        timer = setTimeout(transmit, interval);
        interval = Math.min(2 * interval, T2);
      };
      this.#pending.set(branch, (response) => {
        if (response.status >= 200) end(response.status, response);
        else interval = T2;
      });
      transmit();
    });
  }

  /** Resolves when the check holds; looked at whenever a message comes. */
  until(what: string, check: () => boolean, ms = 20_000): Promise<void> {
    if (check()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the phone waited ${ms} ms for ${what}`)), ms);
      const look = (): void => {
        if (!check()) return;
        clearTimeout(timer);
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
    });
  }

  /** Sends bytes as they are. */
  raw(bytes: Buffer | string, target: { readonly address: string; readonly port: number }): void {
    this.#socket.send(bytes, target.port, target.address, () => undefined);
  }

  /** May be called again. */
  close(): void {
    if (this.#open) this.#socket.close();
    this.#open = false;
  }

  #request(message: PhoneMessage, branch: string): Buffer {
    const body = Buffer.from(message.body);
    const head = [
      `MESSAGE ${message.to} SIP/2.0`,
      `Via: SIP/2.0/UDP ${this.address}:${this.port};branch=${branch};rport`,
      "Max-Forwards: 70",
      `From: <${message.from}>;tag=${randomBytes(5).toString("hex")}`,
      `To: <${message.to}>`,
      `Call-ID: ${randomBytes(9).toString("hex")}`,
      "CSeq: 1 MESSAGE",
      `Content-Type: ${message.contentType ?? "text/plain;charset=utf-8"}`,
      ...(message.headers ?? []),
      `Content-Length: ${body.length}`,
      "",
      "",
    ].join("\r\n");
    return Buffer.concat([Buffer.from(head), body]);
  }

  #take(bytes: Buffer, port: number, address: string): void {
    const message = parseMessage(bytes);
    if (message.kind === "response") this.#pending.get(branchOf(message.headers.get("Via") ?? ""))?.(message);
    else if (message.kind === "request") this.#takeRequest(message, port, address);
  }

  #takeRequest(request: SipRequest, port: number, address: string): void {
    const key = `${branchOf(request.headers.get("Via") ?? "")} ${request.headers.get("CSeq")}`;
    const known = this.#answered.has(key);
    // What had no answer may get one when it comes again.
    if (this.#answered.get(key) === undefined) this.#answered.set(key, this.answer(request));
    if (known) {
      this.repeats += 1;
    } else {
      const at = performance.timeOrigin + performance.now();
      this.received.push({ body: request.body.toString("utf8"), request, at });
      for (const look of [...this.#waiters]) look();
    }
    const answer = this.#answered.get(key);
    if (answer !== undefined)
      this.#socket.send(responseBytes(request, answer), port, address, () => undefined);
  }
}

function responseBytes(request: SipRequest, answer: Exclude<PhoneAnswer, undefined>): Buffer {
  const { status, headers } = typeof answer === "number" ? { status: answer, headers: [] } : answer;
  const copied = ["Via", "From", "To", "Call-ID", "CSeq"].flatMap((name) =>
    request.headers.getAll(name).map((value) => `${name}: ${value}${name === "To" ? ";tag=phone" : ""}`),
  );
  return Buffer.from(
    [`SIP/2.0 ${status} As told`, ...copied, ...headers, "Content-Length: 0", "", ""].join("\r\n"),
  );
}

function branchOf(via: string): string {
  return /;branch=([^;,\s]+)/i.exec(via)?.[1] ?? "";
}
