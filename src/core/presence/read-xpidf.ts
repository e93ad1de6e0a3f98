/** `application/xpidf+xml`, which phones wrote before there was PIDF: MSN, old libpurple. draft-rosenberg-impp-pidf-00 §4. */

import { childElements, type Element, text } from "../../xml/element";
import type { DevicePresence, PresenceDocument } from "./document";
import { MAXIMUM_NOTES, NOTE_MAXIMUM } from "./limits";
import { priorityFromPidf } from "./priority";
import { bounded } from "./read-pidf";
import { resourceOf } from "./tuple-id";

/**
 * Takes out the DOCTYPE that such a document always has, where it names a file only: that file is never read, and a
 * declaration with an internal part stays for the reader to refuse.
 */
export function withoutDoctype(body: Uint8Array): Uint8Array {
  const head = LATIN.decode(body.subarray(0, HEAD));
  const found = DOCTYPE.exec(head);
  if (found === null) return body;
  const cleaned = body.slice();
  cleaned.fill(SPACE, found.index, found.index + found[0].length);
  return cleaned;
}

/** Reads the root element. Namespaces are not asked for: there were none. */
export function readXpidf(root: Element): PresenceDocument {
  return { devices: bounded(childElements(root).filter(named("atom")).flatMap(readAtom)) };
}

function readAtom(atom: Element): DevicePresence[] {
  const id = resourceOf(atom.attrs.id ?? atom.attrs.atomid ?? "");
  return childElements(atom)
    .filter(named("address"))
    .map((address) => readAddress(id, address, atom));
}

function readAddress(id: string, address: Element, atom: Element): DevicePresence {
  const inside = childElements(address);
  const status = inside.find(named("status"))?.attrs.status?.trim().toLowerCase() ?? "";
  const more = inside.find(named("msnsubstatus"))?.attrs.substatus?.trim().toLowerCase() ?? "";
  const open = status !== "closed" && more !== "offline";
  const notes = [...inside, ...childElements(atom)]
    .filter(named("note"))
    .map((note) => ({ text: text(note).trim().slice(0, NOTE_MAXIMUM) }))
    .filter((note) => note.text !== "")
    .slice(0, MAXIMUM_NOTES);
  if (!open) return { id, open, notes, activities: [] };
  const activity = WORDS.get(more) ?? WORDS.get(status);
  const priority = priorityFromPidf(address.attrs.priority ?? "");
  return {
    id,
    open,
    ...(priority === undefined ? undefined : { priority }),
    notes,
    activities: activity === undefined ? [] : [activity],
  };
}

function named(name: string): (node: Element) => boolean {
  return (node) => node.name === name;
}

/** Words of the format (`status`, `substatus`) → RPID. Others say no more than open. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ["inuse", "on-the-phone"],
  ["inactive", "away"],
  ["away", "away"],
  ["berightback", "away"],
  ["idle", "away"],
  ["outtolunch", "meal"],
  ["busy", "busy"],
  ["onthephone", "on-the-phone"],
]);
/** No internal part: neither bracket nor a second declaration. */
const DOCTYPE = /<!DOCTYPE[^<>[\]]{0,400}>/;
/** The declaration stands before the first element. */
const HEAD = 1_000;
const SPACE = 0x20;
const LATIN = new TextDecoder("latin1");
