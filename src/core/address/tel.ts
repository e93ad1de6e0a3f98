/** A telephone number as a SIP user part. RFC 3261 §19.1.6, RFC 3966 §3 and §5.1.1. */

import type { SipUri } from "./sip-uri";

/**
 * The user part that a tel URI becomes: number without visual separators, then its parameters in lower case, sorted by
 * name, `isub` and `postd` first. Equal numbers give equal users, and numbers of different contexts stay different.
 */
export function telToUser(uri: SipUri): string {
  let user = (uri.user ?? "").replace(VISUAL_SEPARATORS, "").toLowerCase();
  for (const name of [...uri.parameters.keys()].sort(byTelOrder)) {
    const value = uri.parameters.get(name)?.toLowerCase();
    if (value === undefined) user += `;${name}`;
    // A global number that serves as context is compared without separators too (§5.1.5); a domain keeps its dots.
    else user += `;${name}=${value.startsWith("+") ? value.replace(VISUAL_SEPARATORS, "") : value}`;
  }
  return user;
}

/** Is the localpart a global telephone number, so that its SIP URI says `;user=phone`? */
export function isTelephoneNumber(localpart: string): boolean {
  return GLOBAL_NUMBER.test(localpart);
}

function byTelOrder(one: string, other: string): number {
  return rank(one) - rank(other) || (one < other ? -1 : 1);
}

function rank(name: string): number {
  return name === "isub" ? 0 : name === "postd" ? 1 : 2;
}

const VISUAL_SEPARATORS = /[-.()]/g;
const GLOBAL_NUMBER = /^\+\d+$/;
