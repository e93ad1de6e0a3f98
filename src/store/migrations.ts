/** Brings a database file to the newest schema: numbered, append-only files, one transaction each (architecture E29). */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type Database from "better-sqlite3";

/**
 * Applies what is missing. `PRAGMA user_version` holds the number of the last migration.
 * @throws Error naming the file that failed, or saying that the file is from a newer release
 */
export function migrate(database: Database.Database, folder: string): void {
  const { current } = schemaOf(database, folder);
  for (const file of migrationFiles(folder)) if (file.number > current) apply(database, file);
}

/**
 * The schema that the database has, and the newest one that this release knows.
 * @throws Error saying that the file is from a newer release
 */
export function schemaOf(
  database: Database.Database,
  folder: string,
): { readonly current: number; readonly newest: number } {
  const newest = migrationFiles(folder).at(-1)?.number ?? 0;
  const current = database.pragma("user_version", { simple: true }) as number;
  if (current > newest) {
    throw new Error(
      `the database has schema ${current}, this release knows only up to ${newest}: run a newer Isthmus`,
    );
  }
  return { current, newest };
}

interface MigrationFile {
  readonly number: number;
  readonly path: string;
}

function migrationFiles(folder: string): MigrationFile[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort()
    .map((name) => ({ number: Number(name.slice(0, 4)), path: join(folder, name) }));
}

function apply(database: Database.Database, file: MigrationFile): void {
  const run = database.transaction(() => {
    database.exec(readFileSync(file.path, "utf8"));
    database.pragma(`user_version = ${file.number}`);
  });
  try {
    run.immediate();
  } catch (error) {
    throw new Error(`migration ${file.path} failed: ${(error as Error).message}`, { cause: error });
  }
}
