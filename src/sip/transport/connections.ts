/** The open connections: found by id or by remote endpoint, limited in number, closed when idle. RFC 3261 §18, RFC 5923 §8. */

import type { Clock, Counters } from "../../gateway/sides";
import type { Connection } from "./connection";
import { identityMatches } from "./identity";
import { hostPort } from "./ip";
import type { Target } from "./transport";

export interface ConnectionLimits {
  readonly idleCloseMs: number;
  readonly maximumConnections: number;
}

export class Connections {
  readonly #byId = new Map<number, Connection>();
  /** Several may lead to one endpoint: TLS for two domains of one host, or both sides connected at once. */
  readonly #byEndpoint = new Map<string, Connection[]>();
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #counters: Counters;
  #lastId = 0;
  #cancelSweep: (() => void) | undefined;
  #onEmpty: () => void = () => {};

  constructor(limits: ConnectionLimits, clock: Clock, counters: Counters) {
    this.#limits = limits;
    this.#clock = clock;
    this.#counters = counters;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  /**
   * Is there room for one more? When it is full the longest unused connection gives way (RFC 5923 §8.2 allows that),
   * but only if it has been quiet for a while, so that newcomers cannot push out those at work.
   */
  makeRoom(): boolean {
    if (this.#byId.size < this.#limits.maximumConnections) return true;
    let oldest: Connection | undefined;
    for (const one of this.#byId.values()) {
      if (oldest === undefined || one.lastUsed < oldest.lastUsed) oldest = one;
    }
    if (oldest === undefined || oldest.lastUsed + QUIET_MS > this.#clock.now()) {
      this.#counters.add("sip.stream.refused-full");
      return false;
    }
    this.#counters.add("sip.stream.reclaimed");
    oldest.fail("closed to make room for another connection");
    return true;
  }

  add(connection: Connection): void {
    this.#byId.set(connection.id, connection);
    const key = keyOf(connection.remote);
    const others = this.#byEndpoint.get(key);
    if (others === undefined) this.#byEndpoint.set(key, [connection]);
    else others.push(connection);
    this.#planSweep();
  }

  remove(connection: Connection): void {
    if (!this.#byId.delete(connection.id)) return;
    const key = keyOf(connection.remote);
    const left = this.#byEndpoint.get(key)?.filter((one) => one !== connection) ?? [];
    if (left.length === 0) this.#byEndpoint.delete(key);
    else this.#byEndpoint.set(key, left);
    if (this.#byId.size === 0) this.#onEmpty();
  }

  byId(id: number): Connection | undefined {
    const connection = this.#byId.get(id);
    return connection?.answerable === true ? connection : undefined;
  }

  /** A connection to that endpoint, ours or the peer's; over TLS only one whose peer proved the name we need (RFC 5923 §8.1). */
  leadingTo(target: Target): Connection | undefined {
    const candidates = this.#byEndpoint.get(keyOf(target));
    if (candidates === undefined) return undefined;
    if (target.transport !== "tls") return candidates.find((one) => one.usable);
    const name = nameToProve(target);
    return candidates.find(
      (one) => one.usable && (one.expects === name || identityMatches(one.identities, name)),
    );
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): Connection[] {
    return [...this.#byId.values()];
  }

  /** Resolves when the last connection has gone. */
  empty(): Promise<void> {
    if (this.#byId.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  stopSweeping(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  #planSweep(): void {
    const pause = Math.min(this.#limits.idleCloseMs, STALL_MS) / 2;
    this.#cancelSweep ??= this.#clock.after(pause, () => this.#sweep());
  }

  /** One alarm for all: a connection lives between one and one and a half idle times after its last message. */
  #sweep(): void {
    this.#cancelSweep = undefined;
    const now = this.#clock.now();
    for (const one of this.all()) {
      if (one.stalledSince(now - STALL_MS)) one.fail("peer does not read");
      else if (one.lastUsed <= now - this.#limits.idleCloseMs) one.finish("idle");
    }
    if (this.#byId.size > 0) this.#planSweep();
  }
}

/** RFC 5922 §7.3: the domain we looked up; for a peer that is configured by address, the address. */
export function nameToProve(target: Target): string {
  return target.tlsDomain ?? target.address;
}

function keyOf(endpoint: { transport: string; address: string; port: number }): string {
  return endpoint.transport + hostPort(endpoint.address, endpoint.port);
}

/** A connection that was used this lately is not taken from its peer. */
const QUIET_MS = 10_000;
/** As long as Timer F: by then nobody waits for the answer any more (RFC 3261 §17.1.2.2). */
export const STALL_MS = 32_000;
