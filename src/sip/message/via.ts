/** The Via header field. RFC 3261 §20.42, §25.1 (via-parm); rport: RFC 3581. */

import type { Mutable } from "../../core/mutable";
import { COLON, OPEN_BRACKET, parseDigits, SLASH, skipSpace, tokenEnd } from "./characters";
import { formatParameter, type Parameters, parseParameters } from "./values";

export interface Via {
  /** UDP, TCP, TLS …, upper case. */
  readonly transport: string;
  /** sent-by host as in the grammar: an IPv6 address has its brackets. */
  readonly host: string;
  readonly port?: number;
  readonly branch?: string;
  /** True: the sender asks for it; a number: a server has filled it in. */
  readonly rport?: true | number;
  readonly received?: string;
  readonly maddr?: string;
  readonly ttl?: number;
  /** All of them, those named above too. */
  readonly parameters: Parameters;
}

/** What `formatVia` takes: the named fields win over `parameters`, which adds the others. */
export type ViaParts = Omit<Via, "parameters"> & { readonly parameters?: Parameters };

/** Reads one via-parm (a list must be split before); undefined when malformed. Spaces around `/` and `:` are legal. */
export function parseVia(value: string): Via | undefined {
  const transportStart = sentProtocolEnd(value);
  if (transportStart < 0) return undefined;
  const transportEnd = tokenEnd(value, transportStart);
  const hostStart = skipSpace(value, transportEnd);
  if (transportEnd === transportStart || hostStart === transportEnd) return undefined;
  const hostEnd = sentByHostEnd(value, hostStart);
  if (hostEnd < 0) return undefined;
  let at = skipSpace(value, hostEnd);
  let port: number | undefined;
  if (value.charCodeAt(at) === COLON) {
    const portStart = skipSpace(value, at + 1);
    at = tokenEnd(value, portStart);
    port = parseDigits(value, MAXIMUM_PORT, portStart, at);
    if (port === undefined) return undefined;
  }
  const parameters = parseParameters(value, at);
  const numbers = parameters && numericParameters(parameters);
  if (!parameters || !numbers) return undefined;
  const via: Mutable<Via> = {
    transport: transportName(value, transportStart, transportEnd),
    host: value.slice(hostStart, hostEnd),
    parameters,
  };
  if (port !== undefined) via.port = port;
  if (numbers.rport !== undefined) via.rport = numbers.rport;
  if (numbers.ttl !== undefined) via.ttl = numbers.ttl;
  const branch = parameters.get("branch");
  if (branch !== undefined) via.branch = branch;
  const received = parameters.get("received");
  if (received !== undefined) via.received = received;
  const maddr = parameters.get("maddr");
  if (maddr !== undefined) via.maddr = maddr;
  return via;
}

/** Writes one via-parm; an IPv6 host gets its brackets when they are missing. */
export function formatVia(via: ViaParts): string {
  const host =
    via.host.indexOf(":") >= 0 && via.host.charCodeAt(0) !== OPEN_BRACKET ? `[${via.host}]` : via.host;
  let text = `SIP/2.0/${via.transport} ${host}`;
  if (via.port !== undefined) text += `:${via.port}`;
  if (via.branch !== undefined) text += formatParameter("branch", via.branch);
  if (via.received !== undefined) text += formatParameter("received", via.received);
  if (via.rport !== undefined) text += via.rport === true ? ";rport" : `;rport=${via.rport}`;
  if (via.maddr !== undefined) text += formatParameter("maddr", via.maddr);
  if (via.ttl !== undefined) text += `;ttl=${via.ttl}`;
  if (via.parameters) {
    for (const [name, value] of via.parameters) if (!NAMED.has(name)) text += formatParameter(name, value);
  }
  return text;
}

/** The index after `SIP/2.0/`; another version is read too, since a 505 must find its way back. -1 when malformed. */
function sentProtocolEnd(value: string): number {
  if (value.startsWith("SIP/2.0/")) return skipSpace(value, 8);
  let at = skipSpace(value, 0);
  for (let part = 0; part < 2; part++) {
    const end = tokenEnd(value, at);
    const slash = skipSpace(value, end);
    if (end === at || value.charCodeAt(slash) !== SLASH) return -1;
    at = skipSpace(value, slash + 1);
  }
  return at;
}

/** The index after the host at `from`: a name, an IPv4 address or a bracketed IPv6 address; -1 when there is none. */
function sentByHostEnd(value: string, from: number): number {
  if (value.charCodeAt(from) === OPEN_BRACKET) {
    const close = value.indexOf("]", from);
    return close > from + 1 && IPV6.test(value.slice(from + 1, close)) ? close + 1 : -1;
  }
  const end = tokenEnd(value, from);
  return end === from ? -1 : end;
}

/** UDP, TCP, TLS … in upper case, as they nearly always come. */
function transportName(value: string, start: number, end: number): string {
  if (end - start === 3) {
    if (value.startsWith("UDP", start)) return "UDP";
    if (value.startsWith("TCP", start)) return "TCP";
    if (value.startsWith("TLS", start)) return "TLS";
  }
  return value.slice(start, end).toUpperCase();
}

/** rport and ttl as numbers; undefined when one of them is none, or a parameter that needs a value has none. */
function numericParameters(parameters: Parameters): { rport?: true | number; ttl?: number } | undefined {
  for (const name of VALUED) if (parameters.has(name) && !parameters.get(name)) return undefined;
  if (!parameters.has("rport") && !parameters.has("ttl")) return NO_NUMBERS;
  const numbers: { rport?: true | number; ttl?: number } = {};
  if (parameters.has("rport")) {
    const text = parameters.get("rport");
    const rport = text === undefined ? true : parseDigits(text, MAXIMUM_PORT);
    if (rport === undefined) return undefined;
    numbers.rport = rport;
  }
  const ttl = parameters.get("ttl");
  if (ttl !== undefined) {
    const number = parseDigits(ttl, MAXIMUM_TTL);
    if (number === undefined) return undefined;
    numbers.ttl = number;
  }
  return numbers;
}

const MAXIMUM_PORT = 65_535;
const MAXIMUM_TTL = 255;
/** Those that say nothing without a value. */
const VALUED = ["branch", "received", "maddr", "ttl"] as const;
const NO_NUMBERS = Object.freeze({});
const NAMED: ReadonlySet<string> = new Set(["branch", "received", "rport", "maddr", "ttl"]);
const IPV6 = /^[0-9A-Fa-f:.]+$/;
