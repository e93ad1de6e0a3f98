/** One device → presence stanza. RFC 8048 §6.3 (Table 2); RFC 6121 §4.7; XEP-0203, XEP-0319. */

import { type Element, element, type Node } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { formatDateTime } from "../message/date-time";
import type { PresenceTable } from "../tables";
import { effectiveShow } from "./availability";
import type { DevicePresence, Note, PersonPresence } from "./document";
import { commonLanguage } from "./notes";

/**
 * The stanza that shows a device, or that it has gone.
 * @param from bare JID of its person; the device's id becomes the resource
 * @param to whoever watches
 * @param extra further children, such as entity capabilities
 */
export function deviceToPresence(
  device: DevicePresence,
  person: PersonPresence | undefined,
  from: string,
  to: string,
  table: PresenceTable,
  extra: readonly Element[] = [],
): Element {
  const notes = perLanguage(notesFor(device, person));
  const language = commonLanguage(notes);
  const show = effectiveShow(device, person, table);
  const { open, priority, since, idleSince } = device;
  return element(
    NS.client,
    "presence",
    {
      from: device.id === "" ? from : `${from}/${device.id}`,
      to,
      type: open ? undefined : "unavailable",
      "xml:lang": language,
    },
    part("show", show),
    ...notes.map((note) => statusElement(note, language)),
    part("priority", open && priority !== undefined ? String(priority) : undefined),
    since === undefined ? undefined : element(NS.delay, "delay", { stamp: formatDateTime(since) }),
    open && idleSince !== undefined
      ? element(NS.idle, "idle", { since: formatDateTime(idleSince) })
      : undefined,
    ...(open ? extra : NOTHING),
  );
}

/** The stanza that says that a device has gone. @param id its resource; "" is the bare address */
export function goneStanza(id: string, from: string, to: string): Element {
  return element(NS.client, "presence", {
    from: id === "" ? from : `${from}/${id}`,
    to,
    type: "unavailable",
  });
}

/** What the device says; else what the person does; else what there is to say of what he is doing. */
function notesFor(device: DevicePresence, person: PersonPresence | undefined): readonly Note[] {
  if (device.notes.length > 0 || person === undefined) return device.notes;
  return person.notes.length > 0 ? person.notes : (person.activityNotes ?? NO_NOTES);
}

/** RFC 6121 §4.7.2.2: one status for each language. */
function perLanguage(notes: readonly Note[]): readonly Note[] {
  if (notes.length < 2) return notes;
  const seen = new Map<string | undefined, Note>();
  for (const note of notes) {
    const language = note.language?.toLowerCase();
    if (!seen.has(language)) seen.set(language, note);
  }
  return [...seen.values()];
}

function statusElement({ text, language }: Note, common: string | undefined): Element {
  return element(NS.client, "status", { "xml:lang": common === undefined ? language : undefined }, text);
}

function part(name: string, text: string | undefined): Node | undefined {
  return text === undefined ? undefined : element(NS.client, name, {}, text);
}

const NO_NOTES: readonly Note[] = [];
const NOTHING: readonly Element[] = [];
