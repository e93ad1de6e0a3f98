/** Counters by dotted name, shown by the health page and by the commands. */

import type { Counters } from "../gateway/sides";

/** Names come from code, never from a peer, so that their number is bounded; this guards that rule. */
const MAXIMUM_NAMES = 1_000;

/** Counters that start at zero with the process. */
export function createCounters(): Counters {
  // Boxed, so that counting is one look-up: it happens several times for every message.
  const values = new Map<string, { count: number }>();
  return {
    add: (name, by = 1) => {
      const value = values.get(name);
      if (value !== undefined) value.count += by;
      else if (values.size < MAXIMUM_NAMES) values.set(name, { count: by });
    },
    get: (name) => values.get(name)?.count ?? 0,
    all: () =>
      Object.fromEntries(
        [...values].map(([name, { count }]) => [name, count] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
  };
}
