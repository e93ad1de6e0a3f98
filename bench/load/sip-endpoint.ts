/** A UDP socket with many SIP users behind it: retransmits what it sends (RFC 3261 §17.1.2), hands on what comes. */

import { createSocket, type Socket } from "node:dgram";
import type { AddressInfo } from "node:net";
import { readSip, type WireSip } from "./sip-wire";

const T1 = 500;
const T2 = 4_000;
const SWEEP_MS = 100;
/** What the kernel is asked to hold while we are busy, octets. */
const SOCKET_BUFFER = 4 << 20;

interface Pending {
  readonly text: string;
  readonly giveUpAt: number;
  interval: number;
  nextAt: number;
  readonly ended: (status: number, answer: WireSip | undefined) => void;
}

export class SipEndpoint {
  /** Requests that come; set by whoever plays the users. */
  onRequest: (request: WireSip, reply: (text: string) => void) => void = () => undefined;
  /** Sees every message, ours and those that come; absent: nobody looks. */
  onTraffic: ((isOurs: boolean, text: string) => void) | undefined;
  /** Nothing is read and nothing leaves: the neighbour is away. */
  isAway = false;
  sent = 0;
  received = 0;
  retransmissions = 0;
  /** Requests of ours that had no final answer within 64 T1. */
  timeouts = 0;
  readonly #socket: Socket;
  readonly #pending = new Map<string, Pending>();
  readonly #sweep: NodeJS.Timeout;
  #branches = 0;
  #isOpen = true;

  private constructor(
    socket: Socket,
    /** Where requests go. */
    public target: { readonly address: string; readonly port: number },
  ) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("message", (bytes, from) => this.#take(bytes.toString("latin1"), from.port, from.address));
    this.#sweep = setInterval(() => this.#retransmit(), SWEEP_MS);
    this.#sweep.unref();
  }

  /** @param target where requests go: the gateway */
  static open(
    address: string,
    port: number,
    target: { readonly address: string; readonly port: number },
  ): Promise<SipEndpoint> {
    const socket = createSocket("udp4");
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, address, () => {
        socket.setRecvBufferSize(SOCKET_BUFFER);
        socket.setSendBufferSize(SOCKET_BUFFER);
        resolve(new SipEndpoint(socket, target));
      });
    });
  }

  get address(): string {
    return (this.#socket.address() as AddressInfo).address;
  }

  get port(): number {
    return (this.#socket.address() as AddressInfo).port;
  }

  /** Requests without a final answer. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /** A Via line with a fresh branch, and the branch. */
  via(): { readonly line: string; readonly branch: string } {
    const branch = `z9hG4bKp${process.pid.toString(36)}${this.port.toString(36)}x${this.#branches++}`;
    return { line: `Via: SIP/2.0/UDP ${this.address}:${this.port};branch=${branch}`, branch };
  }

  /** Sends a request until it is answered. `ended` is called once: with 408 when nothing came. */
  request(text: string, branch: string, ended: (status: number, answer: WireSip | undefined) => void): void {
    const now = performance.now();
    this.#pending.set(branch, { text, giveUpAt: now + 64 * T1, interval: T1, nextAt: now + T1, ended });
    this.raw(text);
  }

  /** Sends text as it is, once. */
  raw(text: string): void {
    if (this.isAway || !this.#isOpen) return;
    this.sent += 1;
    this.onTraffic?.(true, text);
    this.#socket.send(Buffer.from(text, "latin1"), this.target.port, this.target.address, () => undefined);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearInterval(this.#sweep);
    this.#socket.close();
  }

  #take(text: string, port: number, address: string): void {
    if (this.isAway) return;
    const message = readSip(text);
    if (message === undefined) return;
    this.received += 1;
    this.onTraffic?.(false, text);
    if (message.status === 0) {
      this.onRequest(message, (answer) => {
        if (this.isAway || !this.#isOpen) return;
        this.sent += 1;
        this.onTraffic?.(true, answer);
        this.#socket.send(Buffer.from(answer, "latin1"), port, address, () => undefined);
      });
      return;
    }
    if (message.status < 200) return;
    const pending = this.#pending.get(message.branch);
    if (pending === undefined) return;
    this.#pending.delete(message.branch);
    pending.ended(message.status, message);
  }

  // In the order of their first sending: the loop ends at the first that is younger than T1.
  #retransmit(): void {
    const now = performance.now();
    for (const [branch, pending] of this.#pending) {
      if (pending.giveUpAt - now > 63 * T1) break;
      if (now < pending.nextAt) continue;
      if (now >= pending.giveUpAt) {
        this.#pending.delete(branch);
        this.timeouts += 1;
        pending.ended(408, undefined);
        continue;
      }
      pending.interval = Math.min(2 * pending.interval, T2);
      pending.nextAt = now + pending.interval;
      this.retransmissions += 1;
      this.raw(pending.text);
    }
  }
}
