/** A SUBSCRIBE, NOTIFY or PUBLISH as an input of the core. RFC 6665 §4, §8.2; RFC 3903 §4. */

import type { SipEventInput } from "../../core/input";
import type { Mutable } from "../../core/mutable";
import { acceptedTypes } from "../message/accepted-types";
import { parseEvent } from "../message/event";
import { parseNameAddr } from "../message/name-addr";
import { recordRoutes } from "../message/record-route";
import { parseSeconds } from "../message/seconds";
import { parseSubscriptionState } from "../message/subscription-state";
import { firstValue, splitValues } from "../message/values";
import type { ReceivedRequest } from "../transaction/received-request";
import type { EventMethod } from "./event-methods";

/** Whom the request speaks for, and as whose (see `Trust`). */
export interface Sender {
  readonly fromUri: string;
  readonly peer: string;
  readonly proven: boolean;
}

/**
 * Reads what the core needs. A field that cannot be read, or that nothing works without, is the peer's mistake: then
 * the Reason-Phrase of a 400 comes back. What a NOTIFY lacks (libpurple's has neither Contact nor Subscription-State)
 * is for the core to make sense of.
 */
export function eventInput(
  received: ReceivedRequest,
  method: EventMethod,
  sender: Sender,
): SipEventInput | string {
  const { request, identity, from, cseq } = received;
  const { headers } = request;
  const to = request.read?.to ?? parseNameAddr(headers.get("To") ?? "");
  if (to === undefined) return "Malformed To";
  const input: Mutable<SipEventInput> = {
    kind: "sip-event",
    method,
    rid: identity.transaction.slice(0, RID_LENGTH),
    transaction: received.toTag,
    requestUri: request.uri,
    toUri: to.uri,
    fromUri: sender.fromUri,
    callId: headers.get("Call-ID") ?? "",
    cseq: cseq.number,
    recordRoute: NONE,
    supported: NONE,
    body: request.body,
    peer: sender.peer,
    proven: sender.proven,
  };
  const toTag = to.parameters.get("tag");
  if (toTag !== undefined) input.toTag = toTag;
  const fromTag = from.parameters.get("tag");
  if (fromTag !== undefined) input.fromTag = fromTag;
  return copyTexts(received, input) ?? readDialog(received, input) ?? readEvent(received, input) ?? input;
}

/** Fields whose text is handed on, in one walk. */
function copyTexts({ request }: ReceivedRequest, input: Mutable<SipEventInput>): string | undefined {
  for (const [name, value] of request.headers.fields) {
    switch (name) {
      case "Content-Type":
        input.contentType ??= value;
        break;
      case "Content-Encoding":
        input.contentEncoding ??= value;
        break;
      case "Content-Language":
        input.contentLanguage ??= value;
        break;
      case "SIP-If-Match":
        if (input.ifMatch !== undefined) return "Multiple SIP-If-Match";
        if (value === "") return "Malformed SIP-If-Match";
        input.ifMatch = value;
        break;
      case "Expires": {
        const expires = parseSeconds(value);
        if (expires === undefined) return "Malformed Expires";
        input.expires = expires;
        break;
      }
    }
  }
  return undefined;
}

/** What makes or keeps a dialog: Contact and Record-Route (RFC 3261 §12.1.1, §12.2.2). */
function readDialog({ request }: ReceivedRequest, input: Mutable<SipEventInput>): string | undefined {
  const { headers } = request;
  const routes = recordRoutes(headers);
  if (routes === "too-many") return "Too Many Record-Routes";
  if (routes === "malformed") return "Malformed Record-Route";
  input.recordRoute = routes;
  const value = headers.get("Contact");
  const isNeeded = input.method === "SUBSCRIBE";
  if (value === undefined) return isNeeded && input.toTag === undefined ? "Missing Contact" : undefined;
  const uri = parseNameAddr(firstValue(value))?.uri;
  // §12.1.1: a remote target is a SIP URI. Whatever else stands in a NOTIFY leaves the target as it was.
  if (uri !== undefined && uri.length <= MAXIMUM_TARGET && SIP.test(uri)) input.contact = uri;
  else if (isNeeded) return "Malformed Contact";
  return undefined;
}

/** What RFC 6665 §8.2 adds, and what the watcher can read. */
function readEvent({ request }: ReceivedRequest, input: Mutable<SipEventInput>): string | undefined {
  const { headers } = request;
  const eventText = headers.get("Event");
  if (eventText !== undefined) {
    const event = parseEvent(eventText);
    if (event === undefined) return "Malformed Event";
    input.event = event;
  }
  const [stateText, secondState] = headers.getAll("Subscription-State");
  if (secondState !== undefined) return "Multiple Subscription-State";
  if (stateText !== undefined) {
    const state = parseSubscriptionState(stateText);
    if (state === undefined) return "Malformed Subscription-State";
    input.subscriptionState = state;
  }
  const accept = headers.getAll("Accept");
  if (accept.length > 0) input.accept = acceptedTypes(accept, MAXIMUM_LISTED);
  const supported = headers.getAll("Supported");
  if (supported.length > 0) {
    const tags = supported.flatMap(splitValues).slice(0, MAXIMUM_LISTED);
    input.supported = tags.map((tag) => tag.toLowerCase());
  }
  return undefined;
}

const NONE: readonly string[] = [];
const SIP = /^sips?:/i;
/** 72 bits of the transaction's hash: the log of a retransmission bears the name of the first. */
const RID_LENGTH = 12;
/** A remote target is kept as long as its dialog. The longest seen have some 200 characters (GRUU, opaque parameters). */
const MAXIMUM_TARGET = 1_024;
/** Media types and option tags that anyone could make use of. */
const MAXIMUM_LISTED = 50;
