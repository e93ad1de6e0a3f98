/** Under which host and port we are known: sent-by of Via, and what counts as "us". RFC 3261 §18.1.1, §16.4. */

import { BlockList } from "node:net";
import type { NetworkInterfaceInfo } from "node:os";
import { canonicalAddress, type Family, familyOf, hostPort, isLoopback, isWildcard } from "./ip";
import type { Endpoint, ListenerOptions, TransportName } from "./transport";

/** A listener that is open: the port is the real one. */
export interface OpenListener {
  readonly options: ListenerOptions;
  /** Address in canonical form. One object for the life of the listener, so it can be compared by identity. */
  readonly local: Endpoint;
}

export interface OwnAddresses {
  /** The listener that messages to this address should seem to come from; undefined when none has its family. */
  listenerFor(target: Endpoint): OpenListener | undefined;
  viaFor(target: Endpoint): { readonly host: string; readonly port: number };
  isOurs(host: string, port: number): boolean;
}

/**
 * @param listeners in the order of the configuration, which settles ties
 * @param interfaces the machine's own addresses: a wildcard listener stands for all of them
 */
export function ownAddresses(
  listeners: readonly OpenListener[],
  interfaces: readonly NetworkInterfaceInfo[],
): OwnAddresses {
  const networks = interfaces.map(networkOf).filter((network) => network !== undefined);
  const ours = ownKeys(listeners, networks);
  const wildcardPorts = new Set(
    listeners.filter((one) => one.local.address === "0.0.0.0").map((one) => one.local.port),
  );
  // By address: it is asked for twice for each message, so no key is made of it and the transport.
  const chosen: Readonly<Record<TransportName, Map<string, OpenListener | undefined>>> = {
    udp: new Map(),
    tcp: new Map(),
    tls: new Map(),
  };

  function listenerFor(target: Endpoint): OpenListener | undefined {
    const remembered = chosen[target.transport];
    const known = remembered.get(target.address);
    if (known !== undefined) return known;
    const best = choose(listeners, networks, target);
    if (remembered.size >= MAXIMUM_REMEMBERED) remembered.clear();
    remembered.set(target.address, best);
    return best;
  }

  function viaFor(target: Endpoint): { host: string; port: number } {
    const listener = listenerFor(target) ?? standIn(listeners, target);
    if (listener === undefined) return { host: "localhost", port: 5060 };
    if (listener.options.advertised !== undefined) return listener.options.advertised;
    const { address, port } = listener.local;
    return { host: bracketed(isWildcard(address) ? sourceAddress(networks, target) : address), port };
  }

  function isOurs(host: string, port: number): boolean {
    const address = canonicalAddress(host);
    if (ours.has(hostPort(address ?? host.toLowerCase(), port))) return true;
    return address?.startsWith("127.") === true && wildcardPorts.has(port);
  }

  return { listenerFor, viaFor, isOurs };
}

interface Network {
  readonly address: string;
  readonly family: Family;
  readonly internal: boolean;
  holds(address: string): boolean;
}

function networkOf(info: NetworkInterfaceInfo): Network | undefined {
  const prefix = Number(info.cidr?.split("/")[1]);
  if (!Number.isInteger(prefix)) return undefined;
  const type = info.family === "IPv4" ? "ipv4" : "ipv6";
  const subnet = new BlockList();
  subnet.addSubnet(info.address, prefix, type);
  return {
    address: canonicalAddress(info.address) ?? info.address,
    family: type === "ipv4" ? 4 : 6,
    internal: info.internal,
    holds: (address) => subnet.check(address, type),
  };
}

/** The best of those with the transport and the family: same network, then a wildcard, then not across the loopback border. */
function choose(
  listeners: readonly OpenListener[],
  networks: readonly Network[],
  target: Endpoint,
): OpenListener | undefined {
  const family = familyOf(target.address);
  const fitting = listeners.filter(
    (one) => one.local.transport === target.transport && familyOf(one.local.address) === family,
  );
  if (fitting.length < 2) return fitting[0];
  const beside = networks.filter((network) => network.family === family && network.holds(target.address));
  const loopback = isLoopback(target.address);
  return (
    fitting.find((one) => one.local.address === target.address) ??
    fitting.find((one) => beside.some((network) => network.holds(one.local.address))) ??
    fitting.find((one) => isWildcard(one.local.address)) ??
    fitting.find((one) => isLoopback(one.local.address) === loopback) ??
    fitting[0]
  );
}

/** Without a listener of that transport a stream still carries its answers, so any listener's name will do in Via. */
function standIn(listeners: readonly OpenListener[], target: Endpoint): OpenListener | undefined {
  const family = familyOf(target.address);
  return listeners.find((one) => familyOf(one.local.address) === family) ?? listeners[0];
}

/** Our address as the target sees it, as far as it can be told without asking the kernel's routes. */
function sourceAddress(networks: readonly Network[], target: Endpoint): string {
  const family = familyOf(target.address) ?? 4;
  if (isLoopback(target.address)) return family === 4 ? "127.0.0.1" : "::1";
  const same = networks.filter((network) => network.family === family);
  const best =
    same.find((network) => !network.internal && network.holds(target.address)) ??
    same.find((network) => !network.internal && !network.address.startsWith("fe80:")) ??
    same[0];
  return best?.address ?? (family === 4 ? "127.0.0.1" : "::1");
}

function ownKeys(listeners: readonly OpenListener[], networks: readonly Network[]): Set<string> {
  const keys = new Set<string>();
  for (const { options, local } of listeners) {
    keys.add(hostPort(local.address, local.port));
    const advertised = options.advertised;
    if (advertised !== undefined) {
      keys.add(hostPort(canonicalAddress(advertised.host) ?? advertised.host.toLowerCase(), advertised.port));
    }
    if (!isWildcard(local.address)) continue;
    const family = familyOf(local.address);
    for (const network of networks) {
      if (network.family === family) keys.add(hostPort(network.address, local.port));
    }
  }
  return keys;
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/** Peers whose listener is remembered, so that a request costs one look-up; many more than anybody has, and cheap to find again. */
const MAXIMUM_REMEMBERED = 1000;
