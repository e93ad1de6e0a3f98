/**
 * An XMPP user watches a SIP person whose presence is kept here: there is nobody to subscribe to, so the authorization is the
 * whole subscription. RFC 6121 §3 and §4, as the contact's server; RFC 8048 §5.2 for what the watcher sees of it.
 */

import type { Element } from "../../xml/element";
import { documentChanges } from "../presence/changes";
import type { DevicePresence, PresenceDocument } from "../presence/document";
import { goneStanza } from "../presence/to-stanza";
import { presenceStanza } from "../subscription/presence-stanza";
import type { XmppWatcherRecord } from "../subscription/record";
import type { Step, SubscriptionEffect } from "../subscription/step";

export type LocalWatcherEvent =
  /** `approved`: need the person not be asked (policy, or she watches him)? `document`: what she shows now. */
  | { readonly kind: "xmpp-subscribe"; readonly approved: boolean; readonly document: PresenceDocument }
  | { readonly kind: "xmpp-unsubscribe" }
  /** `to`: the JID that asked, as it is. */
  | { readonly kind: "xmpp-probe"; readonly to: string; readonly document: PresenceDocument }
  | { readonly kind: "approve"; readonly document: PresenceDocument }
  | { readonly kind: "reject" }
  | {
      readonly kind: "document-changed";
      readonly before: PresenceDocument;
      readonly document: PresenceDocument;
    }
  /** The gateway has started, or the XMPP link is up again. */
  | { readonly kind: "resume"; readonly approved: boolean; readonly document: PresenceDocument }
  | { readonly kind: "drop" };

export interface LocalWatcherContext {
  /** Canonical bare JIDs. */
  readonly watcher: string;
  readonly presentity: string;
  readonly deviceStanza: DeviceStanza;
}

/** The stanza that shows a device, or that it has gone. @param from bare JID; the device's id becomes the resource */
export type DeviceStanza = (
  device: DevicePresence,
  document: PresenceDocument,
  from: string,
  to: string,
) => Element;

type Kind = LocalWatcherEvent["kind"];
export type LocalState = "none" | "pending" | "active";
/** One cell of the table: what a state makes of an event, once it is known to have a record (or none, in `none`). */
type Cell = (
  record: XmppWatcherRecord | undefined,
  event: LocalWatcherEvent,
  to: LocalWatcherContext,
) => Step<XmppWatcherRecord>;

/** Peer of a record that has none: what is kept here needs no neighbour. */
export const LOCAL_PEER = "local";

/** One step. A record that another life kept with a dialog is taken over: its authorization counts, its dialog ends by itself. */
export function localWatcher(
  record: XmppWatcherRecord | undefined,
  event: LocalWatcherEvent,
  context: LocalWatcherContext,
): Step<XmppWatcherRecord> {
  const taken = record && takenOver(record);
  return TABLE[stateOf(taken)][event.kind](taken, event, context);
}

/** The state that a record stands for. */
export function stateOf(record: XmppWatcherRecord | undefined): LocalState {
  if (record === undefined) return "none";
  return record.authorized ? "active" : "pending";
}

function takenOver(record: XmppWatcherRecord): XmppWatcherRecord {
  const isOurs = record.peer === LOCAL_PEER && record.dialog === undefined && record.dueAt === undefined;
  return isOurs ? record : recordOf(record, record.authorized, record.shown);
}

const ignored: Cell = (record) => ({ record, effects: [] });

/** RFC 6121 §3.1.3: with leave given beforehand she need not be asked. */
const asked: Cell = (record, event, context) =>
  event.kind === "xmpp-subscribe" && event.approved
    ? allowed(record, event, context)
    : { record: record ?? recordOf(context, false, []), effects: [] };

/** `subscribed`, and at once what there is to see (RFC 6121 §3.1.5). */
const allowed: Cell = (record, event, context) => {
  const document = "document" in event ? event.document : undefined;
  if (document === undefined) return { record, effects: [] };
  const next = recordOf(record ?? context, true, record?.shown ?? []);
  const { presentity, watcher } = context;
  return shows(next, document, context, [stanza(presenceStanza("subscribed", presentity, watcher))]);
};

/** RFC 6121 §3.2.2, §3.3.3: nothing of hers stays on his screen. */
const ended: Cell = (record, _event, context) => {
  const { presentity, watcher } = context;
  const gone = (record?.shown ?? []).map((id) => stanza(goneStanza(id, presentity, watcher)));
  return {
    record: undefined,
    effects: [...gone, stanza(presenceStanza("unsubscribed", presentity, watcher))],
  };
};

/** RFC 6121 §4.3.2: all that is there, or that nothing is. What he saw before is not asked for. */
const probed: Cell = (record, event, context) => {
  if (record === undefined || event.kind !== "xmpp-probe") return { record, effects: [] };
  const open = event.document.devices.filter((device) => device.open);
  const told = open.length > 0 ? open : event.document.devices;
  const { presentity, deviceStanza } = context;
  const effects = told.map((device) => stanza(deviceStanza(device, event.document, presentity, event.to)));
  return { record, effects };
};

/** What he saw before the outage may be out of date. */
const resumed: Cell = (record, event, context) =>
  record === undefined || event.kind !== "resume"
    ? { record, effects: [] }
    : shows(record, event.document, context, []);

/** The policy, or she, has changed her mind while nobody could be told. */
const resumedPending: Cell = (record, event, context) =>
  event.kind === "resume" && event.approved ? allowed(record, event, context) : { record, effects: [] };

/** RFC 6121 §4.4: each device that has changed. */
const changed: Cell = (record, event, context) =>
  record === undefined || event.kind !== "document-changed"
    ? { record, effects: [] }
    : shows(record, event.document, context, [], event.before);

/** One stanza for each device that is news, and for each that was shown and has gone. RFC 8048 §6.3. */
function shows(
  record: XmppWatcherRecord,
  document: PresenceDocument,
  { watcher, presentity, deviceStanza }: LocalWatcherContext,
  first: readonly SubscriptionEffect[],
  last?: PresenceDocument,
): Step<XmppWatcherRecord> {
  const changes = documentChanges(record.shown, last, document);
  const effects = [...first];
  for (const id of changes.gone) effects.push(stanza(goneStanza(id, presentity, watcher)));
  for (const device of changes.changed) {
    effects.push(stanza(deviceStanza(device, document, presentity, watcher)));
  }
  const isShown =
    changes.shown.length === record.shown.length && changes.shown.every((id) => record.shown.includes(id));
  return { record: isShown ? record : { ...record, shown: changes.shown }, effects };
}

function recordOf(
  { watcher, presentity }: Pick<XmppWatcherRecord, "watcher" | "presentity">,
  authorized: boolean,
  shown: readonly string[],
): XmppWatcherRecord {
  return {
    direction: "xmpp-watcher",
    watcher,
    presentity,
    peer: LOCAL_PEER,
    state: authorized ? "active" : "pending",
    authorized,
    attempts: 0,
    expires: 0,
    online: "unknown",
    shown,
  };
}

function stanza(element: Element): SubscriptionEffect {
  return { kind: "stanza", stanza: element };
}

/** Every pair of state and event; what is ignored says so (architecture E7, E8). */
const TABLE: Readonly<Record<LocalState, Readonly<Record<Kind, Cell>>>> = {
  none: {
    "xmpp-subscribe": asked,
    "xmpp-unsubscribe": ignored, // RFC 6121 §3.3.3
    // Not `unsubscribed`: after the loss of a database that would empty people's rosters.
    "xmpp-probe": ignored,
    approve: ignored,
    reject: ignored,
    "document-changed": ignored,
    resume: ignored,
    drop: ignored,
  },
  pending: {
    "xmpp-subscribe": asked,
    "xmpp-unsubscribe": ended,
    "xmpp-probe": ignored, // he may not know yet, not even that she is away
    approve: allowed,
    reject: ended,
    "document-changed": ignored,
    resume: resumedPending,
    drop: ended,
  },
  active: {
    "xmpp-subscribe": allowed, // RFC 6121 §3.1.3: his server has forgotten
    "xmpp-unsubscribe": ended,
    "xmpp-probe": probed,
    approve: ignored,
    reject: ended,
    "document-changed": changed,
    resume: resumed,
    drop: ended,
  },
};
