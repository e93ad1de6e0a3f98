/** SIP messages to octets. RFC 3261 §7, §20.14. */

import { isAscii } from "node:buffer";
import { isKnownName } from "./canonical-name";
import { isToken } from "./characters";
import type { SipMessage } from "./message";

/**
 * Writes a message, with a Content-Length of its own (any in the headers is left out) as the last field.
 * Throws when a start line or field holds CR or LF, a name or method is no token, or the URI has a space: whoever
 * built the message let a peer's text through unchecked, and to send it would let that peer write header fields.
 */
export function serialize(message: SipMessage): Buffer {
  const head = headOf(message);
  const body = message.body;
  const headBytes = Buffer.byteLength(head, "utf8");
  // As one text of single octets, which nearly every message is, it is written in half the time.
  if (headBytes === head.length && isAscii(body))
    return Buffer.from(head + body.toString("latin1"), "latin1");
  const bytes = Buffer.allocUnsafe(headBytes + body.length);
  bytes.write(head, 0, headBytes, "utf8");
  bytes.set(body, headBytes);
  return bytes;
}

function headOf(message: SipMessage): string {
  let head = startLine(message);
  for (const [name, value] of message.headers.fields) {
    if (name === "Content-Length") continue;
    if (!isKnownName(name) && !isToken(name))
      throw new Error(`SIP header name is not a token: ${JSON.stringify(name)}`);
    refuseLineEnds(value, name);
    head += `${name}: ${value}\r\n`;
  }
  return `${head}Content-Length: ${message.body.length}\r\n\r\n`;
}

function startLine(message: SipMessage): string {
  if (message.kind === "response") {
    refuseLineEnds(message.reason, "Reason-Phrase");
    return `SIP/2.0 ${message.status} ${message.reason}\r\n`;
  }
  if (!isToken(message.method))
    throw new Error(`SIP method is not a token: ${JSON.stringify(message.method)}`);
  refuseLineEnds(message.uri, "Request-URI");
  if (message.uri.indexOf(" ") >= 0) throw new Error("Space in a Request-URI");
  return `${message.method} ${message.uri} SIP/2.0\r\n`;
}

/** @throws when the value holds CR or LF */
export function refuseLineEnds(value: string, what: string): void {
  if (value.indexOf("\n") >= 0 || value.indexOf("\r") >= 0) throw new Error(`Line end inside ${what}`);
}
