/** The gateway's view of the outside: interfaces, not classes (architecture §3 rule 4). */

import type { SipMessageOut } from "../core/effect";
import type { ProofOutcome, SipMessageInput, SipOutcome, XmppMessageInput } from "../core/input";
import type { MessageOrigin } from "../core/message/origin";
import type { Element } from "../xml/element";

/** How the SIP side hands a MESSAGE to the gateway; the returned answer becomes the SIP final response. */
export interface SipAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export type SipMessageHandler = (message: SipMessageInput) => SipAnswer | Promise<SipAnswer>;

export interface SipSide {
  /** Opens every listener. Rejects with a sentence that names the listener. */
  start(onMessage: SipMessageHandler): Promise<void>;
  /** Sends one MESSAGE and resolves with how it ended; never rejects. */
  send(request: SipMessageOut): Promise<SipOutcome>;
  /** Refuses new requests with 503 from now on. */
  drain(): void;
  /** Closes sockets and gives up what is open; resolves with the number of transactions left. */
  stop(): Promise<number>;
}

export type XmppMessageHandler = (message: XmppMessageInput) => void;

export interface XmppSide {
  /** Begins to connect every component; resolves at once, the links come up in their own time. */
  start(onMessage: XmppMessageHandler): void;
  /** Is the link that serves this domain (component host) ready for stanzas? */
  isUp(host: string): boolean;
  /** Resolves when every link has been up at least once or has failed for good, or when `deadlineMs` has passed. */
  settled(deadlineMs: number): Promise<boolean>;
  /**
   * Writes a stanza on the link of its from-domain and reports what became of it. Never rejects.
   * Order of calls is order on the wire. The stanza must carry an id that is unique among those in flight.
   */
  prove(stanza: Element): Promise<ProofOutcome>;
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
