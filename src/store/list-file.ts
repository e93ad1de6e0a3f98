/** Allow and block lists for `isthmus lists`: read and changed beside a gateway that runs. XEP-0191. */

import Database from "better-sqlite3";
import type { AccessList, Verdict } from "../core/lists/reach";
import { isInstanceRunning } from "./instance-lock";
import { type ListStatements, prepareLists, readList } from "./lists";
import { schemaOf } from "./migrations";
import type { StoreOptions } from "./opening";
import { explain } from "./problem";

/** A gateway that runs has a transaction open for some milliseconds at a time, one whose disk hangs for longer. */
const WAIT_MS = 5_000;

export type ListEdit =
  | { readonly kind: Verdict | "unblock"; readonly owner: string; readonly entry: string }
  | { readonly kind: "only-allowed" | "anybody"; readonly owner: string };

export class ListFile {
  readonly #file: string;
  readonly #database: Database.Database;
  readonly #sql: ListStatements;

  /** @throws Error with a sentence that names the file and what to do */
  constructor({ file, migrations }: StoreOptions) {
    this.#file = file;
    let database: Database.Database | undefined;
    try {
      database = new Database(file, { fileMustExist: true, timeout: WAIT_MS });
      const { current, newest } = schemaOf(database, migrations);
      if (current < newest)
        throw new Error(
          `it has schema ${current}, and ${newest} is needed: start this release's gateway once`,
        );
      this.#sql = prepareLists(database);
      this.#database = database;
    } catch (error) {
      database?.close();
      throw explain(file, error);
    }
  }

  /** Everybody who has a list, at most `limit`. */
  owners(limit: number): readonly string[] {
    return this.#try(() => this.#sql.owners.all(limit) as string[]);
  }

  listOf(owner: string): AccessList {
    return this.#try(() => readList(this.#sql, owner));
  }

  /** Changes a list and leaves a note for the gateway that runs, in one transaction. @throws Error with a sentence */
  edit(edit: ListEdit): void {
    this.#try(() =>
      this.#database
        .transaction(() => {
          this.#apply(edit);
          this.#sql.change.run(edit.owner, "entry" in edit ? edit.entry : "");
        })
        .immediate(),
    );
  }

  /** Does a gateway run on this database? Undefined: its lock may not be read. */
  isRunning(): boolean | undefined {
    return isInstanceRunning(this.#file);
  }

  close(): void {
    this.#database.close();
  }

  #apply(edit: ListEdit): void {
    switch (edit.kind) {
      case "allow":
      case "block":
        this.#sql.put.run(edit.owner, edit.entry, edit.kind);
        return;
      case "unblock":
        this.#sql.remove.run(edit.owner, edit.entry);
        return;
      case "only-allowed":
        this.#sql.onlyAllowed.run(edit.owner);
        return;
      case "anybody":
        this.#sql.allOthers.run(edit.owner);
        return;
    }
  }

  #try<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw explain(this.#file, error);
    }
  }
}
