/** An LDAP server that does whatever a test wants, octet by octet. RFC 4511. */

import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import type { Certificate } from "./certificates";
import { freePort, sharedAddress } from "./ports";

export type LdapRequest = {
  readonly id: number;
  readonly operation: "bind" | "search" | "extended" | "unbind" | "other";
  /** Of a search: the base, and whether it asks for that entry alone. */
  readonly base: string;
  readonly isBase: boolean;
  /** The whole message. */
  readonly octets: Buffer;
};

export interface FakeEntry {
  readonly dn: string;
  readonly attributes: Readonly<Record<string, readonly (string | Buffer)[]>>;
}

/** Answers a request, or does not. */
export type LdapHandler = (request: LdapRequest, socket: Socket) => void;

export interface FakeLdap {
  readonly address: string;
  readonly port: number;
  readonly url: string;
  readonly requests: readonly LdapRequest[];
  /** Connections that were accepted, in all. */
  readonly accepted: number;
  /** Connections that are open. */
  readonly open: number;
  /** What is done from now on. */
  handle(handler: LdapHandler): void;
  /** Ends every connection at once. */
  cut(): void;
  /** Stops listening and ends every connection. */
  stop(): Promise<void>;
  /** Listens again at the same place. */
  start(): Promise<void>;
}

export interface FakeLdapOptions {
  /** TLS from the first octet. */
  readonly tls?: Certificate;
  /** TLS after StartTLS. */
  readonly startTls?: Certificate;
  readonly handler?: LdapHandler;
}

export async function fakeLdap(options: FakeLdapOptions = {}): Promise<FakeLdap> {
  const address = await sharedAddress();
  const port = await freePort(address);
  const requests: LdapRequest[] = [];
  const sockets = new Set<Socket>();
  let handler = options.handler ?? wellBehaved([]);
  let accepted = 0;
  const serve = (socket: Socket): void => {
    accepted++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    read(socket);
  };
  const read = (socket: Socket): void => {
    let buffer = Buffer.alloc(0);
    const take = (chunk: Buffer): void => {
      buffer = Buffer.concat([buffer, chunk]);
      for (let length = lengthOf(buffer); length <= buffer.length; length = lengthOf(buffer)) {
        const request = requestOf(buffer.subarray(0, length));
        buffer = buffer.subarray(length);
        requests.push(request);
        if (request.operation === "extended" && options.startTls !== undefined) {
          socket.off("data", take);
          socket.write(extendedResponse(request.id, 0));
          const { certificate: cert, key } = options.startTls;
          const secured = new TLSSocket(socket, { isServer: true, cert, key });
          secured.on("error", () => undefined);
          read(secured);
          return;
        }
        handler(request, socket);
      }
    };
    socket.on("data", take);
  };
  const make = (): Server => {
    if (options.tls === undefined) return createServer(serve);
    const { certificate: cert, key } = options.tls;
    const server = createTlsServer({ cert, key }, serve);
    server.on("tlsClientError", () => undefined);
    return server;
  };
  let server = make();
  const listen = () => new Promise<void>((resolve) => server.listen({ host: address, port }, resolve));
  await listen();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const close = () => {
    cut();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  closings.push(close);
  return {
    address,
    port,
    url: `${options.tls === undefined ? "ldap" : "ldaps"}://${address}:${port}`,
    requests,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    handle: (next) => {
      handler = next;
    },
    cut,
    stop: close,
    start: () => {
      server = make();
      return listen();
    },
  };
}

/** Says yes to bind, and finds these entries whatever is asked; the base is there. */
export function wellBehaved(entries: readonly FakeEntry[]): LdapHandler {
  return ({ id, operation, isBase, base }, socket) => {
    if (operation === "bind") socket.write(bindResponse(id, 0));
    if (operation === "search") {
      const found = isBase ? [{ dn: base, attributes: {} }] : entries;
      socket.write(Buffer.concat([...found.map((entry) => searchEntry(id, entry)), searchDone(id, 0)]));
    }
  };
}

/** As `wellBehaved`, with another treatment of look-ups. */
export function onSearch(search: LdapHandler): LdapHandler {
  const others = wellBehaved([]);
  return (request, socket) =>
    request.operation === "search" && !request.isBase ? search(request, socket) : others(request, socket);
}

export function bindResponse(id: number, code: number): Buffer {
  return message(id, result(0x61, code));
}

export function extendedResponse(id: number, code: number): Buffer {
  return message(id, result(0x78, code));
}

/** @param referral URLs of other servers (§4.1.10) */
export function searchDone(id: number, code: number, referral?: readonly string[]): Buffer {
  const more =
    referral === undefined ? [] : [tlv(0xa3, ...referral.map((url) => tlv(0x04, Buffer.from(url))))];
  return message(id, result(0x65, code, more));
}

export function searchEntry(id: number, { dn, attributes }: FakeEntry): Buffer {
  const list = Object.entries(attributes).map(([type, values]) =>
    tlv(0x30, text(type), tlv(0x31, ...values.map((value) => tlv(0x04, Buffer.from(value))))),
  );
  return message(id, tlv(0x64, text(dn), tlv(0x30, ...list)));
}

export function searchReference(id: number, url: string): Buffer {
  return message(id, tlv(0x73, text(url)));
}

export function message(id: number, ...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, tlv(0x02, Buffer.from([id >> 8, id & 0xff])), ...parts);
}

/** One BER element with a definite length. */
export function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : [tag, 0x84, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

export function text(value: string): Buffer {
  return tlv(0x04, Buffer.from(value));
}

function result(tag: number, code: number, more: readonly Buffer[] = []): Buffer {
  return tlv(tag, tlv(0x0a, Buffer.from([code])), text(""), text(""), ...more);
}

function requestOf(octets: Buffer): LdapRequest {
  const [outer] = octets[0] === 0x30 ? children(octets, 0, octets.length) : [];
  const [id, operation] = outer === undefined ? [] : children(octets, outer.start, outer.end);
  if (id === undefined || operation === undefined) return { ...NOTHING, octets };
  const names: Readonly<Record<number, LdapRequest["operation"]>> = {
    96: "bind",
    99: "search",
    119: "extended",
    66: "unbind",
  };
  const name = names[operation.tag] ?? "other";
  const [base, scope] = name === "search" ? children(octets, operation.start, operation.end) : [];
  return {
    id: octets.readUIntBE(id.start, id.end - id.start),
    operation: name,
    base: base === undefined ? "" : octets.toString("utf8", base.start, base.end),
    isBase: scope !== undefined && octets[scope.start] === 0,
    octets,
  };
}

/** Not LDAP at all. */
const NOTHING = { id: 0, operation: "other", base: "", isBase: false } as const;

function children(octets: Buffer, start: number, end: number) {
  const found: { tag: number; start: number; end: number }[] = [];
  for (let at = start; at < end; ) {
    const long = octets[at + 1]! >= 0x80 ? octets[at + 1]! & 0x7f : 0;
    const length = long === 0 ? octets[at + 1]! : octets.readUIntBE(at + 2, long);
    const content = at + 2 + long;
    found.push({ tag: octets[at]!, start: content, end: content + length });
    at = content + length;
  }
  return found;
}

/** Octets of the first message; infinite while it is not known. What is no LDAP is one message. */
function lengthOf(buffer: Buffer): number {
  if (buffer.length > 0 && buffer[0] !== 0x30) return buffer.length;
  if (buffer.length < 2) return Number.POSITIVE_INFINITY;
  const long = buffer[1]! >= 0x80 ? buffer[1]! & 0x7f : 0;
  if (long === 0) return 2 + buffer[1]!;
  return buffer.length < 2 + long ? Number.POSITIVE_INFINITY : 2 + long + buffer.readUIntBE(2, long);
}

const closings: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(closings.map((close) => close())));
