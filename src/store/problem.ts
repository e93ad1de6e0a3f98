/** What is wrong with a database, in a sentence that says what to do. */

/** @param error of SQLite, or a sentence of our own */
export function explain(file: string, error: unknown): Error {
  const { message, cause } = error as Error;
  const { code } = (cause ?? error) as { code?: string };
  const advice = code === undefined ? undefined : adviceFor(code);
  return new Error(`database ${file}: ${message}${advice === undefined ? "" : ` (${advice})`}`, {
    cause: error,
  });
}

/** The first row whose beginning fits. */
function adviceFor(code: string): string {
  return (
    ADVICE.find(([prefix]) => code.startsWith(prefix))?.[1] ?? `${code}: see the documentation of SQLite`
  );
}

export const DAMAGED =
  "the file is damaged: restore it from a backup (docs/backup.md), or move it away to start empty";

const ADVICE: readonly (readonly [code: string, advice: string])[] = [
  ["SQLITE_CORRUPT", DAMAGED],
  ["SQLITE_NOTADB", "this is not a database: move it away, or name another file in store.file"],
  ["SQLITE_BUSY", "another process writes to it, or has left a transaction open: end that one"],
  ["SQLITE_LOCKED", "another process writes to it, or has left a transaction open: end that one"],
  ["SQLITE_FULL", "the disk is full: make room"],
  ["SQLITE_CANTOPEN", "the folder must exist and be writable for the user that runs Isthmus"],
  ["SQLITE_READONLY", "the file and its folder must be writable for the user that runs Isthmus"],
  ["SQLITE_PERM", "the file and its folder must be writable for the user that runs Isthmus"],
  // What grows the shared memory beside the log: that file cannot be made larger.
  ["SQLITE_IOERR_SHM", "the disk did not take it: make room, or look at the system's log"],
  ["SQLITE_IOERR", "the disk did not take it, or did not give it: look at the system's log"],
];
