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
  const [body, ...more] = elements(message, 0, message.length) ?? [];
  if (body === undefined || more.length > 0) return false;
  const [id, operation, controls, ...rest] = elements(message, body.start, body.end) ?? [];
  if (id === undefined || operation === undefined || rest.length > 0) return false;
  if (id.tag !== INTEGER || !isSmall(id)) return false;
  if (controls !== undefined && !areControls(message, controls)) return false;
  const parts = elements(message, operation.start, operation.end);
  if (parts === undefined) return false;
  switch (operation.tag) {
    case SEARCH_ENTRY:
      return isEntry(message, parts);
    case SEARCH_REFERENCE:
      return parts.every((part) => part.tag === OCTET_STRING);
    case BIND_RESPONSE:
    case SEARCH_DONE:
    case EXTENDED_RESPONSE:
      return isResult(parts);
    default:
      return false;
  }
}

/** Result code of an ExtendedResponse; undefined when it is something else (§4.12). */
export function extendedResult(message: Buffer): number | undefined {
  if (!isSoundMessage(message)) return undefined;
  const [body] = elements(message, 0, message.length)!;
  const operation = elements(message, body!.start, body!.end)![1]!;
  if (operation.tag !== EXTENDED_RESPONSE) return undefined;
  const [code] = elements(message, operation.start, operation.end)!;
  return message.readUIntBE(code!.start, code!.end - code!.start);
}

interface BerElement {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** The elements between two places, one after another; undefined when they do not fill the room exactly. */
function elements(bytes: Buffer, start: number, end: number): BerElement[] | undefined {
  const found: BerElement[] = [];
  let at = start;
  while (at < end) {
    if (end - at < 2) return undefined;
    const tag = bytes[at]!;
    const first = bytes[at + 1]!;
    let length = first;
    let content = at + 2;
    if (first >= 0x80) {
      const octets = first & 0x7f;
      if (octets === 0 || octets > LONGEST_LENGTH || end - content < octets) return undefined;
      length = bytes.readUIntBE(content, octets);
      content += octets;
    }
    if (length > end - content) return undefined;
    found.push({ tag, start: content, end: content + length });
    at = content + length;
  }
  return found;
}

/** §4.5.2: the name, then attributes, each with its type and the set of its values. */
function isEntry(bytes: Buffer, parts: readonly BerElement[]): boolean {
  const [name, list, ...rest] = parts;
  if (name?.tag !== OCTET_STRING || list?.tag !== SEQUENCE || rest.length > 0) return false;
  return (elements(bytes, list.start, list.end) ?? [BAD]).every((attribute) => {
    if (attribute.tag !== SEQUENCE) return false;
    const [type, values, ...more] = elements(bytes, attribute.start, attribute.end) ?? [];
    if (type?.tag !== OCTET_STRING || values?.tag !== SET || more.length > 0) return false;
    return (elements(bytes, values.start, values.end) ?? [BAD]).every(({ tag }) => tag === OCTET_STRING);
  });
}

/** §4.1.9: result code, matched DN, diagnostic message; what follows is of no concern here. */
function isResult([code, matched, message]: readonly BerElement[]): boolean {
  return (
    code?.tag === ENUMERATED &&
    isSmall(code) &&
    matched?.tag === OCTET_STRING &&
    message?.tag === OCTET_STRING
  );
}

/** §4.1.11: type, perhaps criticality, perhaps a value. */
function areControls(bytes: Buffer, { tag, start, end }: BerElement): boolean {
  if (tag !== CONTROLS) return false;
  return (elements(bytes, start, end) ?? [BAD]).every((control) => {
    if (control.tag !== SEQUENCE) return false;
    const [type, ...rest] = elements(bytes, control.start, control.end) ?? [];
    const [first, second] = rest;
    const value = first?.tag === BOOLEAN ? second : first;
    const known = (first?.tag === BOOLEAN ? 1 : 0) + (value === undefined ? 0 : 1);
    return (
      type?.tag === OCTET_STRING &&
      (first?.tag !== BOOLEAN || first.end - first.start === 1) &&
      (value === undefined || value.tag === OCTET_STRING) &&
      rest.length === known
    );
  });
}

function isSmall({ start, end }: BerElement): boolean {
  return end - start >= 1 && end - start <= LONGEST_LENGTH;
}

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
/** Stands for a list that does not fit: no rule above accepts it. */
const BAD: BerElement = { tag: -1, start: 0, end: 0 };
