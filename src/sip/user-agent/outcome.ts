/** What a final response, or the lack of one, means to the sender. RFC 3261 §8.1.3. */

import type { SipDialogOutcome, SipOutcome } from "../../core/input";
import type { Mutable } from "../../core/mutable";
import type { SipResponse } from "../message/message";
import { parseNameAddr } from "../message/name-addr";
import { recordRoutes } from "../message/record-route";
import { parseSeconds } from "../message/seconds";
import { firstValue, splitValues } from "../message/values";

/** @param maybeDelivered did an earlier attempt perhaps reach the far side? */
export function outcomeOf(response: SipResponse, maybeDelivered: boolean): SipOutcome {
  const { status, reason, headers } = response;
  const outcome: Mutable<SipOutcome> = { status, reason, local: false, maybeDelivered };
  if (status < 300) return outcome;
  const retryAfter = retryAfterOf(response);
  if (retryAfter !== undefined) outcome.retryAfter = retryAfter;
  if (status < 400) outcome.contacts = contactsOf(headers.getAll("Contact"));
  if (status === 415)
    outcome.accept = headers.getAll("Accept").flatMap(splitValues).map(mediaType).slice(0, MAXIMUM_LISTED);
  return outcome;
}

/** The same for a NOTIFY, whose answer says nothing of the dialog that anybody may rely on. @param cseq of the last attempt */
export function notifyOutcomeOf(outcome: SipOutcome, cseq: number): SipDialogOutcome {
  // Each field by its name: of a copy that is spread, V8 looks for the fields every time.
  const { status, reason, local, maybeDelivered, retryAfter } = outcome;
  const told = { status, reason, local, maybeDelivered, cseq, recordRoute: NO_ROUTES };
  return retryAfter === undefined ? told : { ...told, retryAfter };
}

/**
 * The same for a SUBSCRIBE, with what the answer says of the dialog (RFC 3261 §12.1.2, §12.2.1.2).
 * @param cseq of the last attempt
 * @param response absent when there was none
 */
export function dialogOutcomeOf(
  outcome: SipOutcome,
  cseq: number,
  response: SipResponse | undefined,
): SipDialogOutcome {
  if (response === undefined) return { ...outcome, cseq, recordRoute: NO_ROUTES };
  const { headers } = response;
  const to = response.read?.to ?? parseNameAddr(headers.get("To") ?? "");
  const toTag = to?.parameters.get("tag");
  const contact = parseNameAddr(firstValue(headers.get("Contact") ?? ""))?.uri;
  const routes = recordRoutes(headers);
  const expires = parseSeconds(headers.get("Expires") ?? "");
  const minExpires = parseSeconds(headers.get("Min-Expires") ?? "");
  const told: Mutable<SipDialogOutcome> = {
    cseq,
    // What cannot be read, or is more than a dialog can bear, is no route set: the far side is then asked directly.
    recordRoute: typeof routes === "string" ? NO_ROUTES : routes,
    ...outcome,
  };
  if (toTag !== undefined) told.toTag = toTag;
  if (contact !== undefined && contact.length <= MAXIMUM_TARGET) told.contact = contact;
  if (expires !== undefined) told.expires = expires;
  if (minExpires !== undefined) told.minExpires = minExpires;
  return told;
}

/** How a PUBLISH ended (RFC 3903 §4.1). */
export interface PublishOutcome extends SipDialogOutcome {
  /** SIP-ETag of a 2xx. */
  readonly etag?: string;
}

export function publishOutcomeOf(
  outcome: SipOutcome,
  cseq: number,
  response: SipResponse | undefined,
): PublishOutcome {
  const etag = response?.headers.get("SIP-ETag");
  return { ...dialogOutcomeOf(outcome, cseq, response), ...(etag === undefined ? {} : { etag }) };
}

/** Our own word, where nobody else said anything (§8.1.3.1). */
export function localOutcome(status: number, reason: string, maybeDelivered: boolean): SipOutcome {
  return { status, reason, local: true, maybeDelivered };
}

/** Seconds of Retry-After, whatever comment or parameters follow (§20.33). */
export function retryAfterOf({ headers }: SipResponse): number | undefined {
  const value = headers.get("Retry-After");
  const digits = value === undefined ? null : SECONDS.exec(value);
  return digits === null ? undefined : Number(digits[0]);
}

function contactsOf(values: readonly string[]): readonly string[] {
  const contacts: string[] = [];
  for (const element of values.flatMap(splitValues)) {
    const uri = parseNameAddr(element)?.uri;
    if (uri !== undefined && contacts.length < MAXIMUM_LISTED) contacts.push(uri);
  }
  return contacts;
}

function mediaType(range: string): string {
  const semicolon = range.indexOf(";");
  return (semicolon < 0 ? range : range.slice(0, semicolon)).trim().toLowerCase();
}

const NO_ROUTES: readonly string[] = [];
const SECONDS = /^\d{1,10}/;
/** Contacts and media types that anyone could make use of. */
const MAXIMUM_LISTED = 50;
/** As of a Contact in a request: kept as long as its dialog. */
const MAXIMUM_TARGET = 1_024;
