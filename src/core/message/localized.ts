/** Texts of a stanza in several languages: `<body/>`, `<subject/>`. RFC 6121 §5.2.3, §5.2.4; RFC 6120 §8.1.5. */

import { type Element, text } from "../../xml/element";
import { isLanguageTag } from "./language";

export interface LocalizedText {
  readonly text: string;
  /** Its own xml:lang, else that of the stanza; undefined where there is none or it is malformed. */
  readonly language: string | undefined;
  /** Did the element have an xml:lang of its own? */
  readonly marked: boolean;
}

/** Those of a name that are not blank, in the stanza's own namespace, in order. */
export function localizedTexts(stanza: Element, name: string): LocalizedText[] {
  const found: LocalizedText[] = [];
  for (const node of stanza.children) {
    if (typeof node === "string" || node.name !== name || node.ns !== stanza.ns) continue;
    const content = text(node);
    if (!SOMETHING.test(content)) continue;
    const own = node.attrs["xml:lang"];
    const language = own ?? stanza.attrs["xml:lang"];
    const known = language !== undefined && isLanguageTag(language);
    found.push({ text: content, language: known ? language : undefined, marked: own !== undefined });
  }
  return found;
}

/** The one for a place where there is room for one: the unmarked, else that in the stanza's language, else the first. */
export function preferredText(stanza: Element, name: string): LocalizedText | undefined {
  const texts = localizedTexts(stanza, name);
  if (texts.length < 2) return texts[0];
  const stanzaLanguage = stanza.attrs["xml:lang"];
  return (
    texts.find(({ marked }) => !marked) ??
    texts.find(({ language }) => language === stanzaLanguage) ??
    texts[0]
  );
}

const SOMETHING = /\S/;
