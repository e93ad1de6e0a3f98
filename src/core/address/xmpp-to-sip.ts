/** JID → SIP, im or pres URI. RFC 7247 §6.5 (steps numbered as there), undoing all ten escapes of XEP-0106 (§6.2). */

import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import { escapeLocalpart, unescapeLocalpart } from "./escape";
import { parseHost } from "./host";
import { type Jid, parseJid } from "./jid";
import { percentEncodeGr, percentEncodeIm, percentEncodeUser } from "./percent";
import type { Mapped } from "./sip-to-xmpp";

export interface JidToSipOptions {
  /** Scheme of the URI (steps 4 and 7); sip unless named. */
  readonly scheme?: "sip" | "sips" | "im" | "pres";
}

/**
 * Maps a JID to a URI by RFC 7247 alone: the domain keeps its name, in A-labels.
 * Refused: ADDRESS_MALFORMED (also for a JID that would come back as another one), ADDRESS_TOO_LONG.
 */
export function jidToSipUri(jidText: string, options: JidToSipOptions = {}): Result<Mapped> {
  const scheme = options.scheme ?? "sip";
  const jid = parseJid(jidText);
  if (!jid.ok) return jid;
  const host = parseHost(jid.value.domain);
  if (!host.ok) return host;
  const name = jid.value.local === undefined ? NO_NAME : localpartToName(jid.value.local);
  if (!name.ok) return name;
  const withParameters = scheme === "sip" || scheme === "sips";
  const encode = withParameters ? percentEncodeUser : percentEncodeIm;
  const user = name.value === undefined ? "" : `${encode(name.value)}@`;
  const gr = withParameters ? grOf(jid.value) : "";
  return ok({
    value: `${scheme}:${user}${host.value}${gr}`,
    rule: describe(jid.value, user, host.value, gr),
  });
}

/**
 * Step 3: the name that a canonical localpart stands for, nothing escaped in it. A localpart such as `a\5cb` stands for
 * the same name as `a\b` does and could not come back: it is refused, or two people would share one SIP address.
 */
export function localpartToName(local: string): Result<string> {
  if (!local.includes("\\")) return ok(local);
  const name = unescapeLocalpart(local);
  if (!name.ok) return name;
  const back = escapeLocalpart(name.value);
  if (!back.ok || back.value !== local)
    return refuse(reject("ADDRESS_MALFORMED", "ambiguous escape in a localpart"));
  return name;
}

/** Step 8: `;gr=…` for the resource, or nothing. */
export function grOf(jid: Jid): string {
  return jid.resource === undefined ? "" : `;gr=${percentEncodeGr(jid.resource)}`;
}

function describe(jid: Jid, user: string, host: string, gr: string): string {
  const steps: string[] = [];
  if (jid.local?.includes("\\")) steps.push("unescaped by XEP-0106 (step 3)");
  if (user.includes("%")) steps.push("percent-encoded (step 5)");
  if (host !== jid.domain) steps.push("domain in A-labels (RFC 5890)");
  if (gr !== "") steps.push("the resource became gr (step 8)");
  else if (jid.resource !== undefined) steps.push("im and pres URIs take no resource (step 8)");
  return `RFC 7247 §6.5: ${steps.length === 0 ? "nothing to convert" : steps.join(", ")}`;
}

const NO_NAME: Result<undefined> = ok(undefined);
