/** A SIP user learns who watches him, and who waits for his word. RFC 3857 §4. */

import { createHash } from "node:crypto";
import type { SipEventInput } from "../../core/input";
import { personOf, uriOfPerson } from "../../core/list/person";
import { type Rejection, reject } from "../../core/rejection";
import { recordKey, type SipWatcherRecord, type SubscriptionRecord } from "../../core/subscription/record";
import { buildWatcherInfo, terminated, type Watcher, watcherOf } from "../../core/watcher-info/watcher-info";
import type { GatewayContext } from "../context";
import type { SubscriptionStore } from "../sides";
import { type DialogBody, isWatchingOn, type Subject } from "./local-answers";
import type { WinfoOptions } from "./local-options";
import { PartialState } from "./partial-state";

/** Shortest time between two NOTIFYs of one dialog, milliseconds (RFC 3857 §4.10). */
export const WINFO_INTERVAL_MS = 5_000;

export interface WatcherInfoParts {
  readonly context: Pick<GatewayContext, "clock" | "tables">;
  readonly subscriptions: SubscriptionStore;
  /** Is this person's presence served here, so that we know her watchers? */
  readonly serves: (jid: string) => boolean;
  readonly options: WinfoOptions;
}

interface OpenWinfo {
  readonly presentity: string;
  readonly resource: string;
  readonly told: PartialState<Watcher>;
}

export class WatcherInfoBook {
  readonly #parts: WatcherInfoParts;
  readonly #open = new Map<string, OpenWinfo>();
  readonly #byPresentity = new Map<string, Set<string>>();

  constructor(parts: WatcherInfoParts) {
    this.#parts = parts;
  }

  /** Is a SUBSCRIBE for watcher information? Refused: 403 to all but the person herself (§4.6). */
  watched({ event, requestUri }: SipEventInput, watcher: string): Subject | Rejection | undefined {
    if (event?.package !== "presence.winfo" || !this.#parts.options.enabled) return undefined;
    const presentity = personOf(requestUri, this.#parts.context.tables.domains);
    if (presentity === undefined || !this.#parts.serves(presentity)) return undefined;
    if (presentity !== watcher) return reject("NOT_OWNER", "watcher information");
    return { what: "winfo", watcher, presentity, approved: true };
  }

  /** A dialog begins, or is taken up after a restart. @param isNew no NOTIFY of it has ever been sent */
  open(key: string, { presentity }: SipWatcherRecord, isNew: boolean): void {
    const told = new PartialState<Watcher>(isNew);
    this.#open.set(key, { presentity, resource: this.#uriOf(presentity), told });
    const keys = this.#byPresentity.get(presentity);
    if (keys === undefined) this.#byPresentity.set(presentity, new Set([key]));
    else keys.add(key);
  }

  isOpen(key: string): boolean {
    return this.#open.has(key);
  }

  close(key: string): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    const keys = this.#byPresentity.get(open.presentity);
    keys?.delete(key);
    if (keys?.size === 0) this.#byPresentity.delete(open.presentity);
  }

  /** A SUBSCRIBE in the dialog, or a NOTIFY that may not have arrived: the next one tells everything. */
  tellAll(key: string): void {
    this.#open.get(key)?.told.tellAll();
  }

  /** A row was written or removed. Returns the dialogs that want a NOTIFY. */
  changed(before: SubscriptionRecord | undefined, after: SubscriptionRecord | undefined): readonly string[] {
    if (this.#open.size === 0) return NONE;
    const presentity = (after ?? before)?.presentity ?? "";
    const keys = this.#byPresentity.get(presentity);
    if (keys === undefined) return [];
    const was = before && isWatching(before) ? this.#watcher(before) : undefined;
    const is = after && isWatching(after) ? this.#watcher(after) : was && before && this.#terminated(before);
    if (is === undefined || (was?.status ?? "terminated") === is.status) return [];
    for (const key of keys) this.#open.get(key)?.told.tell(is.id, is);
    return [...keys];
  }

  /** What the next NOTIFY of a dialog says. @param cseq its own number */
  body(key: string, cseq: number): DialogBody | undefined {
    const open = this.#open.get(key);
    if (open === undefined) return undefined;
    const full = open.told.isFull;
    const watchers = full ? this.#all(open.presentity) : [...open.told.changed.values()];
    const left = watchers.splice(this.#parts.options.watchersAtOnce);
    open.told.told(left.map((watcher) => [watcher.id, watcher] as const));
    const version = open.told.nextVersion(cseq);
    const document = buildWatcherInfo({ resource: open.resource, version, full }, watchers);
    return { contentType: WATCHERINFO, body: UTF8.encode(document), more: left.length > 0 };
  }

  /** Those who wait for an answer come first: the rest is for information only. */
  #all(presentity: string): Watcher[] {
    const { subscriptions, options } = this.#parts;
    const { maximumWatchers } = options;
    const rows = [
      ...subscriptions.ofPresentity("xmpp-watcher", presentity, maximumWatchers),
      ...subscriptions.ofPresentity("sip-watcher", presentity, maximumWatchers),
    ];
    const watchers = rows.filter(isWatching).map((row) => this.#watcher(row));
    return [...watchers.filter(isPending), ...watchers.filter((one) => !isPending(one))].slice(
      0,
      maximumWatchers,
    );
  }

  #watcher(record: SubscriptionRecord): Watcher {
    return watcherOf(record, idOf(record), this.#uriOf(record.watcher), this.#parts.context.clock.now());
  }

  #terminated(record: SubscriptionRecord): Watcher {
    return terminated(record, idOf(record), this.#uriOf(record.watcher));
  }

  #uriOf(jid: string): string {
    return uriOfPerson(jid, this.#parts.context.tables.domains);
  }
}

/**
 * Of the dialogs of SIP users, those for presence (the parent package, §4.7) that are no fetches: what comes and goes at once
 * is not told (§4.7.2). An XMPP user who has unsubscribed is nobody's watcher.
 */
function isWatching(record: SubscriptionRecord): boolean {
  if (record.direction === "xmpp-watcher") return record.state !== "cancelling";
  return isWatchingOn(record) || (record.what === "presence" && record.state === "ending");
}

function isPending({ status }: Watcher): boolean {
  return status === "pending";
}

/** The row's key names a dialog by what others must not know; its hash tells rows apart as well. */
function idOf(record: SubscriptionRecord): string {
  return createHash("sha256").update(recordKey(record)).digest("base64url").slice(0, ID_LENGTH);
}

const NONE: readonly string[] = [];
const UTF8 = new TextEncoder();
const WATCHERINFO = "application/watcherinfo+xml";
/** 96 bits. */
const ID_LENGTH = 16;
