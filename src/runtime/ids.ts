/** Random text for tags, Call-IDs, branches and ids. RFC 3261 §19.3 wants 32 bits at least. */

import { randomFillSync } from "node:crypto";
import type { Ids } from "../gateway/sides";

/** Random bytes are drawn in blocks: one call to the kernel serves many ids. */
const POOL_BYTES = 4096;
const DEFAULT_BITS = 96;

/** Ids from the system's random source, as base64url text. */
export function randomIds(): Ids {
  const pool = Buffer.allocUnsafe(POOL_BYTES);
  let used = POOL_BYTES;
  return {
    random: (bits = DEFAULT_BITS) => {
      const bytes = Math.ceil(bits / 8);
      if (used + bytes > POOL_BYTES) {
        randomFillSync(pool);
        used = 0;
      }
      used += bytes;
      return pool.toString("base64url", used - bytes, used);
    },
  };
}
