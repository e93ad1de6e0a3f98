/** PIDF element → presence document. RFC 3863 §4.1, RFC 4479 §3; RFC 8048 §6.3 (Table 2). */

import { child, childElements, type Element, text } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { parseDateTime } from "../message/date-time";
import { isLanguageTag } from "../message/language";
import { mostAvailableFirst } from "./availability";
import type { DevicePresence, Note, PresenceDocument } from "./document";
import { readShow } from "./from-stanza";
import { MAXIMUM_DEVICES } from "./limits";
import { readNotes } from "./notes";
import { priorityFromPidf } from "./priority";
import { readPerson } from "./read-person";
import { activitiesOf, idleOf } from "./read-rpid";
import { resourceOf } from "./tuple-id";

/**
 * Reads the root element. Its namespace, whatever it is, is taken for that of PIDF: its drafts had others.
 * @param language of notes that name none
 */
export function readPidf(root: Element, language: string | undefined): PresenceDocument {
  const said = root.attrs["xml:lang"];
  const inherited = said !== undefined && isLanguageTag(said) ? said : language;
  const found = childElements(root);
  const person = readPerson(root, inherited);
  const idle = idleDevices(found);
  const personIdle = found.filter(isPerson).map(idleOf).find(isKnown);
  const devices = found
    .filter(({ name, ns }) => name === "tuple" && ns === root.ns)
    .map((tuple) => readTuple(tuple, inherited, idle.get(deviceIdOf(tuple)) ?? personIdle));
  return {
    devices: bounded(devices),
    ...(person === undefined ? undefined : { person }),
    ...(inherited === undefined ? undefined : { language: inherited }),
  };
}

/** Of two devices with one id the more available one stays; without any the person is closed (RFC 3922 §6.3.2). */
export function bounded(devices: readonly DevicePresence[]): readonly DevicePresence[] {
  if (devices.length < 2) return devices.length === 0 ? CLOSED : devices;
  const kept = new Map<string, DevicePresence>();
  for (const device of mostAvailableFirst(devices)) {
    if (kept.size < MAXIMUM_DEVICES && !kept.has(device.id)) kept.set(device.id, device);
  }
  return [...kept.values()];
}

function readTuple(tuple: Element, language: string | undefined, idle: number | undefined): DevicePresence {
  const status = child(tuple, tuple.ns, "status") ?? EMPTY;
  const open = isOpen(status);
  const notes: readonly Note[] = readNotes(tuple, tuple.ns, language);
  const contact = child(tuple, tuple.ns, "contact");
  const show = child(status, NS.client, "show");
  const since = timeOf(child(tuple, tuple.ns, "timestamp"));
  const base = {
    id: resourceOf(tuple.attrs.id ?? ""),
    open,
    notes,
    ...(since === undefined ? undefined : { since }),
    activities: open ? activitiesOf(tuple, status) : [],
  };
  if (!open) return base;
  const idleSince = idleOf(tuple, since) ?? idleOf(status, since) ?? idle;
  const priority = priorityFromPidf(contact?.attrs.priority ?? "");
  const said = show === undefined ? undefined : readShow(text(show));
  return {
    ...base,
    ...(said === undefined ? undefined : { show: said }),
    ...(priority === undefined ? undefined : { priority }),
    ...(idleSince === undefined ? undefined : { idleSince }),
  };
}

/** Closed is who says so: `<basic/>` may be missing (RFC 3863 §4.1.4), and a draft called it `<value/>`. */
function isOpen(status: Element): boolean {
  const basic = child(status, status.ns, "basic") ?? child(status, status.ns, "value");
  return basic === undefined || text(basic).trim().toLowerCase() !== "closed";
}

/** When the devices of a document were last touched, by deviceID. RFC 4479 §3.3. */
function idleDevices(found: readonly Element[]): ReadonlyMap<string, number> {
  const idle = new Map<string, number>();
  for (const device of found) {
    const since = device.name === "device" && device.ns === NS.dataModel ? idleOf(device) : undefined;
    if (since !== undefined) idle.set(deviceIdOf(device), since);
  }
  return idle;
}

function deviceIdOf(holder: Element): string {
  const named = child(holder, NS.dataModel, "deviceID");
  return named === undefined ? "" : text(named).trim();
}

function timeOf(timestamp: Element | undefined): number | undefined {
  return timestamp === undefined ? undefined : parseDateTime(text(timestamp).trim());
}

function isPerson({ name, ns }: Element): boolean {
  return name === "person" && ns === NS.dataModel;
}

function isKnown(time: number | undefined): time is number {
  return time !== undefined;
}

const EMPTY: Element = { name: "status", ns: "", attrs: {}, children: [] };
const CLOSED: readonly DevicePresence[] = [{ id: "", open: false, notes: [], activities: [] }];
