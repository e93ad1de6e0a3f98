/** What a new document changes for somebody who has seen the one before. RFC 3922 §6.3.1, RFC 3856 §6.8. */

import type { DevicePresence, PersonPresence, PresenceDocument } from "./document";

export interface DocumentChanges {
  /** To be shown: new ones, and those that look different. Some may be closed. */
  readonly changed: readonly DevicePresence[];
  /** Ids of devices that were shown and are not in the document any more. */
  readonly gone: readonly string[];
  /** Ids that are shown as available from now on. */
  readonly shown: readonly string[];
}

/**
 * One stanza for each tuple that changed; a tuple that is missing has gone.
 * @param shown ids of the devices that the watcher was last shown as available
 * @param last what he was shown them with; undefined when that is not known: then everything is shown anew
 */
export function documentChanges(
  shown: readonly string[],
  last: PresenceDocument | undefined,
  document: PresenceDocument,
): DocumentChanges {
  const before = new Map(last?.devices.map((device) => [device.id, device]));
  const samePerson = last !== undefined && alike(said(last.person), said(document.person));
  const wasShown = new Set(shown);
  const changed = document.devices.filter((device) => {
    const earlier = before.get(device.id);
    if (!device.open) return wasShown.has(device.id) || last === undefined;
    return (
      !samePerson || earlier === undefined || !wasShown.has(device.id) || !alike(seen(device), seen(earlier))
    );
  });
  const there = new Set(document.devices.map(({ id }) => id));
  return {
    changed,
    gone: shown.filter((id) => !there.has(id)),
    shown: document.devices.filter(({ open }) => open).map(({ id }) => id),
  };
}

/** When it was said is no news. */
function seen({ since: _, ...device }: DevicePresence): object {
  return device;
}

/** What a watcher sees of the person in a presence stanza: mood and place go by other ways (rich-presence.ts). */
function said(person: PersonPresence | undefined): object {
  if (person === undefined) return NOBODY;
  const { activities, notes, activityNotes = [] } = person;
  return { activities, notes, activityNotes };
}

function alike(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) =>
    alike((one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key]),
  );
}

const NOBODY = { activities: [], notes: [], activityNotes: [] };
