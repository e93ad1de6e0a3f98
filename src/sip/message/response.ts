/** What a response copies from its request. RFC 3261 §8.2.6. */

import { isAsciiText } from "./characters";
import type { HeaderField } from "./header-list";
import { HeaderList } from "./header-list";
import type { SipRequest, SipResponse } from "./message";
import { parseNameAddr } from "./name-addr";
import { refuseLineEnds } from "./serialize";

export interface ResponseParts {
  /** Our tag for To, used unless it has one (§8.2.6.2); leave it out for a 100 only. */
  readonly toTag?: string;
  /** Fields to add, in order. */
  readonly headers?: readonly HeaderField[];
}

/**
 * Builds a response without a body: every Via in order, From, To with a tag, Call-ID, CSeq, and Timestamp in a 100
 * (§8.2.6.1). The request must have the five mandatory fields, as those of `parseMessage` and its `partial` do.
 */
export function responseTo(
  request: SipRequest,
  status: number,
  reason: string,
  { toTag, headers }: ResponseParts = {},
): SipResponse {
  const fields = copiedFields(request, status, toTag);
  if (headers) fields.push(...headers);
  return { kind: "response", status, reason, headers: new HeaderList(fields), body: NO_BODY };
}

/**
 * The octets of such a response, written straight away: every request gets one. What is copied was read by `parseMessage`
 * and holds no line end.
 * Throws when the Reason-Phrase or an added field holds one, as `serialize` does.
 */
export function responseBytes(
  request: SipRequest,
  status: number,
  reason: string,
  { toTag, headers }: ResponseParts = {},
): Buffer {
  refuseLineEnds(reason, "Reason-Phrase");
  let isAscii = request.isAscii === true && isAsciiText(reason);
  let text = `SIP/2.0 ${status} ${reason}\r\n`;
  for (const field of copiedFields(request, status, toTag)) text += `${field[0]}: ${field[1]}\r\n`;
  for (const [name, value] of headers ?? NO_FIELDS) {
    refuseLineEnds(value, name);
    isAscii &&= isAsciiText(value);
    text += `${name}: ${value}\r\n`;
  }
  text += "Content-Length: 0\r\n\r\n";
  // Where every character is one octet it is written faster.
  return Buffer.from(text, isAscii ? "latin1" : "utf8");
}

function copiedFields(request: SipRequest, status: number, toTag: string | undefined): HeaderField[] {
  const fields: HeaderField[] = [];
  let seen = 0;
  for (const field of request.headers.fields) {
    const once = onceBit(field[0]);
    // Of two From fields (a 400) the first is copied.
    if (once === 0 || (seen & once) !== 0) continue;
    if (once === TIMESTAMP && status !== 100) continue;
    if (once !== VIA) seen |= once;
    fields.push(once === TO && toTag !== undefined ? withTag(field, toTag, request.read?.to) : field);
  }
  return fields;
}

function withTag(field: HeaderField, tag: string, to = parseNameAddr(field[1])): HeaderField {
  return to?.parameters.has("tag") === true ? field : ["To", `${field[1]};tag=${tag}`];
}

/** One bit for each field that is copied, to see which came already; 0 for the others. */
function onceBit(name: string): number {
  switch (name) {
    case "Via":
      return VIA;
    case "From":
      return FROM;
    case "To":
      return TO;
    case "Call-ID":
      return CALL_ID;
    case "CSeq":
      return CSEQ;
    case "Timestamp":
      return TIMESTAMP;
    default:
      return 0;
  }
}

const NO_BODY = Buffer.alloc(0);
const NO_FIELDS: readonly HeaderField[] = [];
const VIA = 1;
const FROM = 2;
const TO = 4;
const CALL_ID = 8;
const CSEQ = 16;
const TIMESTAMP = 32;
