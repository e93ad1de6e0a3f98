/** Writes the entries of one group into the journal, many with one statement. Architecture §4 point 3. */

import type Database from "better-sqlite3";
import type { JournalEntry } from "../gateway/sides";
import { requestJson } from "./journal-row";

export class JournalRows {
  readonly #many: Database.Statement;
  readonly #one: Database.Statement;

  constructor(database: Database.Database) {
    this.#one = database.prepare(`INSERT INTO journal VALUES ${ROW}`);
    this.#many = database.prepare(`INSERT INTO journal VALUES ${Array(TOGETHER).fill(ROW).join(", ")}`);
  }

  /** @param values of the columns of all rows, as `addRow` puts them there. @throws the error of SQLite */
  write(values: readonly unknown[]): void {
    let at = 0;
    for (; at + TOGETHER * COLUMNS <= values.length; at += TOGETHER * COLUMNS)
      this.#many.run(values.slice(at, at + TOGETHER * COLUMNS));
    for (; at < values.length; at += COLUMNS) this.#one.run(values.slice(at, at + COLUMNS));
  }
}

/** Adds the columns of an entry to those of others. */
export function addRow(values: unknown[], entry: JournalEntry): void {
  const { seq, pair, rid, receivedAt, request, origin, report = null } = entry;
  values.push(seq, pair, rid, receivedAt, requestJson(request));
  values.push(request.body, JSON.stringify(origin), report);
}

const COLUMNS = 8;
const ROW = `(${Array(COLUMNS).fill("?").join(", ")})`;
/** More make a statement no cheaper. */
const TOGETHER = 16;
