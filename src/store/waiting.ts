/** Messages that wait for a SIP user with no device, in SQLite. XEP-0160 §3. */

import type Database from "better-sqlite3";
import type { JournalEntry, NextWaiting, WaitingMessage, WaitingStore } from "../gateway/sides";
import { type GroupCommit, SyncError } from "./group-commit";
import { entryOf, type JournalRow, requestJson } from "./journal-row";

interface Waiting {
  messages: number;
  octets: number;
  undelivered: number;
}

/**
 * Written in the call, in the transaction that the group commit ends: every read gives what was put before it. How much
 * waits for whom is known in memory, so that a message for somebody who is there costs no look at the disk.
 */
export class SqliteWaiting implements WaitingStore {
  readonly #commit: GroupCommit;
  readonly #sql: Statements;
  /** By person; nobody is here for whom nothing waits. */
  #waiting = new Map<string, Waiting>();
  #messages = 0;
  #octets = 0;

  constructor(database: Database.Database, commit: GroupCommit) {
    this.#commit = commit;
    this.#sql = prepare(database);
    this.#count();
    commit.onUndone(() => this.#count());
  }

  get messages(): number {
    return this.#messages;
  }

  get octets(): number {
    return this.#octets;
  }

  keep(entry: JournalEntry, person: string, dueAt: number): Promise<void> {
    const { seq, rid, receivedAt, request, origin } = entry;
    const [requestText, originText] = [requestJson(request), JSON.stringify(origin)];
    const octets = octetsOf(entry);
    const written = this.#now(() => {
      const row = [
        seq,
        person,
        rid,
        receivedAt,
        requestText,
        request.body,
        originText,
        octets,
        dueAt,
      ] as const;
      if (this.#sql.insert.run(...row).changes > 0) this.#add(person, octets, false);
      this.#sql.leaveJournal.run(seq);
    });
    return written.catch((error) => {
      // Its sender is refused now, so a later life must not deliver it.
      if (error instanceof SyncError) this.#now(() => this.#remove(seq)).catch(() => undefined);
      throw error;
    });
  }

  nextFor(person: string, device: string): NextWaiting | undefined {
    const row = this.#sql.next.get(device, person) as
      | (WaitingRow & { readonly attempts: number })
      | undefined;
    return row && { message: messageOf(row), attempts: row.attempts };
  }

  delivered(seq: number, device: string, dueAt: number): Promise<void> {
    return this.#now(() => {
      this.#sql.done.run(seq, device);
      const person = this.#sql.deliver.get(dueAt, seq) as string | undefined;
      const waiting = person === undefined ? undefined : this.#waiting.get(person);
      if (waiting !== undefined) waiting.undelivered -= 1;
    });
  }

  refused(seq: number, device: string): Promise<void> {
    return this.#now(() => this.#sql.done.run(seq, device));
  }

  tried(seq: number, device: string): Promise<void> {
    return this.#now(() => this.#sql.tried.run(seq, device));
  }

  isDone(seq: number, device: string): boolean {
    return this.#sql.isDone.get(seq, device) === 1;
  }

  isDelivered(seq: number): boolean {
    return this.#sql.isDelivered.get(seq) === 1;
  }

  remove(seq: number): Promise<void> {
    return this.#now(() => this.#remove(seq));
  }

  due(now: number, limit: number): readonly WaitingMessage[] {
    return (this.#sql.due.all(now, limit) as WaitingRow[]).map(messageOf);
  }

  nextDue(): number | undefined {
    return this.#sql.nextDue.get() as number | undefined;
  }

  people(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  of(person: string): Readonly<Waiting> {
    return this.#waiting.get(person) ?? NOTHING;
  }

  /** A database that is locked rejects, as one does that fails later. */
  async #now(write: () => void): Promise<void> {
    await this.#commit.now(write);
  }

  #remove(seq: number): void {
    const removed = this.#sql.remove.get(seq) as
      | { readonly person: string; readonly octets: number; readonly is_delivered: number }
      | undefined;
    const waiting = removed && this.#waiting.get(removed.person);
    if (removed === undefined || waiting === undefined) return;
    waiting.messages -= 1;
    waiting.octets -= removed.octets;
    if (removed.is_delivered === 0) waiting.undelivered -= 1;
    if (waiting.messages === 0) this.#waiting.delete(removed.person);
    this.#messages -= 1;
    this.#octets -= removed.octets;
  }

  #add(person: string, octets: number, isDelivered: boolean): void {
    const waiting = this.#waiting.get(person) ?? { messages: 0, octets: 0, undelivered: 0 };
    this.#waiting.set(person, waiting);
    waiting.messages += 1;
    waiting.octets += octets;
    if (!isDelivered) waiting.undelivered += 1;
    this.#messages += 1;
    this.#octets += octets;
  }

  #count(): void {
    this.#waiting = new Map();
    this.#messages = 0;
    this.#octets = 0;
    const rows = this.#sql.counts.iterate() as Iterable<[string, number, number]>;
    for (const [person, octets, isDelivered] of rows) this.#add(person, octets, isDelivered === 1);
  }
}

interface WaitingRow extends Omit<JournalRow, "pair" | "report"> {
  readonly person: string;
}

function messageOf(row: WaitingRow): WaitingMessage {
  return { ...entryOf({ ...row, pair: row.person, report: null }), person: row.person };
}

/** What a message counts against the bounds: its text, its id and about what its addresses and headers take. */
function octetsOf({ request, origin }: JournalEntry): number {
  return request.body.length + (origin.id?.length ?? 0) + ENTRY_OCTETS;
}

type Statements = ReturnType<typeof prepare>;

function prepare(database: Database.Database) {
  return {
    insert: database.prepare("INSERT OR IGNORE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)"),
    leaveJournal: database.prepare("DELETE FROM journal WHERE seq = ?"),
    next: database.prepare(
      `SELECT ${MESSAGE}, coalesce(c.attempts, 0) AS attempts FROM waiting AS w ` +
        "LEFT JOIN waiting_copy AS c ON c.seq = w.seq AND c.device = ? " +
        "WHERE w.person = ? AND coalesce(c.is_done, 0) = 0 ORDER BY w.seq LIMIT 1",
    ),
    done: database.prepare(
      "INSERT INTO waiting_copy VALUES (?, ?, 0, 1) ON CONFLICT (seq, device) DO UPDATE SET is_done = 1",
    ),
    tried: database.prepare(
      "INSERT INTO waiting_copy VALUES (?, ?, 1, 0) ON CONFLICT (seq, device) DO UPDATE SET attempts = attempts + 1",
    ),
    deliver: database
      .prepare(
        "UPDATE waiting SET is_delivered = 1, due_at = ? WHERE seq = ? AND is_delivered = 0 RETURNING person",
      )
      .pluck(),
    isDone: database.prepare("SELECT is_done FROM waiting_copy WHERE seq = ? AND device = ?").pluck(),
    isDelivered: database.prepare("SELECT is_delivered FROM waiting WHERE seq = ?").pluck(),
    remove: database.prepare("DELETE FROM waiting WHERE seq = ? RETURNING person, octets, is_delivered"),
    due: database.prepare(
      `SELECT ${MESSAGE} FROM waiting AS w WHERE w.due_at <= ? ORDER BY w.due_at, w.seq LIMIT ?`,
    ),
    nextDue: database.prepare("SELECT due_at FROM waiting ORDER BY due_at LIMIT 1").pluck(),
    counts: database.prepare("SELECT person, octets, is_delivered FROM waiting").raw(),
  };
}

const MESSAGE = "w.seq, w.person, w.rid, w.received_at, w.request, w.body, w.origin";
const ENTRY_OCTETS = 500;
const NOTHING: Readonly<Waiting> = { messages: 0, octets: 0, undelivered: 0 };
