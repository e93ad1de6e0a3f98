/** HTML of strangers → element, forgiving as a browser, bounded as a gateway. WHATWG HTML §13.2 by way of htmlparser2. */

import { Parser } from "htmlparser2";
import type { Element, Node } from "./element";
import { NS } from "./namespaces";

export interface HtmlLimits {
  /** Elements inside one another: the reader's list of open ones is searched at each end tag. */
  readonly depth: number;
  /** Elements in all. */
  readonly elements: number;
}

/** A chat message has a dozen elements; a pasted page a few thousand. */
export const HTML_LIMITS: HtmlLimits = { depth: 100, elements: 20_000 };

/**
 * Reads HTML into one element `html` whose children are what stood at the top; names are in lower case, nothing is
 * checked or left out but comments. Attributes keep their names as written, with any prefix.
 * @returns undefined when a limit is exceeded
 */
export function parseHtml(text: string, limits: HtmlLimits = HTML_LIMITS): Element | undefined {
  const root: Open = { name: "html", ns: NS.xhtml, attrs: {}, children: [] };
  const stack: Open[] = [root];
  let elements = 0;
  const parser = new Parser({
    onopentag(name, attrs) {
      elements += 1;
      if (stack.length > limits.depth || elements > limits.elements) throw new LimitExceeded();
      const element: Open = { name, ns: NS.xhtml, attrs, children: [] };
      (stack[stack.length - 1] as Open).children.push(element);
      stack.push(element);
    },
    ontext(data) {
      const { children } = stack[stack.length - 1] as Open;
      const last = children.length - 1;
      const before = children[last];
      if (typeof before === "string") children[last] = before + data;
      else children.push(data);
    },
    onclosetag() {
      // Every start has its end, implied or not; the root stays.
      if (stack.length > 1) stack.pop();
    },
  });
  try {
    parser.end(text);
  } catch (stop) {
    if (stop instanceof LimitExceeded) return undefined;
    throw stop;
  }
  return root;
}

/** Leaves the reader in the middle of a text: the only way out of it. */
class LimitExceeded extends Error {}

interface Open {
  readonly name: string;
  readonly ns: string;
  readonly attrs: Record<string, string>;
  readonly children: Node[];
}
