/** The values of an LDAP entry by attribute, as texts of a bounded length or as octets. RFC 4511 §4.1.7. */

import type { Entry } from "ldapts";
import { type AttributeSource, saidBy } from "./attributes";

export type EntryValue = string | Buffer;

export class EntryValues {
  readonly dn: string;
  /** By attribute type in lower case: servers write it as their schema does (RFC 4512 §2.5). */
  readonly #values = new Map<string, EntryValue | readonly EntryValue[]>();

  constructor(entry: Entry) {
    this.dn = entry.dn;
    for (const type in entry) {
      const value = entry[type]!;
      // The library gives an empty list for what it asked for in vain.
      if (type !== "dn" && value.length > 0) this.#values.set(type.toLowerCase(), value);
    }
  }

  /** What the entry says at this place; what is no text, empty or too long is left out. */
  texts(source: AttributeSource | undefined): readonly string[] {
    const values = source === undefined ? undefined : this.#values.get(source.key);
    if (source === undefined || values === undefined) return NONE;
    if (typeof values === "string") return values.length > LONGEST_TEXT ? NONE : [saidBy(source, values)];
    return Buffer.isBuffer(values) ? NONE : values.filter(isText).map((text) => saidBy(source, text));
  }

  /** Values have no order: the first by spelling is the same every time. */
  text(source: AttributeSource | undefined): string | undefined {
    const texts = this.texts(source);
    return texts.length < 2 ? texts[0] : [...texts].sort()[0];
  }

  octets(source: AttributeSource | undefined): Buffer | undefined {
    const values = source === undefined ? undefined : this.#values.get(source.key);
    const first = Array.isArray(values) ? values[0] : values;
    return Buffer.isBuffer(first) ? first : undefined;
  }

  /** Does any attribute hold such a text? */
  someText(fits: (text: string) => boolean): boolean {
    for (const values of this.#values.values()) {
      const list = typeof values === "string" || Buffer.isBuffer(values) ? [values] : values;
      if (list.some((value) => isText(value) && fits(value))) return true;
    }
    return false;
  }
}

function isText(value: EntryValue): value is string {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_TEXT;
}

const NONE: readonly string[] = [];
/** Characters. Addresses, names and digests are shorter. */
const LONGEST_TEXT = 1_024;
