/** `service:` → what the service is told at start. */

import type { ServiceOptions } from "../gateway/service/options";
import type { Config } from "./config";
import type { Settings } from "./schema";

/** The keys under `service:`, as the service takes them. */
export function serviceOptions({ service }: Settings): ServiceOptions {
  const { administrators, domains, commands, cards, search, numbers, limits } = service;
  const { country, trunk, international } = numbers;
  return {
    administrators,
    domains,
    commands,
    cards,
    ...(search.enabled ? { search: { limit: search.results, minimumLetters: search.letters } } : {}),
    ...(country === undefined ? {} : { numbers: { country, trunk, international } }),
    maximumSessions: limits.sessions,
    maximumSessionsPerPerson: limits.perPerson,
    sessionLifetimeMs: limits.sessionLifetime,
    burst: limits.burst,
    perSecond: limits.perSecond,
  };
}

/** Where the requests of a peer go, in words for an administrator. */
export function waysOf({ sip }: Pick<Config, "sip">): (peer: string) => string {
  const proxies = new Map(sip.peers.map(({ name, proxy }) => [name, proxy]));
  return (peer) => {
    const proxy = proxies.get(peer);
    return proxy === undefined
      ? `what DNS says (RFC 3263), as peer ${peer}`
      : `the proxy ${proxy} of ${peer}`;
  };
}

/** Does a message wait for this person (a bare JID), or for those of this host, while no device is registered? */
export function waitsFor({
  waiting,
  domains,
}: Pick<Config, "waiting" | "domains">): (person: string) => boolean {
  const waitedFor = new Set(waiting.domains);
  const hosts = new Set(domains.sip.filter(({ sip }) => waitedFor.has(sip)).map(({ xmpp }) => xmpp));
  return (person) => hosts.has(person.slice(person.indexOf("@") + 1));
}
