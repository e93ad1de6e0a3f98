/** Who is whom across the domain rules: RFC 7247 §6.4 and §6.5 with the domains that the operator named. */

import { Memo } from "../memo";
import { type Rejection, reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import type { DomainTable, SipDomainRule, XmppDomainRule } from "../tables";
import { DomainIndex } from "./domain-index";
import { parseHost } from "./host";
import { isIpv4 } from "./ip-literal";
import { enforceDomain, type Jid, parseJid } from "./jid";
import { percentDecode, percentEncodeUser } from "./percent";
import { nameToLocalpart, resourceOf, userToLocalpart } from "./sip-to-xmpp";
import { parseSipUri, type SipUri } from "./sip-uri";
import { isTelephoneNumber, telToUser } from "./tel";
import { grOf, localpartToName } from "./xmpp-to-sip";
import { parseXmppUri } from "./xmpp-uri";

export interface JidByRule<Rule> {
  /** Text of the JID, canonical. */
  readonly jid: string;
  readonly rule: Rule;
}

export interface UriByRule<Rule> {
  /** Text of a sip URI. */
  readonly uri: string;
  readonly rule: Rule;
}

/** A domain table with its look-ups and its memory: the same few thousand people write nearly all messages. */
class Directions extends DomainIndex {
  readonly sipSenders = new Memo((uri) => sipSender(uri, this), REMEMBERED);
  readonly sipTargets = new Memo((uri) => sipTarget(uri, this), REMEMBERED);
  readonly jidSenders = new Memo((jid) => jidSender(jid, this), REMEMBERED);
  readonly jidTargets = new Memo((jid) => jidTarget(jid, this), REMEMBERED);
}

/** Makes the look-ups of a table once; a table that has them already is given back. */
export function compileDomains(table: DomainTable): Directions {
  return table instanceof Directions ? table : new Directions(table);
}

/**
 * The JID of somebody who lives on SIP (From, P-Asserted-Identity): his domain becomes its component host.
 * Refused: SENDER_NOT_SERVED when no rule names the domain or there is no user, and what reading an address may refuse.
 * @param domains best compiled (`compileDomains`): a plain table is compiled anew for each call
 */
export function sipSenderToJid(uriText: string, domains: DomainTable): Result<JidByRule<SipDomainRule>> {
  return compileDomains(domains).sipSenders.of(uriText);
}

function sipSender(uriText: string, index: DomainIndex): Result<JidByRule<SipDomainRule>> {
  const uri = parseSipUri(uriText);
  if (!uri.ok) return uri;
  if (uri.value.scheme === "xmpp") return xmppSender(uriText, index);
  const isTel = uri.value.scheme === "tel";
  const rule = isTel ? index.telephone : index.sipByHost.get(uri.value.host);
  const user = isTel ? telToUser(uri.value) : uri.value.user;
  // Without a user the JID would be the component itself: nobody may speak as the gateway.
  if (!rule || user === undefined) return refuse(reject("SENDER_NOT_SERVED", uri.value.host));
  return underRule(user, rule.xmpp, uri.value, rule);
}

/**
 * The JID of somebody who lives on XMPP (Request-URI): exact rules first, then the gateway form, then "*".
 * Refused: SIPS_NOT_TRANSLATED (RFC 7247 §8); DOMAIN_NOT_SERVED when no rule reaches the domain, or when the address
 * belongs to somebody on SIP (that would be SIP to SIP through us); and what reading an address may refuse.
 */
export function sipTargetToJid(uriText: string, domains: DomainTable): Result<JidByRule<XmppDomainRule>> {
  return compileDomains(domains).sipTargets.of(uriText);
}

function sipTarget(uriText: string, index: DomainIndex): Result<JidByRule<XmppDomainRule>> {
  const uri = parseSipUri(uriText);
  if (!uri.ok) return uri;
  const { scheme, host, user } = uri.value;
  if (scheme === "sips") return refuse(reject("SIPS_NOT_TRANSLATED"));
  if (scheme === "xmpp") return xmppTarget(uriText, index);
  const route = index.routeByHost.get(host);
  if (route) return underRule(user, route.xmpp, uri.value, route);
  if (index.gatewayHosts.has(host)) return gatewayTarget(uri.value, index);
  const any = index.anyByRoute;
  if (!any || index.sipByHost.has(host) || isAddressOrNothing(host)) return notServed(host);
  const domain = enforceDomain(host);
  if (!domain.ok) return domain;
  const rule = ruleForXmppDomain(domain.value, index, any);
  return rule ? underRule(user, domain.value, uri.value, rule) : notServed(host);
}

/**
 * The SIP URI of somebody who lives on XMPP and writes (From of our request), resource as `gr`.
 * Refused: SENDER_NOT_SERVED when no rule names the domain (RFC 8048 §8.1) or it is a component host of ours.
 */
export function jidSenderToSip(jidText: string, domains: DomainTable): Result<UriByRule<XmppDomainRule>> {
  return compileDomains(domains).jidSenders.of(jidText);
}

function jidSender(jidText: string, index: DomainIndex): Result<UriByRule<XmppDomainRule>> {
  const jid = parseJid(jidText);
  if (!jid.ok) return jid;
  const rule = ruleForXmppDomain(jid.value.domain, index);
  if (!rule) return refuse(reject("SENDER_NOT_SERVED", jid.value.domain));
  const name = nameOf(jid.value);
  if (!name.ok) return name;
  const domain = parseHost(jid.value.domain);
  if (!domain.ok) return domain;
  const uri =
    rule.via === "gateway"
      ? `sip:${percentEncodeUser(`${name.value ?? ""}@${domain.value}`)}@${rule.sip}`
      : sipUri(name.value, rule.sip === "*" ? domain.value : rule.sip);
  return ok({ uri: uri + grOf(jid.value), rule });
}

/**
 * The SIP URI of somebody who lives on SIP and is written to (Request-URI and To). A global telephone number under the
 * rule with `tel` says `;user=phone` (RFC 3261 §19.1.6); other users are left alone.
 * Refused: DOMAIN_NOT_SERVED when the domain is not a component host of ours.
 */
export function jidTargetToSip(jidText: string, domains: DomainTable): Result<UriByRule<SipDomainRule>> {
  return compileDomains(domains).jidTargets.of(jidText);
}

function jidTarget(jidText: string, index: DomainIndex): Result<UriByRule<SipDomainRule>> {
  const jid = parseJid(jidText);
  if (!jid.ok) return jid;
  const rule = index.sipByComponent.get(jid.value.domain);
  if (!rule) return notServed(jid.value.domain);
  const name = nameOf(jid.value);
  if (!name.ok) return name;
  const phone = rule.tel && name.value !== undefined && isTelephoneNumber(name.value) ? ";user=phone" : "";
  return ok({ uri: sipUri(name.value, rule.sip) + phone + grOf(jid.value), rule });
}

/** `sip:juliet%40gmail.example@gateway.example`: the domain follows the last `@` of the decoded user part. */
function gatewayTarget(uri: SipUri, index: DomainIndex): Result<JidByRule<XmppDomainRule>> {
  const inside = percentDecode(uri.user ?? "");
  if (!inside.ok) return inside;
  const at = inside.value.lastIndexOf("@");
  if (at < 0) return notServed(uri.host);
  const domain = enforceDomain(inside.value.slice(at + 1));
  if (!domain.ok) return domain;
  const rule = ruleForXmppDomain(domain.value, index, index.anyByGateway);
  if (rule?.via !== "gateway" || rule.sip !== uri.host) return notServed(domain.value);
  const local = at === 0 ? NOBODY : nameToLocalpart(inside.value.slice(0, at));
  return local.ok ? joined(local.value, domain.value, uri, rule) : local;
}

/** `xmpp:juliet@gmail.example`, written by a SIP person: any domain that a rule reaches. */
function xmppTarget(uriText: string, index: DomainIndex): Result<JidByRule<XmppDomainRule>> {
  const jid = parseXmppUri(uriText);
  if (!jid.ok) return jid;
  const rule = ruleForXmppDomain(jid.value.domain, index);
  if (!rule) return notServed(jid.value.domain);
  const resource = jid.value.resource === undefined ? "" : `/${jid.value.resource}`;
  return ok({ jid: joinBare(jid.value.local, jid.value.domain) + resource, rule });
}

/** A SIP person who calls himself by the JID that he has through us. */
function xmppSender(uriText: string, index: DomainIndex): Result<JidByRule<SipDomainRule>> {
  const jid = parseXmppUri(uriText);
  if (!jid.ok) return jid;
  const { local, domain, resource } = jid.value;
  const rule = index.sipByComponent.get(domain);
  if (!rule || local === undefined) return refuse(reject("SENDER_NOT_SERVED", domain));
  return ok({ jid: joinBare(local, domain) + (resource === undefined ? "" : `/${resource}`), rule });
}

/** An exact rule wins over "*"; nobody on a component host of ours lives on XMPP; "*" reaches names, not addresses. */
function ruleForXmppDomain(
  domain: string,
  index: DomainIndex,
  any = index.anyXmpp,
): XmppDomainRule | undefined {
  const exact = index.xmppByDomain.get(domain);
  if (exact || index.sipByComponent.has(domain) || isAddressOrNothing(domain)) return exact;
  return any;
}

function isAddressOrNothing(domain: string): boolean {
  return domain === "" || domain.startsWith("[") || isIpv4(domain);
}

function underRule<Rule>(
  user: string | undefined,
  domain: string,
  uri: SipUri,
  rule: Rule,
): Result<JidByRule<Rule>> {
  const local = user === undefined ? NOBODY : userToLocalpart(user);
  return local.ok ? joined(local.value, domain, uri, rule) : local;
}

function joined<Rule>(
  local: string | undefined,
  domain: string,
  uri: SipUri,
  rule: Rule,
): Result<JidByRule<Rule>> {
  const resource = resourceOf(uri);
  if (!resource.ok) return resource;
  const bare = joinBare(local, domain);
  return ok({ jid: resource.value === undefined ? bare : `${bare}/${resource.value}`, rule });
}

function joinBare(local: string | undefined, domain: string): string {
  return local === undefined ? domain : `${local}@${domain}`;
}

function nameOf(jid: Jid): Result<string | undefined> {
  return jid.local === undefined ? NOBODY : localpartToName(jid.local);
}

function sipUri(name: string | undefined, host: string): string {
  return name === undefined ? `sip:${host}` : `sip:${percentEncodeUser(name)}@${host}`;
}

function notServed(domain: string): { readonly ok: false; readonly rejection: Rejection } {
  return refuse(reject("DOMAIN_NOT_SERVED", domain));
}

const NOBODY: Result<undefined> = ok(undefined);
/** Addresses of each kind whose mapping is remembered: some 2 MiB each at their longest. */
const REMEMBERED = 4_096;
