/** Counters by dotted name, shown by the health page and by the commands. */

import type { Counters } from "../gateway/sides";

/** Names come from code, never from a peer, so that their number is bounded; this guards that rule. */
const MAXIMUM_NAMES = 1_000;

/** Counters that start at zero with the process. */
export function createCounters(): Counters {
  const values = new Map<string, number>();
  return {
    add: (name, by = 1) => {
      const before = values.get(name);
      if (before === undefined && values.size >= MAXIMUM_NAMES) return;
      values.set(name, (before ?? 0) + by);
    },
    get: (name) => values.get(name) ?? 0,
    all: () => Object.fromEntries([...values].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
