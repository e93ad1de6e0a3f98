/** Subscriptions as the person sees them whom they concern. RFC 8048 §5. */

import type { SipWatcherRecord, XmppWatcherRecord } from "../subscription/record";

/** To an XMPP user: how it stands with a SIP contact of his. */
export function contactWords({ state, authorized, shown }: XmppWatcherRecord): string {
  switch (state) {
    case "requesting":
      return authorized
        ? "agreed; the SIP side is being asked anew"
        : "asked; the SIP side has not answered yet";
    case "pending":
      return "asked; your contact has not decided yet";
    case "active":
      return shown.length === 0 ? "agreed; offline" : `agreed; online with ${devices(shown.length)}`;
    case "dormant":
      return "agreed; asleep while you are offline";
    case "retrying":
      return authorized
        ? "agreed; the SIP side does not answer now and is tried again"
        : "asked; the SIP side does not answer now and is tried again";
    case "cancelling":
      return "you do not watch any more; the SIP side is being told";
  }
}

/** To an XMPP user: how it stands with somebody who watches him. */
export function watcherWords(rows: readonly SipWatcherRecord[]): string {
  const active = rows.filter(({ state }) => state === "active").length;
  if (active > 0) return `sees you, with ${devices(active)}`;
  return rows.some(({ state }) => state === "pending") ? "waits for your approval" : "is leaving";
}

/** To an administrator, in a few words. */
export function directionWords(direction: "xmpp-watcher" | "sip-watcher"): string {
  return direction === "xmpp-watcher" ? "XMPP user watches SIP contact" : "SIP user watches XMPP contact";
}

function devices(count: number): string {
  return count === 1 ? "1 device" : `${count} devices`;
}
