/** Presence stanza → one device. RFC 8048 §6.2 (Table 1); RFC 6121 §4.7; XEP-0203, XEP-0319, XEP-0256. */

import { child, type Element, text } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { parseDateTime } from "../message/date-time";
import { localizedTexts } from "../message/localized";
import type { Mutable } from "../mutable";
import type { DevicePresence, Note, Show } from "./document";
import { MAXIMUM_NOTES, NOTE_MAXIMUM } from "./limits";
import { readPriority } from "./priority";

/** Does the stanza say how its sender is (no type, or `unavailable`)? Others ask, answer or complain (§6.2 note 1). */
export function isPresenceNotification(stanza: Element): boolean {
  const { type } = stanza.attrs;
  return stanza.name === "presence" && (type === undefined || type === "unavailable");
}

/**
 * What a presence notification says of the resource that sent it.
 * @param now milliseconds since 1970, for an idle time that comes in seconds
 */
export function presenceToDevice(stanza: Element, now: number): DevicePresence {
  const open = stanza.attrs.type === undefined;
  const since = delayOf(stanza);
  const device: Mutable<DevicePresence> = {
    id: resourceOf(stanza.attrs.from ?? ""),
    open,
    notes: notesOf(stanza),
    activities: [],
  };
  if (since !== undefined) device.since = since;
  if (!open) return device;
  const show = showElement(stanza);
  if (show !== undefined) device.show = show;
  const priority = priorityOf(stanza);
  if (priority !== undefined) device.priority = priority;
  const idleSince = idleSinceOf(stanza, now);
  if (idleSince !== undefined) device.idleSince = idleSince;
  return device;
}

function resourceOf(from: string): string {
  const slash = from.indexOf("/");
  return slash < 0 ? "" : from.slice(slash + 1);
}

function notesOf(stanza: Element): Note[] {
  return localizedTexts(stanza, "status")
    .slice(0, MAXIMUM_NOTES)
    .map(({ text: said, language }) => {
      const note = said.slice(0, NOTE_MAXIMUM);
      return language === undefined ? { text: note } : { text: note, language };
    });
}

function showElement(stanza: Element): Show | undefined {
  const show = child(stanza, NS.client, "show");
  return show === undefined ? undefined : readShow(text(show));
}

/** RFC 6121 §4.7.2.1: any other value counts as none. */
export function readShow(said: string): Show | undefined {
  const word = said.trim();
  return SHOWS.has(word) ? (word as Show) : undefined;
}

function priorityOf(stanza: Element): number | undefined {
  const priority = child(stanza, NS.client, "priority");
  return priority === undefined ? undefined : readPriority(text(priority));
}

function delayOf(stanza: Element): number | undefined {
  const stamp = child(stanza, NS.delay, "delay")?.attrs.stamp;
  return stamp === undefined ? undefined : parseDateTime(stamp);
}

/** XEP-0319; XEP-0256 puts seconds of `jabber:iq:last` there instead. */
function idleSinceOf(stanza: Element, now: number): number | undefined {
  const since = child(stanza, NS.idle, "idle")?.attrs.since;
  if (since !== undefined) return parseDateTime(since);
  const seconds = child(stanza, NS.last, "query")?.attrs.seconds;
  if (seconds === undefined || !SECONDS.test(seconds)) return undefined;
  return now - Number(seconds) * 1000;
}

const SHOWS: ReadonlySet<string> = new Set<Show>(["away", "chat", "dnd", "xa"]);
const SECONDS = /^\d{1,9}$/;
