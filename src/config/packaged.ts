/** Files that come with the package, found from where this file lies: the same from src/ and from any build of it. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = packageRoot(__dirname);

export const PACKAGED_MAPPINGS = join(ROOT, "mappings");
export const PACKAGED_MIGRATIONS = join(ROOT, "migrations");
export const PACKAGE_FILE = join(ROOT, "package.json");

/** The nearest folder above with a package.json. */
function packageRoot(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  const above = dirname(folder);
  if (above === folder) throw new Error("package.json is missing: Isthmus is not installed completely");
  return packageRoot(above);
}
