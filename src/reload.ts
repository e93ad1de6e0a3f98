/** The configuration read anew while the gateway runs: people take effect at once, the rest is named. */

import { changesBetween } from "./config/changes";
import type { Config } from "./config/config";
import type { Log } from "./gateway/sides";

export interface ReloadParts {
  /** What the gateway runs with. */
  readonly config: Config;
  /** Reads the file once more. @throws ConfigError */
  readonly read: () => Config;
  /** Exchanges the people. */
  readonly usePeople: (config: Config) => void;
  readonly log: Log;
}

/**
 * Makes the function that reloads and says in a sentence what came of it.
 * Rejects with ConfigError when the file is wrong: nothing has changed then.
 */
export function createReload({ config, read, usePeople, log }: ReloadParts): () => Promise<string> {
  let running = config;
  return async () => {
    const next = read();
    const { people, restart } = changesBetween(running, next);
    const usesPeople = people && !restart.includes("directory");
    if (usesPeople) {
      usePeople(next);
      // What waits for a restart goes on being named until then.
      running = { ...running, directory: next.directory };
    }
    log.info({ people: usesPeople, restart }, "configuration reloaded");
    return sentence(usesPeople, restart);
  };
}

function sentence(people: boolean, restart: readonly string[]): string {
  const done = people ? "People and their passwords are taken anew." : undefined;
  const left =
    restart.length === 0
      ? undefined
      : `These parts have changed and need a restart of the gateway: ${restart.join(", ")}.`;
  return [done, left].filter((part) => part !== undefined).join(" ") || "Nothing has changed.";
}
