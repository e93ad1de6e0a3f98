/** DNS answers cleaned, bounded and remembered; one query for all who ask at the same time. RFC 3263 §4, RFC 2308. */

import type { Clock } from "../../gateway/sides";
import { canonicalAddress, type Family } from "../transport/ip";
import { codeOf, type DnsResolver, type NaptrRecord, type SrvRecord } from "./resolver";

/** `found` may be empty: the name server said that there is none. `failed`: nobody knows. */
export type Answer<T> =
  | { readonly kind: "found"; readonly records: readonly T[] }
  | { readonly kind: "failed"; readonly why: string };

export interface Lookups {
  addresses(name: string, family: Family): Promise<Answer<string>>;
  srv(name: string): Promise<Answer<SrvRecord>>;
  naptr(name: string): Promise<Answer<NaptrRecord>>;
}

/** Every answer comes within LOOKUP_MS and no promise rejects. */
export function createLookups(resolver: DnsResolver, clock: Clock): Lookups {
  const cache = new Map<string, Remembered>();
  let running = 0;

  function ask<T>(key: string, query: () => Promise<Found<T>>): Promise<Answer<T>> {
    const known = cache.get(key);
    if (known !== undefined && known.until > clock.now()) return known.answer as Promise<Answer<T>>;
    if (running >= MAXIMUM_RUNNING)
      return Promise.resolve({ kind: "failed", why: "too many look-ups at once" });
    running++;
    const remembered: Remembered = { answer: undefined as never, until: Number.POSITIVE_INFINITY };
    const answer = bounded(query, clock).then(({ answer: given, lifetimeMs }) => {
      running--;
      remembered.until = clock.now() + lifetimeMs;
      return given;
    });
    remembered.answer = answer;
    remember(cache, key, remembered);
    return answer;
  }

  return {
    addresses: (name, family) =>
      ask(`${family}|${name}`, async () => cleanAddresses(await resolver.addresses(name, family))),
    srv: (name) => ask(`srv|${name}`, async () => clean(await resolver.srv(name), isUsableSrv, MAXIMUM_SRV)),
    naptr: (name) =>
      ask(`naptr|${name}`, async () => clean(await resolver.naptr(name), isUsableNaptr, MAXIMUM_NAPTR)),
  };
}

/** A host name as DNS allows it: letters, digits, hyphen and underscore; IDNs come as A-labels. */
export function isHostName(name: string): boolean {
  return name.length <= 253 && HOST_NAME.test(name);
}

interface Remembered {
  answer: Promise<Answer<unknown>>;
  /** Milliseconds of the clock; endless while the query runs, so that others wait for the same one. */
  until: number;
}

interface Found<T> {
  readonly records: readonly T[];
  readonly ttl: number;
}

interface Timed<T> {
  readonly answer: Answer<T>;
  readonly lifetimeMs: number;
}

function bounded<T>(query: () => Promise<Found<T>>, clock: Clock): Promise<Timed<T>> {
  return new Promise((resolve) => {
    const cancel = clock.after(LOOKUP_MS, () => resolve(failure("no answer in time")));
    query().then(
      ({ records, ttl }) => {
        cancel();
        resolve({ answer: { kind: "found", records }, lifetimeMs: ttl * 1000 });
      },
      (error) => {
        cancel();
        const code = codeOf(error);
        resolve(
          NO_SUCH_RECORD.has(code)
            ? { answer: { kind: "found", records: [] }, lifetimeMs: NEGATIVE_SECONDS * 1000 }
            : failure(code === "" ? "the resolver failed" : code),
        );
      },
    );
  });
}

function failure(why: string): Timed<never> {
  return { answer: { kind: "failed", why }, lifetimeMs: FAILURE_SECONDS * 1000 };
}

function remember(cache: Map<string, Remembered>, key: string, remembered: Remembered): void {
  cache.delete(key);
  if (cache.size >= MAXIMUM_CACHED) {
    const oldest = cache.keys().next().value;
    if (oldest !== undefined) cache.delete(oldest);
  }
  cache.set(key, remembered);
}

function cleanAddresses(records: readonly { address: string; ttl: number }[]): Found<string> {
  const usable = records.slice(0, MAXIMUM_ADDRESSES);
  const addresses = usable
    .map((record) => canonicalAddress(record.address))
    .filter((one) => one !== undefined);
  if (addresses.length === 0) return { records: [], ttl: NEGATIVE_SECONDS };
  const ttl = usable.reduce((least, record) => Math.min(least, record.ttl), LONGEST_TTL);
  return { records: addresses, ttl: Math.max(ttl, SHORTEST_TTL) };
}

/** Node gives no lifetime for these records. */
function clean<T>(records: readonly T[], isUsable: (record: T) => boolean, maximum: number): Found<T> {
  const usable = records.slice(0, MAXIMUM_READ).filter(isUsable).slice(0, maximum);
  return { records: usable, ttl: usable.length === 0 ? NEGATIVE_SECONDS : RECORD_TTL };
}

/** A target of "." stays: it says that the service is not offered (RFC 2782). */
function isUsableSrv(record: SrvRecord): boolean {
  if (record.name === "" || record.name === ".") return true;
  return record.port > 0 && record.port < 65_536 && isHostName(record.name);
}

function isUsableNaptr(record: NaptrRecord): boolean {
  return record.flags.toLowerCase() === "s" && isHostName(record.replacement);
}

const NO_SUCH_RECORD = new Set(["ENOTFOUND", "ENODATA"]);
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?)*\.?$/i;

/** One look-up at most; three follow one another at worst, well inside Timer F. */
const LOOKUP_MS = 3000;
/** Queries that run at once: names come from strangers, and each costs the name server work. */
const MAXIMUM_RUNNING = 500;
/** Names remembered; the oldest goes. Some 5 MiB with the caps below, far less in truth. */
const MAXIMUM_CACHED = 10_000;
/** Records of one answer that are looked at, and that are kept: more than any honest domain has. */
const MAXIMUM_READ = 100;
const MAXIMUM_NAPTR = 16;
const MAXIMUM_SRV = 16;
const MAXIMUM_ADDRESSES = 8;
/** Seconds. A lifetime of 0 would mean one query a message; one of a year would outlive every change. */
const SHORTEST_TTL = 5;
const LONGEST_TTL = 3600;
const RECORD_TTL = 60;
const NEGATIVE_SECONDS = 30;
/** A name server that fails is not asked again at once. */
const FAILURE_SECONDS = 5;
