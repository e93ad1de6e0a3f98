/** What a server writes into the topmost Via, and where the response goes by it. RFC 3261 §18.2.1, §18.2.2; RFC 3581 §4. */

import { isIP } from "node:net";
import { type HeaderField, HeaderList } from "../message/header-list";
import type { SipRequest } from "../message/message";
import { firstValue } from "../message/values";
import { formatVia, parseVia, type Via } from "../message/via";
import type { Source, Target } from "../transport/transport";

export interface Stamped {
  readonly request: SipRequest;
  /** As the client wrote it. */
  readonly topmostVia: Via;
}

/** Adds `received` and fills in `rport`; undefined when there is no Via that can be read. */
export function stampVia(request: SipRequest, source: Source): Stamped | undefined {
  const { fields } = request.headers;
  const at = fields.findIndex((field) => field[0] === "Via");
  if (at < 0) return undefined;
  const value = (fields[at] as HeaderField)[1];
  const first = firstValue(value);
  const topmostVia = request.read?.topmostVia ?? parseVia(first);
  if (topmostVia === undefined) return undefined;
  const stamped = stampedValue(first, topmostVia, source);
  if (stamped === first) return { request, topmostVia };
  const list = fields.slice();
  list[at] = ["Via", stamped + value.slice(value.indexOf(first) + first.length)];
  return { request: { ...request, headers: new HeaderList(list) }, topmostVia };
}

/**
 * Where a response goes when the request's connection is gone or never was (§18.2.2). The source address stands for
 * `received`: the two are equal by now. A name in maddr is not looked up: only a multicast address makes sense there.
 */
export function responseTarget({ topmostVia }: Stamped | { topmostVia: Via }, source: Source): Target {
  const { transport } = source;
  const sentByPort = topmostVia.port ?? (transport === "tls" ? 5061 : 5060);
  if (transport !== "udp") return { transport, address: source.address, port: sentByPort };
  if (topmostVia.maddr !== undefined && isIP(topmostVia.maddr) !== 0) {
    return { transport, address: topmostVia.maddr, port: sentByPort };
  }
  const port = topmostVia.rport === undefined ? sentByPort : source.port;
  return { transport, address: source.address, port };
}

/** The text stays as it came, so that the client finds its branch again octet by octet; only what is ours is added. */
function stampedValue(text: string, via: Via, source: Source): string {
  if (via.received !== undefined || typeof via.rport === "number") {
    // A client has no business writing these; what it wrote must not steer our response.
    const rport = via.rport === undefined ? {} : { rport: source.port };
    return formatVia({ ...via, received: source.address, ...rport });
  }
  if (via.rport === true) {
    return `${text.replace(BARE_RPORT, `;rport=${source.port}`)};received=${source.address}`;
  }
  return via.host === source.address ? text : `${text};received=${source.address}`;
}

const BARE_RPORT = /;[ \t]*rport[ \t]*(?=;|$)/i;
