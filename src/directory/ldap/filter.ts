/** Search filters: templates with places to fill in, and filters made from the names of attributes. RFC 4515. */

import { FilterParser } from "ldapts";
import type { SipAddress } from "../addresses";
import type { Question } from "../source";
import { type AttributeSource, valueFor } from "./attributes";

/** What may stand in braces in a filter. */
export const PLACES = ["user", "domain", "address", "username", "jid", "words"] as const;
export type Place = (typeof PLACES)[number];
export type Values = Readonly<Partial<Record<Place, string>>>;

/**
 * A template in pieces: text, place, text, place … text.
 * @throws Error with a sentence: an unknown place, or no filter of RFC 4515
 */
export class FilterTemplate {
  readonly #texts: readonly string[];
  readonly #places: readonly Place[];

  constructor(template: string) {
    const parts = template.split(PLACE);
    this.#texts = parts.filter((_, index) => index % 2 === 0);
    this.#places = parts.filter((_, index) => index % 2 === 1).map(placeNamed);
    const sample = this.fill(SAMPLE) ?? "";
    FilterParser.parseString(sample);
    // The library closes what was left open; beside another filter that would change the meaning of both.
    if (!isBalanced(sample)) throw new Error("its parentheses do not match");
  }

  get places(): readonly Place[] {
    return this.#places;
  }

  /** The filter with every value escaped; undefined when one is not known. */
  fill(values: Values): string | undefined {
    let filter = this.#texts[0]!;
    for (const [index, place] of this.#places.entries()) {
      const value = values[place];
      if (value === undefined) return undefined;
      filter += escapeFilterValue(value) + this.#texts[index + 1]!;
    }
    return filter;
  }
}

/** RFC 4515 §3: what would end a value or begin another filter. The rest is UTF-8 and may stay. */
export function escapeFilterValue(value: string): string {
  return value.replace(SPECIAL, (character) => ESCAPES[character]!);
}

/** `(attribute=value)`, the value escaped. */
export function equals(attribute: string, value: string): string {
  return `(${attribute}=${escapeFilterValue(value)})`;
}

/** `(attribute=*word*)`, the word escaped. */
export function contains(attribute: string, word: string): string {
  return `(${attribute}=*${escapeFilterValue(word)}*)`;
}

/** One of these; undefined for none at all. */
export function anyOf(filters: readonly string[]): string | undefined {
  if (filters.length < 2) return filters[0];
  return `(|${filters.join("")})`;
}

/** Everything that an address may look like in a directory, in the attributes that hold addresses. */
export function addressFilter(
  question: Extract<Question, { kind: "sip" | "jid" }>,
  sipSources: readonly AttributeSource[],
  jidSources: readonly AttributeSource[],
): string | undefined {
  const sip = question.sip === undefined ? [] : formsOf(question.sip);
  const jid = question.jid === undefined ? [] : [question.jid];
  const filters = [
    ...sipSources.flatMap((source) => clauses(source, sip)),
    ...jidSources.flatMap((source) => clauses(source, jid)),
  ];
  return anyOf([...new Set(filters)]);
}

function clauses(source: AttributeSource, forms: readonly string[]): string[] {
  // A text around the attribute says which form the directory has.
  const isPlain = source.prefix === "" && source.suffix === "";
  const fitting = isPlain || source.prefix !== "" ? forms : forms.slice(0, 1);
  return fitting.flatMap((form) => {
    const value = valueFor(source, form);
    return value === undefined ? [] : [equals(source.attribute, value)];
  });
}

/** With and without its scheme; a telephone number as one, too. */
function formsOf({ user, domain, uri }: SipAddress): string[] {
  const address = `${user}@${domain}`;
  const forms = [address, `sip:${address}`];
  if (uri !== `sip:${address}`) forms.push(uri);
  if (TELEPHONE.test(user)) forms.push(`tel:${user}`);
  return forms;
}

/** One pair around everything. */
function isBalanced(filter: string): boolean {
  let depth = 0;
  for (let index = 0; index < filter.length; index++) {
    const character = filter[index];
    if (character === "(") depth++;
    if (character === ")") depth--;
    if (depth < 0 || (depth === 0 && index < filter.length - 1)) return false;
  }
  return depth === 0;
}

function placeNamed(name: string): Place {
  const place = PLACES.find((one) => one === name);
  if (place === undefined) throw new Error(`there is no {${name}}; there are {${PLACES.join("}, {")}}`);
  return place;
}

const SAMPLE: Values = { user: "x", domain: "x", address: "x", username: "x", jid: "x", words: "x" };
const PLACE = /\{([a-z]+)\}/;
const SPECIAL = /[\0()*\\]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "\\00",
  "(": "\\28",
  ")": "\\29",
  "*": "\\2a",
  "\\": "\\5c",
};
const TELEPHONE = /^\+[0-9]+$/;
