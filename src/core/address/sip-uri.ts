/** Reading and writing the URIs that SIP headers hold. RFC 3261 §19.1 and §25.1, RFC 3860, RFC 3859, RFC 3966, RFC 5122. */

import type { Mutable } from "../mutable";
import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import { parseHost } from "./host";
import { percentDecode } from "./percent";
import { splitXmppUri } from "./xmpp-uri";

export type UriScheme = "sip" | "sips" | "tel" | "im" | "pres" | "xmpp";

export interface SipUri {
  readonly scheme: UriScheme;
  /** Still percent-encoded, without the password: that is never kept. For tel the number, for xmpp the localpart. */
  readonly user?: string;
  /** Lower case, A-labels; an IPv6 literal keeps its brackets. Empty for tel. */
  readonly host: string;
  readonly port?: number;
  /** Names in lower case, values still percent-encoded. The resource of an xmpp URI stands here as `gr`. */
  readonly parameters: ReadonlyMap<string, string | undefined>;
  /** What follows `?`, as it stood. */
  readonly headers?: string;
}

/**
 * Reads a URI: sip, sips, im, pres, tel or xmpp. The user part ends at the first `@` of the encoded text, and a `;`
 * before that belongs to it (RFC 7247 §6.4 step 2).
 * Refused: ADDRESS_MALFORMED, ADDRESS_TOO_LONG (over 65,536 characters), SCHEME_UNSUPPORTED.
 */
export function parseSipUri(text: string): Result<SipUri> {
  if (text.length > URI_MAX) return refuse(reject("ADDRESS_TOO_LONG", "URI"));
  const colon = text.indexOf(":");
  const scheme =
    colon === 3 && text.startsWith("sip") ? "sip" : text.slice(0, Math.max(colon, 0)).toLowerCase();
  if ((!PLAIN.test(text) && UNFIT.test(text)) || !SCHEME.test(scheme)) return malformed("URI");
  const rest = text.slice(colon + 1);
  switch (scheme) {
    case "sip":
    case "sips":
    case "im":
    case "pres":
      return parseAtHost(scheme, rest);
    case "tel":
      return parseTel(rest);
    case "xmpp":
      return parseXmpp(rest);
    default:
      return refuse(reject("SCHEME_UNSUPPORTED", scheme.slice(0, 32)));
  }
}

/** The text of a URI. Parts are taken as they are: encode them first. */
export function formatSipUri(uri: SipUri): string {
  const user = uri.user === undefined ? "" : uri.host === "" ? uri.user : `${uri.user}@`;
  let text = `${uri.scheme}:${user}${uri.host}`;
  if (uri.port !== undefined) text += `:${uri.port}`;
  for (const [name, value] of uri.parameters) {
    if (uri.scheme === "xmpp") text += `/${value ?? ""}`;
    else text += value === undefined ? `;${name}` : `;${name}=${value}`;
  }
  return uri.headers === undefined ? text : `${text}?${uri.headers}`;
}

function parseAtHost(scheme: UriScheme, rest: string): Result<SipUri> {
  const at = rest.indexOf("@");
  const user = at < 0 ? undefined : withoutPassword(rest.slice(0, at));
  if (user === "") return malformed("user");
  const afterUser = rest.slice(at + 1);
  const question = afterUser.indexOf("?");
  const headers = question < 0 ? undefined : afterUser.slice(question + 1);
  const hostAndParameters = question < 0 ? afterUser : afterUser.slice(0, question);
  const semicolon = hostAndParameters.indexOf(";");
  const parameters = semicolon < 0 ? NO_PARAMETERS : parseParameters(hostAndParameters, semicolon);
  if (!parameters) return malformed("parameters");
  const hostPort = semicolon < 0 ? hostAndParameters : hostAndParameters.slice(0, semicolon);
  const portColon = hostPort.indexOf(":", hostPort.lastIndexOf("]") + 1);
  const host = parseHost(portColon < 0 ? hostPort : hostPort.slice(0, portColon));
  if (!host.ok) return host;
  const port = portColon < 0 ? undefined : parsePort(hostPort.slice(portColon + 1));
  if (Number.isNaN(port)) return malformed("port");
  const uri = plainUri(scheme, user, host.value, parameters);
  if (port !== undefined) uri.port = port;
  if (headers !== undefined) uri.headers = headers;
  return ok(uri);
}

/** Most URIs: written out, because this runs for every address of every message. */
function plainUri(
  scheme: UriScheme,
  user: string | undefined,
  host: string,
  parameters: SipUri["parameters"],
): Mutable<SipUri> {
  return user === undefined ? { scheme, host, parameters } : { scheme, user, host, parameters };
}

/** RFC 3966 §3: a number and its parameters. */
function parseTel(rest: string): Result<SipUri> {
  const semicolon = rest.indexOf(";");
  const parameters = semicolon < 0 ? NO_PARAMETERS : parseParameters(rest, semicolon);
  const user = semicolon < 0 ? rest : rest.slice(0, semicolon);
  if (!parameters || !TELEPHONE.test(user)) return malformed("telephone number");
  return ok({ scheme: "tel", user, host: "", parameters });
}

function parseXmpp(rest: string): Result<SipUri> {
  const { local, domain, resource, query } = splitXmppUri(rest);
  const name = percentDecode(domain);
  if (!name.ok) return name;
  const host = parseHost(name.value);
  if (!host.ok) return host;
  if (local === "" || resource === "") return malformed("XMPP URI");
  return ok({
    scheme: "xmpp",
    host: host.value,
    parameters: resource === undefined ? NO_PARAMETERS : new Map([["gr", resource]]),
    ...(local === undefined ? undefined : { user: local }),
    ...(query === undefined ? undefined : { headers: query }),
  });
}

/** A password must never leak into a JID. */
function withoutPassword(userinfo: string): string {
  const colon = userinfo.indexOf(":");
  return colon < 0 ? userinfo : userinfo.slice(0, colon);
}

/** From the first semicolon on; undefined when a name is empty or stands twice (RFC 3261 §19.1.1). */
function parseParameters(text: string, semicolon: number): Map<string, string | undefined> | undefined {
  const parameters = new Map<string, string | undefined>();
  let start = semicolon + 1;
  while (start <= text.length) {
    const next = text.indexOf(";", start);
    const end = next < 0 ? text.length : next;
    const equals = text.indexOf("=", start);
    const hasValue = equals >= 0 && equals < end;
    const name = text.slice(start, hasValue ? equals : end).toLowerCase();
    if (name === "" || parameters.has(name)) return undefined;
    parameters.set(name, hasValue ? text.slice(equals + 1, end) : undefined);
    start = end + 1;
  }
  return parameters;
}

function parsePort(digits: string): number {
  const port = PORT.test(digits) ? Number(digits) : Number.NaN;
  return port >= 1 && port <= 65_535 ? port : Number.NaN;
}

function malformed(detail: string): { readonly ok: false; readonly rejection: ReturnType<typeof reject> } {
  return refuse(reject("ADDRESS_MALFORMED", detail));
}

const NO_PARAMETERS: ReadonlyMap<string, string | undefined> = new Map();
/** Longer than any URI that maps: three parts of 1023 octets, each written as `%HH`, make 9,207. */
const URI_MAX = 65_536;
/** Printable ASCII without `"`, `<` and `>`: nearly every URI, judged without Unicode. */
const PLAIN = /^[!#-;=?-~]*$/;
const SCHEME = /^[a-z][a-z0-9+.-]*$/;
const PORT = /^\d{1,5}$/;
/** RFC 3966 §3: digits, for local numbers also hex digits, `*` and `#`, with visual separators. */
const TELEPHONE = /^\+?[-.()]*[0-9A-Fa-f*#][0-9A-Fa-f*#\-.()]*$/;
/** Nothing of this may stand in a URI; it would forge headers or end the angle brackets. */
const UNFIT = /[\u0000-\u0020\u007f-\u009f"<>\ud800-\udfff]/u;
