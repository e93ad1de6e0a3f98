/** IP literals in one spelling, so that endpoints can be compared as text. RFC 3986 §3.2.2, RFC 4291 §2.5, RFC 5952. */

import { isIP, SocketAddress } from "node:net";

export type Family = 4 | 6;

/** The family of an IP literal without brackets; undefined for a name. */
export function familyOf(address: string): Family | undefined {
  const family = isIP(address);
  return family === 0 ? undefined : (family as Family);
}

/**
 * One spelling for each address: brackets off, IPv6 compressed and in lower case, an IPv4-mapped address as IPv4.
 * @returns undefined when the host is not an IP literal.
 */
export function canonicalAddress(host: string): string | undefined {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  const family = isIP(bare);
  if (family === 4) return bare;
  if (family === 0) return undefined;
  const at = bare.indexOf("%");
  const address = at < 0 ? bare : bare.slice(0, at);
  const compressed = new SocketAddress({ address, family: "ipv6" }).address.toLowerCase();
  const mapped = MAPPED.exec(compressed);
  if (mapped !== null) return mapped[1];
  return at < 0 ? compressed : compressed + bare.slice(at);
}

export function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

/** Host and port as one key: the same endpoint gives the same text. */
export function hostPort(host: string, port: number): string {
  return `${host}|${port}`;
}

/** For people: `192.0.2.1:5060`, `[2001:db8::1]:5060`. */
export function showHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;
