/** Every command that the parts at hand allow, in the order of the menu. */

import type { Command } from "../command";
import type { ServiceParts } from "../sides";
import { contacts, watchers } from "./contacts";
import { counts } from "./counts";
import { diagnose } from "./diagnose";
import { allow, block, onlyAllowed, unblock } from "./own-lists";
import { reload } from "./reload";
import { dropSubscription, liveSubscriptions } from "./subscriptions";

export function allCommands(parts: ServiceParts): readonly Command[] {
  const { subscriptions, lists, domains, options, drop, log } = parts;
  const desk = lists && { lists, domains, numbers: options.numbers };
  return [
    ...(subscriptions ? [contacts(subscriptions, domains), watchers(subscriptions, domains)] : []),
    ...(desk ? [block(desk), allow(desk), unblock(desk), onlyAllowed(desk)] : []),
    diagnose(parts),
    counts(parts),
    ...(subscriptions ? [liveSubscriptions(subscriptions, domains)] : []),
    ...(subscriptions && drop ? [dropSubscription(subscriptions, domains, drop)] : []),
    reload(parts.reload, log),
  ];
}
