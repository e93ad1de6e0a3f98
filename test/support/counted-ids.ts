/** Ids that are the same in every run: id-1, id-2 … */

import type { Ids } from "../../src/gateway/sides";

export function countedIds(prefix = "id"): Ids {
  let count = 0;
  return { random: () => `${prefix}-${++count}` };
}
