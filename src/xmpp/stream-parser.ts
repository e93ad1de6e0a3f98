/**
 * Stream text → elements, bounded. RFC 6120 §4.2, §11.1 (nothing but elements and text), §11.3 (well-formedness).
 * Takes the place of the library's parser and raises the same events: start, element, end, error; and one more, `refused`.
 */

import { EventEmitter } from "node:events";
import { SaxesParser } from "saxes";
import type { Element, Node } from "../xml/element";
import { NS } from "../xml/namespaces";

export interface StanzaLimits {
  /** Largest stanza, in UTF-16 code units: never more than its octets. */
  readonly size: number;
  /** Elements inside one another, the stanza itself counted. */
  readonly depth: number;
}

/** Why a stanza arrives without its content. */
export type Refusal = "too-long" | "too-deep";

/**
 * A stanza of a stranger that is too long or too deep must not cost everybody the link: its content is thrown away and its
 * head is reported. Only one so long that even skipping it is a burden ends the stream.
 */
export class StreamParser extends EventEmitter {
  readonly #limits: StanzaLimits;
  readonly #parser = new SaxesParser({
    xmlns: false,
    position: false,
    defaultXMLVersion: "1.0",
    forceXMLVersion: true,
  });
  readonly #open: Open[] = [];
  /** Namespaces bound to each prefix, innermost last: linear, however many declarations there are. */
  readonly #prefixes = new Map<string, string[]>([["xml", [XML_NS]]]);
  #depth = 0;
  #refusal: Refusal | undefined;
  /** Read to its end and not yet handed on. */
  #complete: { readonly stanza: Element; readonly refusal: Refusal | undefined } | undefined;
  /** Where the present stanza began. */
  #boundary = 0;
  /** Code units in all: the reader's own position is right only while it reads. */
  #fed = 0;
  #over = false;

  constructor(limits: StanzaLimits) {
    super();
    this.#limits = limits;
    this.#parser.on("opentag", (tag) => this.#opens(tag.name, tag.attributes));
    this.#parser.on("closetag", () => this.#closes());
    this.#parser.on("text", (text) => this.#holds(text));
    this.#parser.on("cdata", (text) => this.#holds(text));
    this.#parser.on("doctype", () => fail("a document type declaration"));
    this.#parser.on("comment", () => fail("a comment"));
    this.#parser.on("processinginstruction", () => fail("a processing instruction"));
  }

  /** Reads on. Raises at most one `error`, after which everything else is ignored. */
  write(text: string): void {
    if (this.#over) return;
    try {
      this.#parser.write(text);
      this.#deliver();
      this.#fed += text.length;
      if (this.#fed - this.#boundary > this.#limits.size * SKIPPED_SIZES) fail("a stanza that has no end");
    } catch (error) {
      if (this.#over) return;
      // A stanza that was complete before the trouble began is good; if the trouble is its own end tag, it is not.
      if (this.#size() > 0) this.#deliver();
      this.#over = true;
      this.emit("error", error);
    }
  }

  #size(): number {
    return this.#parser.position - this.#boundary;
  }

  #opens(name: string, attributes: Record<string, string>): void {
    if (this.#over) return;
    this.#deliver();
    this.#depth += 1;
    if (this.#depth === 1) {
      const root = this.#read(name, attributes);
      this.#open.push(root);
      this.#boundary = this.#parser.position;
      // The namespace of what the stream carries says for whom this port is.
      this.emit("start", {
        ...root.element,
        attrs: { ...root.element.attrs, xmlns: attributes.xmlns ?? "" },
      });
      return;
    }
    if (this.#refusal !== undefined) return;
    const tooDeep = this.#depth - 1 > this.#limits.depth;
    const tooLong = this.#size() > this.#limits.size;
    if (tooDeep || tooLong) this.#refusal = tooDeep ? "too-deep" : "too-long";
    // The head of a stanza is always read: somebody waits for an answer to it.
    if (this.#refusal !== undefined && this.#depth > 2) return;
    const opened = this.#read(name, attributes);
    if (this.#depth > 2) this.#innermost().push(opened.element);
    this.#open.push(opened);
  }

  #closes(): void {
    if (this.#over) return;
    this.#depth -= 1;
    if (this.#depth === 0) {
      this.#deliver();
      this.#over = true;
      this.emit("end");
    } else if (this.#depth === 1) {
      this.#stanzaEnds();
    } else if (this.#refusal === undefined) {
      this.#leave();
    }
  }

  #stanzaEnds(): void {
    const refusal = this.#refusal ?? (this.#size() > this.#limits.size ? "too-long" : undefined);
    while (this.#open.length > 2) this.#leave();
    const stanza = this.#leave();
    this.#refusal = undefined;
    this.#boundary = this.#parser.position;
    this.#complete = { stanza, refusal };
  }

  // The reader reports an element as closed before it finds that the end tag was another's: so each waits for what follows.
  #deliver(): void {
    if (this.#complete === undefined) return;
    const { stanza, refusal } = this.#complete;
    this.#complete = undefined;
    if (refusal === undefined) this.emit("element", stanza);
    else this.emit("refused", { ...stanza, attrs: headOf(stanza.attrs), children: [] }, refusal);
  }

  #holds(text: string): void {
    if (this.#over || this.#refusal !== undefined) return;
    if (this.#depth < 2) {
      // Blanks between stanzas keep a connection alive; they belong to no stanza.
      this.#boundary = this.#parser.position;
      return;
    }
    const children = this.#innermost();
    const last = children.length - 1;
    const before = children[last];
    if (typeof before === "string") children[last] = before + text;
    else children.push(text);
  }

  #innermost(): Node[] {
    return (this.#open[this.#open.length - 1] as Open).children;
  }

  #read(name: string, attributes: Record<string, string>): Open {
    const parent = this.#open[this.#open.length - 1];
    const attrs: Record<string, string> = {};
    let defaultNs = parent?.defaultNs ?? "";
    let declared: string[] | undefined;
    let prefixed = false;
    for (const key in attributes) {
      const value = attributes[key] as string;
      if (key === "xmlns") defaultNs = value === NS.component ? NS.client : value;
      else if (key.startsWith("xmlns:")) {
        declared ??= [];
        declared.push(this.#bind(key.slice(6), value));
      } else if (key.includes(":")) prefixed = true;
      else attrs[key] = value;
    }
    if (prefixed) this.#prefixedAttributes(attributes, attrs);
    const colon = name.indexOf(":");
    const ns = colon < 0 ? defaultNs : this.#bound(name.slice(0, colon));
    const children: Node[] = [];
    return { element: { name: name.slice(colon + 1), ns, attrs, children }, children, defaultNs, declared };
  }

  #prefixedAttributes(attributes: Record<string, string>, attrs: Record<string, string>): void {
    for (const key in attributes) {
      const colon = key.indexOf(":");
      if (colon < 0 || key.startsWith("xmlns:")) continue;
      const ns = this.#bound(key.slice(0, colon));
      const local = key.slice(colon + 1);
      attrs[ns === XML_NS ? `xml:${local}` : `{${ns}}${local}`] = attributes[key] as string;
    }
  }

  #bind(prefix: string, ns: string): string {
    const bindings = this.#prefixes.get(prefix);
    if (bindings === undefined) this.#prefixes.set(prefix, [ns]);
    else bindings.push(ns);
    return prefix;
  }

  #bound(prefix: string): string {
    const bindings = this.#prefixes.get(prefix);
    return bindings?.[bindings.length - 1] ?? fail("a prefix without a namespace");
  }

  #leave(): Element {
    const { element, declared } = this.#open.pop() as Open;
    for (const prefix of declared ?? []) {
      const bindings = this.#prefixes.get(prefix) as string[];
      bindings.pop();
      if (bindings.length === 0) this.#prefixes.delete(prefix);
    }
    return element;
  }
}

interface Open {
  readonly element: Element;
  /** The element's own, while it grows. */
  readonly children: Node[];
  readonly defaultNs: string;
  readonly declared: readonly string[] | undefined;
}

/** What an answer needs, cut so that it cannot be what was too long. */
function headOf(attrs: Readonly<Record<string, string>>): Element["attrs"] {
  const head: Record<string, string> = {};
  for (const name of ["from", "to", "id", "type"]) {
    const value = attrs[name];
    if (value !== undefined && value.length <= LONGEST_HEAD_VALUE) head[name] = value;
  }
  return head;
}

function fail(what: string): never {
  throw new Error(what);
}

const XML_NS = "http://www.w3.org/XML/1998/namespace";
/** How many times the largest stanza we skip before we give the stream up: servers' own bounds lie well below. */
const SKIPPED_SIZES = 16;
/** A full JID has at most 3071 octets (RFC 7622 §3.1). */
const LONGEST_HEAD_VALUE = 3071;
