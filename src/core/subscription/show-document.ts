/** What a new document of a contact tells an XMPP watcher: one stanza for each device that changed. RFC 8048 §6.3, RFC 3922 §6.3.1. */

import type { Element } from "../../xml/element";
import { documentChanges } from "../presence/changes";
import type { PresenceDocument } from "../presence/document";
import { deviceToPresence, goneStanza } from "../presence/to-stanza";
import type { PresenceTable } from "../tables";

interface Viewer {
  /** Bare JIDs. */
  readonly watcher: string;
  readonly presentity: string;
  /** Devices that the watcher was shown as available. */
  readonly shown: readonly string[];
}

export interface ShownDocument {
  readonly stanzas: readonly Element[];
  /** Devices that the watcher has been shown as available by now. */
  readonly shown: readonly string[];
}

/**
 * The stanzas for a document.
 * @param last the document before; undefined when that is not remembered: then every device is told
 */
export function showDocument(
  { watcher, presentity, shown }: Viewer,
  last: PresenceDocument | undefined,
  document: PresenceDocument,
  table: PresenceTable,
): ShownDocument {
  const changes = documentChanges(shown, last, document);
  const stanzas = changes.gone.map((id) => goneStanza(id, presentity, watcher));
  for (const device of changes.changed) {
    stanzas.push(deviceToPresence(device, document.person, presentity, watcher, table));
  }
  // The very list that was given, where it says the same: a row is written only when it changes.
  return { stanzas, shown: isSame(shown, changes.shown) ? shown : changes.shown };
}

/** The devices that were shown, as gone. */
export function hideDevices({ watcher, presentity, shown }: Viewer): Element[] {
  return shown.map((id) => goneStanza(id, presentity, watcher));
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id, index) => id === other[index]);
}
