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

/**
 * Asks the name servers of the system, and for addresses also its hosts file: a proxy is often named only there.
 * @param servers name servers as `address:port`, for tests; absent: those of the system
 */
export function systemResolver(servers?: readonly string[]): DnsResolver {
  const resolver = new dns.Resolver({ timeout: TRY_MS, tries: TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  let asking = 0;

  async function addresses(name: string, family: Family): Promise<readonly AddressRecord[]> {
    try {
      return await (family === 4
        ? resolver.resolve4(name, { ttl: true })
        : resolver.resolve6(name, { ttl: true }));
    } catch (error) {
      if (!MAY_BE_IN_HOSTS.has(codeOf(error)) || servers !== undefined || asking >= MAXIMUM_ASKING)
        throw error;
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
