/** Presence document → PIDF, in the form that every phone tried reads. RFC 8048 §6.2 (Table 1), RFC 3863 §4.1, RFC 4479 §3, RFC 4480. */

import { type Element, element } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { writePrefixed } from "../../xml/prefixed-writer";
import { formatDateTime } from "../message/date-time";
import type { PeerSwitches } from "../switches";
import type { PresenceTable } from "../tables";
import { effectiveShow, mostAvailableFirst } from "./availability";
import type { DevicePresence, Note, PersonPresence, PresenceDocument } from "./document";
import { writeLocation } from "./location";
import { commonLanguage } from "./notes";
import { priorityToPidf } from "./priority";
import { tupleIdOf } from "./tuple-id";

export interface PidfOptions {
  readonly table: PresenceTable;
  readonly switches: Pick<PeerSwitches, "rpidAway" | "presenceEntity">;
}

/**
 * Writes the document that one NOTIFY carries: all devices, the most available first, and never none (RFC 3922 §6.3).
 * @param entityUri SIP URI of the person whom it is about, without parameters
 */
export function writePidf(
  document: PresenceDocument,
  entityUri: string,
  { table, switches }: PidfOptions,
): string {
  const devices = shownDevices(document);
  const { person } = document;
  const entity = switches.presenceEntity === "pres" ? entityUri.replace(SIP_SCHEME, "pres:") : entityUri;
  const root = element(
    NS.pidf,
    "presence",
    { entity },
    ...devices.map((device) => tupleElement(device, effectiveShow(device, person, table), entityUri)),
    personElement(devices[0], person, table, switches.rpidAway),
  );
  return `${DECLARATION}${writePrefixed(root, PREFIXES)}`;
}

/** The language for the Content-Language header: where all notes that `writePidf` writes are in one. RFC 8048 §6.2. */
export function contentLanguage(document: PresenceDocument): string | undefined {
  const notes: Note[] = [];
  for (const device of document.devices) notes.push(...device.notes);
  if (document.person !== undefined) notes.push(...document.person.notes);
  return notes.length === 0 ? document.language : commonLanguage(notes);
}

/** Those that are open; where none is, one that is closed. */
function shownDevices({ devices }: PresenceDocument): readonly DevicePresence[] {
  const open = devices.filter((device) => device.open);
  if (open.length > 1) return mostAvailableFirst(open);
  return open.length === 1 ? open : [devices[0] ?? CLOSED];
}

/** The order inside is that of RFC 3863's schema: status, extensions, contact, note, timestamp. */
function tupleElement(device: DevicePresence, show: string | undefined, entityUri: string): Element {
  const priority = device.priority === undefined ? undefined : priorityToPidf(device.priority);
  return element(
    NS.pidf,
    "tuple",
    { id: tupleIdOf(device.id) },
    element(
      NS.pidf,
      "status",
      {},
      element(NS.pidf, "basic", {}, device.open ? "open" : "closed"),
      show === undefined ? undefined : element(NS.client, "show", {}, show),
    ),
    idleElement(device),
    priority === undefined ? undefined : element(NS.pidf, "contact", { priority }, entityUri),
    ...device.notes.map((note) => noteElement(NS.pidf, note)),
    timestampElement(device.since),
  );
}

/** RFC 4480 §3.14. */
function idleElement({ open, idleSince }: DevicePresence): Element | undefined {
  if (!open || idleSince === undefined || !isWritable(idleSince)) return undefined;
  return element(NS.rpid, "user-input", { "last-input": formatDateTime(idleSince) }, "idle");
}

function timestampElement(since: number | undefined): Element | undefined {
  if (since === undefined || !isWritable(since)) return undefined;
  return element(NS.pidf, "timestamp", {}, formatDateTime(since));
}

/** One person, and only when there is something to say (RFC 4479 §3.1). Who is closed does nothing that concerns anybody. */
function personElement(
  first: DevicePresence | undefined,
  person: PersonPresence | undefined,
  table: PresenceTable,
  away: boolean,
): Element | undefined {
  if (first === undefined || !first.open) return undefined;
  if (person === undefined && first.show === undefined && first.activities.length === 0) return undefined;
  const inside = [
    enumeration("activities", activitiesToWrite(first, person, table, away), person?.activityNotes),
    enumeration("mood", moodsToWrite(person, table), person?.moodNotes),
    person?.location === undefined ? undefined : writeLocation(person.location),
    ...(person?.notes ?? []).map((note) => noteElement(NS.dataModel, note)),
  ].filter((part) => part !== undefined);
  return inside.length === 0 ? undefined : element(NS.dataModel, "person", { id: PERSON_ID }, ...inside);
}

/** What the most available device shows comes first: some phones look no further. */
function activitiesToWrite(
  device: DevicePresence,
  person: PersonPresence | undefined,
  table: PresenceTable,
  away: boolean,
): string[] {
  const names = new Set<string>();
  const told = device.show === undefined ? undefined : table.shows.get(device.show);
  if (told !== undefined) names.add(told);
  for (const name of [...device.activities, ...(person?.activities ?? [])]) {
    const row = table.activities.get(name);
    if (row !== undefined && !UNTOLD.has(name)) names.add(row.writtenAs ?? name);
  }
  // COMPAT(baresip 1.0): takes away for offline, whatever the tuple says. Remove when baresip reads <basic/>.
  if (!away) names.delete("away");
  return [...names];
}

function moodsToWrite(person: PersonPresence | undefined, table: PresenceTable): string[] {
  const names = new Set<string>();
  for (const mood of person?.moods ?? []) {
    const written = table.moods.get(mood);
    if (written !== undefined) names.add(written);
  }
  return [...names];
}

function enumeration(
  name: string,
  words: readonly string[],
  notes: readonly Note[] = [],
): Element | undefined {
  if (words.length === 0) return undefined;
  return element(
    NS.rpid,
    name,
    {},
    ...notes.slice(0, 1).map((note) => noteElement(NS.rpid, note)),
    ...words.map((word) => element(NS.rpid, word)),
  );
}

function noteElement(ns: string, { text, language }: Note): Element {
  return element(ns, "note", { "xml:lang": language }, text);
}

/** xs:dateTime as we write it has four digits for the year. */
function isWritable(time: number): boolean {
  return time >= 0 && time < YEAR_10000;
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\r\n';
const PREFIXES: ReadonlyMap<string, string> = new Map<string, string>([
  [NS.dataModel, "dm"],
  [NS.rpid, "rpid"],
  [NS.geopriv, "gp"],
  [NS.gml, "gml"],
  [NS.civicAddress, "ca"],
]);
/** No tuple has it: theirs begin with ID- (tuple-id.ts). */
const PERSON_ID = "person";
/** RFC 4480 §3.2: `unknown` stands alone or not at all, and `other` says nothing without its words. */
const UNTOLD: ReadonlySet<string> = new Set(["other", "unknown"]);
const SIP_SCHEME = /^sips?:/i;
const YEAR_10000 = 253_402_300_800_000;
const CLOSED: DevicePresence = { id: "", open: false, notes: [], activities: [] };
