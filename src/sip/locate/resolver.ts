/** What location needs of DNS, and the real thing on `node:dns`. RFC 3263 §4, RFC 1035, RFC 2782, RFC 3403. */

import { promises as dns, lookup } from "node:dns";
import type { Family } from "../transport/ip";

export interface AddressRecord {
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
}

export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly replacement: string;
}

/** Every method rejects with a `code` of node:dns; ENOTFOUND and ENODATA mean that there is no such record. */
export interface DnsResolver {
  addresses(name: string, family: Family): Promise<readonly AddressRecord[]>;
  srv(name: string): Promise<readonly SrvRecord[]>;
  naptr(name: string): Promise<readonly NaptrRecord[]>;
}

export interface ResolverOptions {
  /** Name servers as `address:port`; absent: those of the system. */
  readonly servers?: readonly string[];
  /** Use the system's hosts file too? Absent: yes, unless `servers` are given. */
  readonly hosts?: boolean;
}

/** Asks the name servers, and for addresses also the hosts file: a proxy is often named only there. */
export function systemResolver(options: ResolverOptions = {}): DnsResolver {
  const { servers, hosts = servers === undefined } = options;
  const resolver = new dns.Resolver({ timeout: TRY_MS, tries: TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  let asking = 0;

  async function addresses(name: string, family: Family): Promise<readonly AddressRecord[]> {
    // RFC 6761 §6.3: no name server is asked for this one.
    if (name === "localhost" && hosts) return fromSystem(name, family);
    try {
      return await resolver[family === 4 ? "resolve4" : "resolve6"](name, { ttl: true });
    } catch (error) {
      if (!hosts || !MAY_BE_IN_HOSTS.has(codeOf(error)) || asking >= MAXIMUM_ASKING) throw error;
      asking++;
      return await fromSystem(name, family).finally(() => asking--);
    }
  }

  return {
    addresses,
    srv: (name) => resolver.resolveSrv(name),
    naptr: (name) => resolver.resolveNaptr(name),
  };
}

/** The error's code, such as ENOTFOUND; empty where it has none. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? "";
}

function fromSystem(name: string, family: Family): Promise<readonly AddressRecord[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true, family }, (error, found) => {
      if (error) reject(error);
      else resolve(found.map(({ address }) => ({ address, ttl: HOSTS_TTL })));
    });
  });
}

const MAY_BE_IN_HOSTS = new Set(["ENOTFOUND", "ENODATA", "ECONNREFUSED"]);
/** One try and the number of tries: two servers get their chance within the bound on a look-up. */
const TRY_MS = 1000;
const TRIES = 2;
/** The hosts file has no lifetimes; an edit is seen after this many seconds. */
const HOSTS_TTL = 30;
/** The system's look-up blocks one of four threads that the whole process shares, so half of them stay free. */
const MAXIMUM_ASKING = 2;
