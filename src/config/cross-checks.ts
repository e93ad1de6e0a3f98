/** What no single key can tell: keys that must agree. Each message names both. */

import { personOf } from "../core/list/person";
import type { DomainTable } from "../core/tables";
import { DEFAULT_PEER } from "./config";
import { complain, type Loading } from "./files";
import type { Settings } from "./schema";

/** Notes every disagreement between the settings, and between them and the domain rules. */
export function crossCheck(loading: Loading, settings: Settings, domains: DomainTable): void {
  checkNames(loading, settings);
  checkDomains(loading, settings, domains);
  checkPeerDomains(loading, settings, domains);
  checkTimes(loading, settings);
  checkPresence(loading, settings, domains);
  checkWaiting(loading, settings);
}

function checkNames(loading: Loading, { sip, xmpp }: Settings): void {
  checkOnce(loading, "xmpp.components", xmpp.components, (one) => one.host, "host");
  checkOnce(loading, "sip.peers", sip.peers, (one) => one.name, "name");
  const where = (one: (typeof sip.listen)[number]) => `${one.transport}:${one.address}:${one.port}`;
  checkOnce(loading, "sip.listen", sip.listen, (one) => (one.port === 0 ? undefined : where(one)));
  if (sip.listen.length === 0) complain(loading, ["sip", "listen"], "at least one listener", "an empty list");
  if (xmpp.components.length === 0) {
    complain(loading, ["xmpp", "components"], "at least one component with host, server and secret", "none");
  }
}

function checkOnce<T>(
  loading: Loading,
  list: string,
  items: readonly T[],
  nameOf: (item: T) => string | undefined,
  key?: string,
): void {
  const first = new Map<string, number>();
  const suffix = key === undefined ? "" : `.${key}`;
  for (const [index, item] of items.entries()) {
    const name = nameOf(item);
    if (name === undefined) continue;
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, index);
      continue;
    }
    const path = [...list.split("."), index, ...(key === undefined ? [] : [key])];
    complain(loading, path, `each once: ${list}[${earlier}]${suffix} is the same`, name);
  }
}

function checkDomains(loading: Loading, settings: Settings, domains: DomainTable): void {
  const peers = new Set([...settings.sip.peers.map((peer) => peer.name), DEFAULT_PEER]);
  const hosts = new Set(settings.xmpp.components.map((component) => component.host));
  domains.sip.forEach((rule, index) => {
    if (!peers.has(rule.peer)) {
      complain(
        loading,
        ["domains", "sip", index, "peer"],
        `the name of one of sip.peers (${listed(peers)})`,
        rule.peer,
      );
    }
    if (!hosts.has(rule.xmpp)) {
      complain(
        loading,
        ["domains", "sip", index, "xmpp"],
        `the host of one of xmpp.components (${listed(hosts)})`,
        rule.xmpp,
      );
    }
  });
  if (domains.sip.length === 0)
    complain(loading, ["domains", "sip"], "at least one rule: who lives on SIP", "none");
}

/** A peer may speak only for what the rules leave to it. */
function checkPeerDomains(loading: Loading, settings: Settings, domains: DomainTable): void {
  const owner = new Map(domains.sip.map((rule, index) => [rule.sip, { peer: rule.peer, index }]));
  settings.sip.peers.forEach((peer, index) => {
    peer.domains.forEach((domain, place) => {
      const rule = owner.get(domain);
      if (rule === undefined || rule.peer === peer.name) return;
      const path = ["sip", "peers", index, "domains", place];
      complain(
        loading,
        path,
        `a domain that domains.sip[${rule.index}] does not give to ${rule.peer}`,
        domain,
      );
    });
  });
}

function checkTimes(loading: Loading, { sip, xmpp }: Settings): void {
  const { t1, t2 } = sip.timers;
  if (t2 < t1) complain(loading, ["sip", "timers", "t2"], `at least sip.timers.t1 (${t1} ms)`, `${t2} ms`);
  if (xmpp.proofDeadline > PROOF_SHARE * t1) {
    const expected = `at most ${PROOF_SHARE} times sip.timers.t1 (${PROOF_SHARE * t1} ms): the SIP sender gives up after 64`;
    complain(loading, ["xmpp", "proofDeadline"], expected, `${xmpp.proofDeadline} ms`);
  }
  if (xmpp.reconnect.longest < xmpp.reconnect.first) {
    const expected = `at least xmpp.reconnect.first (${xmpp.reconnect.first} ms)`;
    complain(loading, ["xmpp", "reconnect", "longest"], expected, `${xmpp.reconnect.longest} ms`);
  }
}

/** Addresses that no rule serves would be found by nobody. */
function checkPresence(loading: Loading, { presence }: Settings, domains: DomainTable): void {
  const served = new Set(domains.sip.map((rule) => rule.sip));
  presence.publish.forEach((domain, index) => {
    if (served.has(domain)) return;
    complain(
      loading,
      ["presence", "publish", index],
      `a SIP domain of domains.sip (${listed(served)})`,
      domain,
    );
  });
  const check = (path: readonly (string | number)[], address: string): void => {
    if (personOf(address, domains) === undefined) {
      complain(loading, ["presence", ...path], "an address that a rule of domains serves", address);
    }
  };
  presence.contactLists.forEach((uri, index) => {
    check(["contactLists", index], uri);
  });
  presence.lists.forEach(({ uri, owner, members }, index) => {
    check(["lists", index, "uri"], uri);
    check(["lists", index, "owner"], owner);
    members.forEach((member, place) => {
      check(["lists", index, "members", place], member);
    });
  });
  checkOnce(loading, "presence.lists", presence.lists, (one) => one.uri, "uri");
}

/** Of people whose phones register elsewhere nobody would tell us that they are back. */
function checkWaiting(loading: Loading, { waiting, registrar }: Settings): void {
  const served = new Set(registrar.domains);
  waiting.domains.forEach((domain, index) => {
    if (served.has(domain)) return;
    complain(
      loading,
      ["waiting", "domains", index],
      `a domain of registrar.domains (${listed(served)})`,
      domain,
    );
  });
}

function listed(names: ReadonlySet<string>): string {
  return names.size === 0 ? "there is none" : [...names].join(", ");
}

/** Half of Timer F (RFC 3261 §17.1.2.2), so that the answer still reaches the sender (architecture §4 point 2). */
const PROOF_SHARE = 32;
