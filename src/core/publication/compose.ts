/** What several devices have published → what one person shows. RFC 3903 §6 (the compositor's policy is ours), RFC 4479 §3. */

import { mostAvailableFirst } from "../presence/availability";
import type { DevicePresence, PresenceDocument } from "../presence/document";
import { deviceNameOf, markOf, type Publication, publicationId } from "./publication";

export interface Published {
  readonly publication: Publication;
  readonly document: PresenceDocument;
}

/** Nothing is published: at the server of his domain, that is what offline means. */
export const NOTHING_PUBLISHED: PresenceDocument = {
  devices: [{ id: "", open: false, notes: [], activities: [] }],
};

/**
 * One document of all devices, the most available first; each has an id of its own, though two phones may call theirs the
 * same. What concerns the person comes from whoever spoke last.
 * @param maximumDevices the least available beyond are left out
 */
export function compose(published: readonly Published[], maximumDevices: number): PresenceDocument {
  const devices = distinct([...published].sort(byAge));
  if (devices.length === 0) return NOTHING_PUBLISHED;
  const newest = [...published].sort((a, b) => b.publication.modifiedAt - a.publication.modifiedAt);
  const person = newest.find(({ document }) => document.person !== undefined)?.document.person;
  const language = newest[0]?.document.language;
  return {
    devices: mostAvailableFirst(devices).slice(0, maximumDevices),
    ...(person === undefined ? {} : { person }),
    ...(language === undefined ? {} : { language }),
  };
}

/** Who came first keeps his id; tags of one age are ordered by themselves. */
function byAge(one: Published, other: Published): number {
  return publicationId(one.publication.etag) < publicationId(other.publication.etag) ? -1 : 1;
}

function distinct(published: readonly Published[]): DevicePresence[] {
  const taken = new Set<string>();
  const devices: DevicePresence[] = [];
  for (const { publication, document } of published) {
    const { etag } = publication;
    const name = document.devices.length === 1 ? deviceNameOf(etag) : undefined;
    for (const device of document.devices) {
      const own = name ?? device.id;
      const id = [own, `${own}-${markOf(etag, MARK)}`, `${own}-${markOf(etag)}`].find(
        (one) => !taken.has(one),
      );
      // Left out: a document that names one device over and over.
      if (id === undefined) continue;
      taken.add(id);
      devices.push(id === device.id ? device : { ...device, id });
    }
  }
  return devices;
}

/** Enough to tell the few devices of one person apart; the whole mark stands by. */
const MARK = 4;
