/** The database, as `isthmus check` tries it: whole, writable, of a schema that this release knows. */

import { existsSync, rmSync } from "node:fs";
import { type Inspection, inspectStore } from "../store/inspect";
import type { StoreOptions } from "../store/opening";
import { openStore } from "../store/sqlite-store";
import type { ProbeResult } from "./probe";

/** Also beside a gateway that runs. One that is not there is not made: whoever runs the gateway shall own its file. */
export function probeStore(options: StoreOptions): ProbeResult {
  try {
    if (existsSync(options.file)) return { ok: true, detail: describe(inspectStore(options)) };
    tryNew(options);
    return { ok: true, detail: "can be made" };
  } catch (error) {
    return { ok: false, detail: (error as Error).message, advice: adviceFor((error as Error).message) };
  }
}

/** Under another name in the same folder: a gateway that starts in this moment keeps its own. */
function tryNew({ file, migrations }: StoreOptions): void {
  const trial = `${file}.check-${process.pid}`;
  try {
    openStore({ file: trial, migrations }).close();
  } catch (error) {
    throw new Error((error as Error).message.replaceAll(trial, file));
  } finally {
    for (const end of ["", "-wal", "-shm", "-lock"]) rmSync(`${trial}${end}`, { force: true });
  }
}

function describe({ isRunning, schema, newestSchema, journal, subscriptions }: Inspection): string {
  return [
    "undamaged and writable",
    ...(isRunning === true ? ["a gateway runs on it"] : []),
    ...(schema < newestSchema ? [`the next start brings its schema from ${schema} to ${newestSchema}`] : []),
    ...(journal > 0 ? [`${journal} messages wait in the journal`] : []),
    ...(subscriptions > 0 ? [`${subscriptions} subscriptions`] : []),
  ].join(", ");
}

function adviceFor(message: string): string {
  if (message.includes("newer Isthmus"))
    return "Run the release that wrote it, or restore a backup that this one has made.";
  if (message.includes("damaged"))
    return "Stop the gateway before the file is replaced; docs/backup.md says how.";
  return "Its folder must exist and be writable for the user that runs Isthmus, and the disk have room; or name another store.file.";
}
