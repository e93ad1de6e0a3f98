/**
 * The outer shape of what an LDAP server sends (RFC 4511 §4.1.1, §5.1; BER with definite lengths), checked before the
 * library reads it: lengths that do not fit into each other would make its loops run for ever.
 */

/** Octets of a whole LDAPMessage that begins here; undefined while its head is incomplete, NaN when it is none. */
export function messageLength(head: Buffer): number | undefined {
  if (head.length === 0) return undefined;
  if (head[0] !== SEQUENCE) return Number.NaN;
  if (head.length < 2) return undefined;
  const first = head[1]!;
  if (first < 0x80) return 2 + first;
  const octets = first & 0x7f;
  if (octets === 0 || octets > LONGEST_LENGTH) return Number.NaN;
  return head.length < 2 + octets ? undefined : 2 + octets + head.readUIntBE(2, octets);
}

/** Which message it is, and of what kind. */
export interface MessageHead {
  readonly id: number;
  /** Tag of the operation; undefined: it has not come yet. */
  readonly operation: number | undefined;
}

/** Octets in which a message's length and its id end at the latest. */
export const LONGEST_HEAD = 12;

/** Reads the head of a message that goes on; undefined when it is not whole, or none. */
export function headOf(octets: Buffer): MessageHead | undefined {
  const first = octets[1] ?? 0;
  const at = first < 0x80 ? 2 : 2 + (first & 0x7f);
  const length = octets[at + 1];
  if (octets[at] !== INTEGER || length === undefined || length < 1 || length > LONGEST_LENGTH)
    return undefined;
  const end = at + 2 + length;
  return end > octets.length ? undefined : { id: octets.readUIntBE(at + 2, length), operation: octets[end] };
}

/** The end of an answer without entries, for the question with this id (§4.5.2). Below 2^31, `code` below 2^15. */
export function searchDone(id: number, code: number): Buffer {
  const message = Buffer.from("301002040000000065080a02000004000400", "hex");
  message.writeUInt32BE(id, 4);
  message.writeUInt16BE(code, 12);
  return message;
}

/** Is it an answer of a kind that we can be sent, with everything in its place? */
export function isSoundMessage(message: Buffer): boolean {
  const end = message.length;
  if (endOf(message, 0, end) !== end) return false;
  const id = contentOf(message, 0);
  const operation = endOf(message, id, end);
  if (operation === UNFIT || message[id] !== INTEGER || !isSmall(message, id, operation)) return false;
  const controls = endOf(message, operation, end);
  if (controls === UNFIT) return false;
  if (controls !== end && (endOf(message, controls, end) !== end || !areControls(message, controls, end)))
    return false;
  return isAnswer(message, operation, controls);
}

/** Result code of an ExtendedResponse; undefined when it is something else (§4.12). */
export function extendedResult(message: Buffer): number | undefined {
  if (!isSoundMessage(message)) return undefined;
  const operation = endOf(message, contentOf(message, 0), message.length);
  if (message[operation] !== EXTENDED_RESPONSE) return undefined;
  const code = contentOf(message, operation);
  const start = contentOf(message, code);
  return message.readUIntBE(start, endOf(message, code, message.length) - start);
}

/*
 * An element is known by the place where it begins, and nothing is made of it: each answer of a busy directory comes through
 * here, with dozens of them.
 */

/** Where the element that begins here ends; UNFIT when that is behind `end`, or nowhere. */
function endOf(bytes: Buffer, at: number, end: number): number {
  if (end - at < 2) return UNFIT;
  let length = bytes[at + 1]!;
  let content = at + 2;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    if (octets === 0 || octets > LONGEST_LENGTH || end - content < octets) return UNFIT;
    length = bytes.readUIntBE(content, octets);
    content += octets;
  }
  return length > end - content ? UNFIT : content + length;
}

/** Where the content begins of an element that fits. */
function contentOf(bytes: Buffer, at: number): number {
  const first = bytes[at + 1]!;
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
}

/** Do the elements between two places fill the room exactly, and is each as it should be? */
function every(
  bytes: Buffer,
  start: number,
  end: number,
  isFit: (bytes: Buffer, at: number, end: number) => boolean,
): boolean {
  for (let at = start; at < end; ) {
    const next = endOf(bytes, at, end);
    if (next === UNFIT || !isFit(bytes, at, next)) return false;
    at = next;
  }
  return true;
}

function isAnswer(bytes: Buffer, at: number, end: number): boolean {
  const content = contentOf(bytes, at);
  switch (bytes[at]) {
    case SEARCH_ENTRY:
      return isEntry(bytes, content, end);
    case SEARCH_REFERENCE:
      return every(bytes, content, end, isOctetString);
    case BIND_RESPONSE:
    case SEARCH_DONE:
    case EXTENDED_RESPONSE:
      return isResult(bytes, content, end);
    default:
      return false;
  }
}

/** §4.5.2: the name, then attributes. */
function isEntry(bytes: Buffer, name: number, end: number): boolean {
  const list = endOf(bytes, name, end);
  if (list === UNFIT || bytes[name] !== OCTET_STRING) return false;
  if (endOf(bytes, list, end) !== end || bytes[list] !== SEQUENCE) return false;
  return every(bytes, contentOf(bytes, list), end, isAttribute);
}

/** Its type and the set of its values. */
function isAttribute(bytes: Buffer, at: number, end: number): boolean {
  if (bytes[at] !== SEQUENCE) return false;
  const type = contentOf(bytes, at);
  const values = endOf(bytes, type, end);
  if (values === UNFIT || bytes[type] !== OCTET_STRING) return false;
  if (endOf(bytes, values, end) !== end || bytes[values] !== SET) return false;
  return every(bytes, contentOf(bytes, values), end, isOctetString);
}

/** §4.1.9: result code, matched DN, diagnostic message; what follows is of no concern here. */
function isResult(bytes: Buffer, code: number, end: number): boolean {
  const matched = endOf(bytes, code, end);
  if (matched === UNFIT || bytes[code] !== ENUMERATED || !isSmall(bytes, code, matched)) return false;
  const message = endOf(bytes, matched, end);
  if (message === UNFIT || bytes[matched] !== OCTET_STRING) return false;
  const rest = endOf(bytes, message, end);
  if (rest === UNFIT || bytes[message] !== OCTET_STRING) return false;
  return every(bytes, rest, end, isAnything);
}

function areControls(bytes: Buffer, at: number, end: number): boolean {
  return bytes[at] === CONTROLS && every(bytes, contentOf(bytes, at), end, isControl);
}

/** §4.1.11: type, perhaps criticality, perhaps a value. */
function isControl(bytes: Buffer, at: number, end: number): boolean {
  if (bytes[at] !== SEQUENCE) return false;
  const type = contentOf(bytes, at);
  let next = endOf(bytes, type, end);
  if (next === UNFIT || bytes[type] !== OCTET_STRING) return false;
  if (next < end && bytes[next] === BOOLEAN) {
    const value = endOf(bytes, next, end);
    if (value - contentOf(bytes, next) !== 1) return false;
    next = value;
  }
  return next === end || (bytes[next] === OCTET_STRING && endOf(bytes, next, end) === end);
}

function isOctetString(bytes: Buffer, at: number): boolean {
  return bytes[at] === OCTET_STRING;
}

function isAnything(): boolean {
  return true;
}

/** A number that `readUIntBE` can read. */
function isSmall(bytes: Buffer, at: number, end: number): boolean {
  const octets = end - contentOf(bytes, at);
  return octets >= 1 && octets <= LONGEST_LENGTH;
}

/** No element ends there. */
const UNFIT = -1;
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const ENUMERATED = 0x0a;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTROLS = 0xa0;
const BIND_RESPONSE = 0x61;
export const SEARCH_REQUEST = 0x63;
const SEARCH_ENTRY = 0x64;
export const SEARCH_DONE = 0x65;
const SEARCH_REFERENCE = 0x73;
const EXTENDED_RESPONSE = 0x78;
/** Octets of a length or a number; four hold more than any answer may have. */
const LONGEST_LENGTH = 4;
