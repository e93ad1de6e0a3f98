/** Documents against XML schemas, by a validator that is not ours (xmllint). */

import { spawnSync } from "node:child_process";
import { join } from "node:path";

/**
 * Validates a document. Empty: it is valid.
 * @param schema name of a file in test/rfc/schemas, without `.xsd`
 */
export function schemaProblems(document: string, schema: string): string {
  const file = join(__dirname, "../rfc/schemas", `${schema}.xsd`);
  const run = spawnSync("xmllint", ["--nonet", "--noout", "--schema", file, "-"], {
    input: document,
    encoding: "utf8",
  });
  if (run.error !== undefined) throw run.error;
  return run.status === 0 ? "" : run.stderr;
}
