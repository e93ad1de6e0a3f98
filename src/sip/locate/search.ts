/** The steps of RFC 3263 §4.1 (transport) and §4.2 (port and address), without the memory of failures. */

import { canonicalAddress, type Family } from "../transport/ip";
import type { Target, TransportName } from "../transport/transport";
import { type Answer, isHostName, type Lookups } from "./lookups";
import type { Located, LocateOptions, LocateProblem, LocateRequest } from "./request";
import type { SrvRecord } from "./resolver";
import { inSrvOrder } from "./srv-order";

/** One way to reach the domain: a transport and the name of its SRV records, or a host and a port. */
interface Service {
  readonly transport: TransportName;
  readonly srvName: string;
}

/** What decides a search besides the URI. */
export interface Reach {
  readonly lookups: Lookups;
  /** Numbers from 0 to below 1, for the draw by weight. */
  readonly random: () => number;
  readonly transports: readonly TransportName[];
  /** The preferred one first. */
  readonly families: readonly Family[];
}

export class Search {
  readonly #reach: Reach;

  constructor(reach: Reach) {
    this.#reach = reach;
  }

  /** Every target in the order to try, or why there is none. Never rejects. */
  find(request: LocateRequest, options: LocateOptions): Located | Promise<Located> {
    const host = (request.maddr ?? request.host).toLowerCase();
    const address = canonicalAddress(host);
    if (address === undefined && !isHostName(host)) return problem("no-such-host");
    const asked = askedTransport(request);
    const transport = asked ?? this.#fallback(request, options);
    if (transport === undefined || !this.#has(transport)) return problem("no-transport");
    const port = request.port ?? DEFAULT_PORT[transport];
    if (address !== undefined) return { targets: [target(request, transport, address, port)] };
    if (request.port !== undefined) return this.#byName(request, transport, host, port);
    if (asked !== undefined) return this.#bySrv(request, [service(transport, host)], host, transport);
    return this.#byOffer(request, options, host, transport);
  }

  async #byOffer(
    request: LocateRequest,
    options: LocateOptions,
    host: string,
    fallback: TransportName,
  ): Promise<Located> {
    return this.#bySrv(request, await this.#services(request, host, options), host, fallback);
  }

  #has(transport: TransportName | "none"): transport is TransportName {
    return transport !== "none" && this.#reach.transports.includes(transport);
  }

  /** §4.1: the transport where neither the URI nor DNS names one. */
  #fallback(request: LocateRequest, options: LocateOptions): TransportName | undefined {
    const wishes: TransportName[] = request.secure ? ["tls"] : [options.preferred ?? "udp", "udp", "tcp"];
    return wishes.find((transport) => this.#has(transport));
  }

  /** §4.1: what the domain offers by NAPTR, in its order; without such records the transports that we have, in ours. */
  async #services(request: LocateRequest, host: string, options: LocateOptions): Promise<Service[]> {
    const naptr = await this.#reach.lookups.naptr(host);
    const records = naptr.kind === "found" ? [...naptr.records] : [];
    records.sort((a, b) => a.order - b.order || a.preference - b.preference);
    const offered: Service[] = [];
    for (const record of records) {
      const transport = NAPTR_SERVICES.get(record.service.toUpperCase());
      if (transport === undefined || !this.#has(transport)) continue;
      if (!request.secure || transport === "tls") offered.push({ transport, srvName: record.replacement });
    }
    if (offered.length > 0) return preferredFirst(offered, options.preferred);
    const wishes: TransportName[] = request.secure ? ["tls"] : ["udp", "tcp"];
    if (options.preferred === "tls") wishes.unshift("tls");
    const ours = [...new Set(wishes)].filter((transport) => this.#has(transport));
    return preferredFirst(
      ours.map((transport) => service(transport, host)),
      options.preferred,
    );
  }

  /** §4.2: every server of every service; without SRV records the host itself at the default port. */
  async #bySrv(
    request: LocateRequest,
    services: readonly Service[],
    host: string,
    fallback: TransportName,
  ): Promise<Located> {
    const answers = await Promise.all(services.map(({ srvName }) => this.#reach.lookups.srv(srvName)));
    const records = answers.flatMap((answer, at) => this.#ordered(answer, services[at] as Service));
    if (records.length === 0) return this.#byName(request, fallback, host, DEFAULT_PORT[fallback]);
    const offered = records
      .filter(({ record }) => record.name !== "" && record.name !== ".")
      .slice(0, MAXIMUM_SERVERS);
    const found = await Promise.all(
      offered.map(({ transport, record }) => this.#byName(request, transport, record.name, record.port)),
    );
    const targets = unique(found.flatMap((located) => located.targets)).slice(0, MAXIMUM_TARGETS);
    if (targets.length > 0) return { targets };
    return problem(found.some((located) => located.problem === "dns-failed") ? "dns-failed" : "no-such-host");
  }

  #ordered(answer: Answer<SrvRecord>, from: Service): { transport: TransportName; record: SrvRecord }[] {
    if (answer.kind === "failed") return [];
    return inSrvOrder(answer.records, this.#reach.random).map((record) => ({
      transport: from.transport,
      record,
    }));
  }

  /** A and AAAA; an IP literal in place of a name is taken as it is. */
  async #byName(
    request: LocateRequest,
    transport: TransportName,
    name: string,
    port: number,
  ): Promise<Located> {
    const literal = canonicalAddress(name);
    if (literal !== undefined) return { targets: [target(request, transport, literal, port)] };
    const answers = await Promise.all(
      this.#reach.families.map((family) => this.#reach.lookups.addresses(name, family)),
    );
    const addresses = answers.flatMap((answer) => (answer.kind === "found" ? answer.records : []));
    if (addresses.length > 0)
      return { targets: addresses.map((one) => target(request, transport, one, port)) };
    return problem(answers.some((answer) => answer.kind === "failed") ? "dns-failed" : "no-such-host");
  }
}

/** RFC 3261 §26.2.2: sips over TCP is TLS; over UDP there is no such thing here. */
function askedTransport(request: LocateRequest): TransportName | "none" | undefined {
  if (!request.secure || request.transport === undefined) return request.transport;
  return request.transport === "udp" ? "none" : "tls";
}

/** RFC 5922 §7.3: the certificate must prove the domain of the URI, whatever DNS made of it. */
function target(request: LocateRequest, transport: TransportName, address: string, port: number): Target {
  if (transport !== "tls") return { transport, address, port };
  return {
    transport,
    address,
    port,
    tlsDomain: canonicalAddress(request.host) ?? request.host.toLowerCase(),
  };
}

function service(transport: TransportName, host: string): Service {
  return { transport, srvName: SRV_PREFIX[transport] + host };
}

function preferredFirst(services: readonly Service[], preferred: TransportName | undefined): Service[] {
  const first = services.filter((one) => one.transport === preferred);
  return [...first, ...services.filter((one) => one.transport !== preferred)];
}

function unique(targets: readonly Target[]): Target[] {
  const seen = new Map<string, Target>();
  for (const one of targets) {
    const key = `${one.transport}|${one.address}|${one.port}`;
    if (!seen.has(key)) seen.set(key, one);
  }
  return [...seen.values()];
}

function problem(kind: LocateProblem): Located {
  return { targets: [], problem: kind };
}

const DEFAULT_PORT: Readonly<Record<TransportName, number>> = { udp: 5060, tcp: 5060, tls: 5061 };
const SRV_PREFIX: Readonly<Record<TransportName, string>> = {
  udp: "_sip._udp.",
  tcp: "_sip._tcp.",
  tls: "_sips._tcp.",
};
/** §4.1; SIP+D2S and the like name transports that we have not. */
const NAPTR_SERVICES: ReadonlyMap<string, TransportName> = new Map([
  ["SIP+D2U", "udp"],
  ["SIP+D2T", "tcp"],
  ["SIPS+D2T", "tls"],
]);
/** Servers of one domain whose addresses are looked up, and targets that one request can be tried at: each costs up to Timer F. */
const MAXIMUM_SERVERS = 10;
const MAXIMUM_TARGETS = 16;
