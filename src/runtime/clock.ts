/** The real clock. Tests use a fixed one. */

import type { Clock } from "../gateway/sides";

/** Wall time, and timers that do not keep the process alive. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    after: (ms, callback) => {
      const timer = setTimeout(callback, ms).unref();
      return () => clearTimeout(timer);
    },
  };
}
