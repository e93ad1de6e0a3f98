/**
 * After an outage a probe is answered for each device that is there now; one that went meanwhile is passed over in silence
 * (RFC 6121 §4.3.2). So what has not been said again a while after the probe, while other devices were, has gone.
 */

import type { Clock } from "../sides";
import { Agenda } from "./agenda";
import type { PresenceBook } from "./presence-book";

/** A server answers for all devices at once; the way to a far one may be slow. Milliseconds. */
const ANSWER_MS = 5_000;

interface Probed {
  readonly watcher: string;
  readonly presentity: string;
  readonly confirmed: Set<string>;
}

export class Confirmation {
  readonly #clock: Clock;
  readonly #seen: PresenceBook;
  readonly #onGone: (watcher: string, presentity: string) => void;
  readonly #probed = new Map<string, Probed>();
  readonly #agenda: Agenda;

  /** @param onGone a device is not there any more */
  constructor(clock: Clock, seen: PresenceBook, onGone: (watcher: string, presentity: string) => void) {
    this.#clock = clock;
    this.#seen = seen;
    this.#onGone = onGone;
    this.#agenda = new Agenda(clock, (key) => this.#end(key));
  }

  /** A probe goes out for a pair of whom something was known before. */
  begin(watcher: string, presentity: string): void {
    const key = `${watcher} ${presentity}`;
    if (this.#probed.has(key) || !this.#seen.has(watcher, presentity)) return;
    this.#probed.set(key, { watcher, presentity, confirmed: new Set() });
    this.#agenda.add(this.#clock.now() + ANSWER_MS, key);
  }

  /** A device has been spoken of. */
  confirm(watcher: string, presentity: string, device: string): void {
    if (this.#probed.size > 0) this.#probed.get(`${watcher} ${presentity}`)?.confirmed.add(device);
  }

  stop(): void {
    this.#agenda.stop();
  }

  #end(key: string): void {
    const probed = this.#probed.get(key);
    this.#probed.delete(key);
    // Nobody has answered: what was known is as good as before.
    if (probed === undefined || probed.confirmed.size === 0) return;
    const { watcher, presentity, confirmed } = probed;
    if (this.#seen.retain(watcher, presentity, confirmed)) this.#onGone(watcher, presentity);
  }
}
