/** Loopback addresses and ports for servers that a test starts. */

import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { onEnd } from "./failure";

/**
 * An address 127.0.x.y that no other test process uses while this one lives: it is held by a listening socket on HOLD_PORT.
 * Servers of different test processes then cannot meet, whatever ports they take. There are enough of them for several runs
 * side by side that each hold a few for every test: one octet alone ran out.
 */
export async function holdAddress(): Promise<string> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const address = `127.0.${Math.floor(Math.random() * 250)}.${20 + Math.floor(Math.random() * 220)}`;
    const holder = await listen(address, HOLD_PORT);
    if (holder !== undefined) {
      holder.unref();
      holders.add(holder);
      return address;
    }
  }
  throw new Error("no loopback address is free");
}

/** One held address for everything of this test file that needs a place of its own, but not an address of its own. */
export function sharedAddress(): Promise<string> {
  shared ??= holdAddress();
  return shared;
}

/** A port that is free on this address for TCP and UDP ("0.0.0.0": on all of IPv4), and that no earlier call has given. */
export async function freePort(address: string): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000); // below the range that outgoing connections use
    if (!given.has(port) && (await isFree(address, port))) {
      given.add(port); // on every address: some programs listen on all of them
      return port;
    }
  }
  throw new Error(`no free port on ${address}`);
}

/** Does anybody accept TCP connections there? */
export function accepts(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(1_000, () => answer(false));
    socket.on("connect", () => answer(true));
    socket.on("error", () => answer(false));
  });
}

/** Has somebody bound a UDP socket there? Says the kernel's own table (Linux). */
export function takesDatagrams(address: string, port: number): boolean {
  const host = Buffer.from(address.split(".").map(Number).reverse()).toString("hex");
  const entry = `${host}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
  return readFileSync("/proc/net/udp", "utf8").includes(` ${entry} `);
}

onEnd(() => {
  for (const holder of holders) {
    holder.close();
  }
});

async function isFree(address: string, port: number): Promise<boolean> {
  const server = await listen(address, port);
  if (server === undefined) {
    return false;
  }
  await new Promise((resolve) => server.close(resolve));
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.on("error", () => resolve(false));
    socket.bind(port, address, () => socket.close(() => resolve(true)));
  });
}

function listen(address: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.on("error", () => resolve(undefined));
    server.listen({ host: address, port, exclusive: true }, () => resolve(server));
  });
}

const HOLD_PORT = 9_999;
const holders = new Set<Server>();
let shared: Promise<string> | undefined;
const given = new Set<number>();
