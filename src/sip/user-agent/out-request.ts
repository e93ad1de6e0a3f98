/** Requests that we send, outside of any dialog. RFC 3261 §8.1.1, §20; MESSAGE: RFC 3428 §4. */

import type { SipMessageOut } from "../../core/effect";
import type { HeaderField } from "../message/header-list";
import { HeaderList } from "../message/header-list";
import { serialize } from "../message/serialize";
import type { TransportName } from "../transport/transport";

export interface OutRequest {
  readonly method: "MESSAGE" | "OPTIONS";
  readonly message: SipMessageOut;
}

/** What differs from one attempt to the next. */
export interface AttemptParts {
  readonly transport: TransportName;
  /** Host and port of sent-by. */
  readonly sentBy: { readonly host: string; readonly port: number };
  readonly branch: string;
  readonly cseq: number;
  /** Preloaded Route value; undefined for none. */
  readonly route: string | undefined;
  readonly credentials: readonly HeaderField[];
  readonly userAgent: string;
}

/**
 * The octets of a request. No Contact: nothing can be sent back within a MESSAGE (RFC 3428 §4).
 * Throws when a value holds a line end, which the core must not let through.
 */
export function requestBytes({ method, message }: OutRequest, parts: AttemptParts): Buffer {
  const fields: HeaderField[] = [["Via", viaValue(parts)]];
  if (parts.route !== undefined) fields.push(["Route", parts.route]);
  fields.push(
    ["Max-Forwards", MAX_FORWARDS],
    ["From", `<${message.fromUri}>;tag=${message.fromTag}`],
    ["To", `<${message.toUri}>`],
    ["Call-ID", message.callId],
    ["CSeq", `${parts.cseq} ${method}`],
    ["User-Agent", parts.userAgent],
    ...parts.credentials,
    ...message.headers,
  );
  if (message.contentType !== "") fields.push(["Content-Type", message.contentType]);
  const body = Buffer.from(message.body.buffer, message.body.byteOffset, message.body.byteLength);
  return serialize({ kind: "request", method, uri: message.toUri, headers: new HeaderList(fields), body });
}

/** rport asks for the answer to come back through a NAT (RFC 3581 §3); a stream goes back the way it came. */
function viaValue({ transport, sentBy, branch }: AttemptParts): string {
  const isBare = sentBy.host.includes(":") && !sentBy.host.startsWith("[");
  const host = isBare ? `[${sentBy.host}]` : sentBy.host;
  const rport = transport === "udp" ? ";rport" : "";
  return `SIP/2.0/${transport.toUpperCase()} ${host}:${sentBy.port};branch=${branch}${rport}`;
}

/** RFC 3261 §8.1.1.6. */
const MAX_FORWARDS = "70";
