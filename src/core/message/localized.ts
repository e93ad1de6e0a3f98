/** Texts of a stanza in several languages: `<body/>`, `<subject/>`. RFC 6121 §5.2.3, §5.2.4; RFC 6120 §8.1.5. */

import { type Element, text } from "../../xml/element";
import { isLanguageTag } from "./language";

export interface LocalizedText {
  readonly text: string;
  /** Its own xml:lang, else that of the stanza; a text that says nothing of it has none, nor has a malformed tag. */
  readonly language?: string;
  /** Did the element have an xml:lang of its own? */
  readonly marked: boolean;
}

/** The children of that name in the stanza's own namespace, in order. */
export function localizedTexts(stanza: Element, name: string): LocalizedText[] {
  const found: LocalizedText[] = [];
  for (const node of stanza.children) {
    if (typeof node === "string" || node.name !== name || node.ns !== stanza.ns) continue;
    const own = node.attrs["xml:lang"];
    const language = own ?? stanza.attrs["xml:lang"];
    const marked = own !== undefined;
    const known = language !== undefined && isLanguageTag(language);
    found.push(known ? { text: text(node), language, marked } : { text: text(node), marked });
  }
  return found;
}

/** Which of them goes where there is room for one: the unmarked one, else that in the stanza's language, else the first. */
export function preferred(
  texts: readonly LocalizedText[],
  stanzaLanguage: string | undefined,
): LocalizedText | undefined {
  return (
    texts.find(({ marked }) => !marked) ??
    texts.find(({ language }) => language === stanzaLanguage) ??
    texts[0]
  );
}
