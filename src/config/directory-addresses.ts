/** Addresses for the directory: the core's rules, with the domains of the configuration. */

import {
  compileDomains,
  jidSenderToSip,
  jidTargetToSip,
  sipSenderToJid,
  sipTargetToJid,
} from "../core/address/domains";
import { bareJid, parseJid } from "../core/address/jid";
import { percentDecode, percentEncodeUser } from "../core/address/percent";
import { parseSipUri } from "../core/address/sip-uri";
import { telToUser } from "../core/address/tel";
import type { DomainTable } from "../core/tables";
import type { Addresses, SipAddress } from "../directory/addresses";

/** How the directory reads addresses and finds the other form of each. RFC 7247 §6. */
export function addressesOf(table: DomainTable): Addresses {
  const domains = compileDomains(table);
  const telephone = table.sip.find((rule) => rule.tel)?.sip;
  return {
    readSip: (text) => readSip(text, telephone),
    readJid,
    jidOfSip: (uri) => {
      const onSip = sipSenderToJid(uri, domains);
      const found = onSip.ok ? onSip : sipTargetToJid(uri, domains);
      return found.ok ? readJid(found.value.jid) : undefined;
    },
    sipOfJid: (jid) => {
      const onXmpp = jidSenderToSip(jid, domains);
      const found = onXmpp.ok ? onXmpp : jidTargetToSip(jid, domains);
      return found.ok ? readSip(found.value.uri, telephone) : undefined;
    },
  };
}

function readJid(text: string): string | undefined {
  const jid = parseJid(text);
  return jid.ok && jid.value.local !== undefined ? bareJid(jid.value) : undefined;
}

/** Of `user@domain` without a scheme the user is taken as it stands: directories do not percent-encode. */
function readSip(text: string, telephone: string | undefined): SipAddress | undefined {
  if (!SCHEME.test(text)) {
    const at = text.lastIndexOf("@");
    return at < 1 ? undefined : readUri(`sip:${encoded(text.slice(0, at))}@${text.slice(at + 1)}`);
  }
  if (!TEL.test(text)) return readUri(text);
  const uri = parseSipUri(text);
  if (!uri.ok || telephone === undefined) return undefined;
  return readUri(`sip:${encoded(telToUser(uri.value))}@${telephone}`);
}

function readUri(text: string): SipAddress | undefined {
  const uri = parseSipUri(text);
  if (!uri.ok || uri.value.user === undefined || !SIP.test(text)) return undefined;
  const user = percentDecode(uri.value.user);
  if (!user.ok) return undefined;
  return { user: user.value, domain: uri.value.host, uri: `sip:${encoded(user.value)}@${uri.value.host}` };
}

/** Halves of surrogate pairs cannot be encoded; what stands for them is refused when it is read. */
function encoded(user: string): string {
  return SURROGATE.test(user) ? "%00" : percentEncodeUser(user);
}

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;
const SURROGATE = /[\ud800-\udfff]/u;
const TEL = /^tel:/i;
const SIP = /^sips?:/i;
