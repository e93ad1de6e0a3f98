/** Requests that we send. RFC 3261 §8.1.1, §12.2.1.1, §20; MESSAGE: RFC 3428 §4; SUBSCRIBE and NOTIFY: RFC 6665 §8.2. */

import type { SipMessageOut } from "../../core/effect";
import type { HeaderField } from "../message/header-list";
import { HeaderList } from "../message/header-list";
import { serialize } from "../message/serialize";
import type { TransportName } from "../transport/transport";

export interface OutRequest {
  readonly method: "MESSAGE" | "OPTIONS" | "SUBSCRIBE" | "NOTIFY" | "PUBLISH" | "REGISTER";
  readonly message: SipMessageOut;
  /** For a request that makes a dialog or is in one. */
  readonly dialog?: DialogParts;
  /** For a request outside a dialog to a registered device. */
  readonly device?: Pick<DialogParts, "requestUri" | "routes"> | undefined;
}

/** What a dialog says of its requests (RFC 3261 §12.2.1.1). */
export interface DialogParts {
  readonly requestUri: string;
  readonly toTag: string | undefined;
  /** Values of Route, in order. */
  readonly routes: readonly string[];
}

/** Where the request goes: To says for whom it is, a dialog where that is. */
export function requestUriOf({ message, dialog, device }: OutRequest): string {
  return (dialog ?? device)?.requestUri ?? message.toUri;
}

/** What differs from one attempt to the next. */
export interface AttemptParts {
  readonly transport: TransportName;
  /** Host and port of sent-by. */
  readonly sentBy: { readonly host: string; readonly port: number };
  readonly branch: string;
  readonly cseq: number;
  /** Preloaded Route value; undefined for none, or where a dialog has its own. */
  readonly route: string | undefined;
  /** Value of Contact; undefined for none. */
  readonly contact?: string | undefined;
  readonly credentials: readonly HeaderField[];
  readonly userAgent: string;
}

/**
 * The octets of a request. Without a dialog no Contact: nothing can be sent back within a MESSAGE (RFC 3428 §4).
 * Throws when a value holds a line end, which the core must not let through.
 */
export function requestBytes(request: OutRequest, parts: AttemptParts): Buffer {
  const { method, message, dialog } = request;
  const fields: HeaderField[] = [["Via", viaValue(parts)]];
  if (parts.route !== undefined) fields.push(["Route", parts.route]);
  for (const route of (dialog ?? request.device)?.routes ?? NO_ROUTES) fields.push(["Route", route]);
  const toTag = dialog?.toTag === undefined ? "" : `;tag=${dialog.toTag}`;
  fields.push(
    ["Max-Forwards", MAX_FORWARDS],
    ["From", `<${message.fromUri}>;tag=${message.fromTag}`],
    ["To", `<${message.toUri}>${toTag}`],
    ["Call-ID", message.callId],
    ["CSeq", `${parts.cseq} ${method}`],
    ["User-Agent", parts.userAgent],
  );
  if (parts.contact !== undefined) fields.push(["Contact", parts.contact]);
  fields.push(...parts.credentials, ...message.headers);
  if (message.contentType !== "") fields.push(["Content-Type", message.contentType]);
  const body = Buffer.from(message.body.buffer, message.body.byteOffset, message.body.byteLength);
  const headers = new HeaderList(fields);
  return serialize({ kind: "request", method, uri: requestUriOf(request), headers, body });
}

/** rport asks for the answer to come back through a NAT (RFC 3581 §3); a stream goes back the way it came. */
function viaValue({ transport, sentBy, branch }: AttemptParts): string {
  const isBare = sentBy.host.includes(":") && !sentBy.host.startsWith("[");
  const host = isBare ? `[${sentBy.host}]` : sentBy.host;
  const rport = transport === "udp" ? ";rport" : "";
  return `SIP/2.0/${transport.toUpperCase()} ${host}:${sentBy.port};branch=${branch}${rport}`;
}

const NO_ROUTES: readonly string[] = [];
/** RFC 3261 §8.1.1.6. */
const MAX_FORWARDS = "70";
