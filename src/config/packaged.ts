/** Folders that come with the package, found from where this file lies: the same from src/ and from dist/. */

import { join } from "node:path";

const ROOT = join(__dirname, "..", "..");

export const PACKAGED_MAPPINGS = join(ROOT, "mappings");
export const PACKAGED_MIGRATIONS = join(ROOT, "migrations");
export const PACKAGE_FILE = join(ROOT, "package.json");
