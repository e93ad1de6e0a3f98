/** The order in which the servers of one SRV answer are tried. RFC 2782, "Weight". */

import type { SrvRecord } from "./resolver";

/**
 * Lowest priority first; within one priority drawn by weight, those of weight 0 rarely first.
 * @param random gives numbers from 0 (included) to 1 (excluded)
 */
export function inSrvOrder(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const priorities = [...new Set(records.map((record) => record.priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) =>
    drawn(
      records.filter((record) => record.priority === priority),
      random,
    ),
  );
}

function drawn(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const left = [...records].sort((a, b) => Number(a.weight > 0) - Number(b.weight > 0));
  const order: SrvRecord[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, record) => sum + record.weight, 0);
    const mark = Math.floor(random() * (total + 1));
    let sum = 0;
    const at = left.findIndex((record) => {
      sum += record.weight;
      return sum >= mark;
    });
    order.push(...left.splice(at, 1));
  }
  return order;
}
