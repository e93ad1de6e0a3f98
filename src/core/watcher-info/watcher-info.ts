/** Who watches a person: the document that tells her. RFC 3858 §3, with the states of RFC 3857 §4.7.1. */

import { element } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { write } from "../../xml/writer";
import type { SubscriptionRecord } from "../subscription/record";

export interface Watcher {
  /** A token, the same for as long as the subscription lasts, and of no use to anybody else. */
  readonly id: string;
  readonly uri: string;
  readonly status: "pending" | "active" | "terminated";
  /** What brought it there. */
  readonly event: "subscribe" | "approved" | "deactivated" | "rejected" | "timeout" | "giveup" | "noresource";
  /** Seconds that are left; absent for an authorization without an end. */
  readonly expiration?: number;
}

/** @param now milliseconds since 1970 */
export function watcherOf(record: SubscriptionRecord, id: string, uri: string, now: number): Watcher {
  if (record.direction === "xmpp-watcher") {
    return record.authorized
      ? { id, uri, status: "active", event: "approved" }
      : { id, uri, status: "pending", event: "subscribe" };
  }
  if (record.state === "ending") return terminated(record, id, uri);
  const expiration = Math.max(0, Math.ceil((record.expiresAt - now) / 1000));
  return record.state === "active"
    ? { id, uri, status: "active", event: "approved", expiration }
    : { id, uri, status: "pending", event: "subscribe", expiration };
}

/** A subscription that is over. Of an XMPP user's nothing is kept but that it is gone: while it waited, she has refused. */
export function terminated(record: SubscriptionRecord, id: string, uri: string): Watcher {
  return { id, uri, status: "terminated", event: endOf(record) };
}

function endOf(record: SubscriptionRecord): Watcher["event"] {
  if (record.direction === "sip-watcher") return record.reason ?? "timeout";
  return record.authorized ? "timeout" : "rejected";
}

export interface WatcherInfoHead {
  /** URI of the person who is watched. */
  readonly resource: string;
  /** 0 in the first document of a subscription, one more in each. */
  readonly version: number;
  /** Are these all watchers, or those that have changed? */
  readonly full: boolean;
}

/** Writes the document (`application/watcherinfo+xml`). */
export function buildWatcherInfo(head: WatcherInfoHead, watchers: readonly Watcher[]): string {
  const rows = watchers.map(({ id, uri, status, event, expiration }) =>
    element(NS.watcherinfo, "watcher", { id, status, event, expiration: expiration?.toString() }, uri),
  );
  const list = element(
    NS.watcherinfo,
    "watcher-list",
    { resource: head.resource, package: "presence" },
    ...rows,
  );
  const attributes = { version: String(head.version), state: head.full ? "full" : "partial" };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${write(element(NS.watcherinfo, "watcherinfo", attributes, list))}`;
}
