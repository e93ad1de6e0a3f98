/** What every part of presence is handed. */

import type { GatewayContext } from "../context";
import type { SubscriptionStore } from "../sides";
import type { PresenceOptions } from "./options";

export interface PresenceContext extends GatewayContext {
  readonly subscriptions: SubscriptionStore;
  readonly presence: PresenceOptions;
}
