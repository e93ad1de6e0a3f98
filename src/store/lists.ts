/** Allow and block lists in SQLite. XEP-0191. */

import type Database from "better-sqlite3";
import type { AccessList, Verdict } from "../core/lists/reach";
import type { ListChange, ListStore } from "../gateway/sides";
import type { GroupCommit } from "./group-commit";

/** Written in the call, in the transaction that the group commit ends: every read gives what was put before it. */
export class SqliteLists implements ListStore {
  readonly #commit: GroupCommit;
  readonly #sql: ListStatements;
  #isEmpty = true;

  constructor(database: Database.Database, commit: GroupCommit) {
    this.#commit = commit;
    this.#sql = prepareLists(database);
    this.#look();
    commit.onUndone(() => this.#look());
  }

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  listOf(owner: string): AccessList {
    return readList(this.#sql, owner);
  }

  put(owner: string, entry: string, verdict: Verdict): Promise<void> {
    return this.#now(() => this.#sql.put.run(owner, entry, verdict));
  }

  remove(owner: string, entry: string): Promise<void> {
    return this.#now(() => this.#sql.remove.run(owner, entry));
  }

  setOnlyAllowed(owner: string, onlyAllowed: boolean): Promise<void> {
    return this.#now(() => this.#sql[onlyAllowed ? "onlyAllowed" : "allOthers"].run(owner));
  }

  takeChanges(limit: number): readonly ListChange[] {
    const rows = this.#sql.changes.all(limit) as { readonly owner: string; readonly entry: string }[];
    if (rows.length === 0) return [];
    const taken = this.#now(() => {
      for (const { owner, entry } of rows) this.#sql.changeTaken.run(owner, entry);
    });
    // Where the disk refuses it, the next call gives the same changes, which does no harm.
    taken.catch(() => undefined);
    return rows.map(({ owner, entry }) => (entry === "" ? { owner } : { owner, entry }));
  }

  /** A database that is locked rejects, as one does that fails later. */
  async #now(write: () => void): Promise<void> {
    const written = this.#commit.now(write);
    this.#look();
    await written;
  }

  #look(): void {
    this.#isEmpty = this.#sql.any.get() === 0;
  }
}

export type ListStatements = ReturnType<typeof prepareLists>;

/** What both the gateway and `isthmus lists` say to the database. */
export function prepareLists(database: Database.Database) {
  return {
    any: database
      .prepare("SELECT EXISTS (SELECT 1 FROM list_entry) OR EXISTS (SELECT 1 FROM list_only_allowed)")
      .pluck(),
    entries: database.prepare("SELECT entry, verdict FROM list_entry WHERE owner = ? ORDER BY entry").raw(),
    isOnlyAllowed: database.prepare("SELECT 1 FROM list_only_allowed WHERE owner = ?").pluck(),
    put: database.prepare("INSERT OR REPLACE INTO list_entry VALUES (?, ?, ?)"),
    remove: database.prepare("DELETE FROM list_entry WHERE owner = ? AND entry = ?"),
    onlyAllowed: database.prepare("INSERT OR IGNORE INTO list_only_allowed VALUES (?)"),
    allOthers: database.prepare("DELETE FROM list_only_allowed WHERE owner = ?"),
    owners: database
      .prepare(
        "SELECT owner FROM list_entry UNION SELECT owner FROM list_only_allowed ORDER BY owner LIMIT ?",
      )
      .pluck(),
    change: database.prepare("INSERT OR IGNORE INTO list_change VALUES (?, ?)"),
    changes: database.prepare("SELECT owner, entry FROM list_change ORDER BY owner, entry LIMIT ?"),
    changeTaken: database.prepare("DELETE FROM list_change WHERE owner = ? AND entry = ?"),
  };
}

export function readList(sql: ListStatements, owner: string): AccessList {
  return {
    entries: new Map(sql.entries.all(owner) as [string, Verdict][]),
    onlyAllowed: sql.isOnlyAllowed.get(owner) === 1,
  };
}
