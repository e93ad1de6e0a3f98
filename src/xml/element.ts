/** A plain XML element: local name, namespace, attributes, children. No prefixes, no parents, no methods. */

export type Node = Element | string;

export interface Element {
  /** Local name, without prefix. */
  readonly name: string;
  /** Namespace name; "" is no namespace. */
  readonly ns: string;
  /** Attribute values by local name; `xml:lang` keeps its prefix; others in a namespace are `{ns}local`. */
  readonly attrs: Readonly<Record<string, string>>;
  readonly children: readonly Node[];
}

/**
 * Builds an element. Undefined attributes and undefined children are left out.
 * @param ns namespace name of the element
 */
export function element(
  ns: string,
  name: string,
  attrs: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly (Node | undefined)[]
): Element {
  return { name, ns, attrs: definedOnly(attrs), children: presentOnly(children) };
}

/** The first child element with this namespace and local name. */
export function child(parent: Element, ns: string, name: string): Element | undefined {
  for (const node of parent.children) {
    if (typeof node !== "string" && node.name === name && node.ns === ns) return node;
  }
  return undefined;
}

/** All child elements with this namespace and local name. */
export function children(parent: Element, ns: string, name: string): Element[] {
  return childElements(parent).filter((node) => node.name === name && node.ns === ns);
}

/** All child elements. */
export function childElements(parent: Element): Element[] {
  return parent.children.filter((node): node is Element => typeof node !== "string");
}

/** The character data directly inside an element, joined. */
export function text(parent: Element): string {
  let joined = "";
  for (const node of parent.children) if (typeof node === "string") joined += node;
  return joined;
}

/** The very list, where nothing is left out of it. */
function presentOnly(children: readonly (Node | undefined)[]): readonly Node[] {
  for (const one of children) {
    if (one === undefined || one === "")
      return children.filter((child): child is Node => child !== undefined && child !== "");
  }
  return children as readonly Node[];
}

function definedOnly(attrs: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  let isWhole = true;
  for (const key in attrs) if (attrs[key] === undefined) isWhole = false;
  if (isWhole) return attrs as Readonly<Record<string, string>>;
  const kept: Record<string, string> = {};
  for (const key in attrs) {
    const value = attrs[key];
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}
