/** What a UAS checks before it looks at the meaning of a request. RFC 3261 §8.2.1, §8.2.2, §16.3; RFC 5393 §4.2. */

import type { SipUri } from "../../core/address/sip-uri";
import type { Memo } from "../../core/memo";
import type { Result } from "../../core/result";
import type { HeaderField } from "../message/header-list";
import { splitValues } from "../message/values";
import type { ReceivedRequest } from "../transaction/received-request";
import { allowed, EVENT_LIST, isEventMethod, REGISTRAR_TAGS } from "./event-methods";
import { isLooped } from "./loop";

export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly HeaderField[];
}

export interface InspectContext {
  /** Domains that are served here, lower case; "*" is any. */
  readonly domains: ReadonlySet<string>;
  readonly isOurs: (host: string, port: number) => boolean;
  /** `parseSipUri` */
  readonly uris: Memo<Result<SipUri>>;
  /** Are SUBSCRIBE, NOTIFY and PUBLISH served? */
  readonly events: boolean;
  /** Domains whose phones register here, lower case; absent: REGISTER is not served. */
  readonly registrar?: ReadonlySet<string> | undefined;
}

/** Why a request of any method but INVITE, ACK and CANCEL is refused; undefined: go on. */
export function inspect(received: ReceivedRequest, context: InspectContext): Refusal | undefined {
  const { request } = received;
  const { method } = request;
  if (!isServed(method, context)) {
    const methods = allowed(context.events, context.registrar !== undefined);
    return refusal(405, "Method Not Allowed", [["Allow", methods]]);
  }
  const unsupported = requiredExtensions(method, request.headers.getAll("Require"));
  if (unsupported !== undefined) return refusal(420, "Bad Extension", [["Unsupported", unsupported]]);
  // §11: OPTIONS is answered by whomever it reaches, for whatever address and with no hop left.
  if (method === "OPTIONS") return undefined;
  // §10.3 step 1: a registrar is where a REGISTER ends.
  if (method === "REGISTER") return inspectRegistrar(request.uri, context);
  if (isLooped(received, context.isOurs)) return refusal(482, "Loop Detected");
  // In a dialog it has come to its end, at the address that we gave as ours.
  if (
    method !== "MESSAGE" &&
    request.read?.to.parameters.has("tag") === true &&
    isOurUri(request.uri, context)
  )
    return undefined;
  // To us a message is not at its end: it goes on into XMPP, so the last hop is used up (§16.3 item 3).
  const hops = request.headers.get("Max-Forwards");
  if (hops !== undefined && Number(hops) === 0) return refusal(483, "Too Many Hops");
  return inspectRequestUri(request.uri, context);
}

/** §8.2.2.1: 416 for a scheme that nobody here can read, 404 for a domain that is not ours. */
function inspectRequestUri(text: string, { domains, uris }: InspectContext): Refusal | undefined {
  const uri = uris.of(text);
  if (!uri.ok) {
    const { code, sipStatus } = uri.rejection;
    return refusal(
      sipStatus,
      code === "SCHEME_UNSUPPORTED" ? "Unsupported URI Scheme" : "Malformed Request-URI",
    );
  }
  // A telephone number has no domain: whether it is served is the core's to say.
  if (uri.value.scheme === "tel" || domains.has("*") || domains.has(uri.value.host)) return undefined;
  return refusal(404, "Domain Not Served");
}

function isServed(method: string, { events, registrar }: InspectContext): boolean {
  if (method === "MESSAGE" || method === "OPTIONS") return true;
  return method === "REGISTER" ? registrar !== undefined : events && isEventMethod(method);
}

function inspectRegistrar(text: string, { registrar, uris }: InspectContext): Refusal | undefined {
  const uri = uris.of(text);
  if (!uri.ok) return refusal(uri.rejection.sipStatus, "Malformed Request-URI");
  return registrar?.has(uri.value.host) === true ? undefined : refusal(404, "Domain Not Registered Here");
}

/** Is this the Contact that our side of a dialog has? */
function isOurUri(text: string, { isOurs, uris }: InspectContext): boolean {
  const uri = uris.of(text);
  if (!uri.ok) return false;
  const { scheme, host, port, parameters } = uri.value;
  const isTls = scheme === "sips" || parameters.get("transport")?.toLowerCase() === "tls";
  return isOurs(host, port ?? (isTls ? 5061 : 5060));
}

/** §8.2.2.3: every option tag in Require that is not supported. */
function requiredExtensions(method: string, values: readonly string[]): string | undefined {
  if (values.length === 0) return undefined;
  const tags = values.flatMap(splitValues);
  const known = method === "SUBSCRIBE" ? [EVENT_LIST] : method === "REGISTER" ? REGISTRAR_TAGS : [];
  const unsupported = tags.filter((tag) => !known.includes(tag.toLowerCase()));
  return unsupported.length === 0 ? undefined : unsupported.join(", ");
}

function refusal(status: number, reason: string, headers: readonly HeaderField[] = []): Refusal {
  return { status, reason, headers };
}
