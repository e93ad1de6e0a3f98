/** Which SIP domains a certificate stands for, and whether that is the one we looked for. RFC 5922 §7.1, §7.2. */

import type { PeerCertificate } from "node:tls";
import { canonicalAddress } from "./ip";

/** What identity needs of a certificate, so that tests need no handshake. */
export type CertificateNames = Pick<PeerCertificate, "subjectaltname"> & {
  readonly subject?: { readonly CN?: string | string[] };
};

/**
 * The SIP domain identities of a certificate that was already found valid, in lower case.
 * §7.1: sip URIs without a user part; only if there are none, DNS names; only without any subjectAltName, the CN.
 * IP addresses follow at the end: they are no domain, but the only name of a peer that is configured by address.
 */
export function sipIdentities(certificate: CertificateNames): readonly string[] {
  if (certificate.subjectaltname === undefined) return commonName(certificate);
  const names = alternativeNames(certificate.subjectaltname);
  const domains = names.uri.length > 0 ? names.uri : names.dns;
  return [...new Set([...domains, ...names.ip])];
}

/**
 * §7.2: whole names, without regard to case; a wildcard stands for nothing but itself.
 * @param name domain, or IP literal for a peer that is configured by address
 */
export function identityMatches(identities: readonly string[], name: string): boolean {
  return identities.includes(canonicalAddress(name) ?? withoutRootDot(name.toLowerCase()));
}

interface AlternativeNames {
  readonly uri: string[];
  readonly dns: string[];
  readonly ip: string[];
}

function alternativeNames(text: string): AlternativeNames {
  const names: AlternativeNames = { uri: [], dns: [], ip: [] };
  for (const entry of splitNames(text)) {
    const colon = entry.indexOf(":");
    const value = unquoted(entry.slice(colon + 1));
    if (value === undefined) continue;
    const kind = entry.slice(0, colon);
    if (kind === "URI") addUri(names.uri, value);
    else if (kind === "DNS") names.dns.push(withoutRootDot(value.toLowerCase()));
    else if (kind === "IP Address") names.ip.push(canonicalAddress(value) ?? value.toLowerCase());
  }
  return names;
}

function addUri(domains: string[], uri: string): void {
  const match = SIP_DOMAIN_URI.exec(uri);
  const host = match?.[1];
  if (host !== undefined) domains.push(canonicalAddress(host) ?? withoutRootDot(host.toLowerCase()));
}

/** Node joins the names by ", " and writes any that could be misread as a JSON string. */
function splitNames(text: string): string[] {
  const entries: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted && char === "\\") at++;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === "," && text[at + 1] === " ") {
      entries.push(text.slice(start, at));
      start = at + 2;
    }
  }
  entries.push(text.slice(start));
  return entries;
}

/** A quoted name could carry a comma, a NUL or a control character; none of those is in a SIP domain, so it counts for nothing. */
function unquoted(value: string): string | undefined {
  return value.startsWith('"') ? undefined : value;
}

function commonName(certificate: CertificateNames): readonly string[] {
  const name = certificate.subject?.CN;
  return typeof name === "string" && DNS_NAME.test(name) ? [withoutRootDot(name.toLowerCase())] : [];
}

function withoutRootDot(name: string): string {
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

/** §7.1: the scheme is sip, there is no user part; port and parameters do not count. */
const SIP_DOMAIN_URI = /^sip:(\[[0-9a-f:.]+\]|[^@:;?[\]/\s]+)(?::\d+)?(?:[;?][^@]*)?$/i;
const DNS_NAME = /^[a-z0-9_](?:[a-z0-9_-]{0,62}[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}[a-z0-9])?)*\.?$/i;
