/** Text → element, for documents of strangers. XML 1.0 §2, Namespaces in XML 1.0; what RFC 6120 §11.1 forbids is refused. */

import { SaxesParser, type SaxesTagNS } from "saxes";
import type { Element, Node } from "./element";

export interface XmlLimits {
  /** Octets of the document (UTF-16 code units when it comes as a string). */
  readonly bytes: number;
  /** Elements inside one another; the reader's search for a prefix costs this much. */
  readonly depth: number;
  /** Elements in all. */
  readonly elements: number;
  /** Attributes and namespace declarations of one element. */
  readonly attributes: number;
}

/**
 * Enough for any document that a phone sends (isComposing, IMDN, PIDF of a person with many devices), and little enough
 * for the worst of that size to be read in some tens of milliseconds.
 */
export const XML_LIMITS: XmlLimits = { bytes: 65_536, depth: 32, elements: 5_000, attributes: 64 };

export type XmlProblem =
  | "too-long"
  | "too-deep"
  | "too-many-elements"
  | "too-many-attributes"
  | "doctype"
  | "processing-instruction"
  | "encoding"
  | "not-well-formed";

export type XmlResult =
  | { readonly ok: true; readonly root: Element }
  /** `detail` is for the log only. */
  | { readonly ok: false; readonly problem: XmlProblem; readonly detail: string };

/**
 * Reads one document. Never throws; linear in its length.
 * Bytes must be UTF-8, which all documents of SIP must be (RFC 3863 §4.1, RFC 3994 §6), and say nothing else of themselves.
 */
export function parseXml(document: Uint8Array | string, limits: XmlLimits = XML_LIMITS): XmlResult {
  if (document.length > limits.bytes) return problem("too-long", `${document.length} octets`);
  const fromBytes = typeof document !== "string";
  let text: string;
  try {
    text = fromBytes ? UTF8.decode(document) : document;
  } catch {
    return problem("encoding", "not UTF-8");
  }
  // Before the reader spends time on it. In CDATA it would be lawful; no document of ours holds one there.
  if (text.includes("<!DOCTYPE")) return problem("doctype", "a document type declaration");
  try {
    return { ok: true, root: new TreeBuilder(limits, fromBytes).build(text) };
  } catch (stop) {
    return stop instanceof Stop
      ? problem(stop.problem, stop.message)
      : problem("not-well-formed", String(stop));
  }
}

/** Leaves the reader in the middle of a document: the only way out of it. */
class Stop extends Error {
  constructor(
    readonly problem: XmlProblem,
    detail: string,
  ) {
    super(detail);
  }
}

interface Open {
  readonly name: string;
  readonly ns: string;
  readonly attrs: Record<string, string>;
  readonly children: Node[];
}

class TreeBuilder {
  readonly #limits: XmlLimits;
  readonly #checkEncoding: boolean;
  readonly #stack: Open[] = [];
  #root: Open | undefined;
  #elements = 0;
  #attributes = 0;

  constructor(limits: XmlLimits, checkEncoding: boolean) {
    this.#limits = limits;
    this.#checkEncoding = checkEncoding;
  }

  build(text: string): Element {
    // XML 1.1 would let control characters in, so every document is read as 1.0.
    const parser = new SaxesParser({
      xmlns: true,
      position: false,
      defaultXMLVersion: "1.0",
      forceXMLVersion: true,
    });
    parser.on("error", (error) => refuse("not-well-formed", error.message));
    parser.on("processinginstruction", ({ target }) => refuse("processing-instruction", target));
    parser.on("xmldecl", ({ encoding }) => this.#declared(encoding));
    parser.on("opentagstart", () => this.#starts());
    parser.on("attribute", () => this.#hasAttribute());
    parser.on("opentag", (tag) => this.#opens(tag));
    parser.on("closetag", () => void this.#stack.pop());
    parser.on("text", (data) => this.#holds(data));
    parser.on("cdata", (data) => this.#holds(data));
    parser.write(text).close();
    if (this.#root === undefined) return refuse("not-well-formed", "no element");
    return this.#root;
  }

  #declared(encoding: string | undefined): void {
    if (this.#checkEncoding && encoding !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(encoding)) {
      refuse("encoding", `declares ${encoding}`);
    }
  }

  /** Before the reader looks up a prefix: that takes time in proportion to the depth. */
  #starts(): void {
    if (this.#stack.length >= this.#limits.depth) refuse("too-deep", `more than ${this.#limits.depth}`);
    this.#elements += 1;
    this.#attributes = 0;
    if (this.#elements > this.#limits.elements)
      refuse("too-many-elements", `more than ${this.#limits.elements}`);
  }

  #hasAttribute(): void {
    this.#attributes += 1;
    if (this.#attributes > this.#limits.attributes)
      refuse("too-many-attributes", `more than ${this.#limits.attributes}`);
  }

  #opens(tag: SaxesTagNS): void {
    const element: Open = { name: tag.local, ns: tag.uri, attrs: attributesOf(tag), children: [] };
    const parent = this.#stack[this.#stack.length - 1];
    if (parent === undefined) this.#root = element;
    else parent.children.push(element);
    this.#stack.push(element);
  }

  #holds(data: string): void {
    const children = this.#stack[this.#stack.length - 1]?.children;
    // White space around the root belongs to nobody.
    if (children === undefined || data === "") return;
    const last = children.length - 1;
    const before = children[last];
    if (typeof before === "string") children[last] = before + data;
    else children.push(data);
  }
}

function attributesOf(tag: SaxesTagNS): Record<string, string> {
  const attrs: Record<string, string> = {};
  for (const name in tag.attributes) {
    const { uri, local, value } = tag.attributes[name] as SaxesTagNS["attributes"][string];
    if (uri === "") attrs[local] = value;
    else if (uri === XML) {
      // Of xml:base and xml:id nobody here makes anything.
      if (local === "lang" || local === "space") attrs[`xml:${local}`] = value;
    } else if (uri !== XMLNS) attrs[`{${uri}}${local}`] = value;
  }
  return attrs;
}

function refuse(which: XmlProblem, detail: string): never {
  throw new Stop(which, detail);
}

function problem(which: XmlProblem, detail: string): XmlResult {
  return { ok: false, problem: which, detail };
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });
const XML = "http://www.w3.org/XML/1998/namespace";
const XMLNS = "http://www.w3.org/2000/xmlns/";
