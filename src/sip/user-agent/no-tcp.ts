/** Peers that take no TCP, so that a long request need not try in vain every time. RFC 3261 §18.1.1. */

import type { Clock } from "../../gateway/sides";
import type { Endpoint } from "../transport/transport";

export class NoTcp {
  readonly #clock: Clock;
  /** Until when, in milliseconds; oldest first, for all are remembered equally long. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(peer: Endpoint): boolean {
    const until = this.#until.get(keyOf(peer));
    return until !== undefined && until > this.#clock.now();
  }

  add(peer: Endpoint): void {
    const key = keyOf(peer);
    this.#until.delete(key);
    if (this.#until.size >= MAXIMUM_PEERS) {
      for (const oldest of this.#until.keys()) {
        this.#until.delete(oldest);
        break;
      }
    }
    this.#until.set(key, this.#clock.now() + REMEMBERED_MS);
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

/** A phone behind each of these; one forgotten costs one refused connection. */
const MAXIMUM_PEERS = 10_000;
/** Ten minutes: a peer that was mended is found soon enough. */
const REMEMBERED_MS = 600_000;
