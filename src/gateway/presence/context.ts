/** What every part of presence is handed. */

import type { Element } from "../../xml/element";
import type { GatewayContext, PresenceParts } from "../context";
import type { PresenceOptions } from "./options";

export interface PresenceContext extends Omit<GatewayContext, "presence">, Omit<PresenceParts, "options"> {
  readonly presence: PresenceOptions;
  /** Sends a stanza until the XMPP server has it, across outages and restarts; it needs an id of its own. */
  readonly tellSurely: (stanza: Element) => void;
}

/** The gateway's own context with what presence needs beside it. */
export function presenceContext(
  context: GatewayContext,
  { options, ...parts }: PresenceParts,
  tellSurely: PresenceContext["tellSurely"],
): PresenceContext {
  return { ...context, ...parts, presence: options, tellSurely };
}
