/** Which configuration file: the one named, else ISTHMUS_CONFIG, else isthmus.yaml in the folder. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "./files";

export const CONFIG_NAME = "isthmus.yaml";
export const CONFIG_VARIABLE = "ISTHMUS_CONFIG";

/**
 * Finds the configuration file; undefined when none is named and none lies in the folder.
 * @param named what the command line says, if anything
 */
export function findConfig(named: string | undefined, env: Environment, folder: string): string | undefined {
  if (named !== undefined) return named;
  const variable = env[CONFIG_VARIABLE];
  if (variable !== undefined && variable !== "") return variable;
  const file = join(folder, CONFIG_NAME);
  return existsSync(file) ? file : undefined;
}
