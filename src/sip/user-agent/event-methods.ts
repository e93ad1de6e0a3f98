/** The methods of events, and what we say about them. RFC 6665 §7, RFC 3903 §4; §8.2.2: RFC 3261 §20.5, §20.37. */

import type { SipEventInput } from "../../core/input";
import type { HeaderField } from "../message/header-list";

export type EventMethod = SipEventInput["method"];

export function isEventMethod(method: string): method is EventMethod {
  return method === "SUBSCRIBE" || method === "NOTIFY" || method === "PUBLISH";
}

/** Value of Allow. INVITE is understood too, but nothing would be served by offering it. */
export function allowed(events: boolean, registers = false): string {
  const methods = events ? "MESSAGE, OPTIONS, SUBSCRIBE, NOTIFY, PUBLISH" : "MESSAGE, OPTIONS";
  return registers ? `${methods}, REGISTER` : methods;
}

/** What an answer to OPTIONS says besides Allow and Accept (RFC 3261 §11.2). */
export function offered(events: boolean, registers = false): readonly HeaderField[] {
  const supported = [...(events ? [EVENT_LIST] : []), ...(registers ? REGISTRAR_TAGS : [])].join(", ");
  if (!events) return [["Supported", supported]];
  return [
    ["Supported", supported],
    ["Allow-Events", "presence, presence.winfo"],
  ];
}

/** The option tag of a subscription to a whole list (RFC 4662 §4.1). */
export const EVENT_LIST = "eventlist";
/** Those of the registrar (RFC 3327 §4, RFC 5626 §11.4, RFC 5627 §12.2). */
export const REGISTRAR_TAGS: readonly string[] = ["path", "outbound", "gruu"];
