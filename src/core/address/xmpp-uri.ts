/** XMPP addresses as URIs: `xmpp:node@host/resource?query`. RFC 5122 §2. */

import { reject } from "../rejection";
import { type Result, refuse } from "../result";
import { type Jid, parseJid } from "./jid";
import { percentDecode } from "./percent";

/** The parts of an XMPP URI, still percent-encoded. */
export interface XmppUriParts {
  readonly local?: string;
  readonly domain: string;
  readonly resource?: string;
  readonly query?: string;
}

/**
 * Reads what follows `xmpp:` into its parts (§2.2). An authority (`//guest@server/`), which names the account to use, is
 * passed over; a fragment is dropped.
 */
export function splitXmppUri(rest: string): XmppUriParts {
  const hash = rest.indexOf("#");
  const whole = hash < 0 ? rest : rest.slice(0, hash);
  const question = whole.indexOf("?");
  const path = withoutAuthority(question < 0 ? whole : whole.slice(0, question));
  const slash = path.indexOf("/");
  const bare = slash < 0 ? path : path.slice(0, slash);
  const at = bare.indexOf("@");
  return {
    domain: bare.slice(at + 1),
    ...(at < 0 ? undefined : { local: bare.slice(0, at) }),
    ...(slash < 0 ? undefined : { resource: path.slice(slash + 1) }),
    ...(question < 0 ? undefined : { query: whole.slice(question + 1) }),
  };
}

/**
 * The address in an XMPP URI or IRI.
 * Refused: ADDRESS_MALFORMED, ADDRESS_TOO_LONG, and SCHEME_UNSUPPORTED when it is another kind of URI.
 */
export function parseXmppUri(text: string): Result<Jid> {
  if (!SCHEME.test(text)) return refuse(reject("SCHEME_UNSUPPORTED", "not an XMPP URI"));
  if (text.length > URI_MAX) return refuse(reject("ADDRESS_TOO_LONG", "URI"));
  const parts = splitXmppUri(text.slice("xmpp:".length));
  const local = percentDecode(parts.local ?? "");
  if (!local.ok) return local;
  const domain = percentDecode(parts.domain);
  if (!domain.ok) return domain;
  const resource = percentDecode(parts.resource ?? "");
  if (!resource.ok) return resource;
  // An encoded separator would move the parts: only a resource may hold one.
  if (SEPARATOR.test(local.value) || SEPARATOR.test(domain.value))
    return refuse(reject("ADDRESS_MALFORMED", "separator"));
  const bare = parts.local === undefined ? domain.value : `${local.value}@${domain.value}`;
  return parseJid(parts.resource === undefined ? bare : `${bare}/${resource.value}`);
}

/** The URI of an address (§2.7.1): whatever is not unreserved is percent-encoded. */
export function formatXmppUri(jid: Jid): string {
  const local = jid.local === undefined ? "" : `${encodeURIComponent(jid.local)}@`;
  const domain = jid.domain.startsWith("[") ? jid.domain : encodeURIComponent(jid.domain);
  return `xmpp:${local}${domain}${jid.resource === undefined ? "" : `/${encodeURIComponent(jid.resource)}`}`;
}

function withoutAuthority(path: string): string {
  if (!path.startsWith("//")) return path;
  const slash = path.indexOf("/", 2);
  return slash < 0 ? "" : path.slice(slash + 1);
}

const SCHEME = /^xmpp:/i;
const SEPARATOR = /[@/]/;
/** As for the other URIs: more cannot become a JID. */
const URI_MAX = 65_536;
