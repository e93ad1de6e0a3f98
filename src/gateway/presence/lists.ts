/** Lists of contacts: one subscription, one NOTIFY stream for all of them. RFC 4662 §4. */

import type { SipEventInput } from "../../core/input";
import { buildListBody, type ListEntry, type ListInstance } from "../../core/list/list-body";
import { personOf, uriOfPerson } from "../../core/list/person";
import type { PresenceDocument } from "../../core/presence/document";
import { type Rejection, reject } from "../../core/rejection";
import type { SipWatcherRecord } from "../../core/subscription/record";
import type { GatewayContext } from "../context";
import type { SubscriptionStore } from "../sides";
import { type DialogBody, isWatchingOn, type Subject, type WritePidf } from "./local-answers";
import type { ConfiguredList, ListOptions } from "./local-options";
import { PartialState } from "./partial-state";

export interface ListMember {
  /** As the list names the contact. */
  readonly uri: string;
  /** Canonical bare JID. */
  readonly jid: string;
  readonly name?: string;
}

/** What is known of a contact, for one watcher. `unknown`: nobody has answered yet. */
export type Standing = "unknown" | "pending" | "active" | "rejected";

export interface ListParts {
  readonly context: Pick<GatewayContext, "ids" | "tables" | "counters" | "log">;
  readonly subscriptions: SubscriptionStore;
  readonly options: ListOptions;
  /** What this watcher may see of this contact; bare JIDs. */
  readonly documentOf: (watcher: string, member: string) => PresenceDocument | undefined;
  /** Is this a person who publishes here, so that her changes come without a watcher's name? */
  readonly isLocal: (member: string) => boolean;
  readonly writePidf: WritePidf;
}

interface List {
  readonly uri: string;
  readonly name?: string;
  /** Absent: everybody's own. */
  readonly owner?: string;
  readonly members?: ReadonlyMap<string, ListMember>;
}

interface OpenList {
  readonly watcher: string;
  readonly peer: string;
  readonly list: List;
  members: ReadonlyMap<string, ListMember>;
  readonly told: PartialState<ListMember>;
  /** Of members whose standing is another than what their document says. */
  readonly standings: Map<string, Standing>;
}

export class ListBook {
  readonly #parts: ListParts;
  /** By the JID form of their URIs, which is the presentity of their rows. */
  readonly #lists = new Map<string, List>();
  readonly #open = new Map<string, OpenList>();
  readonly #byWatcher = new Map<string, Set<string>>();
  readonly #byLocalMember = new Map<string, Set<string>>();

  constructor(parts: ListParts) {
    this.#parts = parts;
    const { lists, contactLists } = parts.options;
    for (const uri of contactLists) this.#define(uri, { uri });
    for (const list of lists) this.#define(list.uri, this.#configured(list));
  }

  /** Lists that somebody watches now. */
  get size(): number {
    return this.#open.size;
  }

  /** Is a SUBSCRIBE for a list? Refused: 421 without support for lists, 403 to all but the owner. */
  watched({ requestUri, supported }: SipEventInput, watcher: string): Subject | Rejection | undefined {
    const presentity =
      this.#lists.size === 0 ? undefined : personOf(requestUri, this.#parts.context.tables.domains);
    const list = presentity === undefined ? undefined : this.#lists.get(presentity);
    if (presentity === undefined || list === undefined) return undefined;
    if (list.owner !== undefined && list.owner !== watcher) return reject("NOT_OWNER", "list");
    if (!supported.includes("eventlist")) return reject("EXTENSION_REQUIRED", undefined, REQUIRE);
    return { what: "list", watcher, presentity, approved: true };
  }

  /**
   * A dialog begins, or is taken up after a restart.
   * @param isNew no NOTIFY of it has ever been sent
   * @returns the contacts: the gateway asks after those of whom nothing is known
   */
  open(key: string, record: SipWatcherRecord, isNew: boolean): readonly ListMember[] {
    const list = this.#lists.get(record.presentity) ?? { uri: record.dialog.localUri, members: NOBODY };
    const { watcher, peer } = record;
    const members = list.members ?? this.#contactsOf(watcher);
    const told = new PartialState<ListMember>(isNew);
    this.#open.set(key, { watcher, peer, list, members, told, standings: new Map() });
    addTo(this.#byWatcher, watcher, key);
    for (const jid of members.keys()) this.#index(jid, key);
    return [...members.values()];
  }

  isOpen(key: string): boolean {
    return this.#open.has(key);
  }

  membersOf(key: string): readonly ListMember[] {
    return [...(this.#open.get(key)?.members.values() ?? [])];
  }

  standingOf(key: string, member: string): Standing {
    return this.#open.get(key)?.standings.get(member) ?? "unknown";
  }

  close(key: string): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    removeFrom(this.#byWatcher, open.watcher, key);
    for (const jid of open.members.keys()) removeFrom(this.#byLocalMember, jid, key);
  }

  /** A SUBSCRIBE in the dialog, or a NOTIFY that may not have arrived: the next one tells everything (§4.5). */
  tellAll(key: string): void {
    this.#open.get(key)?.told.tellAll();
  }

  /** Is this contact in a list that this watcher watches now? */
  watches(watcher: string, member: string): boolean {
    for (const key of this.#listsOf(watcher)) if (this.#open.get(key)?.members.has(member)) return true;
    return false;
  }

  /** What a watcher sees of a contact has changed. Returns the dialogs that want a NOTIFY. */
  changed(watcher: string, member: string): readonly string[] {
    return this.#open.size === 0 ? NONE : this.#tell(this.#byWatcher.get(watcher), member);
  }

  /** What a person publishes here has changed. Returns the dialogs that want a NOTIFY. */
  published(member: string): readonly string[] {
    return this.#open.size === 0 ? NONE : this.#tell(this.#byLocalMember.get(member), member);
  }

  /** A contact has been asked, has agreed or refused. Returns the dialogs that want a NOTIFY. */
  standing(watcher: string, member: string, standing: Standing): readonly string[] {
    for (const key of this.#listsOf(watcher)) {
      const open = this.#open.get(key);
      if (open?.members.has(member)) open.standings.set(member, standing);
    }
    return this.changed(watcher, member);
  }

  /** Whom a user watches has changed: his own list has others now. Returns the dialogs that want a NOTIFY. */
  contactsChanged(watcher: string): readonly string[] {
    return [...this.#listsOf(watcher)].filter((key) => {
      const open = this.#open.get(key);
      return open !== undefined && open.list.members === undefined && this.#updateContacts(key, open);
    });
  }

  /** Keys of the lists that he watches now; mostly nobody watches any, and no name need be looked up. */
  #listsOf(watcher: string): Iterable<string> {
    return this.#open.size === 0 ? NONE : (this.#byWatcher.get(watcher) ?? NONE);
  }

  /** What the next NOTIFY of a dialog says. @param cseq its own number */
  body(key: string, cseq: number): DialogBody | undefined {
    const open = this.#open.get(key);
    if (open === undefined) return undefined;
    const { list, told } = open;
    const full = told.isFull;
    const wanted = full ? [...open.members.values()] : [...told.changed.values()];
    const { entries, left } = this.#fit(open, wanted, full);
    told.told(left.map((member) => [member.jid, member] as const));
    const head = { uri: list.uri, version: told.nextVersion(cseq), full };
    const named = list.name === undefined ? head : { ...head, name: list.name };
    const { contentType, body } = buildListBody(named, entries, this.#parts.context.ids.random(128));
    return { contentType, body: UTF8.encode(body), more: left.length > 0 };
  }

  /** As many as there is room for, at least one; a full list names the others all the same (§5.2). */
  #fit(
    open: OpenList,
    wanted: readonly ListMember[],
    full: boolean,
  ): { readonly entries: ListEntry[]; readonly left: ListMember[] } {
    const { maximumOctets } = this.#parts.options;
    const entries: ListEntry[] = [];
    const left: ListMember[] = [];
    let octets = full ? wanted.reduce((sum, member) => sum + bareLength(member), 0) : 0;
    let isFirst = true;
    for (const member of wanted) {
      const instance: ListInstance | undefined =
        isFirst || octets < maximumOctets ? this.#instanceOf(open, member) : undefined;
      const size = instanceLength(instance) + (full ? 0 : bareLength(member));
      if (isFirst || octets + size <= maximumOctets) {
        entries.push(entryOf(member, instance));
        octets += size;
        isFirst &&= instance === undefined;
      } else {
        left.push(member);
        if (full) entries.push(entryOf(member, undefined));
      }
    }
    return { entries, left };
  }

  #instanceOf(open: OpenList, { jid, uri }: ListMember): ListInstance | undefined {
    const standing = open.standings.get(jid) ?? "unknown";
    if (standing === "rejected") return { state: "terminated", reason: "rejected" };
    const document = this.#parts.documentOf(open.watcher, jid);
    if (document !== undefined) {
      return { state: "active", contentType: PIDF, content: this.#parts.writePidf(document, uri, open.peer) };
    }
    return standing === "pending" ? { state: "pending" } : undefined;
  }

  #tell(keys: ReadonlySet<string> | undefined, member: string): string[] {
    const wanting: string[] = [];
    for (const key of keys ?? []) {
      const open = this.#open.get(key);
      const found = open?.members.get(member);
      if (open === undefined || found === undefined) continue;
      open.told.tell(member, found);
      wanting.push(key);
    }
    return wanting;
  }

  #updateContacts(key: string, open: OpenList): boolean {
    const before = open.members;
    const after = this.#contactsOf(open.watcher);
    const gone = [...before.keys()].filter((jid) => !after.has(jid));
    const come = [...after.values()].filter(({ jid }) => !before.has(jid));
    if (gone.length === 0 && come.length === 0) return false;
    open.members = after;
    for (const jid of gone) {
      open.standings.delete(jid);
      removeFrom(this.#byLocalMember, jid, key);
    }
    for (const { jid } of come) this.#index(jid, key);
    // A part of a list cannot say that somebody is no longer on it (§4.6).
    if (gone.length > 0) open.told.tellAll();
    for (const member of come) open.told.tell(member.jid, member);
    return true;
  }

  /** Whom a user watches by subscriptions of his own. */
  #contactsOf(watcher: string): ReadonlyMap<string, ListMember> {
    const { subscriptions, options } = this.#parts;
    const members = new Map<string, ListMember>();
    for (const row of subscriptions.ofWatcher("sip-watcher", watcher, options.maximumMembers)) {
      const jid = row.presentity;
      if (isWatchingOn(row) && !members.has(jid)) members.set(jid, { jid, uri: this.#uriOf(jid) });
    }
    return members;
  }

  #uriOf(jid: string): string {
    return uriOfPerson(jid, this.#parts.context.tables.domains);
  }

  #define(uri: string, list: List): void {
    const jid = personOf(uri, this.#parts.context.tables.domains);
    if (jid === undefined) this.#parts.context.log.warn({ uri }, "list at an address that no rule serves");
    else this.#lists.set(jid, list);
  }

  #configured(list: ConfiguredList): List {
    const { context, options } = this.#parts;
    const members = new Map<string, ListMember>();
    for (const text of list.members.slice(0, options.maximumMembers)) {
      const jid = personOf(text, context.tables.domains);
      if (jid === undefined) context.log.warn({ list: list.uri, member: text }, "member that no rule serves");
      else members.set(jid, { jid, uri: SIP.test(text) ? text : this.#uriOf(jid) });
    }
    const owner = personOf(list.owner, context.tables.domains) ?? "";
    return { uri: list.uri, owner, members, ...(list.name === undefined ? {} : { name: list.name }) };
  }

  #index(member: string, key: string): void {
    if (this.#parts.isLocal(member)) addTo(this.#byLocalMember, member, key);
  }
}

function entryOf({ uri, name }: ListMember, instance: ListInstance | undefined): ListEntry {
  return {
    uri,
    ...(name === undefined ? {} : { name }),
    ...(instance === undefined ? {} : { instance }),
  };
}

/** Octets of a contact in RLMI, about: the mark-up around the URI and the name. */
function bareLength({ uri, name }: ListMember): number {
  return RESOURCE_OCTETS + uri.length + (name?.length ?? 0);
}

/** Octets of its state in RLMI and in a part, about: most characters of a document take one. */
function instanceLength(instance: ListInstance | undefined): number {
  if (instance === undefined) return 0;
  return instance.state === "active" ? PART_OCTETS + instance.content.length : INSTANCE_OCTETS;
}

function addTo(index: Map<string, Set<string>>, name: string, key: string): void {
  const keys = index.get(name);
  if (keys === undefined) index.set(name, new Set([key]));
  else keys.add(key);
}

function removeFrom(index: Map<string, Set<string>>, name: string, key: string): void {
  const keys = index.get(name);
  if (keys?.delete(key) && keys.size === 0) index.delete(name);
}

const UTF8 = new TextEncoder();
const SIP = /^sip:/i;
const PIDF = "application/pidf+xml";
const REQUIRE = [["Require", "eventlist"]] as const;
const NOBODY: ReadonlyMap<string, ListMember> = new Map();
const NONE: readonly string[] = [];
const RESOURCE_OCTETS = 60;
const INSTANCE_OCTETS = 60;
const PART_OCTETS = 300;
