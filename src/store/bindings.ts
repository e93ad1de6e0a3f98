/** Bindings of registered devices, in SQLite. RFC 3261 §10. */

import { randomBytes } from "node:crypto";
import type Database from "better-sqlite3";
import type { Mutable } from "../core/mutable";
import type { Binding } from "../core/registrar/binding";
import type { BindingStore } from "../gateway/sides";
import type { GroupCommit } from "./group-commit";

/** Written in the call, in the transaction that the group commit ends: every read gives what was put before it. */
export class SqliteBindings implements BindingStore {
  readonly #commit: GroupCommit;
  readonly #sql: Statements;
  readonly #key: Uint8Array;
  /** Undefined: to be counted anew. */
  #count: number | undefined;

  constructor(database: Database.Database, commit: GroupCommit) {
    this.#commit = commit;
    this.#sql = prepare(database);
    this.#key = this.#makeKey(database);
    commit.onUndone(() => {
      this.#count = undefined;
    });
  }

  changeBindings(person: string, puts: readonly Binding[], removes: readonly string[]): Promise<void> {
    if (puts.length === 0 && removes.length === 0) return Promise.resolve();
    try {
      return this.#commit.now(() => {
        for (const key of removes) this.#counted(-this.#sql.remove.run(person, key).changes);
        for (const binding of puts) this.#put(binding);
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  bindingsOf(person: string): readonly Binding[] {
    return (this.#sql.of.all(person) as Row[]).map(bindingOf);
  }

  bindingOfEpoch(epoch: string): Binding | undefined {
    const row = this.#sql.ofEpoch.get(epoch) as Row | undefined;
    return row && bindingOf(row);
  }

  countBindingsFrom(address: string, most: number): number {
    return this.#sql.countFrom.get(address, most) as number;
  }

  expiredBindings(now: number, limit: number): readonly Binding[] {
    return (this.#sql.expired.all(now, limit) as Row[]).map(bindingOf);
  }

  nextBindingExpiry(): number | undefined {
    return this.#sql.nextExpiry.get() as number | undefined;
  }

  countBindings(): number {
    this.#count ??= this.#sql.count.get() as number;
    return this.#count;
  }

  gruuKey(): Uint8Array {
    return this.#key;
  }

  /** A refresh changes neither address nor epoch, and so neither of their indexes. */
  #put(binding: Binding): void {
    const { person, key, epoch, expiresAt } = binding;
    const record = recordOf(binding);
    const { address } = binding.flow;
    const named = epoch === "" ? null : epoch;
    if (this.#sql.refresh.run(expiresAt, record, person, key, address, named).changes > 0) return;
    this.#counted(1 - this.#sql.remove.run(person, key).changes);
    this.#sql.insert.run(person, key, address, named, expiresAt, record);
  }

  #makeKey(database: Database.Database): Uint8Array {
    database.prepare("INSERT OR IGNORE INTO gruu_key VALUES (1, ?)").run(randomBytes(KEY_OCTETS));
    return database.prepare("SELECT key FROM gruu_key").pluck().get() as Buffer;
  }

  #counted(more: number): void {
    if (this.#count !== undefined) this.#count += more;
  }
}

/** person, key, epoch, expires_at, record */
type Row = readonly [string, string, string | null, number, string];
type Column = "person" | "key" | "epoch" | "expiresAt";

/** What has no column of its own: written out, since a copy of the rest costs more than to write it; the type misses what is left out. */
function recordOf(binding: Binding): string {
  const { resource, contact, instance, regId, q, callId, cseq, registeredAt, path, flow } = binding;
  const record = { resource, contact, instance, regId, q, callId, cseq, registeredAt, path, flow };
  return JSON.stringify(record satisfies Record<Exclude<keyof Binding, Column>, unknown>);
}

function bindingOf([person, key, epoch, expiresAt, record]: Row): Binding {
  const binding = JSON.parse(record) as Mutable<Binding>;
  binding.person = person;
  binding.key = key;
  binding.epoch = epoch ?? "";
  binding.expiresAt = expiresAt;
  return binding;
}

type Statements = ReturnType<typeof prepare>;

function prepare(database: Database.Database) {
  const rows = (rest: string) =>
    database.prepare(`SELECT person, key, epoch, expires_at, record FROM binding ${rest}`).raw();
  return {
    of: rows("WHERE person = ? ORDER BY id"),
    ofEpoch: rows("WHERE epoch = ? ORDER BY id DESC LIMIT 1"),
    expired: rows("WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"),
    nextExpiry: database.prepare("SELECT expires_at FROM binding ORDER BY expires_at LIMIT 1").pluck(),
    countFrom: database
      .prepare("SELECT count(*) FROM (SELECT 1 FROM binding WHERE address = ? LIMIT ?)")
      .pluck(),
    count: database.prepare("SELECT count(*) FROM binding").pluck(),
    refresh: database.prepare(
      "UPDATE binding SET expires_at = ?, record = ? WHERE person = ? AND key = ? AND address = ? AND epoch IS ?",
    ),
    insert: database.prepare(
      "INSERT INTO binding (person, key, address, epoch, expires_at, record) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    remove: database.prepare("DELETE FROM binding WHERE person = ? AND key = ?"),
  };
}

const KEY_OCTETS = 32;
