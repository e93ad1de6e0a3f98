/** Mood, activity and place of a person ↔ events of PEP. XEP-0107, XEP-0108, XEP-0080; XEP-0163 §4; RFC 4480 §3.2, §3.5. */

import { child, childElements, type Element, element, text } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { isLanguageTag } from "../message/language";
import type { PresenceTable } from "../tables";
import type { Location, Note, PersonPresence } from "./document";
import { NOTE_MAXIMUM } from "./limits";
import { placeText } from "./location";

/** One item of a node, as a subscriber gets it. */
export interface PepItem {
  readonly node: string;
  /** Payload of the item; one without children says that the person publishes it no more. */
  readonly payload: Element;
}

/** Names of the nodes, for the `+notify` of entity capabilities (XEP-0163 §4.3.2). */
export const RICH_PRESENCE_NODES: readonly string[] = [NS.mood, NS.activity, NS.geoloc];

/**
 * What an event changes in what is known of a person.
 * @param payload undefined when the item was retracted
 * @returns the very same object when the node is none of ours
 */
export function pepItemToPerson(
  node: string,
  payload: Element | undefined,
  person: PersonPresence = NOBODY,
  table: PresenceTable,
): PersonPresence {
  const said = payload !== undefined && payload.ns === node ? payload : undefined;
  switch (node) {
    case NS.mood:
      return withMood(said, person, table);
    case NS.activity:
      return withActivity(said, person, table);
    case NS.geoloc:
      return withLocation(said, person);
    default:
      return person;
  }
}

/** The events that tell what has changed; undefined stands for a person of whom nothing is known. */
export function personToPepEvents(
  previous: PersonPresence | undefined,
  person: PersonPresence | undefined,
  table: PresenceTable,
): PepItem[] {
  return [moodPayload, activityPayload, geolocPayload].flatMap((make) => {
    const before = make(previous ?? NOBODY, table);
    const payload = make(person ?? NOBODY, table);
    return JSON.stringify(before) === JSON.stringify(payload) ? [] : [{ node: payload.ns, payload }];
  });
}

/** The items that a `<message/>` of PEP brings; a retracted one has no payload. XEP-0060 §7.1.2.1, §7.2.2.1. */
export function pepItemsOf(
  message: Element,
): { readonly node: string; readonly payload: Element | undefined }[] {
  const event = child(message, NS.pubsubEvent, "event");
  const items = event && child(event, NS.pubsubEvent, "items");
  const node = items?.attrs.node;
  if (items === undefined || node === undefined) return [];
  return childElements(items)
    .filter(({ name, ns }) => ns === NS.pubsubEvent && (name === "item" || name === "retract"))
    .map((item) => ({ node, payload: childElements(item)[0] }));
}

/** The `<message/>` that tells one watcher. @param from bare JID of the person */
export function pepMessage({ node, payload }: PepItem, from: string, to: string): Element {
  const item = element(NS.pubsubEvent, "item", { id: "current" }, payload);
  const items = element(NS.pubsubEvent, "items", { node }, item);
  return element(
    NS.client,
    "message",
    { from, to, type: "headline" },
    element(NS.pubsubEvent, "event", {}, items),
  );
}

function withMood(mood: Element | undefined, person: PersonPresence, table: PresenceTable): PersonPresence {
  const { moodNotes: _, ...others } = person;
  const moods =
    mood === undefined
      ? []
      : childElements(mood)
          .filter(({ name, ns }) => ns === NS.mood && table.moods.has(name))
          .map(({ name }) => name)
          .slice(0, 1);
  const notes = moods.length === 0 ? [] : textsOf(mood);
  return { ...others, moods, ...(notes.length === 0 ? undefined : { moodNotes: notes }) };
}

function withActivity(
  activity: Element | undefined,
  person: PersonPresence,
  table: PresenceTable,
): PersonPresence {
  const { activityNotes: _, ...others } = person;
  const general =
    activity && childElements(activity).find(({ name, ns }) => ns === NS.activity && name !== "text");
  const found = general && table.userActivities.get(rowOf(general, table));
  const notes = textsOf(activity);
  return {
    ...others,
    activities: found === undefined ? [] : [found],
    ...(notes.length === 0 ? undefined : { activityNotes: notes }),
  };
}

/** A specific activity that has no row goes by its general one. */
function rowOf(general: Element, table: PresenceTable): string {
  const specific = childElements(general).find(({ ns }) => ns === NS.activity);
  const row = `${general.name}/${specific?.name ?? ""}`;
  return table.userActivities.has(row) ? row : general.name;
}

function withLocation(geoloc: Element | undefined, person: PersonPresence): PersonPresence {
  const { location: _, ...others } = person;
  const location: Record<string, string> = {};
  for (const part of geoloc === undefined ? [] : childElements(geoloc)) {
    const said =
      part.ns === NS.geoloc && PLACE_NAMES.has(part.name) ? placeText(part.name, text(part)) : undefined;
    if (said !== undefined) location[part.name] = said;
  }
  return Object.keys(location).length === 0 ? others : { ...others, location };
}

/** `<text/>`: the words of the person himself. */
function textsOf(payload: Element | undefined): Note[] {
  const found = payload && child(payload, payload.ns, "text");
  const said = found === undefined ? "" : text(found).trim().slice(0, NOTE_MAXIMUM);
  if (found === undefined || said === "") return [];
  const language = found.attrs["xml:lang"] ?? payload?.attrs["xml:lang"];
  return [language !== undefined && isLanguageTag(language) ? { text: said, language } : { text: said }];
}

function moodPayload({ moods, moodNotes }: PersonPresence, table: PresenceTable): Element {
  const mood = moods.find((name) => table.moods.has(name));
  if (mood === undefined) return element(NS.mood, "mood");
  return element(NS.mood, "mood", {}, element(NS.mood, mood), textElement(NS.mood, moodNotes));
}

/** The first that XEP-0108 has: there is room for one. */
function activityPayload({ activities, activityNotes }: PersonPresence, table: PresenceTable): Element {
  const found = activities
    .map((name) => table.activities.get(name)?.userActivity)
    .find((name) => name !== undefined);
  if (found === undefined) return element(NS.activity, "activity");
  const [general = "", specific] = found.split("/", 2);
  const inner = specific === undefined ? undefined : element(NS.activity, specific);
  return element(
    NS.activity,
    "activity",
    {},
    element(NS.activity, general, {}, inner),
    textElement(NS.activity, activityNotes),
  );
}

function geolocPayload({ location }: PersonPresence): Element {
  const names = Object.keys(location ?? NOWHERE).filter((name) => PLACE_NAMES.has(name));
  return element(
    NS.geoloc,
    "geoloc",
    {},
    ...names.sort().map((name) => element(NS.geoloc, name, {}, location?.[name] ?? "")),
  );
}

function textElement(ns: string, notes: readonly Note[] | undefined): Element | undefined {
  const note = notes?.[0];
  return note === undefined ? undefined : element(ns, "text", { "xml:lang": note.language }, note.text);
}

const NOBODY: PersonPresence = { activities: [], moods: [], notes: [] };
const NOWHERE: Location = {};
/** XEP-0080 §3; not `error`, which nobody may write any more, and not who moves how fast. */
const PLACE_NAMES: ReadonlySet<string> = new Set([
  "accuracy",
  "alt",
  "area",
  "building",
  "country",
  "countrycode",
  "description",
  "floor",
  "lat",
  "locality",
  "lon",
  "postalcode",
  "region",
  "room",
  "street",
  "text",
]);
