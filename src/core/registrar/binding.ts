/** What a registration leaves behind: where one device of a person is reached. RFC 3261 §10, RFC 3327 §5.3, RFC 5626 §6, RFC 5627 §5. */

import { parseSipUri, type SipUri } from "../address/sip-uri";
import type { SipDestination, SipFlow } from "../effect";

/** One row of the location service. Of one device there are several when it registers several flows (RFC 5626 §4.2). */
export interface Binding {
  /** Bare JID of the person on our component host. */
  readonly person: string;
  /** Tells the bindings of one person apart; see `bindingKey`. */
  readonly key: string;
  /** Resource of the device's full JID and value of `gr` in its public GRUU: the same over refreshes. */
  readonly resource: string;
  /** The Contact URI as it came. */
  readonly contact: string;
  /** `+sip.instance` without its brackets. */
  readonly instance?: string;
  /** Absent: no flow was registered, or outbound does not apply. */
  readonly regId?: number;
  /** Preference in thousandths, 0 to 1000 (§10.2.1.2). */
  readonly q: number;
  readonly callId: string;
  readonly cseq: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** When it was last refreshed. */
  readonly registeredAt: number;
  /** Path as Route values, each in angle brackets. */
  readonly path: readonly string[];
  /** Where the REGISTER came from. Its connection is no part of this: no connection outlives a process. */
  readonly flow: Omit<SipFlow, "connection">;
  /** Names the generation of temporary GRUUs that are valid: a new one with each Call-ID (RFC 5627 §5.1). "" without instance. */
  readonly epoch: string;
}

/**
 * Tells whether this is the binding of an earlier registration. RFC 5626 §6: by instance and reg-id, where a flow is
 * registered; else by the Contact URI. [ours] Behind a NAT the private addresses of two homes are the same, so that the
 * NAT's own address counts too.
 */
export function bindingKey(
  contact: SipUri,
  flow: Binding["flow"],
  instance: string | undefined,
  regId: number | undefined,
): string {
  if (instance !== undefined && regId !== undefined) return `flow ${regId} ${instance.toLowerCase()}`;
  const { scheme, user = "", host, port, parameters } = contact;
  const transport = parameters.get("transport")?.toLowerCase() ?? "";
  const text = `${scheme}:${user}@${host}:${port ?? ""};${transport}`;
  return host === hostOf(flow.address) ? `contact ${text}` : `contact ${text} ${flow.address}`;
}

/**
 * The resource of a device: its instance, else a name made of its Contact.
 * @param key the binding's
 */
export function deviceResource(instance: string | undefined, key: string): string {
  return instance === undefined ? `${MADE_OF_CONTACT}${hash(key)}` : instance.toLowerCase();
}

/** Could this be the resource of a device that registered once? Others are names that the device itself has told, in a document. */
export function isDeviceResource(resource: string): boolean {
  return resource.startsWith(MADE_OF_CONTACT) || URN.test(resource);
}

/**
 * How a request goes to a device. [ours] It goes where the registration came from, so that nobody can aim us at a third
 * party by his Contact or Path (RFC 3261 §26.3.2.4); only the port and the transport of a Contact at that very address count.
 * @param connection the one by which the registration came, while it is known
 */
export function destinationOf(binding: Binding, connection?: number): SipDestination {
  const { contact, path, flow } = binding;
  const [first = `<${contact}>`] = path;
  const nextHop = first.slice(1, -1);
  const uri = parseSipUri(nextHop);
  const isThere = uri.ok && uri.value.host === hostOf(flow.address);
  return {
    requestUri: contact,
    routes: path,
    flow: connection === undefined ? flow : { ...flow, connection },
    ...(isThere ? { nextHop } : {}),
  };
}

/** An IP literal as a URI has it. */
function hostOf(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/** FNV-1a over UTF-16 units, 2 × 32 bits: enough to tell the few devices of one person apart. */
function hash(text: string): string {
  let one = 0x811c9dc5;
  let other = 0x9dc5811c;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193);
    other = Math.imul(other ^ (unit + at), 0x01000193);
  }
  return (one >>> 0).toString(36).padStart(7, "0") + (other >>> 0).toString(36).padStart(7, "0");
}

const MADE_OF_CONTACT = "contact-";
const URN = /^urn:/i;
