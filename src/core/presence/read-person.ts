/** What a PIDF says of the person: activities, mood, notes, place. RFC 4479 §3.1, RFC 4480 §3. */

import { children, type Element } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import type { Note, PersonPresence } from "./document";
import { MAXIMUM_NOTES } from "./limits";
import { readLocation } from "./location";
import { readNotes } from "./notes";
import { activitiesOf, rpidChild, wordsOf } from "./read-rpid";

/**
 * Reads all `<person/>` of a document as one: a presence server writes one for each device (RFC 4479 §3.1 allows it).
 * @returns undefined when nothing is said of the person
 */
export function readPerson(root: Element, language: string | undefined): PersonPresence | undefined {
  const persons = children(root, NS.dataModel, "person");
  const activities = activitiesOf(...persons);
  const mood = persons.map((person) => rpidChild(person, "mood")).find((node) => node !== undefined);
  const moods = mood === undefined ? [] : wordsOf(mood);
  const notes = [
    ...persons.flatMap((person) => readNotes(person, NS.dataModel, language)),
    ...readNotes(root, root.ns, language),
  ].slice(0, MAXIMUM_NOTES);
  const activityNotes = persons.flatMap((person) => notesOf(rpidChild(person, "activities"), language));
  const moodNotes = notesOf(mood, language);
  const location = readLocation(root);
  if (
    activities.length + moods.length + notes.length + activityNotes.length === 0 &&
    location === undefined
  ) {
    return undefined;
  }
  return {
    activities,
    moods,
    notes,
    ...(activityNotes.length === 0 ? undefined : { activityNotes: activityNotes.slice(0, MAXIMUM_NOTES) }),
    ...(moodNotes.length === 0 ? undefined : { moodNotes }),
    ...(location === undefined ? undefined : { location }),
  };
}

function notesOf(enumeration: Element | undefined, language: string | undefined): Note[] {
  return enumeration === undefined ? [] : readNotes(enumeration, enumeration.ns, language);
}
