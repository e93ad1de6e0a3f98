/** What the socket tests share: a real clock, counters, a silent log, and transports that remember what came. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Clock, Counters, Log } from "../../../src/gateway/sides";
import type {
  FramingFault,
  ListenerOptions,
  Source,
  TransportOptions,
  Transports,
} from "../../../src/sip/transport/transport";
import { createTransports } from "../../../src/sip/transport/transports";

export interface Came {
  readonly bytes: Buffer;
  readonly source: Source;
  readonly fault: FramingFault | undefined;
}

export interface Station {
  readonly transports: Transports;
  readonly counters: Counters;
  /** Everything that came, in order. */
  readonly came: Came[];
  /** Resolves with the message of this index once it is there. */
  message(index: number): Promise<Came>;
  /** What to do with a message besides remembering it. */
  onMessage: (came: Came) => void;
}

/** Opens transports on free ports; `test` stops them with `stopAll`. */
export async function station(
  listeners: readonly Omit<ListenerOptions, "port">[],
  options: Partial<TransportOptions> = {},
  clock: Clock = realClock,
): Promise<Station> {
  const counters = plainCounters();
  const transports = createTransports(
    {
      listeners: listeners.map((listener) => ({ port: 0, ...listener })),
      idleCloseMs: 60_000,
      connectTimeoutMs: 5000,
      maximumConnections: 100,
      maximumMessageBytes: 65_536,
      ...options,
    },
    { log: silentLog, counters, clock },
  );
  const came: Came[] = [];
  const waiting: { index: number; resolve: (came: Came) => void }[] = [];
  const made: Station = {
    transports,
    counters,
    came,
    message: (index) =>
      new Promise((resolve) => {
        const there = came[index];
        if (there === undefined) waiting.push({ index, resolve });
        else resolve(there);
      }),
    onMessage: () => {},
  };
  await transports.start((bytes, source, fault) => {
    const one = { bytes, source, fault };
    came.push(one);
    made.onMessage(one);
    for (const { index, resolve } of waiting) if (index === came.length - 1) resolve(one);
  });
  open.push(transports);
  return made;
}

/** Closes every station of the test. */
export async function stopAll(): Promise<void> {
  await Promise.all(open.splice(0).map((transports) => transports.stop()));
}

/** A bare TCP client that gathers what it receives. */
export async function client(
  port: number,
  host = "127.0.0.1",
): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect(port, host);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => {});
  await once(socket, "connect");
  return { socket, text: () => Buffer.concat(chunks).toString() };
}

/** Looks again and again until it is so, and gives up before the runner does. */
export async function until(isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 4500;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`still not so: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A request with this body, whole enough for the framer. */
export function request(body = "", branch = "z9hG4bK1"): Buffer {
  return Buffer.from(
    `MESSAGE sip:romeo@sip.example SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=${branch}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

export const realClock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A clock that only the test moves. */
export function handClock(): Clock & { advance(ms: number): void } {
  let now = 1_000_000;
  let timers: { at: number; callback: () => void }[] = [];
  return {
    now: () => now,
    after: (ms, callback) => {
      const timer = { at: now + ms, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    advance: (ms) => {
      now += ms;
      const due = timers.filter((timer) => timer.at <= now);
      timers = timers.filter((timer) => timer.at > now);
      for (const timer of due) timer.callback();
    },
  };
}

function plainCounters(): Counters {
  const counts: Record<string, number> = {};
  return {
    add: (name, by = 1) => {
      counts[name] = (counts[name] ?? 0) + by;
    },
    get: (name) => counts[name] ?? 0,
    all: () => counts,
  };
}

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};

const open: Transports[] = [];
