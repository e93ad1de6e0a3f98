/** Activities and idle times of RPID, wherever they stand. RFC 4480 §3.2, §3.14. */

import { childElements, type Element, text } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { parseDateTime } from "../message/date-time";
import { MAXIMUM_WORDS } from "./limits";

/** The child of RPID with this name. */
export function rpidChild(parent: Element, name: string): Element | undefined {
  return childElements(parent).find((node) => node.name === name && RPID.has(node.ns));
}

/** Local names of all activities of these elements, each once, in order. */
export function activitiesOf(...parents: readonly Element[]): string[] {
  const names = new Set<string>();
  for (const parent of parents) {
    for (const node of childElements(parent)) {
      if (node.name === "activities" && RPID.has(node.ns)) addWords(names, node);
      // RFC 3922 §5.2.10: an extension that some phones still write.
      else if (node.name === "im" && node.ns === IM) addWord(names, text(node));
    }
  }
  return [...names];
}

/** Local names inside an enumeration such as `<mood/>`, each once, in order. */
export function wordsOf(enumeration: Element): string[] {
  const names = new Set<string>();
  addWords(names, enumeration);
  return [...names];
}

/**
 * Since when nobody has touched it, milliseconds since 1970; undefined when somebody does, or when nobody knows.
 * @param at when that was said: without `last-input` the threshold before it is the best that is known
 */
export function idleOf(parent: Element | undefined, at?: number): number | undefined {
  const input = parent && rpidChild(parent, "user-input");
  if (input === undefined || text(input).trim() !== "idle") return undefined;
  const last = input.attrs["last-input"];
  if (last !== undefined) return parseDateTime(last.trim());
  const threshold = input.attrs["idle-threshold"] ?? "";
  return at !== undefined && SECONDS.test(threshold) ? at - Number(threshold) * 1000 : undefined;
}

function addWords(names: Set<string>, enumeration: Element): void {
  for (const node of childElements(enumeration)) {
    if (!RPID.has(node.ns) || node.name === "note") continue;
    // The drafts wrote <activity>away</activity>.
    addWord(names, node.name === "activity" ? text(node) : node.name);
  }
}

function addWord(names: Set<string>, said: string): void {
  const word = said.trim();
  if (names.size < MAXIMUM_WORDS && WORD.test(word)) names.add(word);
}

/** The second is that of the drafts. */
const RPID: ReadonlySet<string> = new Set([NS.rpid, "urn:ietf:params:xml:ns:pidf:status:rpid"]);
const IM = "urn:ietf:params:xml:ns:pidf:im";
const WORD = /^[a-z][a-z_-]{0,40}$/;
const SECONDS = /^\d{1,9}$/;
