/** The small parsers that options are composed of: each says what it expects and reads one YAML value. */

import { BlockList, isIP } from "node:net";
import { z } from "zod";
import { parseHost } from "../core/address/host";
import { enforceDomain } from "../core/address/jid";
import type { Result } from "../core/result";
import type { ListenerOptions, TransportName } from "../sip/transport/transport";

export interface Value<T> {
  /** What a right value looks like, for messages and for the reference: "a port, 1 to 65535". */
  readonly expects: string;
  /** The same for the sample, where the example does not say it already. */
  readonly brief?: string;
  readonly schema: z.ZodType<T>;
}

/** A value made by one function; `read` gives undefined for what it does not take. */
export function value<T>(expects: string, read: (raw: unknown) => T | undefined): Value<T> {
  const schema = z.unknown().transform((raw, context) => {
    const result = read(raw);
    if (result !== undefined) return result;
    context.addIssue({ code: "custom", message: expects });
    return z.NEVER;
  });
  return { expects, schema };
}

/** A list, each item read by `item`. */
export function list<T>(item: Value<T>): Value<T[]> {
  return { expects: `a list, each ${item.expects}`, schema: z.array(item.schema) };
}

/** One of a few words or numbers. */
export function oneOf<const T extends string | number>(...allowed: readonly T[]): Value<T> {
  const expects = allowed.join(" or ");
  return { ...value(expects, (raw) => allowed.find((one) => one === raw)), brief: expects };
}

/** A whole number within bounds, both included. */
export function integer(lowest: number, highest: number): Value<number> {
  return value(`a whole number from ${lowest} to ${highest}`, (raw) =>
    typeof raw === "number" && Number.isInteger(raw) && raw >= lowest && raw <= highest ? raw : undefined,
  );
}

export const YES_NO = value("true or false", (raw) => (typeof raw === "boolean" ? raw : undefined));

export const TEXT = value("a text", (raw) => (typeof raw === "string" && raw !== "" ? raw : undefined));

export const FILE = value("the name of a file, from the folder of this configuration", (raw) =>
  typeof raw === "string" && raw !== "" && !raw.includes("\0") ? raw : undefined,
);

export const FOLDER = value("the name of a folder, from the folder of this configuration", (raw) =>
  typeof raw === "string" && raw !== "" && !raw.includes("\0") ? raw : undefined,
);

/** A secret that XML and digest can carry: a text without line breaks or other controls. */
export const SECRET = value("a text in quotes, without line breaks", readSecret);

/** A domain as SIP writes it: lower case, A-labels. RFC 3261 §25. */
export const SIP_DOMAIN = value("a domain name, such as sip.example", (raw) => readName(raw, parseHost));

/** A domain as XMPP writes it: lower case, U-labels. RFC 7622 §3.2. */
export const XMPP_DOMAIN = value("a domain name, such as sip.example", (raw) => readName(raw, enforceDomain));

/** Milliseconds out of "30 s"; never 0, and never more than a timer of Node can hold. */
export const DURATION = value(
  'a time up to 24 d with its unit (ms, s, min, h or d), such as "30 s"',
  (raw) => {
    const result = readWithUnit(raw, DURATION_PATTERN, DURATION_UNITS);
    return result !== undefined && result >= 1 && result <= LONGEST_TIMER ? result : undefined;
  },
);

/** Octets out of "64 KiB", at most so many. */
export function size(largest: number): Value<number> {
  return value(`a size up to ${largest} B with its unit (B, KiB, MiB or GiB), such as "64 KiB"`, (raw) => {
    const result = readWithUnit(raw, SIZE_PATTERN, SIZE_UNITS);
    return result !== undefined && result >= 1 && result <= largest ? result : undefined;
  });
}

export interface RateSetting {
  readonly perSecond: number;
  readonly burst: number;
}

/** How fast somebody may go, and how much at once after a pause. */
export const RATE = value(
  'a rate such as "50/s, burst 500", or off',
  (raw): RateSetting | "off" | undefined => {
    if (raw === "off" || raw === false) return "off";
    const parts = typeof raw === "string" ? RATE_PATTERN.exec(raw) : null;
    if (parts === null) return undefined;
    const [perSecond, burst] = [Number(parts[1]), Number(parts[2])];
    return perSecond > 0 && burst >= 1 ? { perSecond, burst } : undefined;
  },
);

export interface HostPort {
  /** Without the brackets of an IPv6 literal. */
  readonly host: string;
  readonly port: number;
}

/** A host and a port; IPv6 literals in brackets. */
export const HOST_PORT = value("host:port, such as 127.0.0.1:5347 or [::1]:5347", (raw) => readHostPort(raw));

/** A host with a port or without. */
export const ADVERTISED = value(
  "a host, or host:port, such as gateway.example or 203.0.113.7:5060",
  (raw): { host: string; port?: number } | undefined => {
    const both = readHostPort(raw);
    if (both !== undefined) return both;
    const host = readHost(raw);
    return host === undefined ? undefined : { host };
  },
);

/** Where the health page listens, or undefined inside an object for "off". */
export const HEALTH_LISTEN = value("address:port, such as 127.0.0.1:8060, or off", (raw) =>
  raw === "off" || raw === false ? ("off" as const) : readHostPort(raw),
);

/** A SIP listener: transport, IP literal, port (0 takes a free one). */
export const LISTENER = value(
  "udp, tcp or tls, an IP address and a port, such as udp:127.0.0.1:5060 or tls:[::1]:5061",
  readListener,
);

export type Trust =
  | { readonly kind: "address"; readonly cidr: string }
  | { readonly kind: "identity"; readonly identity: string };

/** Who is trusted: an address range, or the name in a TLS certificate. */
export const TRUST = value(
  "an address range, such as 192.0.2.0/24 or 2001:db8::/32, or tls: and a name, such as tls:proxy.example",
  readTrust,
);

/** A SIP URI that can serve as an outbound proxy. */
export const PROXY_URI = value("a SIP URI, such as sip:proxy.example:5060;transport=tcp", (raw) =>
  typeof raw === "string" && PROXY_PATTERN.test(raw) && raw.length <= LONGEST_URI ? raw : undefined,
);

/** A SIP address of record. */
export const SIP_ADDRESS = value("a SIP address, such as sip:romeo@sip.example", (raw) =>
  typeof raw === "string" && ADDRESS_PATTERN.test(raw) && raw.length <= LONGEST_URI ? raw : undefined,
);

/** A SIP URI, a telephone number as a URI, or a JID. */
export const PERSON_ADDRESS = value(
  "a SIP address or a JID, such as sip:romeo@sip.example or romeo@xmpp.example",
  (raw) =>
    isMatch(PERSON_PATTERN, raw) || isMatch(ADDRESS_PATTERN, raw) || isMatch(TEL_PATTERN, raw)
      ? raw
      : undefined,
);

/** The JID of a person. */
export const JID = value("a JID, such as romeo@xmpp.example", (raw) =>
  isMatch(PERSON_PATTERN, raw) && !raw.startsWith("sip:") ? raw : undefined,
);

export interface ContactList {
  readonly uri: string;
  readonly owner: string;
  readonly name?: string;
  /** SIP URIs or JIDs. */
  readonly members: readonly string[];
}

/** A list of contacts: its address, who may watch it, who is in it. RFC 4662. */
export const CONTACT_LIST = value(
  "{ uri: sip:friends@sip.example, owner: sip:romeo@sip.example, members: [juliet@xmpp.example], name: Friends }",
  readContactList,
);

/** A digest as hex, of the length of its algorithm; lower case comes out. */
export function hex(digits: number): Value<string> {
  return value(`${digits} hexadecimal digits`, (raw) =>
    typeof raw === "string" && raw.length === digits && HEX_PATTERN.test(raw) ? raw.toLowerCase() : undefined,
  );
}

/** Is this the text of a secret that we can use? */
export function readSecret(raw: unknown): string | undefined {
  if (typeof raw !== "string" || raw === "") return undefined;
  return CONTROL_PATTERN.test(raw) ? undefined : raw;
}

function readName(raw: unknown, read: (text: string) => Result<string>): string | undefined {
  const name = typeof raw === "string" && raw !== "" ? read(raw) : undefined;
  return name?.ok ? name.value : undefined;
}

function readDomain(raw: unknown): string | undefined {
  if (typeof raw !== "string" || raw.length > LONGEST_DOMAIN) return undefined;
  return DOMAIN_PATTERN.test(raw) ? raw.toLowerCase() : undefined;
}

function readWithUnit(
  raw: unknown,
  pattern: RegExp,
  units: Readonly<Record<string, number>>,
): number | undefined {
  if (typeof raw !== "string") return undefined;
  const parts = pattern.exec(raw);
  const unit = parts?.[2] === undefined ? undefined : units[parts[2]];
  if (unit === undefined) return undefined;
  const result = Number(parts?.[1]) * unit;
  return Number.isSafeInteger(result) ? result : undefined;
}

function readHost(raw: unknown): string | undefined {
  if (typeof raw !== "string") return undefined;
  if (raw.startsWith("[") && raw.endsWith("]")) {
    const inner = raw.slice(1, -1);
    return isIP(inner) === 6 ? inner : undefined;
  }
  return isIP(raw) === 4 ? raw : readDomain(raw);
}

function readHostPort(raw: unknown, lowestPort = 1): HostPort | undefined {
  if (typeof raw !== "string") return undefined;
  const colon = raw.lastIndexOf(":");
  const host = colon < 0 ? undefined : readHost(raw.slice(0, colon));
  const port = raw.slice(colon + 1);
  if (host === undefined || !PORT_PATTERN.test(port)) return undefined;
  return Number(port) >= lowestPort && Number(port) <= HIGHEST_PORT
    ? { host, port: Number(port) }
    : undefined;
}

function readListener(raw: unknown): ListenerOptions | undefined {
  if (typeof raw !== "string") return undefined;
  const transport = TRANSPORTS.find((name) => raw.startsWith(`${name}:`));
  if (transport === undefined) return undefined;
  const at = readHostPort(raw.slice(transport.length + 1), 0);
  return at === undefined || isIP(at.host) === 0 ? undefined : { transport, address: at.host, port: at.port };
}

function readTrust(raw: unknown): Trust | undefined {
  if (typeof raw !== "string") return undefined;
  if (raw.startsWith("tls:")) {
    const identity = readDomain(raw.slice("tls:".length));
    return identity === undefined ? undefined : { kind: "identity", identity };
  }
  return isAddressRange(raw) ? { kind: "address", cidr: raw } : undefined;
}

function readContactList(raw: unknown): ContactList | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const { uri, owner, name, members, ...others } = raw as Record<string, unknown>;
  if (!isMatch(ADDRESS_PATTERN, uri) || !isMatch(ADDRESS_PATTERN, owner) || Object.keys(others).length > 0) {
    return undefined;
  }
  if (!Array.isArray(members) || !members.every((one) => isMatch(PERSON_PATTERN, one))) return undefined;
  if (name === undefined) return { uri, owner, members };
  return typeof name === "string" ? { uri, owner, members, name } : undefined;
}

function isMatch(pattern: RegExp, raw: unknown): raw is string {
  return typeof raw === "string" && raw.length <= LONGEST_URI && pattern.test(raw);
}

/** An IP literal, or one with a prefix length that fits it. */
function isAddressRange(text: string): boolean {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const version = isIP(address);
  if (version === 0 || address.includes("%")) return false;
  if (slash < 0) return true;
  const prefix = text.slice(slash + 1);
  if (!PREFIX_PATTERN.test(prefix) || Number(prefix) > (version === 4 ? 32 : 128)) return false;
  new BlockList().addSubnet(address, Number(prefix), version === 4 ? "ipv4" : "ipv6");
  return true;
}

/** What one SQLite row, one socket buffer or one message may reasonably hold. */
export const LARGEST_SIZE = 1024 ** 3;
/** What a UDP datagram over IPv4 can hold, less headers. */
export const LARGEST_DATAGRAM = 65_507;
const TRANSPORTS: readonly TransportName[] = ["udp", "tcp", "tls"];
const DURATION_UNITS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const DURATION_PATTERN = /^([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(ms|s|min|h|d)$/;
const SIZE_PATTERN = /^([0-9]{1,12}) ?(B|KiB|MiB|GiB)$/;
const RATE_PATTERN = /^([0-9]{1,7}(?:\.[0-9]{1,3})?) ?\/ ?s, burst ([0-9]{1,7})$/;
const PORT_PATTERN = /^[0-9]{1,5}$/;
const PREFIX_PATTERN = /^[0-9]{1,3}$/;
const HEX_PATTERN = /^[0-9a-fA-F]+$/;
const CONTROL_PATTERN = /[\u0000-\u001f\u007f\ufffe\uffff]/;
const DOMAIN_PATTERN = /^(?!-)[\p{L}\p{N}\p{M}_-]{1,63}(?:\.[\p{L}\p{N}\p{M}_-]{1,63})*$/u;
const PROXY_PATTERN =
  /^sips?:(?:[^@\s<>"]+@)?(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?(?:;[^\s<>"]*)?$/;
const ADDRESS_PATTERN = /^sips?:[^@\s<>"]+@(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)$/;
const PERSON_PATTERN = /^(?:sip:)?[^@\s<>"/]+@[^@\s<>"/]+$/;
const TEL_PATTERN = /^tel:\+[0-9][0-9.()-]*$/;
/** RFC 1035 §2.3.4. */
const LONGEST_DOMAIN = 255;
/** Nobody types a longer one; it keeps the patterns above short of work. */
const LONGEST_URI = 1024;
const HIGHEST_PORT = 65_535;
/** A longer setTimeout fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;
