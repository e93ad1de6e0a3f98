/** Config → what each part is constructed with. Pure: main.ts only constructs. */

import type { PeerSwitches } from "../core/switches";
import type { Tables } from "../core/tables";
import type { GatewayLimits } from "../gateway/limits";
import { DIGEST_ALGORITHMS, type DigestAlgorithm } from "../sip/auth/digest";
import type { SipOptions } from "../sip/options";
import type { XmppOptions } from "../xmpp/options";
import type { Config } from "./config";

/** What the SIP user agent is told. @param version of this release, for the User-Agent and Server headers */
export function sipOptions(config: Config, version: string): SipOptions {
  const { sip } = config;
  return {
    transport: {
      listeners: sip.listeners,
      ...(sip.tls === undefined ? {} : { tls: sip.tls }),
      idleCloseMs: sip.limits.idleClose,
      connectTimeoutMs: sip.limits.connectTimeout,
      maximumConnections: sip.limits.connections,
      maximumMessageBytes: sip.limits.messageSize,
    },
    timers: sip.timers,
    peers: sip.peers,
    domains: servedDomains(config),
    users: sip.users,
    signingDomains: signingDomains(config),
    ...(config.registrar === undefined ? {} : { registrar: config.registrar }),
    digestAlgorithms: offeredAlgorithms(config.directory, sip.realm),
    realm: sip.realm,
    accept: config.contentTypes.accept,
    software: `${SOFTWARE}/${version}`,
    maximumServerTransactions: sip.limits.serverTransactions,
    maximumClientTransactions: sip.limits.clientTransactions,
  };
}

/** What the XMPP side is told. */
export function xmppOptions(config: Config, version: string): XmppOptions {
  const { xmpp } = config;
  return {
    components: xmpp.components,
    reconnectMs: xmpp.reconnect,
    pingEveryMs: xmpp.ping.every,
    pingDeadlineMs: xmpp.ping.deadline,
    proofDeadlineMs: xmpp.proofDeadline,
    maximumInFlight: xmpp.limits.inFlight,
    maximumQueuedBytes: xmpp.limits.queuedSize,
    maximumStanzaBytes: xmpp.limits.stanzaSize,
    maximumDepth: xmpp.limits.depth,
    software: { name: SOFTWARE, version },
  };
}

/** Everything that a translation looks up; switches by peer name, "default" for whoever belongs to none. */
export function tables(config: Config): Tables {
  const switches = new Map<string, PeerSwitches>([["default", config.sip.switches]]);
  for (const peer of config.sip.peers) switches.set(peer.name, peer.switches);
  const { domains, errors, contentTypes, presenceTable: presence } = config;
  return { domains, errors, contentTypes, presence, switches };
}

/** The gateway's bounds. */
export function gatewayLimits(config: Config): GatewayLimits {
  return config.limits;
}

/** Every SIP domain that a rule names; "*" when any far domain is reached under its own name. */
function servedDomains({ domains }: Config): string[] {
  return [...new Set([...domains.sip.map((rule) => rule.sip), ...domains.xmpp.map((rule) => rule.sip)])];
}

/** SIP domains of the users file; with LDAP anybody of a domain that lives on SIP may sign, as far as LDAP knows him. */
function signingDomains({ directory, domains }: Config): string[] {
  const isInLdap = directory.sources.some(({ kind }) => kind === "ldap");
  return isInLdap ? domains.sip.map((rule) => rule.sip) : [];
}

/** The strongest first: what everybody listed can answer, and what LDAP has an attribute for. */
function offeredAlgorithms({ sources }: Config["directory"], realm: string): readonly DigestAlgorithm[] {
  const held = sources.flatMap((source): (readonly string[])[] => {
    if (source.kind === "users")
      return source.people.filter((one) => one.realm === realm).map(({ ha1 }) => Object.keys(ha1));
    const { md5, sha256, sha512 } = source.attributes;
    const names = { MD5: md5, "SHA-256": sha256, "SHA-512-256": sha512 };
    return [DIGEST_ALGORITHMS.filter((algorithm) => names[algorithm] !== undefined)];
  });
  const shared = DIGEST_ALGORITHMS.filter((algorithm) => held.every((one) => one.includes(algorithm)));
  if (shared.length > 0) return shared;
  return DIGEST_ALGORITHMS.filter((algorithm) => held.some((one) => one.includes(algorithm)));
}

const SOFTWARE = "Isthmus";
