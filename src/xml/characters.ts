/** The characters that may appear in XML at all. XML 1.0 §2.2 (Char), as RFC 6120 §11.1 demands of every stream. */

export interface Scrubbed {
  /** The text without its forbidden characters; the very same string when there were none. */
  readonly text: string;
  /** How many characters were taken out: code points, and each lone surrogate counts as one. */
  readonly removed: number;
}

/**
 * Takes out what XML 1.0 forbids: controls other than tab, line feed and carriage return, U+FFFE, U+FFFF and
 * surrogates without their partner. One such character in a stanza ends the stream of every user.
 */
export function scrub(text: string): Scrubbed {
  if (!SUSPECT.test(text)) return { text, removed: 0 };
  let removed = 0;
  const clean = text.replace(FORBIDDEN, () => {
    removed += 1;
    return "";
  });
  return removed === 0 ? { text, removed } : { text: clean, removed };
}

/** Cheap first look, by code unit: a surrogate may be half of a lawful pair. */
const SUSPECT = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uD800-\uDFFF\uFFFE\uFFFF]/;

/** By code point, so that the surrogate range means those without a partner only. */
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uD800-\uDFFF\uFFFE\uFFFF]/gu;
