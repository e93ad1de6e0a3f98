/** XML as the tests read it, independent of what the gateway itself uses to read: local names, no judgement. */

import { SaxesParser } from "saxes";

export interface Xml {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (Xml | string)[];
}

/** Parses a whole document. Throws on anything that is not well-formed. */
export function parseXml(text: string): Xml {
  const parser = new SaxesParser({ xmlns: true });
  const stack: Xml[] = [];
  let root: Xml | undefined;
  parser.on("opentag", (tag) => {
    const attributes = Object.fromEntries(
      Object.entries(tag.attributes).map(([name, { value }]) => [name, value]),
    );
    const element: Xml = { name: tag.local, namespace: tag.uri, attributes, children: [] };
    stack.at(-1)?.children.push(element);
    root ??= element;
    stack.push(element);
  });
  parser.on("closetag", () => void stack.pop());
  parser.on("text", (part) => void stack.at(-1)?.children.push(part));
  parser.on("error", (error) => {
    throw error;
  });
  parser.write(text).close();
  if (root === undefined) {
    throw new Error(`no element in ${text}`);
  }
  return root;
}

export function attribute(element: Xml, name: string): string {
  return element.attributes[name] ?? "";
}

/** First child element of that local name, and of that namespace when one is given. */
export function child(element: Xml, name: string, namespace?: string): Xml | undefined {
  return elements(element).find(
    (c) => c.name === name && (namespace === undefined || c.namespace === namespace),
  );
}

export function elements(element: Xml): Xml[] {
  return element.children.filter((c): c is Xml => typeof c !== "string");
}

/** Text of the first child of that name; undefined when there is no such child. */
export function childText(element: Xml, name: string): string | undefined {
  const found = child(element, name);
  return found === undefined ? undefined : textOf(found);
}

export function textOf(element: Xml): string {
  return element.children.map((c) => (typeof c === "string" ? c : textOf(c))).join("");
}
