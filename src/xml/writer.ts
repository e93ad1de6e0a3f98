/** Element → text. XML 1.0 §2.2, §2.4, §3.3.3; Namespaces in XML 1.0 §6. Nothing that XML forbids ever leaves. */

import { scrub } from "./characters";
import type { Element } from "./element";
import { NS } from "./namespaces";

/**
 * Writes an element. A namespace is declared by `xmlns` where it differs from the parent's; no element gets a prefix.
 * Forbidden characters are dropped from text and attribute values.
 * @param inheritedNs default namespace in force where the text will stand: that of the stream
 * @param onScrub told once how many forbidden characters were dropped, if any
 * @throws Error when a name is no XML name: names are ours, so that is our own mistake
 */
export function write(root: Element, inheritedNs = "", onScrub?: (count: number) => void): string {
  const tally: Tally = { removed: 0 };
  const open: Element[] = [];
  const nextChild: number[] = [];
  let out = startTag(root, inheritedNs, tally);
  let current: Element | undefined = root.children.length > 0 ? root : undefined;
  let index = 0;
  // A loop with its own stack: nesting that somebody else chose cannot exhaust ours.
  while (current !== undefined) {
    const node: Element["children"][number] | undefined = current.children[index++];
    if (node === undefined) {
      out += `</${current.name}>`;
      current = open.pop();
      index = nextChild.pop() ?? 0;
    } else if (typeof node === "string") {
      out += escapeText(node, tally);
    } else {
      out += startTag(node, current.ns, tally);
      const only = node.children[0];
      if (node.children.length === 1 && typeof only === "string") {
        out += `${escapeText(only, tally)}</${node.name}>`;
      } else if (node.children.length > 0) {
        open.push(current);
        nextChild.push(index);
        current = node;
        index = 0;
      }
    }
  }
  if (tally.removed > 0) onScrub?.(tally.removed);
  return out;
}

/** Forbidden characters that were dropped so far. */
export interface Tally {
  removed: number;
}

/** The start tag, closed at once when there is nothing inside. */
function startTag(element: Element, parentNs: string, tally: Tally): string {
  let out = `<${checkedName(element.name)}`;
  if (element.ns !== parentNs) out += namespaceDeclaration(element.ns, tally);
  let prefixes = 0;
  for (const key in element.attrs) {
    const value = escapeAttribute(element.attrs[key] as string, tally);
    if (key.charCodeAt(0) === OPEN_BRACE) {
      const end = key.lastIndexOf("}");
      const prefix = `n${prefixes++}`;
      out += ` xmlns:${prefix}='${escapeAttribute(key.slice(1, end), tally)}'`;
      out += ` ${prefix}:${checkedName(key.slice(end + 1))}='${value}'`;
    } else {
      out += ` ${checkedAttributeName(key)}='${value}'`;
    }
  }
  return element.children.length === 0 ? `${out}/>` : `${out}>`;
}

/** ` xmlns='…'`, as it stands in a tag. */
export function namespaceDeclaration(ns: string, tally: Tally): string {
  return NAMESPACES.get(ns) ?? ` xmlns='${escapeAttribute(ns, tally)}'`;
}

/** The name itself. @throws Error when it is no XML name */
export function checkedName(name: string): string {
  if (USUAL_NAMES.has(name)) return name;
  if (!ASCII_NAME.test(name) && !NAME.test(name)) throw new Error(`not an XML name: ${JSON.stringify(name)}`);
  return name;
}

/** The same for an attribute. */
export function checkedAttributeName(name: string): string {
  if (name === "xml:lang" || name === "xml:space") return name;
  // A declaration comes from `ns`; a second one in the same tag would not be well-formed.
  if (name === "xmlns") throw new Error("xmlns is not an attribute of ours");
  return checkedName(name);
}

/** Text as it may stand between tags. */
export function escapeText(text: string, tally: Tally): string {
  return NEEDS_WORK_IN_TEXT.test(text) ? clean(text, tally).replace(ESCAPED_IN_TEXT, reference) : text;
}

/** A value as it may stand between apostrophes. */
export function escapeAttribute(value: string, tally: Tally): string {
  return NEEDS_WORK_IN_VALUE.test(value) ? clean(value, tally).replace(ESCAPED_IN_VALUE, reference) : value;
}

function clean(text: string, tally: Tally): string {
  const scrubbed = scrub(text);
  tally.removed += scrubbed.removed;
  return scrubbed.text;
}

function reference(character: string): string {
  return REFERENCES[character] as string;
}

const REFERENCES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  // A reader turns a bare carriage return into a line feed (XML §2.11), and any space in a value into a blank (§3.3.3).
  "\r": "&#xD;",
  "\n": "&#xA;",
  "\t": "&#x9;",
};

/** Those of nearly every stanza and of nearly every presence document; known to be names. */
const USUAL_NAMES: ReadonlySet<string> = new Set([
  ..."message presence iq body thread active origin-id from to id type".split(" "),
  ..."entity tuple status basic show priority contact note timestamp person activities".split(" "),
]);
/** The declarations of our own namespaces, which need no escaping. */
const NAMESPACES: ReadonlyMap<string, string> = new Map(
  Object.values(NS).map((name) => [name, ` xmlns='${name}'`]),
);
const OPEN_BRACE = 0x7b;
const ESCAPED_IN_TEXT = /[&<>\r]/g;
const ESCAPED_IN_VALUE = /[&<>'\r\n\t]/g;
/** Most texts hold none of these and go out as they are. */
const NEEDS_WORK_IN_TEXT = /[\u0000-\u0008\u000B-\u001F&<>\uD800-\uDFFF\uFFFE\uFFFF]/;
const NEEDS_WORK_IN_VALUE = /[\u0000-\u001F&<>'\uD800-\uDFFF\uFFFE\uFFFF]/;
/** NCName: Namespaces in XML §3. */
const ASCII_NAME = /^[A-Za-z_][A-Za-z0-9._-]*$/;
const NAME =
  /^[A-Z_a-z\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{2FF}\u{370}-\u{37D}\u{37F}-\u{1FFF}\u{200C}-\u{200D}\u{2070}-\u{218F}\u{2C00}-\u{2FEF}\u{3001}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFFD}\u{10000}-\u{EFFFF}][-.0-9A-Z_a-z\u{B7}\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{37D}\u{37F}-\u{1FFF}\u{200C}-\u{200D}\u{203F}-\u{2040}\u{2070}-\u{218F}\u{2C00}-\u{2FEF}\u{3001}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFFD}\u{10000}-\u{EFFFF}]*$/u;
