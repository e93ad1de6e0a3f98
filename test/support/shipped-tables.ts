/** The mapping tables that are shipped, read once for each test file: their YAML takes as long as many a test. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadContentTypes, loadErrorTable, loadPresenceTable } from "../../src/config/mappings";
import type { Tables } from "../../src/core/tables";

export const SHIPPED: Pick<Tables, "errors" | "contentTypes" | "presence"> = {
  errors: loadErrorTable(read("errors.yaml"), "errors.yaml"),
  contentTypes: loadContentTypes(read("content-types.yaml"), "content-types.yaml"),
  presence: loadPresenceTable(read("presence.yaml"), "presence.yaml"),
};

function read(name: string): string {
  return readFileSync(join(__dirname, "../../mappings", name), "utf8");
}
