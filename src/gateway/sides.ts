/** The gateway's view of the outside: interfaces, not classes (architecture §3 rule 4). */

import type { SipDestination, SipDialogRequest, SipMessageOut } from "../core/effect";
import type {
  ProofOutcome,
  SipDialogOutcome,
  SipEventInput,
  SipMessageInput,
  SipOutcome,
  SipRegisterInput,
  XmppMessageInput,
  XmppPresenceInput,
} from "../core/input";
import type { AccessList, Verdict } from "../core/lists/reach";
import type { MessageOrigin } from "../core/message/origin";
import type { Binding } from "../core/registrar/binding";
import type { SubscriptionRecord } from "../core/subscription/record";
import type { Step, SubscriptionEffect } from "../core/subscription/step";
import type { Element } from "../xml/element";

/** How the SIP side hands a MESSAGE to the gateway; the returned answer becomes the SIP final response. */
export interface SipAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The sender goes too fast: whatever he sends in the next so many milliseconds would get the same answer. */
  readonly holdOffMs?: number;
}

export type SipMessageHandler = (message: SipMessageInput) => SipAnswer | PromiseLike<SipAnswer>;

/** How the SIP side hands a SUBSCRIBE, NOTIFY or PUBLISH to the gateway. It adds Contact to a 2xx that makes or keeps a dialog. */
export type SipEventHandler = (event: SipEventInput) => SipAnswer | Promise<SipAnswer>;

/** How the SIP side hands a REGISTER to the gateway. It adds Date, and Service-Route where that is wanted, to a 2xx. */
export type SipRegisterHandler = (request: SipRegisterInput) => SipAnswer | Promise<SipAnswer>;

export interface SipSide {
  /**
   * Opens every listener. Rejects with a sentence that names the listener.
   * @param onEvent left out: SUBSCRIBE, NOTIFY and PUBLISH are not allowed (405)
   * @param onRegister left out: REGISTER is not allowed
   */
  start(
    onMessage: SipMessageHandler,
    onEvent?: SipEventHandler,
    onRegister?: SipRegisterHandler,
  ): Promise<void>;
  /**
   * Sends one MESSAGE and resolves with how it ended; never rejects.
   * @param to a registered device; left out: where the peer or the URI says. A flow that is gone ends in a local 430
   */
  send(request: SipMessageOut, to?: SipDestination): PromiseLike<SipOutcome>;
  /** Sends one SUBSCRIBE or NOTIFY and resolves with how it ended; never rejects. @param to as of `send` */
  sendInDialog(request: SipDialogRequest, to?: SipDestination): Promise<SipDialogOutcome>;
  /** Does this host and port, of a URI, lead to a listener of ours? */
  isOurs?(host: string, port: number | undefined): boolean;
  /** Refuses new requests with 503 from now on. */
  drain(): void;
  /** Closes sockets and gives up what is open; resolves with the number of transactions left. */
  stop(): Promise<number>;
}

export type XmppMessageHandler = (message: XmppMessageInput) => void;
export type XmppPresenceHandler = (presence: XmppPresenceInput) => void;

export interface XmppSide {
  /** Begins to connect every component; resolves at once, the links come up in their own time. */
  start(onMessage: XmppMessageHandler, onPresence?: XmppPresenceHandler): void;
  /** Calls back whenever the link of a component host comes up from now on. */
  onUp(callback: (host: string) => void): void;
  /** Is the link that serves this domain (component host) ready for stanzas? */
  isUp(host: string): boolean;
  /** Resolves when every link has been up at least once or has failed for good, or when `deadlineMs` has passed. */
  settled(deadlineMs: number): Promise<boolean>;
  /**
   * Writes a stanza on the link of its from-domain and reports what became of it. Never rejects.
   * Order of calls is order on the wire. The stanza must carry an id that is unique among those in flight.
   */
  prove(stanza: Element): PromiseLike<ProofOutcome>;
  /** Writes a stanza nobody waits for; false when the link is down or its queue is full. */
  send(stanza: Element): boolean;
  /** Closes every stream in order; resolves with the number of stanzas never proven. */
  stop(): Promise<number>;
}

/** A message taken from XMPP and not yet answered by SIP (architecture §4 point 3). */
export interface JournalEntry {
  /** Grows with every entry; also the order in which a pair's messages go out. */
  readonly seq: number;
  /** Key of the pair of people: messages of one pair go one after another. */
  readonly pair: string;
  readonly rid: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly request: SipMessageOut;
  /** What the sender's error or receipt needs. */
  readonly origin: MessageOrigin;
  /** How it ended, as the text of the stanza that the sender is still owed. */
  readonly report?: string;
}

/** Correlation of a receipt that may come much later (digest §11). */
export interface ReceiptRow {
  /** "sip": we asked SIP for an IMDN, key is its Message-ID. "xmpp": we asked XMPP, key is the stanza id. */
  readonly side: "sip" | "xmpp";
  readonly key: string;
  /** Opaque to the store: JSON that the core made. */
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface Store {
  /** Writes an entry, with its report if it has one; resolves when it is on disk. Calls of one turn of the event loop share a commit. */
  journal(entry: JournalEntry): Promise<void>;
  /** Keeps the stanza that must tell the sender how the message ended; the request is not sent again after a restart. */
  journalReport(seq: number, report: string): Promise<void>;
  /** The entry was answered and acted on; removed with the next commit that succeeds. */
  journalDone(seq: number): void;
  /** Entries left by an earlier life, oldest first. */
  journalLeft(): readonly JournalEntry[];
  /** The next sequence number; survives restarts. */
  nextSeq(): number;
  journalSize(): number;
  putReceipt(row: ReceiptRow): Promise<void>;
  /** Reads a correlation that has not expired, also one that is still on its way to the disk. */
  getReceipt(side: "sip" | "xmpp", key: string, now: number): string | undefined;
  forgetReceipts(before: number): void;
  /** Flushes and closes. */
  close(): void;
}

/** A message for a SIP user with no device, kept until one registers (XEP-0160). */
export interface WaitingMessage extends JournalEntry {
  /** Bare JID of the SIP user. */
  readonly person: string;
}

/** The message that a device gets next, and how often it has given a final answer to it that was not for good. */
export interface NextWaiting {
  readonly message: WaitingMessage;
  readonly attempts: number;
}

/** Messages that wait. Every read gives what was written before it; writes resolve when they are on disk, or reject. */
export interface WaitingStore {
  /**
   * Takes a message out of the journal's table and keeps it, in one transaction; `Store.journalDone` is still to be called.
   * A message that is kept already stays as it is.
   * @param dueAt when it is given up, milliseconds since 1970
   */
  keep(entry: JournalEntry, person: string, dueAt: number): Promise<void>;
  /** The oldest message for a person with which this device (a full JID) is not done. */
  nextFor(person: string, device: string): NextWaiting | undefined;
  /** The device has it: it is owed to the others until `dueAt`, unless an earlier one has set that time already. */
  delivered(seq: number, device: string, dueAt: number): Promise<void>;
  /** The device never takes it. */
  refused(seq: number, device: string): Promise<void>;
  /** The device has given a final answer that was not for good. */
  tried(seq: number, device: string): Promise<void>;
  isDone(seq: number, device: string): boolean;
  /** Has any device got it? */
  isDelivered(seq: number): boolean;
  remove(seq: number): Promise<void>;
  /** Those whose time is over, the longest due first, at most `limit`. */
  due(now: number, limit: number): readonly WaitingMessage[];
  /** When the next one's time is over, milliseconds since 1970. */
  nextDue(): number | undefined;
  /** Everybody for whom something waits. */
  people(): readonly string[];
  /** What waits for a person; `undelivered` of them no device has. */
  of(person: string): { readonly messages: number; readonly octets: number; readonly undelivered: number };
  /** What waits in all. */
  readonly messages: number;
  readonly octets: number;
}

/** Allow and block lists on disk (XEP-0191). Owners and entries are names as core/lists/name.ts makes them. */
export interface ListStore {
  /** Is there no list at all? Known without a look at the disk. */
  readonly isEmpty: boolean;
  listOf(owner: string): AccessList;
  /** Resolve when it is on disk; reads give it at once. */
  put(owner: string, entry: string, verdict: Verdict): Promise<void>;
  remove(owner: string, entry: string): Promise<void>;
  setOnlyAllowed(owner: string, onlyAllowed: boolean): Promise<void>;
  /** What `isthmus lists` has changed while a gateway ran or while none did, at most `limit`; each is given once. */
  takeChanges(limit: number): readonly ListChange[];
}

export interface ListChange {
  readonly owner: string;
  /** Absent: everybody. */
  readonly entry?: string;
}

/** Devices of the people whose domain is registered here (RFC 3261 §10). */
export interface DeviceBook {
  /** Do devices of this person (a bare JID) register here? Then nobody else knows where he is. */
  serves(person: string): boolean;
  /**
   * Full JIDs of a person's devices that are registered now. The resource is that of the device's GRUU, or made of its
   * Contact where it has none; it stays the same over refreshes, and a MESSAGE to the full JID's SIP URI reaches this device alone.
   */
  devicesOf(person: string): readonly string[];
  /** Calls back whenever a device has registered or refreshed, with its full JID. */
  onRegistered(callback: (device: string) => void): void;
}

/** Subscriptions: read and written in one turn, so that two events of one row cannot cross (architecture §5). */
export interface SubscriptionStore {
  /**
   * Loads the row, runs the pure step, saves what it returns. Resolves with the effects when the row is on disk.
   * Steps are run in the order of the calls. Rejects when the store did not take it.
   */
  step(
    key: string,
    step: (record: SubscriptionRecord | undefined) => Step,
  ): Promise<readonly SubscriptionEffect[]>;
  get(key: string): SubscriptionRecord | undefined;
  /** The key of an XMPP watcher's row with this dialog; a SIP watcher's is made of its dialog (sipWatcherKey). */
  keyOfDialog(callId: string, localTag: string): string | undefined;
  /** Rows of a direction between two bare JIDs. */
  ofPair(
    direction: SubscriptionRecord["direction"],
    watcher: string,
    presentity: string,
  ): readonly SubscriptionRecord[];
  /** Rows of a direction whose watcher this is, at most `limit`. */
  ofWatcher(
    direction: SubscriptionRecord["direction"],
    watcher: string,
    limit: number,
  ): readonly SubscriptionRecord[];
  /** Rows of a direction whose presentity this is, at most `limit`. */
  ofPresentity(
    direction: SubscriptionRecord["direction"],
    presentity: string,
    limit: number,
  ): readonly SubscriptionRecord[];
  countOfWatcher(direction: SubscriptionRecord["direction"], watcher: string): number;
  count(): number;
  /** Keys of the rows that are due, the longest due first. */
  due(now: number, limit: number): readonly string[];
  /** When the next row is due, milliseconds since 1970. */
  nextDue(): number | undefined;
  /** Rows in the order of their keys, after a key: for going through all of them without holding them. */
  page(after: string, limit: number): readonly SubscriptionRecord[];
}

/** What `isthmus subs drop` and `approve` have asked for, while a gateway ran or while none did. */
export interface DropRequests {
  /**
   * Keys of subscriptions to be dropped, the oldest request first, at most `limit`. They are taken off the list in the same
   * transaction as the steps that are called in the same turn of the event loop, so call those at once: it keeps both or neither.
   */
  takeDropRequests(limit: number): readonly string[];
  /** The same for subscriptions that wait for leave and are to get it: `isthmus subs approve`. */
  takeApproveRequests(limit: number): readonly string[];
}

/** A document that a phone of ours published (RFC 3903). */
export interface PublicationRow {
  readonly etag: string;
  /** Bare JID of whoever published. */
  readonly presentity: string;
  readonly contentType: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** When it was first published or last modified: the newest device's person wins. */
  readonly modifiedAt: number;
}

export interface PublicationStore {
  /** Puts a row in the place of the one that had `replaces`; resolves when it is on disk. */
  putPublication(row: PublicationRow, replaces?: string): Promise<void>;
  removePublication(etag: string): Promise<void>;
  getPublication(etag: string): PublicationRow | undefined;
  publicationsOf(presentity: string): readonly PublicationRow[];
  /** Those that have expired, at most `limit`. */
  expiredPublications(now: number, limit: number): readonly PublicationRow[];
  nextPublicationExpiry(): number | undefined;
}

/** Where registered devices are reached (RFC 3261 §10). Every read gives what was written before it. */
export interface BindingStore {
  /** Writes and removes bindings of one person together; resolves when that is on disk. @param removes keys */
  changeBindings(person: string, puts: readonly Binding[], removes: readonly string[]): Promise<void>;
  /** The bindings of a person, also those that have expired and were not yet removed. */
  bindingsOf(person: string): readonly Binding[];
  /** The binding of a device by the generation of its temporary GRUUs. */
  bindingOfEpoch(epoch: string): Binding | undefined;
  /** Bindings of registrations that came from this address, counted up to `most`. */
  countBindingsFrom(address: string, most: number): number;
  /** Those that have expired, at most `limit`. */
  expiredBindings(now: number, limit: number): readonly Binding[];
  nextBindingExpiry(): number | undefined;
  countBindings(): number;
  /** 32 random bytes, made once for the life of the database: what temporary GRUUs are sealed with. */
  gruuKey(): Uint8Array;
}

/** Somebody whom a directory knows: a users file, LDAP. */
export interface Person {
  /** Names the person in the directory and in logs: a DN, a username. */
  readonly id: string;
  /** Canonical address of record, `sip:user@domain` without parameters: what goes out, whatever alias came in. */
  readonly sipUri: string;
  /** Canonical bare JID: his own on XMPP, or the one that he has on a component host of ours. */
  readonly jid: string;
  /** May he use the service? */
  readonly isAllowed: boolean;
  readonly name?: string;
  readonly card?: PersonCard;
}

/** What others may know of a person. XEP-0054, XEP-0153. */
export interface PersonCard {
  readonly givenName?: string;
  readonly familyName?: string;
  readonly email?: string;
  readonly telephone?: string;
  readonly organization?: string;
  readonly unit?: string;
  readonly title?: string;
  readonly photo?: { readonly type: string; readonly octets: Uint8Array };
}

/** `unavailable`: the directory cannot say now; never taken for a yes or a no. */
export type DirectoryAnswer<T> =
  | { readonly kind: "found"; readonly value: T }
  | { readonly kind: "unknown" }
  | { readonly kind: "unavailable"; readonly retryAfter: number };

/** At once when it is known, or a promise that never rejects. */
export type Looked<T> = DirectoryAnswer<T> | Promise<DirectoryAnswer<T>>;

/** Digest secrets of one username: HA1 in lower-case hex by algorithm (RFC 7616 §3.4.2), and whom they speak for: his name and card may be left out. */
export interface DigestSecret {
  readonly username: string;
  readonly ha1: Readonly<Partial<Record<"MD5" | "SHA-256" | "SHA-512-256", string>>>;
  readonly person: Person;
}

/** Who is who: a users file, LDAP, or nobody at all. */
export interface Directory {
  /** The person with this SIP address, under whatever alias; parameters of the URI do not count. */
  bySip(uri: string): Looked<Person>;
  /** The person with this JID, under whatever alias; a resource does not count. */
  byJid(jid: string): Looked<Person>;
  /** @param isFresh ask the directory once more: a digest did not match what was remembered */
  secretOf(username: string, realm: string, isFresh?: boolean): Looked<DigestSecret>;
  /** People whose name or address has these words in it, at most `limit`. */
  search(words: string, limit: number): Promise<DirectoryAnswer<readonly Person[]>>;
  stop(): Promise<void>;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once after `ms`; returns the function that cancels. The timer does not keep the process alive. */
  after(ms: number, callback: () => void): () => void;
}

export interface Ids {
  /** URL-safe random text of at least `bits` bits. */
  random(bits?: number): string;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** Events, not sentences (architecture E21). */
export interface Log {
  debug(fields: LogFields, event: string): void;
  info(fields: LogFields, event: string): void;
  warn(fields: LogFields, event: string): void;
  error(fields: LogFields, event: string): void;
  child(fields: LogFields): Log;
}

/** Counters by dotted name, such as `sip.dropped.malformed`; one plain object a process, read by health and commands. */
export interface Counters {
  add(name: string, by?: number): void;
  get(name: string): number;
  all(): Readonly<Record<string, number>>;
}
