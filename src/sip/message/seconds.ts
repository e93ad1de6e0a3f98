/** delta-seconds: Expires, Min-Expires and their kin. RFC 3261 §20.19, §20.23, §25.1. */

/** Reads decimal digits; more than 2^32 - 1 counts as that, which is as good as for ever. Undefined: no number. */
export function parseSeconds(value: string): number | undefined {
  return DIGITS.test(value) ? Math.min(Number(value), LONGEST) : undefined;
}

/** Far more digits than the longest; leading zeros are legal. */
const DIGITS = /^\d{1,20}$/;
/** RFC 3261 §20.19. */
const LONGEST = 0xffff_ffff;
