/** The configuration that a command works with. */

import type { Config } from "../config/config";
import { findConfig } from "../config/find";
import { loadConfig } from "../config/load";
import type { Terminal } from "./command";

/**
 * Loads the named file, else that of ISTHMUS_CONFIG, else isthmus.yaml in the folder.
 * @returns undefined when there is none
 * @throws ConfigError with every problem
 */
export function configOf(named: string | undefined, terminal: Terminal): Config | undefined {
  const file = findConfig(named, terminal.env, terminal.folder);
  return file === undefined ? undefined : loadConfig(file, terminal.env);
}
