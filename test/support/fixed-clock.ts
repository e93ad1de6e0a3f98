/** A clock that stands still until a test moves it. */

import type { Clock } from "../../src/gateway/sides";

export interface FixedClock extends Clock {
  /** Moves time on and rings every alarm on the way, each at its own time. */
  advance(ms: number): void;
  /** Alarms that have not rung. */
  readonly alarms: number;
}

export function fixedClock(start = 1_800_000_000_000): FixedClock {
  let now = start;
  let serial = 0;
  const alarms = new Map<number, { readonly at: number; readonly callback: () => void }>();

  function earliest(until: number): number | undefined {
    let found: number | undefined;
    for (const [id, { at }] of alarms) {
      if (at <= until && (found === undefined || at < (alarms.get(found)?.at ?? 0))) found = id;
    }
    return found;
  }

  return {
    now: () => now,
    after(ms, callback) {
      const id = serial++;
      alarms.set(id, { at: now + ms, callback });
      return () => alarms.delete(id);
    },
    advance(ms) {
      const until = now + ms;
      for (let id = earliest(until); id !== undefined; id = earliest(until)) {
        const alarm = alarms.get(id);
        alarms.delete(id);
        if (alarm === undefined) break;
        now = Math.max(now, alarm.at);
        alarm.callback();
      }
      now = until;
    },
    get alarms() {
      return alarms.size;
    },
  };
}
