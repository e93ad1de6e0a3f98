/** What every part of presence is handed. */

import type { GatewayContext, PresenceParts } from "../context";
import type { DropRequests, PublicationStore, SubscriptionStore } from "../sides";
import type { PresenceOptions } from "./options";

export interface PresenceContext extends Omit<GatewayContext, "presence"> {
  readonly subscriptions: SubscriptionStore & DropRequests;
  readonly publications: PublicationStore;
  readonly presence: PresenceOptions;
}

/** The gateway's own context with what presence needs beside it. */
export function presenceContext(
  context: GatewayContext,
  { options, subscriptions, publications }: PresenceParts,
): PresenceContext {
  return { ...context, presence: options, subscriptions, publications };
}
