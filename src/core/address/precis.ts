/** The two PRECIS profiles of a JID: UsernameCaseMapped and OpaqueString. RFC 8264 §8 and §9, RFC 8265 §3.3 and §4.2. */

import { satisfiesBidiAndJoiners, satisfiesJoiners } from "./idna";

/**
 * Enforces UsernameCaseMapped (RFC 8265 §3.3.3) and gives the canonical text, or undefined when the IdentifierClass
 * does not allow it: spaces, symbols (emoji among them), compatibility characters, unassigned code points.
 */
export function enforceUsername(text: string): string | undefined {
  if (ASCII_IDENTIFIER.test(text)) return text.toLowerCase();
  const mapped = widthMap(text);
  if (!isIdentifier(mapped)) return undefined;
  const enforced = caseMap(mapped);
  // NFC may join two legal characters to one that is not, such as = and U+0338 (RFC 8264 §7: the result must be stable).
  if (enforced !== mapped && !isIdentifier(enforced)) return undefined;
  if (RIGHT_TO_LEFT_OR_JOINER.test(enforced) && !satisfiesBidiAndJoiners(enforced)) return undefined;
  return enforced;
}

/**
 * Enforces OpaqueString (RFC 8265 §4.2.2) and gives the canonical text, or undefined when the FreeformClass does not
 * allow it: controls, ignorable and unassigned code points.
 */
export function enforceOpaque(text: string): string | undefined {
  if (ASCII_FREEFORM.test(text)) return text;
  if (!FREEFORM_CLASS.test(text)) return undefined;
  if (JOINER.test(text) && !satisfiesJoiners(text.replace(NOT_AROUND_JOINER, "-"))) return undefined;
  const enforced = text.replace(OTHER_SPACE, " ").normalize("NFC");
  // Normalization makes U+00B7 of U+0387: the rules for context look at what comes out.
  return fitsContext(enforced) ? enforced : undefined;
}

/** Maps fullwidth and halfwidth characters to the ordinary ones (RFC 8264 §5.2.1). */
export function widthMap(text: string): string {
  return text.replace(WIDE_OR_NARROW, (character) => character.normalize("NFKC"));
}

/**
 * Folds case and normalizes (RFC 8265 §3.3.1 rules 3 and 4), without the special rule for a final sigma (RFC 7622 §3.5 on
 * its examples 9 to 11).
 */
export function caseMap(text: string): string {
  return text.replaceAll("Σ", "σ").toLowerCase().normalize("NFC");
}

function isIdentifier(text: string): boolean {
  return IDENTIFIER_CLASS.test(text) && !hasCompatibility(text) && fitsContext(text);
}

/** HasCompat (RFC 8264 §9.17), one code point at a time. ASCII and the exceptions come before it in §8. */
function hasCompatibility(text: string): boolean {
  for (const character of text) {
    if (character > "\u007f" && character.normalize("NFKC") !== character) return true;
  }
  return false;
}

/** The rules for CONTEXTO code points (RFC 5892 §A.3 to §A.9); ZWJ and ZWNJ are judged with the Bidi Rule. */
function fitsContext(text: string): boolean {
  if (!CONTEXT_O.test(text)) return true;
  if (MISPLACED_CONTEXT.test(text)) return false;
  if (KATAKANA_MIDDLE_DOT.test(text) && !JAPANESE.test(text)) return false;
  return !(ARABIC_INDIC.test(text) && EXTENDED_ARABIC_INDIC.test(text));
}

const ASCII_IDENTIFIER = /^[\u0021-\u007e]+$/;
const ASCII_FREEFORM = /^[\u0020-\u007e]+$/;

/** Fullwidth and halfwidth forms, and the ideographic space. */
const WIDE_OR_NARROW = /[\u3000\uff01-\uffee]/g;

/** RFC 5892 §2.6, PVALID and CONTEXTO; what is CONTEXTO or a joiner is looked at again by its rule. */
const EXCEPTIONS =
  "\\u00df\\u03c2\\u06fd\\u06fe\\u0f0b\\u3007\\u00b7\\u0375\\u05f3\\u05f4\\u30fb\\u200c\\u200d";
/** RFC 5892 §2.6, DISALLOWED; old Hangul jamo (RFC 8264 §9.9); ignorable and non-characters (§9.13). */
const DISALLOWED = [
  "\\u0640\\u07fa\\u302e\\u302f\\u3031-\\u3035\\u303b",
  "\\u1100-\\u11ff\\ua960-\\ua97c\\ud7b0-\\ud7fb",
  "\\p{Noncharacter_Code_Point}\\p{Cc}\\p{Cs}\\p{Co}\\p{Cn}",
].join("");
const LETTER_DIGITS = "\\p{Ll}\\p{Lu}\\p{Lo}\\p{Nd}\\p{Lm}\\p{Mn}\\p{Mc}";
// One set each, by set subtraction: alternatives that overlap would let a hostile text take exponential time.
const IDENTIFIER_CLASS = new RegExp(
  `^[\\u0021-\\u007e${EXCEPTIONS}[[${LETTER_DIGITS}]--[${DISALLOWED}\\p{Default_Ignorable_Code_Point}]]]+$`,
  "v",
);
/** Format characters (Cf) that are not ignorable, such as U+0600, are in no category of §8 and so DISALLOWED. */
const FREEFORM_CLASS = new RegExp(
  `^[\\u0020-\\u007e${EXCEPTIONS}[\\p{Any}--[${DISALLOWED}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]]]+$`,
  "v",
);
const OTHER_SPACE = /(?! )\p{Zs}/gu;

const CONTEXT_O = /[\u00b7\u0375\u05f3\u05f4\u30fb\u0660-\u0669\u06f0-\u06f9]/;
const MISPLACED_CONTEXT =
  /(?<!l)\u00b7|\u00b7(?!l)|\u0375(?!\p{Script=Greek})|(?<!\p{Script=Hebrew})[\u05f3\u05f4]/u;
const KATAKANA_MIDDLE_DOT = /\u30fb/;
const JAPANESE = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;
const ARABIC_INDIC = /[\u0660-\u0669]/;
const EXTENDED_ARABIC_INDIC = /[\u06f0-\u06f9]/;
const JOINER = /[\u200c\u200d]/;
/** The blocks that Unicode reserves for right-to-left scripts, and the joiners. */
const RIGHT_TO_LEFT_OR_JOINER =
  /\u200c|\u200d|[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** Only letters and marks can decide whether a joiner is in place. */
const NOT_AROUND_JOINER = /[^\p{L}\p{M}\u200c\u200d]/gu;
