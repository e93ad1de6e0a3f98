/** Who may reach whom: the lists of people, domains and the operator, in memory as far as they are used. XEP-0191. */

import { parseJid } from "../../core/address/jid";
import { BoundedMap } from "../../core/bounded-map";
import { type AccessList, type Reach, reach, type Verdict } from "../../core/lists/reach";
import { bareJid } from "../../core/message/addresses";
import { reject } from "../../core/rejection";
import { ok, type Result, refuse } from "../../core/result";
import type { Clock, ListChange, ListStore, Log, SubscriptionStore } from "../sides";

export interface ListBookParts {
  readonly store: ListStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Absent: presence is off, and nobody watches anybody. */
  readonly subscriptions?: SubscriptionStore;
  /** Entries of one list; a person's own is changed by that person. */
  readonly maximumEntries: number;
}

export interface ListsOf {
  /** Bare JIDs and domains, in order. */
  readonly allowed: readonly string[];
  readonly blocked: readonly string[];
  /** May only those who are allowed reach the owner? */
  readonly onlyAllowed: boolean;
}

/** Somebody who watches a person. */
export interface Watcher {
  /** Bare JID, on whichever side. */
  readonly watcher: string;
  readonly side: "sip" | "xmpp";
  readonly state: string;
}

export class ListBook {
  readonly #parts: ListBookParts;
  /** Empty ones too: most people have none, and the disk is asked but once. */
  #lists = new BoundedMap<AccessList>(REMEMBERED_OWNERS);
  readonly #listOf = (owner: string): AccessList => this.#list(owner);
  readonly #onChange: ((change: ListChange) => void)[] = [];
  #cancelLook: (() => void) | undefined;

  constructor(parts: ListBookParts) {
    this.#parts = parts;
  }

  /** Begins to look for what `isthmus lists` has changed. */
  start(): void {
    this.#cancelLook = this.#parts.clock.after(LOOK_FOR_CHANGES_MS, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#cancelLook?.();
  }

  /** Calls back after every change of a list, whoever made it. */
  onChange(callback: (change: ListChange) => void): void {
    this.#onChange.push(callback);
  }

  /** May `from` reach `to`? JIDs, bare or full. Never waits for the disk, beyond one look at a list not used for long. */
  reach(from: string, to: string): Reach {
    if (this.#parts.store.isEmpty) return "open";
    return reach(canonical(from), canonical(to), this.#listOf);
  }

  mayReach(from: string, to: string): boolean {
    return this.#parts.store.isEmpty || this.reach(from, to) === "open";
  }

  /** May each of the two reach the other? Presence is told only then: a watcher whom one blocks sees nobody. */
  mayMeet(one: string, other: string): boolean {
    return this.#parts.store.isEmpty || (this.mayReach(one, other) && this.mayReach(other, one));
  }

  /** @param owner name as core/lists/name.ts makes it: a bare JID, a domain, or `*` */
  async listsOf(owner: string): Promise<ListsOf> {
    const { entries, onlyAllowed } = this.#list(owner);
    const of = (wanted: Verdict): string[] =>
      [...entries].filter(([, verdict]) => verdict === wanted).map(([entry]) => entry);
    return { allowed: of("allow"), blocked: of("block"), onlyAllowed };
  }

  /** Resolves when it is on disk. Errors: OVERLOADED when the list is full. Rejects when the store did not take it. */
  allow(owner: string, entry: string): Promise<Result<void>> {
    return this.#put(owner, entry, "allow");
  }

  block(owner: string, entry: string): Promise<Result<void>> {
    return this.#put(owner, entry, "block");
  }

  /** Takes an entry off the list, whichever it is. */
  async unblock(owner: string, entry: string): Promise<void> {
    await this.#written({ owner, entry }, this.#parts.store.remove(owner, entry));
  }

  async setOnlyAllowed(owner: string, onlyAllowed: boolean): Promise<void> {
    await this.#written({ owner }, this.#parts.store.setOnlyAllowed(owner, onlyAllowed));
  }

  /** Who watches this person (a bare JID), at most `limit`: both those on SIP and those on XMPP. */
  async watchersOf(person: string, limit = WATCHERS): Promise<readonly Watcher[]> {
    const { subscriptions } = this.#parts;
    if (subscriptions === undefined) return [];
    const watchers = new Map<string, Watcher>();
    for (const direction of ["sip-watcher", "xmpp-watcher"] as const) {
      for (const { watcher, state } of subscriptions.ofPresentity(direction, person, limit)) {
        const known = watchers.get(watcher);
        // Several dialogs of one watcher are one watcher.
        if (known?.state !== "active")
          watchers.set(watcher, { watcher, side: direction === "sip-watcher" ? "sip" : "xmpp", state });
      }
    }
    return [...watchers.values()].slice(0, limit);
  }

  async #put(owner: string, entry: string, verdict: Verdict): Promise<Result<void>> {
    const { entries } = this.#list(owner);
    if (entries.get(entry) === verdict) return ok(undefined);
    if (!entries.has(entry) && entries.size >= this.#parts.maximumEntries) {
      return refuse(reject("OVERLOADED", `${entries.size} entries in the list of ${owner}`));
    }
    await this.#written({ owner, entry }, this.#parts.store.put(owner, entry, verdict));
    return ok(undefined);
  }

  /** A change holds at once; where the disk refuses it, no longer. */
  async #written(change: ListChange, written: Promise<void>): Promise<void> {
    this.#changed(change);
    try {
      await written;
    } catch (error) {
      this.#changed(change);
      throw error;
    }
  }

  #list(owner: string): AccessList {
    const known = this.#lists.get(owner);
    if (known !== undefined) return known;
    const list = this.#parts.store.listOf(owner);
    this.#lists.set(owner, list);
    return list;
  }

  #look(): void {
    try {
      for (const change of this.#parts.store.takeChanges(CHANGES_AT_ONCE)) this.#changed(change);
    } catch (error) {
      this.#parts.log.error({ error: (error as Error).message }, "changes of lists cannot be read");
    }
  }

  #changed(change: ListChange): void {
    this.#lists.set(change.owner, this.#parts.store.listOf(change.owner));
    this.#parts.log.info({ ...change }, "list changed");
    for (const callback of this.#onChange) callback(change);
  }
}

/** Servers hand stanzas on with localparts as clients wrote them, in any case. */
function canonical(jid: string): string {
  const bare = bareJid(jid);
  if (PLAIN.test(bare)) return bare;
  const parsed = parseJid(bare);
  if (!parsed.ok) return bare.toLowerCase();
  const { local, domain } = parsed.value;
  return local === undefined ? domain : `${local}@${domain}`;
}

const PLAIN = /^(?:[a-z0-9._-]+@)?[a-z0-9.-]+$/;
/** A list is a hundred octets unless its owner has made it long. */
const REMEMBERED_OWNERS = 100_000;
/** How soon a change by `isthmus lists` is noticed, milliseconds. */
const LOOK_FOR_CHANGES_MS = 1_000;
const CHANGES_AT_ONCE = 1_000;
const WATCHERS = 1_000;
