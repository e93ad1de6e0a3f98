/** MIME entities inside a body: the content of a CPIM message, the parts of a multipart. RFC 2045, RFC 2046 §5.1. */

import { decodeBase64 } from "./base64";
import { readHeaderBlock } from "./header-block";

export interface MimeEntity {
  /** Header values by lower-case name, unfolded and trimmed; the first of a name counts. */
  readonly headers: ReadonlyMap<string, string>;
  /** As it stands, before its Content-Transfer-Encoding is undone. */
  readonly body: Uint8Array;
}

/** Reads headers, a blank line and the body from `start` on; undefined when that is not what stands there. */
export function readEntity(bytes: Uint8Array, start: number): MimeEntity | undefined {
  const block = readHeaderBlock(bytes, start);
  const headers = block && mimeHeaders(block.lines);
  return headers && { headers, body: bytes.subarray(block.next) };
}

/** Header lines → values by lower-case name; a line that begins with a blank continues the one before. */
export function mimeHeaders(lines: readonly string[]): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  let name = "";
  for (const line of lines) {
    if (line.startsWith(" ") || line.startsWith("\t")) {
      if (name === "") return undefined;
      headers.set(name, `${headers.get(name)} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(":");
    const key = line.slice(0, Math.max(colon, 0)).trimEnd().toLowerCase();
    if (!FIELD_NAME.test(key)) return undefined;
    // A name that stands twice gets a key that nobody asks for, so that its folded lines go there too.
    name = headers.has(key) ? `${key}:${headers.size}` : key;
    headers.set(name, line.slice(colon + 1).trim());
  }
  return headers;
}

export type Decoded =
  | { readonly kind: "octets"; readonly octets: Uint8Array }
  | { readonly kind: "malformed" }
  | { readonly kind: "unknown-encoding" };

/** The body with its Content-Transfer-Encoding undone. RFC 2045 §6. */
export function decodedBody(entity: MimeEntity): Decoded {
  const encoding = entity.headers.get("content-transfer-encoding")?.toLowerCase() ?? "8bit";
  switch (encoding) {
    case "7bit":
    case "8bit":
    case "binary":
      return { kind: "octets", octets: entity.body };
    case "base64":
      return octetsOrMalformed(decodeBase64(entity.body));
    case "quoted-printable":
      return octetsOrMalformed(decodeQuotedPrintable(entity.body));
    default:
      return { kind: "unknown-encoding" };
  }
}

/** The parts of a multipart body; undefined when it has none, too many, or no end. RFC 2046 §5.1.1. */
export function splitMultipart(body: Uint8Array, boundary: string): MimeEntity[] | undefined {
  if (!BOUNDARY.test(boundary)) return undefined;
  const delimiter = ASCII.encode(`--${boundary}`);
  const parts: MimeEntity[] = [];
  let partStart = -1;
  let at = 0;
  while (at <= body.length) {
    const feed = body.indexOf(LF, at);
    const lineEnd = feed < 0 ? body.length : feed;
    const kind = delimiterKind(body, at, lineEnd, delimiter);
    if (kind !== undefined) {
      if (partStart >= 0) {
        const part = readEntity(body.subarray(0, Math.max(partStart, beforeLineEnd(body, at))), partStart);
        if (part === undefined || parts.length === MAXIMUM_PARTS) return undefined;
        parts.push(part);
      }
      if (kind === "close") return parts.length > 0 ? parts : undefined;
      partStart = lineEnd + 1;
    }
    at = lineEnd + 1;
  }
  return undefined;
}

function delimiterKind(
  body: Uint8Array,
  start: number,
  end: number,
  delimiter: Uint8Array,
): "part" | "close" | undefined {
  if (end - start < delimiter.length) return undefined;
  for (let index = 0; index < delimiter.length; index += 1) {
    if (body[start + index] !== delimiter[index]) return undefined;
  }
  let after = start + delimiter.length;
  const close = body[after] === DASH && body[after + 1] === DASH && after + 2 <= end;
  if (close) after += 2;
  // Blanks may follow; anything else means a longer boundary than ours.
  for (; after < end; after += 1) {
    const code = body[after];
    if (code !== SPACE && code !== TAB && code !== CR) return undefined;
  }
  return close ? "close" : "part";
}

/** The line end before a delimiter belongs to the delimiter. */
function beforeLineEnd(body: Uint8Array, lineStart: number): number {
  const feed = lineStart - 1;
  return feed > 0 && body[feed - 1] === CR ? feed - 1 : Math.max(feed, 0);
}

function octetsOrMalformed(octets: Uint8Array | undefined): Decoded {
  return octets === undefined ? { kind: "malformed" } : { kind: "octets", octets };
}

function decodeQuotedPrintable(bytes: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const code = bytes[at] as number;
    if (code !== EQUALS) {
      out[length++] = code;
      continue;
    }
    // A soft line break, or two hexadecimal digits.
    if (bytes[at + 1] === LF) at += 1;
    else if (bytes[at + 1] === CR && bytes[at + 2] === LF) at += 2;
    else {
      const value = hex(bytes[at + 1]) * 16 + hex(bytes[at + 2]);
      if (Number.isNaN(value)) return undefined;
      out[length++] = value;
      at += 2;
    }
  }
  return out.subarray(0, length);
}

function hex(code: number | undefined): number {
  if (code === undefined) return Number.NaN;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : Number.NaN;
}

/** More than any sender of messages makes, less than what would cost anything. */
const MAXIMUM_PARTS = 64;
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const DASH = 0x2d;
const EQUALS = 0x3d;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;
const ASCII = new TextEncoder();
