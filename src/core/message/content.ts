/** What the body of a MESSAGE says, by the table of content types. RFC 7572 §7, RFC 3261 §8.2.3, RFC 5621. */

import type { Element } from "../../xml/element";
import { parseHtml } from "../../xml/html";
import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import type { ContentTypeTable } from "../tables";
import { decodeText } from "./charset";
import { type CpimMessage, parseCpim } from "./cpim";
import { type ImdnReport, parseImdn } from "./imdn";
import { type IsComposing, parseIsComposing } from "./is-composing";
import { type MediaType, PLAIN_TEXT, parseMediaType } from "./media-type";
import { decodedBody, type MimeEntity, splitMultipart } from "./mime";
import { toXhtmlIm } from "./xhtml";

/** One body, with the headers that say how to read it. */
export interface Entity {
  /** As received; absent means text/plain. */
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly contentDisposition: string | undefined;
  readonly contentLanguage: string | undefined;
  readonly octets: Uint8Array;
}

export type Content = (
  | { readonly kind: "text"; readonly text: string; readonly html?: Element }
  | { readonly kind: "composing"; readonly status: IsComposing }
  | { readonly kind: "imdn"; readonly report: ImdnReport }
) & {
  /** The CPIM message around it, if any: the outermost that names a sender. */
  readonly cpim?: CpimMessage;
  /** Content-Language of the part that was read. */
  readonly contentLanguage?: string;
};

/**
 * Reads a body.
 * Errors: CONTENT_TYPE_UNSUPPORTED, CONTENT_ENCODING_UNSUPPORTED and CHARSET_UNSUPPORTED with the Accept headers of a
 * 415; BODY_MALFORMED; BODY_EMPTY; TOO_LONG; CPIM_MALFORMED; CPIM_REQUIRE. An empty text is an error here: nothing would be shown.
 */
export function readContent(entity: Entity, table: ContentTypeTable): Result<Content> {
  return read(entity, table, 0);
}

function read(entity: Entity, table: ContentTypeTable, depth: number): Result<Content> {
  const { contentEncoding } = entity;
  if (contentEncoding !== undefined && !IDENTITY.test(contentEncoding))
    return encodingUnsupported(contentEncoding);
  const type = entity.contentType === undefined ? PLAIN_TEXT : parseMediaType(entity.contentType);
  if (type === undefined) return refuse(reject("BODY_MALFORMED", "Content-Type"));
  const disposition = entity.contentDisposition;
  if (disposition !== undefined && !isForUs(disposition))
    return typeUnsupported(`disposition ${disposition}`, table);
  if (depth >= MAXIMUM_DEPTH) return refuse(reject("BODY_MALFORMED", "nested too deep"));
  const content = treat(type, entity.octets, table, depth);
  if (!content.ok || entity.contentLanguage === undefined || content.value.contentLanguage !== undefined)
    return content;
  return ok({ ...content.value, contentLanguage: entity.contentLanguage });
}

function treat(type: MediaType, octets: Uint8Array, table: ContentTypeTable, depth: number): Result<Content> {
  switch (table.treatments.get(type.type)) {
    case "plain":
      return readPlain(type, octets, table);
    case "html":
      return readHtml(type, octets, table);
    case "cpim":
      return readCpim(octets, table, depth);
    case "composing":
      return mapped(parseIsComposing(octets), (status) => ({ kind: "composing", status }));
    case "imdn":
      return mapped(parseImdn(octets), (report) => ({ kind: "imdn", report }));
    case "multipart-alternative":
      return readParts(type, octets, table, depth, alternative);
    case "multipart-mixed":
      return readParts(type, octets, table, depth, mixed);
    case undefined:
      return typeUnsupported(type.type, table);
  }
}

function readPlain(type: MediaType, octets: Uint8Array, table: ContentTypeTable): Result<Content> {
  const text = decodeText(octets, type.parameters.get("charset"), table.accept);
  if (!text.ok) return text;
  if (text.value === "") return refuse(reject("BODY_EMPTY"));
  // The line break of MIME is CRLF (RFC 2046 §4.1.1), that of XMPP is LF; no CR stands for anything else.
  return ok({
    kind: "text",
    text: text.value.includes("\r") ? text.value.replace(LINE_BREAK, "\n") : text.value,
  });
}

function readHtml(type: MediaType, octets: Uint8Array, table: ContentTypeTable): Result<Content> {
  const text = decodeText(octets, type.parameters.get("charset"), table.accept);
  if (!text.ok) return text;
  if (text.value.length > HTML_MAXIMUM)
    return refuse(reject("TOO_LONG", `${text.value.length} characters of HTML`));
  const root = parseHtml(text.value);
  if (root === undefined) return refuse(reject("BODY_MALFORMED", "HTML nested too deep or too large"));
  const { plain, html } = toXhtmlIm(root);
  if (plain === "") return refuse(reject("BODY_EMPTY", "HTML without text"));
  return ok(html === undefined ? { kind: "text", text: plain } : { kind: "text", text: plain, html });
}

function readCpim(octets: Uint8Array, table: ContentTypeTable, depth: number): Result<Content> {
  const cpim = parseCpim(octets);
  if (!cpim.ok) return cpim;
  const content = readEntity(cpim.value.content, table, depth + 1);
  if (!content.ok) return content;
  const inner = content.value.cpim;
  return ok({
    ...content.value,
    cpim: cpim.value.from === undefined && inner !== undefined ? inner : cpim.value,
  });
}

type Choose = (
  parts: readonly Result<Content>[],
  entities: readonly MimeEntity[],
  table: ContentTypeTable,
) => Result<Content>;

function readParts(
  type: MediaType,
  octets: Uint8Array,
  table: ContentTypeTable,
  depth: number,
  choose: Choose,
): Result<Content> {
  const entities = splitMultipart(octets, type.parameters.get("boundary") ?? "");
  if (entities === undefined) return refuse(reject("BODY_MALFORMED", "multipart"));
  return choose(
    entities.map((entity) => readEntity(entity, table, depth + 1)),
    entities,
    table,
  );
}

/** The plain part is the body, the HTML part the markup; else the last part that we understand (RFC 2046 §5.1.4). */
function alternative(parts: readonly Result<Content>[]): Result<Content> {
  const read = parts.flatMap((part) => (part.ok ? [part.value] : []));
  const texts = read.filter((content) => content.kind === "text");
  const plain = texts.find((content) => content.html === undefined) ?? texts[0];
  const rich = texts.findLast((content) => content.html !== undefined);
  if (plain !== undefined) return ok(rich?.html === undefined ? plain : { ...plain, html: rich.html });
  const last = read[read.length - 1];
  return last === undefined ? (parts[0] as Result<Content>) : ok(last);
}

/**
 * All texts, in order. A part that cannot be shown refuses the whole, since a 2xx would say that it has arrived, unless its
 * sender says that it may be left out (`handling=optional`; required is the default, RFC 5621 §8.1). An empty text is nothing.
 */
function mixed(
  parts: readonly Result<Content>[],
  entities: readonly MimeEntity[],
  table: ContentTypeTable,
): Result<Content> {
  const texts: (Content & { kind: "text" })[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.ok && part.value.kind === "text") texts.push(part.value);
    else if (!part.ok && part.rejection.code !== "BODY_EMPTY" && !isOptional(entities[index] as MimeEntity))
      return part;
  }
  const [first, ...others] = texts;
  if (first === undefined)
    return parts.find((part) => !part.ok) ?? typeUnsupported("multipart without text", table);
  return others.length === 0 ? ok(first) : ok({ ...first, text: texts.map(({ text }) => text).join("\n") });
}

function isOptional(entity: MimeEntity): boolean {
  const disposition = parseMediaType(entity.headers.get("content-disposition") ?? "");
  return disposition?.parameters.get("handling")?.toLowerCase() === "optional";
}

/** An entity inside another: its transfer encoding is undone first. */
function readEntity(entity: MimeEntity, table: ContentTypeTable, depth: number): Result<Content> {
  const decoded = decodedBody(entity);
  if (decoded.kind === "malformed") return refuse(reject("BODY_MALFORMED", "Content-Transfer-Encoding"));
  const { headers } = entity;
  if (decoded.kind === "unknown-encoding") {
    return encodingUnsupported(headers.get("content-transfer-encoding") ?? "");
  }
  return read(
    {
      contentType: headers.get("content-type"),
      contentEncoding: headers.get("content-encoding"),
      contentDisposition: headers.get("content-disposition"),
      contentLanguage: headers.get("content-language"),
      octets: decoded.octets,
    },
    table,
    depth,
  );
}

/** RFC 3261 §20.11: rendered, or a notification (RFC 5438); what may be ignored may be shown too. */
function isForUs(value: string): boolean {
  const disposition = parseMediaType(value);
  if (disposition === undefined) return false;
  return (
    DISPOSITIONS.has(disposition.type) || disposition.parameters.get("handling")?.toLowerCase() === "optional"
  );
}

function typeUnsupported(detail: string, table: ContentTypeTable): Result<never> {
  return refuse(reject("CONTENT_TYPE_UNSUPPORTED", detail.slice(0, 100), [["Accept", table.accept]]));
}

function encodingUnsupported(encoding: string): Result<never> {
  return refuse(
    reject("CONTENT_ENCODING_UNSUPPORTED", encoding.slice(0, 100), [["Accept-Encoding", "identity"]]),
  );
}

function mapped<T>(result: Result<T>, make: (value: T) => Content): Result<Content> {
  return result.ok ? ok(make(result.value)) : result;
}

/** Bodies inside bodies: a CPIM with alternatives has three; nobody needs more. */
const MAXIMUM_DEPTH = 4;
/** A message with a pasted table has ten thousand; the worst HTML of this size is read in well under 50 ms. */
const HTML_MAXIMUM = 32_768;
const LINE_BREAK = /\r\n?/g;
const IDENTITY = /^\s*identity\s*$/i;
const DISPOSITIONS = new Set(["render", "inline", "notification"]);
