/** Subscriptions for `isthmus subs`: read beside a gateway that runs, and wishes left for it. */

import Database from "better-sqlite3";
import type { SubscriptionRecord } from "../core/subscription/record";
import { isInstanceRunning } from "./instance-lock";
import { schemaOf } from "./migrations";
import type { StoreOptions } from "./opening";
import { explain } from "./problem";
import { COLUMNS, recordOf, type SubscriptionRow } from "./subscription-row";

/** A gateway that runs has a transaction open for some milliseconds at a time, one whose disk hangs for longer. */
const WAIT_MS = 5_000;

/** All that is given must fit. */
export interface SubscriptionFilter {
  readonly key?: string;
  readonly direction?: SubscriptionRecord["direction"];
  /** Bare JIDs, or a domain for all of its people. */
  readonly watcher?: string;
  readonly presentity?: string;
  readonly state?: SubscriptionRecord["state"];
  readonly peer?: string;
}

export interface FoundSubscription {
  readonly key: string;
  readonly record: SubscriptionRecord;
  /** Does a request to drop it wait for a gateway? */
  readonly isDropRequested: boolean;
}

/** What each call reads is of one moment. It holds up neither a gateway nor a backup. */
export class StoreReader {
  readonly #options: StoreOptions;
  readonly #database: Database.Database;

  /** @throws Error with a sentence that names the file and what to do */
  constructor(options: StoreOptions) {
    this.#options = options;
    this.#database = opened(options, true);
  }

  /** In the order of watcher and presentity, at most `limit`. @throws Error naming a damaged file or an unreadable row */
  list(filter: SubscriptionFilter, limit: number): readonly FoundSubscription[] {
    const { where, values } = conditions(filter);
    const rows = this.#try(() =>
      this.#database
        .prepare(
          `SELECT ${COLUMNS}, d.key IS NOT NULL ${JOINED} ${where} ORDER BY s.watcher, s.presentity, s.id LIMIT ?`,
        )
        .raw()
        .all(...values, limit),
    ) as (readonly [...SubscriptionRow, number])[];
    return rows.map((row) => ({
      key: row[1],
      record: recordOf(row as unknown as SubscriptionRow),
      isDropRequested: row[13] !== 0,
    }));
  }

  count(filter: SubscriptionFilter): number {
    const { where, values } = conditions(filter);
    const statement = `SELECT count(*) ${JOINED} ${where}`;
    return this.#try(() =>
      this.#database
        .prepare(statement)
        .pluck()
        .get(...values),
    ) as number;
  }

  /** Does a gateway run on this database? Undefined: its lock may not be read. */
  isRunning(): boolean | undefined {
    return isInstanceRunning(this.#options.file);
  }

  /**
   * Asks the gateway that runs, or the next one, to drop these. What was asked for already stays as it is.
   * @param now milliseconds since 1970
   * @throws Error with a sentence that names the file and what to do
   */
  requestDrop(keys: readonly string[], now: number): void {
    this.#request("INSERT OR IGNORE INTO drop_request VALUES (?, ?)", keys, now);
  }

  /** Asks likewise to give leave to these, which wait for it. */
  requestApproval(keys: readonly string[], now: number): void {
    this.#request("INSERT OR IGNORE INTO approve_request VALUES (?, ?)", keys, now);
  }

  #request(sql: string, keys: readonly string[], now: number): void {
    const database = opened(this.#options, false);
    try {
      const insert = database.prepare(sql);
      database
        .transaction(() => {
          for (const key of keys) insert.run(key, now);
        })
        .immediate();
    } catch (error) {
      throw explain(this.#options.file, error);
    } finally {
      database.close();
    }
  }

  close(): void {
    this.#database.close();
  }

  #try<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw explain(this.#options.file, error);
    }
  }
}

function opened({ file, migrations }: StoreOptions, readonly: boolean): Database.Database {
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { fileMustExist: true, readonly, timeout: WAIT_MS });
    const { current, newest } = schemaOf(database, migrations);
    if (current < newest)
      throw new Error(`it has schema ${current}, and ${newest} is needed: start this release's gateway once`);
    return database;
  } catch (error) {
    database?.close();
    throw explain(file, error);
  }
}

const JOINED =
  "FROM subscription AS s JOIN subscription_progress AS p ON p.id = s.id LEFT JOIN drop_request AS d ON d.key = s.key";

function conditions(filter: SubscriptionFilter): {
  readonly where: string;
  readonly values: readonly string[];
} {
  const terms: string[] = [];
  const values: string[] = [];
  const add = (term: string, value: string | undefined): void => {
    if (value === undefined) return;
    terms.push(term);
    values.push(...Array.from(term.matchAll(/\?/g), () => value));
  };
  add("s.key = ?", filter.key);
  add("s.direction = ?", filter.direction);
  for (const name of ["watcher", "presentity"] as const) {
    const value = filter[name];
    if (value?.includes("@")) add(`s.${name} = ?`, value);
    else add(`(s.${name} = ? OR substr(s.${name}, -1 - length(?)) = '@' || ?)`, value);
  }
  add("s.record ->> '$.state' = ?", filter.state);
  add("s.record ->> '$.peer' = ?", filter.peer);
  return { where: terms.length === 0 ? "" : `WHERE ${terms.join(" AND ")}`, values };
}
