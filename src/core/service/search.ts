/** Search of people: what may be asked, what was asked, what is told. XEP-0055. */

import { child, type Element, element, text } from "../../xml/element";
import { textOf } from "../forms/form";
import { readSubmission } from "../forms/read-form";
import { DATA_FORMS, formElement, tableElement } from "../forms/write-form";
import type { Refusal } from "./answer";
import { SERVICE } from "./namespaces";

/** One found person. */
export interface FoundPerson {
  readonly jid: string;
  readonly uri: string;
  readonly name: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly email: string;
}

export interface SearchQuery {
  /** Words of all the fields that were filled in, one blank between them. */
  readonly words: string;
  /** Was a data form submitted? Then a data form answers. */
  readonly byForm: boolean;
}

/** What may be filled in: plain fields for old clients, the same in a data form for others (§3). */
export function searchFields(): Element {
  const plain = FIELDS.map(({ name }) => element(SERVICE.search, name));
  const hidden = { name: "FORM_TYPE", type: "hidden", values: [SERVICE.search] } as const;
  const fields = FIELDS.map(({ name, label }) => ({ name, label, type: "text-single" }) as const);
  const form = formElement({ title: "Search people on SIP", instructions: HOW, fields: [hidden, ...fields] });
  const instructions = element(SERVICE.search, "instructions", {}, HOW);
  return element(SERVICE.search, "query", {}, instructions, ...plain, form);
}

/**
 * Reads what was filled in.
 * @param minimum characters that the longest word must have, so that nobody reads the whole directory letter by letter
 */
export function readSearch(query: Element, minimum: number): SearchQuery | Refusal {
  const x = child(query, DATA_FORMS, "x");
  const values = x === undefined ? plainValues(query) : formValues(x);
  if (values === undefined) return UNREADABLE;
  const words = values
    .flatMap((value) => value.split(BLANKS))
    .map((word) => word.replace(STARS, ""))
    .filter((word) => word !== "");
  const joined = words.join(" ");
  if (joined.length > LONGEST) return TOO_LONG;
  if (!words.some((word) => [...word].length >= minimum)) return tooShort(minimum);
  return { words: joined, byForm: x !== undefined };
}

/** The people who were found; an empty query when there is none (§2.1). */
export function searchResult(
  found: readonly FoundPerson[],
  { byForm, isCut }: { readonly byForm: boolean; readonly isCut: boolean },
): Element {
  if (byForm && found.length > 0) return element(SERVICE.search, "query", {}, resultTable(found, isCut));
  return element(SERVICE.search, "query", {}, ...found.map(item));
}

function plainValues(query: Element): string[] {
  return FIELDS.flatMap(({ name }) => {
    const field = child(query, SERVICE.search, name);
    return field === undefined ? [] : [text(field)];
  });
}

function formValues(x: Element): string[] | undefined {
  const submission = readSubmission(x);
  return submission && FIELDS.map(({ name }) => textOf(submission, name));
}

function resultTable(found: readonly FoundPerson[], isCut: boolean): Element {
  return tableElement({
    title: "People on SIP",
    ...(isCut ? { instructions: "There are more; search for more words to see them." } : {}),
    formType: SERVICE.search,
    columns: [
      { name: "jid", label: "JID", type: "jid-single" },
      { name: "nick", label: "Name" },
      { name: "first", label: "Given name" },
      { name: "last", label: "Family name" },
      { name: "email", label: "E-mail" },
      { name: "x-sip", label: "SIP address" },
    ],
    rows: found.map((one) => [one.jid, one.name, one.givenName, one.familyName, one.email, one.uri]),
  });
}

/** The schema of §8 wants all four fields. */
function item({ jid, name, givenName, familyName, email }: FoundPerson): Element {
  const field = (tag: string, value: string) => element(SERVICE.search, tag, {}, value);
  return element(
    SERVICE.search,
    "item",
    { jid },
    field("first", givenName),
    field("last", familyName),
    field("nick", name),
    field("email", email),
  );
}

function tooShort(minimum: number): Refusal {
  const text = `Please enter a word of at least ${minimum} letters.`;
  return { type: "modify", condition: "not-acceptable", text };
}

const HOW =
  "Fill in one field or several. People are found whose name or address has all of these words in it.";
const FIELDS = [
  { name: "first", label: "Given name" },
  { name: "last", label: "Family name" },
  { name: "nick", label: "Name or SIP address" },
  { name: "email", label: "E-mail" },
] as const;
const UNREADABLE: Refusal = { type: "modify", condition: "bad-request", text: "The form cannot be read." };
const TOO_LONG: Refusal = {
  type: "modify",
  condition: "not-acceptable",
  text: "These are too many words.",
};
/** Names have some thirty letters; a longer text finds nobody and costs the directory time. */
const LONGEST = 256;
const BLANKS = /\s+/;
/** Some clients put a star where any letters may stand: that is so anyway. */
const STARS = /^\*+|\*+$/g;
