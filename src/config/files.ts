/** Reads the files that a configuration names, relative to its folder, and gathers what goes wrong. */

import { readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { describeFound, keyOf, type Problem } from "./problem";

export type Path = readonly PropertyKey[];
export type Environment = Readonly<Record<string, string | undefined>>;

/** One loading of one configuration: where it lies, the environment, and the problems found so far. */
export interface Loading {
  readonly folder: string;
  readonly env: Environment;
  readonly lineOf: (path: Path) => number | undefined;
  readonly problems: Problem[];
}

/** Notes a problem with the key at `path`. `found` is text that may be shown. */
export function complain(loading: Loading, path: Path, expected: string, found?: string): undefined {
  const line = loading.lineOf(path);
  loading.problems.push({
    key: keyOf(path),
    expected,
    ...(line === undefined ? {} : { line }),
    ...(found === undefined ? {} : { found }),
  });
  return undefined;
}

/** The absolute name of a file that the configuration names. */
export function resolveFile(loading: Loading, name: string): string {
  return isAbsolute(name) ? name : join(loading.folder, name);
}

/** The text of a file that the key at `path` names; a problem when it cannot be read. */
export function readNamed(loading: Loading, path: Path, name: string): string | undefined {
  const file = resolveFile(loading, name);
  try {
    if (statSync(file).size <= LARGEST_FILE) return readFileSync(file, "utf8");
    return complain(loading, path, `a file of at most ${LARGEST_FILE} octets`, describeFound(name));
  } catch (error) {
    return complain(
      loading,
      path,
      `a file that can be read (${file}: ${whyUnread(error)})`,
      describeFound(name),
    );
  }
}

/** Why a file could not be read, in words. */
export function whyUnread(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? "unknown";
  return READ_FAULTS[code] ?? code;
}

const READ_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "no permission",
  EISDIR: "it is a folder",
  ENOTDIR: "part of the name is not a folder",
};
/** Certificates, users and tables are far smaller; a device or a log named by mistake is not read to its end. */
const LARGEST_FILE = 64 * 1024 ** 2;
