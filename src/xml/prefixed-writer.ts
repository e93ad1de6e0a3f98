/** Element → text with prefixes that the caller chose, for readers who know a document by its prefixes. Namespaces in XML 1.0 §3. */

import type { Element } from "./element";
import {
  checkedAttributeName,
  checkedName,
  escapeAttribute,
  escapeText,
  namespaceDeclaration,
  type Tally,
} from "./writer";

/**
 * Writes an element of our own making, a few levels deep.
 * @param prefixes by namespace name; those that occur are declared at the root, where every reader looks. An element in another
 * namespace declares it by `xmlns`. Attributes may be plain or `xml:lang`.
 */
export function writePrefixed(root: Element, prefixes: ReadonlyMap<string, string>): string {
  const tally: Tally = { removed: 0 };
  const used = new Set<string>();
  collect(root, used);
  let declarations = "";
  for (const [ns, prefix] of prefixes) if (used.has(ns)) declarations += ` xmlns:${prefix}='${ns}'`;
  return written(root, "", prefixes, declarations, tally);
}

function written(
  node: Element,
  defaultNs: string,
  prefixes: ReadonlyMap<string, string>,
  declarations: string,
  tally: Tally,
): string {
  const prefix = prefixes.get(node.ns);
  const name = prefix === undefined ? checkedName(node.name) : `${prefix}:${checkedName(node.name)}`;
  const inner = prefix === undefined ? node.ns : defaultNs;
  let out = `<${name}`;
  if (inner !== defaultNs) out += namespaceDeclaration(inner, tally);
  out += declarations;
  for (const key in node.attrs) {
    out += ` ${checkedAttributeName(key)}='${escapeAttribute(node.attrs[key] as string, tally)}'`;
  }
  if (node.children.length === 0) return `${out}/>`;
  out += ">";
  for (const inside of node.children) {
    out +=
      typeof inside === "string" ? escapeText(inside, tally) : written(inside, inner, prefixes, "", tally);
  }
  return `${out}</${name}>`;
}

function collect(node: Element, used: Set<string>): void {
  used.add(node.ns);
  for (const inside of node.children) if (typeof inside !== "string") collect(inside, used);
}
