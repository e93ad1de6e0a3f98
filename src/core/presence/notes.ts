/** Notes of PIDF and RPID. RFC 3863 §4.1.6, RFC 4479 §3.1; their language by XML 1.0 §2.12. */

import { children, type Element, text } from "../../xml/element";
import { isLanguageTag } from "../message/language";
import type { Note } from "./document";
import { MAXIMUM_NOTES, NOTE_MAXIMUM } from "./limits";

/** Those inside an element that say something, in order; at most MAXIMUM_NOTES. @param language where neither they nor the element name one */
export function readNotes(parent: Element, ns: string, language: string | undefined): Note[] {
  const notes: Note[] = [];
  for (const note of children(parent, ns, "note")) {
    if (notes.length >= MAXIMUM_NOTES) break;
    const said = text(note).trim().slice(0, NOTE_MAXIMUM);
    if (said === "") continue;
    const tag = note.attrs["xml:lang"] ?? parent.attrs["xml:lang"] ?? language;
    notes.push(tag !== undefined && isLanguageTag(tag) ? { text: said, language: tag } : { text: said });
  }
  return notes;
}

/** The language that all of them are in; undefined when there is none, or more than one. RFC 8048 §6.2 (xml:lang). */
export function commonLanguage(notes: readonly Note[]): string | undefined {
  const first = notes[0]?.language;
  return notes.every(({ language }) => language === first) ? first : undefined;
}
