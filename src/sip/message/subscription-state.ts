/** Subscription-State of a NOTIFY. RFC 6665 §8.2.3, §8.4. */

import type { SubscriptionState } from "../../core/input";
import { isToken } from "./characters";
import { parseSeconds } from "./seconds";
import { parseParameterized } from "./values";

/** Reads Subscription-State; undefined when it is malformed. A number in it that cannot be read counts as left out. */
export function parseSubscriptionState(value: string): SubscriptionState | undefined {
  const parsed = parseParameterized(value);
  if (parsed === undefined || !isToken(parsed.value)) return undefined;
  const { parameters } = parsed;
  const reason = parameters.get("reason")?.toLowerCase();
  const expires = parseSeconds(parameters.get("expires") ?? "");
  const retryAfter = parseSeconds(parameters.get("retry-after") ?? "");
  return {
    state: parsed.value.toLowerCase(),
    ...(reason === undefined ? {} : { reason }),
    ...(expires === undefined ? {} : { expires }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}
