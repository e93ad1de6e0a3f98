/** How often a watcher wants to be notified at most. RFC 6446 §5. */

/**
 * Shortest time between two NOTIFYs that `max-rate` of Event asks for, milliseconds; undefined when it asks for none.
 * Never longer than the subscription lasts (§5.3).
 * @param expires seconds
 */
export function intervalOf(parameters: ReadonlyMap<string, string>, expires: number): number | undefined {
  const asked = parameters.get("max-rate");
  if (asked === undefined || !RATE.test(asked)) return undefined;
  return Math.ceil(Math.min(1000 / Number(asked), 1000 * expires));
}

/** `max-rate` of Subscription-State, which says that it is kept to (§5.2). */
export function rateParameter(intervalMs: number | undefined): string {
  return intervalMs === undefined || intervalMs <= 0 ? "" : `;max-rate=${rateText(1000 / intervalMs)}`;
}

/** At most two digits before the point and ten behind it (§9.1). */
function rateText(perSecond: number): string {
  return Math.min(99, perSecond).toFixed(DECIMALS).replace(TRAILING_ZEROS, "");
}

const RATE = /^\d{1,2}(?:\.\d{1,10})?$/;
const DECIMALS = 10;
const TRAILING_ZEROS = /\.?0+$/;
