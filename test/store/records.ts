/** Records of subscriptions for the tests of the store and of its commands. */

import type { Dialog } from "../../src/core/subscription/dialog";
import type {
  SipWatcherRecord,
  SubscriptionRecord,
  XmppWatcherRecord,
} from "../../src/core/subscription/record";
import type { Step, SubscriptionEffect } from "../../src/core/subscription/step";

export const DIALOG: Dialog = {
  callId: "call-1@isthmus.example",
  localTag: "l1",
  remoteTag: "r1",
  localUri: "sip:juliet@xmpp.example",
  remoteUri: "sip:romeo@sip.example",
  localCseq: 7,
  remoteCseq: 3,
  remoteTarget: "sip:romeo@192.0.2.7:5060;ob",
  routes: ["<sip:192.0.2.8;lr>"],
};

export const SIP_WATCHER: SipWatcherRecord = {
  direction: "sip-watcher",
  what: "presence",
  watcher: "romeo@sip.example",
  presentity: "juliet@xmpp.example",
  peer: "default",
  state: "active",
  dialog: DIALOG,
  expiresAt: 4_000_000,
  dueAt: 3_900_000,
  owed: false,
};
export const SIP_KEY = "s call-1@isthmus.example l1";

export const XMPP_WATCHER: XmppWatcherRecord = {
  direction: "xmpp-watcher",
  watcher: "juliet@xmpp.example",
  presentity: "romeo@sip.example",
  peer: "default",
  state: "requesting",
  authorized: false,
  attempts: 0,
  expires: 3600,
  online: "unknown",
  shown: [],
};
export const XMPP_KEY = "x juliet@xmpp.example romeo@sip.example";

/** The n-th of many SIP watchers: a dialog of its own. */
export function nthWatcher(n: number): { readonly key: string; readonly record: SipWatcherRecord } {
  const callId = `call-${n}@isthmus.example`;
  const record = { ...SIP_WATCHER, watcher: `user${n}@sip.example`, dueAt: n, dialog: { ...DIALOG, callId } };
  return { key: `s ${callId} l1`, record };
}

/** A step that keeps this record. */
export function keep(
  record: SubscriptionRecord | undefined,
  effects: readonly SubscriptionEffect[] = [],
): () => Step {
  return () => ({ record, effects });
}

/** A step that sends one more NOTIFY. */
export function notified(record: SubscriptionRecord | undefined): Step {
  const before = record as SipWatcherRecord;
  const dialog = { ...before.dialog, localCseq: before.dialog.localCseq + 1 };
  return { record: { ...before, dialog, owed: true }, effects: [] };
}

/** A step that the row on disk must hear of. */
export function prolonged(record: SubscriptionRecord | undefined): Step {
  const before = record as SipWatcherRecord;
  return { record: { ...before, expiresAt: before.expiresAt + 1 }, effects: [] };
}

/** A step that has the answer to the last NOTIFY. */
export function answered(record: SubscriptionRecord | undefined): Step {
  return { record: { ...(record as SipWatcherRecord), owed: false }, effects: [] };
}
