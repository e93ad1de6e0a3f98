/** HTML of strangers → XHTML-IM and plain text. XEP-0071 §7 (recommended profile), RFC 7572 §7. */

import { type Element, element, type Node } from "../../xml/element";
import { NS } from "../../xml/namespaces";

/** One message in both forms. */
export interface RichText {
  /** The plain body, which must say the same (XEP-0071 §5). */
  readonly plain: string;
  /** `<html xmlns='http://jabber.org/protocol/xhtml-im'/>`; absent when no markup is left that says anything. */
  readonly html?: Element;
}

/** Keeps what XHTML-IM allows, drops scripts, styles, images and what could fetch or run, keeps all other text. */
export function toXhtmlIm(root: Element): RichText {
  const plain = plainText(root);
  const blocks = wrapInline(sanitizeChildren(root, false));
  if (!blocks.some(saysSomething)) return { plain };
  return { plain, html: element(NS.xhtmlIm, "html", {}, element(NS.xhtml, "body", {}, ...blocks)) };
}

function sanitizeChildren(parent: Element, preformatted: boolean): Node[] {
  const kept: Node[] = [];
  for (const node of parent.children) {
    if (typeof node === "string") kept.push(preformatted ? node : node.replace(WHITE_SPACE, " "));
    else if (!DROPPED.has(node.name)) kept.push(...sanitized(node, preformatted));
  }
  return kept;
}

/** The element if the profile has it, else what is inside it. Depth is bounded by the HTML reader. */
function sanitized(node: Element, preformatted: boolean): Node[] {
  if (node.name === "img") return node.attrs.alt ? [node.attrs.alt] : [];
  if (node.name === "br") return [element(NS.xhtml, "br")];
  const inside = sanitizeChildren(node, preformatted || node.name === "pre");
  const name = RENAMED[node.name] ?? node.name;
  if (!PROFILE.has(name) || (inside.length === 0 && !BLOCKS.has(name))) return inside;
  // A paragraph of ours holds no blocks: what was a div around them is not needed.
  if (name === "p" && inside.some((child) => typeof child !== "string" && BLOCKS.has(child.name)))
    return inside;
  const href = name === "a" ? safeHref(node.attrs.href) : undefined;
  const style = safeStyle(node.name === "u" ? "text-decoration: underline" : node.attrs.style);
  if ((name === "a" && href === undefined) || (name === "span" && style === undefined)) return inside;
  return [{ name, ns: NS.xhtml, attrs: definedAttributes(href, style), children: inside }];
}

function definedAttributes(href: string | undefined, style: string | undefined): Record<string, string> {
  const attrs: Record<string, string> = {};
  if (href !== undefined) attrs.href = href;
  if (style !== undefined) attrs.style = style;
  return attrs;
}

/** An absolute URI of a harmless scheme. A browser skips blanks and controls in the scheme, so they are refused. */
function safeHref(href: string | undefined): string | undefined {
  const trimmed = href?.trim();
  return trimmed !== undefined && SAFE_URI.test(trimmed) ? trimmed : undefined;
}

/** The declarations of the profile (XEP-0071 §7.7) whose values are plain words, numbers and colours. */
function safeStyle(style: string | undefined): string | undefined {
  if (style === undefined || style.length > STYLE_MAXIMUM) return undefined;
  const kept: string[] = [];
  for (const declaration of style.split(";")) {
    const colon = declaration.indexOf(":");
    const property = declaration.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    const value = declaration.slice(colon + 1).trim();
    if (PROPERTIES.has(property) && SAFE_VALUE.test(value)) kept.push(`${property}: ${value}`);
  }
  return kept.length === 0 ? undefined : kept.join("; ");
}

/** XHTML has no text directly in its body: what is not a block goes into paragraphs. */
function wrapInline(nodes: readonly Node[]): Element[] {
  const blocks: Element[] = [];
  let inline: Node[] = [];
  const flush = () => {
    if (inline.some((node) => typeof node !== "string" || node.trim() !== "")) {
      blocks.push({ name: "p", ns: NS.xhtml, attrs: {}, children: inline });
    }
    inline = [];
  };
  for (const node of nodes) {
    if (typeof node === "string" || !BLOCKS.has(node.name)) {
      inline.push(node);
    } else {
      flush();
      blocks.push(node);
    }
  }
  flush();
  return blocks;
}

/** Is there markup beyond paragraphs and line breaks? If not, the plain body says it all. */
function saysSomething(node: Node): boolean {
  if (typeof node === "string") return false;
  return !SILENT.has(node.name) || node.attrs.style !== undefined || node.children.some(saysSomething);
}

/** HTML → text: blocks on lines of their own, list items with a dash, links with their address. */
export function plainText(root: Element): string {
  const writer = new TextWriter();
  writeText(root, writer, false);
  return writer.finish();
}

function writeText(parent: Element, writer: TextWriter, preformatted: boolean): void {
  for (const node of parent.children) {
    if (typeof node === "string") writer.text(node, preformatted);
    else if (!DROPPED.has(node.name)) writeElement(node, writer, preformatted);
  }
}

function writeElement(node: Element, writer: TextWriter, preformatted: boolean): void {
  if (node.name === "br") writer.lineBreak();
  else if (node.name === "img") writer.text(node.attrs.alt ?? "", preformatted);
  else writeContainer(node, writer, preformatted);
}

function writeContainer(node: Element, writer: TextWriter, preformatted: boolean): void {
  const block = TEXT_BLOCKS.has(node.name);
  if (block) writer.freshLine();
  if (node.name === "li") writer.text("- ", true);
  if (node.name === "td" || node.name === "th") writer.space();
  if (node.name === "a") writer.openLink();
  writeText(node, writer, preformatted || node.name === "pre");
  if (node.name === "a") writeAddress(node, writer);
  if (block) writer.freshLine();
}

/** The address of a link, unless its text is the address already. A browser ends a link where another begins. */
function writeAddress(link: Element, writer: TextWriter): void {
  const shown = writer.closeLink();
  const href = safeHref(link.attrs.href);
  if (href === undefined || shown === undefined) return;
  if (shown === "") writer.text(href, true);
  else if (shown !== href && `mailto:${shown}` !== href && `${shown}/` !== href)
    writer.text(` <${href}>`, true);
}

/** Collapses white space as a browser shows it. Each piece is appended once, and what is there is not read again. */
class TextWriter {
  #out = "";
  /** Nothing yet, or the last character is a line feed. */
  #fresh = true;
  /** A blank that is written only if text follows on the same line. */
  #pendingSpace = false;
  /** What was written since the innermost open link began. */
  #link: string | undefined;

  text(data: string, preformatted: boolean): void {
    if (preformatted) {
      this.#writePending();
      this.#append(data);
      return;
    }
    const collapsed = data.replace(WHITE_SPACE, " ");
    if (collapsed.startsWith(" ")) this.#pendingSpace = true;
    const words = collapsed.trim();
    if (words === "") return;
    this.#writePending();
    this.#append(words);
    this.#pendingSpace = collapsed.endsWith(" ");
  }

  space(): void {
    this.#pendingSpace = true;
  }

  lineBreak(): void {
    this.#pendingSpace = false;
    this.#append("\n");
  }

  freshLine(): void {
    this.#pendingSpace = false;
    if (!this.#fresh) this.#append("\n");
  }

  openLink(): void {
    this.#link = "";
  }

  /** The text of the innermost open link; undefined when that has ended already. */
  closeLink(): string | undefined {
    const shown = this.#link?.trim();
    this.#link = undefined;
    return shown;
  }

  finish(): string {
    return this.#out.trim();
  }

  #append(piece: string): void {
    if (piece === "") return;
    this.#out += piece;
    this.#fresh = piece.endsWith("\n");
    if (this.#link !== undefined) this.#link += piece;
  }

  #writePending(): void {
    if (this.#pendingSpace && !this.#fresh) this.#append(" ");
    this.#pendingSpace = false;
  }
}

/** XEP-0071 §7: without images, which would tell their server who reads, and when. */
const PROFILE = new Set(["a", "blockquote", "br", "cite", "em", "li", "ol", "p", "span", "strong", "ul"]);
const BLOCKS = new Set(["blockquote", "li", "ol", "p", "ul"]);
const SILENT = new Set(["p", "br"]);
const RENAMED: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  b: "strong",
  i: "em",
  u: "span",
  font: "span",
  div: "p",
  pre: "p",
  h1: "p",
  h2: "p",
  h3: "p",
  h4: "p",
  h5: "p",
  h6: "p",
});
/** Their content is not text for people. */
const DROPPED = new Set([
  "applet",
  "audio",
  "canvas",
  "embed",
  "frame",
  "frameset",
  "head",
  "iframe",
  "math",
  "noembed",
  "noframes",
  "noscript",
  "object",
  "script",
  "style",
  "svg",
  "template",
  "title",
  "video",
]);
const TEXT_BLOCKS = new Set([
  ...BLOCKS,
  ...[
    "address",
    "article",
    "aside",
    "body",
    "dd",
    "div",
    "dl",
    "dt",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
  ],
  ...["h6", "header", "hr", "html", "main", "nav", "pre", "section", "table", "tr"],
]);
/** XEP-0071 §7.7.1. */
const PROPERTIES = new Set([
  "background-color",
  "color",
  "font-family",
  "font-size",
  "font-style",
  "font-weight",
  "margin-left",
  "margin-right",
  "text-align",
  "text-decoration",
]);
/** No parentheses: nothing is called or fetched. No quotes, no backslash: nothing is hidden. */
const SAFE_VALUE = /^[A-Za-z0-9#%., -]{1,80}$/;
const SAFE_URI = /^(?:https?|mailto|xmpp|sips?|tel|im|pres):[^\s\u0000-\u0020\u007F<>"]+$/i;
const STYLE_MAXIMUM = 1_000;
const WHITE_SPACE = /[ \t\r\n\f]+/g;
