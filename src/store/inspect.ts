/** Looks a database over without becoming its gateway: for `isthmus check`, also beside a gateway that runs. */

import Database from "better-sqlite3";
import { isInstanceRunning } from "./instance-lock";
import { schemaOf } from "./migrations";
import { checkPages, checkWritable, type StoreOptions } from "./opening";
import { explain } from "./problem";

/** A gateway that runs has a transaction open for some milliseconds at a time, one whose disk hangs for longer. */
const WAIT_MS = 5_000;

export interface Inspection {
  /** Does a gateway run on it? Undefined: its lock may not be read. */
  readonly isRunning: boolean | undefined;
  readonly schema: number;
  /** The newest schema that this release knows: the next start brings the file to it. */
  readonly newestSchema: number;
  /** Messages that wait in the journal. */
  readonly journal: number;
  readonly subscriptions: number;
}

/**
 * Reads every page, writes one as it is, and counts. Changes nothing that matters.
 * @throws Error with a sentence that names the file and what to do
 */
export function inspectStore({ file, migrations }: StoreOptions): Inspection {
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { fileMustExist: true, timeout: WAIT_MS });
    checkPages(database);
    const { current, newest } = schemaOf(database, migrations);
    checkWritable(database);
    return {
      isRunning: isInstanceRunning(file),
      schema: current,
      newestSchema: newest,
      journal: rowsOf(database, "journal"),
      subscriptions: rowsOf(database, "subscription_progress"),
    };
  } catch (error) {
    throw explain(file, error);
  } finally {
    database?.close();
  }
}

/** An older file need not have the table. */
function rowsOf(database: Database.Database, table: string): number {
  const isThere = database
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")
    .get(table);
  if (isThere === undefined) return 0;
  return database.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
}
