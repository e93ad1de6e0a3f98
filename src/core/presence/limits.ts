/** Bounds of what is read of a stranger's presence. */

import type { XmlLimits } from "../../xml/parser";

/**
 * A person with a hundred devices writes some 60 KiB and 1,200 elements. Who writes a thousand tuples means no good: reading them
 * takes time from everybody.
 */
export const DOCUMENT_LIMITS: XmlLimits = { bytes: 262_144, depth: 32, elements: 2_500, attributes: 64 };
/** Tuples of one document: each is a stanza to every watcher. The most available are kept. */
export const MAXIMUM_DEVICES = 100;
/** Notes of one device, or of the person: one for each language that a person might write. */
export const MAXIMUM_NOTES = 10;
/** UTF-16 code units of one note: it goes to every watcher, and a phone's display has room for less. */
export const NOTE_MAXIMUM = 2_000;
/** Activities, or moods, of one person. RFC 4480 has under thirty of the first. */
export const MAXIMUM_WORDS = 30;
