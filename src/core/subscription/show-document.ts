/** What a new document of a contact tells an XMPP watcher: one stanza for each device that changed. RFC 8048 §6.3, RFC 3922 §6.3.1. */

import { type Element, element } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import type { DevicePresence, PresenceDocument } from "../presence/document";
import { deviceJid, presenceStanza } from "./presence-stanza";

export interface Shown {
  readonly stanzas: readonly Element[];
  /** Devices that the watcher has now been shown as available. */
  readonly shown: readonly string[];
}

/**
 * Plans the stanzas for a document.
 * @param people bare JIDs of watcher and contact
 * @param shown devices that the watcher was shown as available
 * @param last the document before; undefined when that is not remembered: then every device is told
 */
export function showDocument(
  people: { readonly watcher: string; readonly presentity: string },
  shown: readonly string[],
  last: PresenceDocument | undefined,
  document: PresenceDocument,
): Shown {
  const devices = new Map(document.devices.slice(0, MAXIMUM_SHOWN).map((device) => [device.id, device]));
  const stanzas: Element[] = [];
  const told = last === undefined ? undefined : new Map(last.devices.map((device) => [device.id, device]));
  const isSamePerson = JSON.stringify(last?.person) === JSON.stringify(document.person);
  for (const id of shown) if (!devices.has(id)) stanzas.push(gone(people, id));
  for (const device of devices.values()) {
    const isKnown = isSamePerson && JSON.stringify(told?.get(device.id)) === JSON.stringify(device);
    if (isKnown && shown.includes(device.id) === device.open) continue;
    stanzas.push(device.open ? present(people, device) : gone(people, device.id));
  }
  return { stanzas, shown: [...devices.values()].filter(({ open }) => open).map(({ id }) => id) };
}

/** The devices that were shown, as gone. */
export function hideDevices(
  people: { readonly watcher: string; readonly presentity: string },
  shown: readonly string[],
): Element[] {
  return shown.map((id) => gone(people, id));
}

function gone({ watcher, presentity }: { watcher: string; presentity: string }, id: string): Element {
  return presenceStanza("unavailable", deviceJid(presentity, id), watcher);
}

function present(
  { watcher, presentity }: { watcher: string; presentity: string },
  { id, show, priority, notes }: DevicePresence,
): Element {
  return element(
    NS.client,
    "presence",
    { from: deviceJid(presentity, id), to: watcher },
    show === undefined ? undefined : element(NS.client, "show", {}, show),
    ...notes.map((note) => element(NS.client, "status", { "xml:lang": note.language }, note.text)),
    priority === undefined ? undefined : element(NS.client, "priority", {}, String(priority)),
  );
}

/** Nobody has so many devices; a document with more comes from somebody who wants to flood. */
const MAXIMUM_SHOWN = 100;
