/** message/cpim: a message with its own From, To and time around any content. RFC 3862; IMDN headers of RFC 5438 §6. */

import { type Rejection, reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import { type CpimHeader, cpimHeader, escapeValue, NAME, unescapeValue } from "./cpim-header";
import { type HeaderBlock, readHeaderBlock } from "./header-block";
import { isLanguageTag } from "./language";
import { type MimeEntity, mimeHeaders, readEntity } from "./mime";

export interface CpimAddress {
  /** Formal-name, unescaped. */
  readonly name?: string;
  readonly uri: string;
}

export interface CpimSubject {
  readonly language?: string;
  readonly text: string;
}

/** What RFC 5438 adds: the headers of a message that asks for notifications, or is one. */
export interface CpimImdn {
  readonly messageId?: string;
  /** Lower case, in order, without parameters: `positive-delivery`, `negative-delivery`, `display`, `processing`, others. */
  readonly dispositions: readonly string[];
  readonly originalTo?: string;
  /** Whole values of IMDN-Record-Route, in order: an answer copies them (§7.2.1). */
  readonly recordRoutes: readonly string[];
}

export interface CpimMessage {
  readonly from?: CpimAddress;
  readonly to: readonly CpimAddress[];
  readonly cc: readonly CpimAddress[];
  /** As received. */
  readonly dateTime?: string;
  readonly subjects: readonly CpimSubject[];
  readonly imdn?: CpimImdn;
  readonly content: MimeEntity;
}

/**
 * Reads a CPIM message. A layout without the blank line before the MIME headers, as RFC 7702 and RFC 5438 print it, is
 * read too; so is a missing From or To, since the SIP request has its own. Linear in its length.
 * Errors: CPIM_MALFORMED, and CPIM_REQUIRE for a required header that is not understood (RFC 3862 §3.5, RFC 3922 §4.2.7).
 */
export function parseCpim(bytes: Uint8Array): Result<CpimMessage> {
  const block = readHeaderBlock(bytes, 0);
  if (block === undefined) return malformed("headers too long, too many or not UTF-8");
  const mimeFrom = block.lines.findIndex((line) => MIME_HEADER.test(line));
  const headers = parseHeaders(mimeFrom < 0 ? block.lines : block.lines.slice(0, mimeFrom));
  if (!headers.ok) return headers;
  const content = readContent(bytes, block, mimeFrom);
  if (content === undefined) return malformed("no content with a Content-Type");
  return collect(headers.value, content);
}

export interface CpimOut {
  readonly fromUri: string;
  readonly toUri: string;
  /** RFC 3339. */
  readonly dateTime?: string;
  readonly subjects?: readonly CpimSubject[];
  readonly imdn?: {
    readonly messageId: string;
    readonly dispositions?: readonly string[];
    /** Values of IMDN-Route, as they came in IMDN-Record-Route. */
    readonly routes?: readonly string[];
  };
  /** Headers of the content, Content-Type first. Values hold no line break. */
  readonly contentHeaders: readonly (readonly [name: string, value: string])[];
  readonly content: Uint8Array;
}

/** Writes a CPIM message in the layout of RFC 3862 §2, with both blank lines. */
export function writeCpim(message: CpimOut): Uint8Array {
  let head = `From: <${escapeValue(message.fromUri)}>\r\nTo: <${escapeValue(message.toUri)}>\r\n`;
  if (message.dateTime !== undefined) head += `DateTime: ${message.dateTime}\r\n`;
  for (const subject of message.subjects ?? []) head += `${subjectHeader(subject)}\r\n`;
  if (message.imdn !== undefined) head += imdnHeaders(message.imdn);
  head += "\r\n";
  for (const [name, value] of message.contentHeaders) head += `${name}: ${value}\r\n`;
  head += "\r\n";
  const headOctets = UTF8.encode(head);
  const whole = new Uint8Array(headOctets.length + message.content.length);
  whole.set(headOctets);
  whole.set(message.content, headOctets.length);
  return whole;
}

/** One Subject header, without its line end: `Subject: Hi!`, `Subject:;lang=cs Ahoj!`. RFC 3922 §4.1.6. */
export function subjectHeader(subject: CpimSubject): string {
  const language = subject.language === undefined ? "" : `;lang=${subject.language}`;
  return `Subject:${language} ${escapeValue(subject.text)}`;
}

function imdnHeaders(imdn: NonNullable<CpimOut["imdn"]>): string {
  let out = `NS: imdn <${IMDN_NAMESPACE}>\r\nimdn.Message-ID: ${escapeValue(imdn.messageId)}\r\n`;
  if (imdn.dispositions !== undefined && imdn.dispositions.length > 0) {
    out += `imdn.Disposition-Notification: ${imdn.dispositions.join(", ")}\r\n`;
  }
  for (const route of imdn.routes ?? []) out += `imdn.IMDN-Route: ${escapeValue(route)}\r\n`;
  return out;
}

/** Headers with their names resolved: NS declarations apply to what follows them. RFC 3862 §3.4. */
function parseHeaders(lines: readonly string[]): Result<CpimHeader[]> {
  const prefixes = new Map<string, string>([["", CORE_NAMESPACE]]);
  const headers: CpimHeader[] = [];
  for (const [index, line] of lines.entries()) {
    const header = cpimHeader(line, prefixes);
    // Not the line itself: it may be the text of a message, and this goes to the log.
    if (header === undefined) return malformed(`line ${index + 1} is no header`);
    headers.push(header);
    if (header.ns !== CORE_NAMESPACE || header.name !== "NS") continue;
    const declared = NS_VALUE.exec(header.value);
    if (declared === null) return malformed("NS");
    prefixes.set(declared[1] ?? "", declared[2] as string);
  }
  for (const header of headers) {
    const unknown =
      header.ns === CORE_NAMESPACE && header.name === "Require" && unknownRequired(header.value, prefixes);
    if (typeof unknown === "string") return refuse(requireRejection(unknown));
  }
  return ok(headers);
}

/** The first header name in a Require that we do not understand. */
function unknownRequired(value: string, prefixes: ReadonlyMap<string, string>): string | undefined {
  for (const part of value.split(",")) {
    const name = part.trim();
    const dot = name.indexOf(".");
    const ns = prefixes.get(dot < 0 ? "" : name.slice(0, dot));
    const understood = ns === undefined ? undefined : UNDERSTOOD.get(ns);
    if (understood?.has(name.slice(dot + 1)) !== true) return name;
  }
  return undefined;
}

function requireRejection(name: string): Rejection {
  // RFC 3261 §8.2.2.3: a 420 lists what was not understood.
  const listed = NAME.test(name.replace(".", "")) ? ([["Unsupported", name]] as const) : undefined;
  return reject("CPIM_REQUIRE", name.slice(0, 80), listed);
}

/** The content: behind the blank line, or (lenient layout) MIME headers and all behind the last CPIM header. */
function readContent(bytes: Uint8Array, block: HeaderBlock, mimeFrom: number): MimeEntity | undefined {
  let entity: MimeEntity | undefined;
  if (mimeFrom < 0) entity = readEntity(bytes, block.next);
  else {
    const headers = mimeHeaders(block.lines.slice(mimeFrom));
    entity = headers && { headers, body: bytes.subarray(block.next) };
  }
  return entity?.headers.has("content-type") ? entity : undefined;
}

function collect(headers: readonly CpimHeader[], content: MimeEntity): Result<CpimMessage> {
  const lists = { From: [] as CpimAddress[], To: [] as CpimAddress[], cc: [] as CpimAddress[] };
  const subjects: CpimSubject[] = [];
  let dateTime: string | undefined;
  for (const header of headers) {
    if (header.ns !== CORE_NAMESPACE) continue;
    if (header.name === "From" || header.name === "To" || header.name === "cc") {
      const address = parseAddress(header.value);
      if (address === undefined) return malformed(header.name);
      lists[header.name].push(address);
    } else if (header.name === "DateTime") dateTime ??= header.value;
    else if (header.name === "Subject") subjects.push(subjectOf(header));
  }
  if (lists.From.length > 1) return malformed("more than one From");
  const [from] = lists.From;
  const imdn = imdnOf(headers);
  return ok({
    to: lists.To,
    cc: lists.cc,
    subjects,
    content,
    ...(from === undefined ? {} : { from }),
    ...(dateTime === undefined ? {} : { dateTime }),
    ...(imdn === undefined ? {} : { imdn }),
  });
}

function subjectOf(header: CpimHeader): CpimSubject {
  const text = unescapeValue(header.value);
  return header.language !== undefined && isLanguageTag(header.language)
    ? { language: header.language, text }
    : { text };
}

/** `[ Formal-name ] "<" URI ">"`; a URI alone is put up with. RFC 3862 §4.1. */
export function parseAddress(value: string): CpimAddress | undefined {
  const match = ADDRESS.exec(value);
  if (match === null) return BARE_URI.test(value) ? { uri: unescapeValue(value) } : undefined;
  const name = unescapeValue((match[1] ?? match[2] ?? "").trim());
  const uri = unescapeValue(match[3] as string);
  if (!BARE_URI.test(uri)) return undefined;
  return name === "" ? { uri } : { name, uri };
}

function imdnOf(headers: readonly CpimHeader[]): CpimImdn | undefined {
  let messageId: string | undefined;
  let originalTo: string | undefined;
  const dispositions: string[] = [];
  const recordRoutes: string[] = [];
  let found = false;
  for (const { ns, name, value } of headers) {
    if (ns !== IMDN_NAMESPACE) continue;
    found = true;
    if (name === "Message-ID") messageId ??= unescapeValue(value);
    else if (name === "Original-To") originalTo ??= parseAddress(value)?.uri;
    else if (name === "IMDN-Record-Route") recordRoutes.push(unescapeValue(value));
    else if (name === "Disposition-Notification") {
      for (const part of value.split(","))
        dispositions.push((part.split(";", 1)[0] as string).trim().toLowerCase());
    }
  }
  if (!found) return undefined;
  return {
    dispositions: dispositions.filter((disposition) => disposition !== ""),
    recordRoutes,
    ...(messageId === undefined ? {} : { messageId }),
    ...(originalTo === undefined ? {} : { originalTo }),
  };
}

function malformed(detail: string): { readonly ok: false; readonly rejection: Rejection } {
  return refuse(reject("CPIM_MALFORMED", detail));
}

export const CORE_NAMESPACE = "urn:ietf:params:cpim-headers:";
export const IMDN_NAMESPACE = "urn:ietf:params:imdn";

const UNDERSTOOD: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [CORE_NAMESPACE, new Set(["From", "To", "cc", "DateTime", "Subject", "NS", "Require"])],
  [
    IMDN_NAMESPACE,
    new Set(["Message-ID", "Disposition-Notification", "Original-To", "IMDN-Record-Route", "IMDN-Route"]),
  ],
]);
/** Where the MIME headers begin if the blank line before them is missing. No CPIM header is called so. */
const MIME_HEADER = /^content-[a-z-]+[ \t]*:/i;
const NS_VALUE = /^(?:([!#-'*+\-^-`|~A-Za-z0-9]+) *)?<([^<>]+)>$/;
const ADDRESS = /^(?:"((?:[^"\\]|\\.)*)" *|([^"<>]*))<([^<>]*)>$/s;
const BARE_URI = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"\u0000-\u001F\u007F]+$/;
const UTF8 = new TextEncoder();
