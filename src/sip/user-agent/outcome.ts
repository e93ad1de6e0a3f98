/** What a final response, or the lack of one, means to the sender. RFC 3261 §8.1.3. */

import type { SipOutcome } from "../../core/input";
import type { SipResponse } from "../message/message";
import { parseNameAddr } from "../message/name-addr";
import { splitValues } from "../message/values";

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

type Mutable<T> = { -readonly [key in keyof T]: T[key] };
const SECONDS = /^\d{1,10}/;
/** Contacts and media types that anyone could make use of. */
const MAXIMUM_LISTED = 50;
