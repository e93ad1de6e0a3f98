/** Rows of subscriptions as the machines keep them. */

import type { SipWatcherRecord, XmppWatcherRecord } from "../../../src/core/subscription/record";

export const NOW = 1_800_000_000_000;

/** A dialog of a SIP watcher; the watcher's name makes it a dialog of its own. */
export function sipRow(
  watcher: string,
  presentity: string,
  more: Partial<SipWatcherRecord> = {},
): SipWatcherRecord {
  return {
    direction: "sip-watcher",
    what: "presence",
    watcher,
    presentity,
    peer: "phones",
    state: "active",
    dialog: {
      callId: `call-${more.what ?? "presence"}-${watcher}`,
      localTag: `tag-${presentity}`,
      remoteTag: "r",
      localUri: `sip:${presentity}`,
      remoteUri: `sip:${watcher}`,
      localCseq: 0,
      remoteCseq: 1,
      remoteTarget: `sip:${watcher}`,
      routes: [],
    },
    expiresAt: NOW + 3_600_000,
    owed: false,
    ...more,
  };
}

export function xmppRow(
  watcher: string,
  presentity: string,
  more: Partial<XmppWatcherRecord> = {},
): XmppWatcherRecord {
  return {
    direction: "xmpp-watcher",
    watcher,
    presentity,
    peer: "local",
    state: "active",
    authorized: true,
    attempts: 0,
    expires: 0,
    online: "unknown",
    shown: [],
    ...more,
  };
}
