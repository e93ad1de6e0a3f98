/** Presence between people of whom one keeps the other out: neither sees the other, and nobody is told why. XEP-0191 §3.2, §3.3. */

import { covers, EVERYBODY } from "../../core/lists/reach";
import { recordKey, type SubscriptionRecord, type XmppWatcherRecord } from "../../core/subscription/record";
import type { Element } from "../../xml/element";
import type { Clock, Counters, ListChange, Log, SubscriptionStore } from "../sides";
import type { ListBook } from "./list-book";

export interface PresenceGuardParts {
  readonly lists: ListBook;
  readonly subscriptions: SubscriptionStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** A SIP watcher is to be told anew what he may see. */
  readonly want: (key: string) => void;
  /** An XMPP watcher is to see the contact as gone, and as he is. */
  readonly hide: (record: XmppWatcherRecord) => void;
  readonly show: (record: XmppWatcherRecord) => void;
}

export class PresenceGuard {
  readonly #parts: PresenceGuardParts;
  /** Changes whose subscriptions are still to be looked at. */
  readonly #changes: ListChange[] = [];
  #isStopped = false;

  constructor(parts: PresenceGuardParts) {
    this.#parts = parts;
    parts.lists.onChange((change) => this.#listChanged(change));
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Must this stanza not go out? What only says that something is over goes to everybody. */
  stops({ name, attrs }: Element): boolean {
    if (name === "presence" && attrs.type !== undefined && !TELLING.has(attrs.type)) return false;
    return this.hides(attrs.to ?? "", attrs.from ?? "");
  }

  /** Is the presence of `presentity` none of this watcher's business? JIDs, bare or full. */
  hides(watcher: string, presentity: string): boolean {
    if (this.#parts.lists.mayMeet(watcher, presentity)) return false;
    this.#parts.counters.add("presence.barred");
    return true;
  }

  #listChanged(change: ListChange): void {
    this.#changes.push(change);
    if (this.#changes.length === 1) this.#next();
  }

  /** One change after another; one that is about many people takes its time, a page at once. */
  #next(after = ""): void {
    const change = this.#changes[0];
    if (change === undefined || this.#isStopped) return;
    try {
      const reached = change.owner.includes("@") ? this.#ofPerson(change) : this.#page(change, after);
      if (reached !== undefined) {
        this.#parts.clock.after(PAUSE_MS, () => this.#next(reached));
        return;
      }
    } catch (error) {
      this.#parts.log.error({ ...change, error: (error as Error).message }, "watchers not looked through");
    }
    this.#changes.shift();
    this.#next();
  }

  #ofPerson({ owner, entry }: ListChange): undefined {
    const { subscriptions } = this.#parts;
    for (const direction of ["sip-watcher", "xmpp-watcher"] as const) {
      for (const row of subscriptions.ofPresentity(direction, owner, MOST_ROWS))
        if (entry === undefined || covers(entry, row.watcher)) this.#refresh(row);
      for (const row of subscriptions.ofWatcher(direction, owner, MOST_ROWS))
        if (entry === undefined || covers(entry, row.presentity)) this.#refresh(row);
    }
  }

  /** @returns the key that was reached; undefined at the end */
  #page({ owner, entry = EVERYBODY }: ListChange, after: string): string | undefined {
    const rows = this.#parts.subscriptions.page(after, PAGE);
    for (const row of rows) {
      const { watcher, presentity } = row;
      const concerns =
        (covers(owner, presentity) && covers(entry, watcher)) ||
        (covers(owner, watcher) && covers(entry, presentity));
      if (concerns) this.#refresh(row);
    }
    const last = rows.at(-1);
    return rows.length < PAGE || last === undefined ? undefined : recordKey(last);
  }

  #refresh(row: SubscriptionRecord): void {
    if (row.direction === "sip-watcher") {
      if (row.state === "active") this.#parts.want(recordKey(row));
    } else if (row.authorized) {
      if (this.#parts.lists.mayMeet(row.watcher, row.presentity)) this.#parts.show(row);
      else this.#parts.hide(row);
    }
  }
}

/** Presence of these types, and available presence, says that somebody is there. */
const TELLING: ReadonlySet<string> = new Set(["subscribe", "subscribed", "probe"]);
/** Rows looked at in one turn of the event loop, and the pause between two, milliseconds: traffic goes first. */
const PAGE = 200;
const PAUSE_MS = 5;
/** A hundred times as many as anybody has. */
const MOST_ROWS = 100_000;
