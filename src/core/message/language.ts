/** Content-Language ↔ xml:lang. RFC 7572 §8; tags by RFC 5646 §2.1, the header by RFC 3261 §20.13. */

/** Is the text a well-formed language tag? Whether it is registered is not asked. */
export function isLanguageTag(text: string): boolean {
  return text.length <= MAXIMUM && LANGUAGE_TAG.test(text);
}

/** The first well-formed tag of a Content-Language value, which may list several. */
export function firstLanguage(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (isLanguageTag(header)) return header;
  return header
    .slice(0, LIST_MAXIMUM)
    .split(",")
    .map((tag) => tag.trim())
    .find(isLanguageTag);
}

/** The longest lawful combination without private use has 35 characters (RFC 5646 §4.4.1); this leaves room for that. */
const MAXIMUM = 64;
/** Only the first tags of a list are looked at. */
const LIST_MAXIMUM = 1_000;
const LANGUAGE_TAG = /^(?:[A-Za-z]{2,8}|[IiXx](?=-))(?:-[A-Za-z0-9]{1,8})*$/;
