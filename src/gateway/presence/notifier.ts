/**
 * One NOTIFY at a time for each dialog, and not too often: what changes meanwhile goes with the next one. RFC 6665 §4.2.2,
 * RFC 3856 §6.10. Only dialogs with something under way are held.
 */

import type { Clock } from "../sides";
import { Agenda } from "./agenda";

interface Busy {
  isUnderWay: boolean;
  isWanted: boolean;
  /** None is under way, but none may begin before the rest is over. */
  isHeld: boolean;
  /** No sooner than this comes the next one, milliseconds since 1970. */
  restUntil: number;
}

export class Notifier {
  readonly #clock: Clock;
  readonly #fire: (key: string) => void;
  readonly #busy = new Map<string, Busy>();
  readonly #agenda: Agenda;

  /** @param fire lets the machine of a dialog make its next NOTIFY */
  constructor(clock: Clock, fire: (key: string) => void) {
    this.#clock = clock;
    this.#fire = fire;
    this.#agenda = new Agenda(clock, (key) => this.#rested(key));
  }

  /** Dialogs with a NOTIFY under way or wanted. */
  get size(): number {
    return this.#busy.size;
  }

  /** May a NOTIFY of this dialog begin, because the watcher did something? */
  isFree(key: string): boolean {
    return this.#busy.get(key)?.isUnderWay !== true;
  }

  /** Does another NOTIFY of this dialog follow the one under way? */
  isWanted(key: string): boolean {
    return this.#busy.get(key)?.isWanted === true;
  }

  /** The first NOTIFY of a dialog waits so long: what is wanted meanwhile goes with it. */
  hold(key: string, ms: number): void {
    const restUntil = this.#clock.now() + ms;
    this.#busy.set(key, { isUnderWay: true, isWanted: false, isHeld: true, restUntil });
    this.#agenda.add(restUntil, key);
  }

  /** A NOTIFY begins now, with all that is known. @param restMs how long the next one is to wait */
  begin(key: string, restMs: number): void {
    const restUntil = this.#clock.now() + restMs;
    this.#busy.set(key, { isUnderWay: true, isWanted: false, isHeld: false, restUntil });
  }

  /** It has been answered, or will never be sent. */
  end(key: string): void {
    const busy = this.#busy.get(key);
    if (busy === undefined) return;
    busy.isUnderWay = false;
    if (busy.restUntil > this.#clock.now()) this.#agenda.add(busy.restUntil, key);
    else this.#rested(key);
  }

  /** Something has changed that the watcher is to know. */
  want(key: string): void {
    const busy = this.#busy.get(key);
    if (busy === undefined) this.#fire(key);
    else busy.isWanted = true;
  }

  forget(key: string): void {
    this.#busy.delete(key);
  }

  stop(): void {
    this.#agenda.stop();
    this.#busy.clear();
  }

  #rested(key: string): void {
    const busy = this.#busy.get(key);
    // Another may have begun meanwhile, because the watcher asked: its own end comes here again.
    if (busy === undefined || busy.restUntil > this.#clock.now()) return;
    if (busy.isUnderWay && !busy.isHeld) return;
    this.#busy.delete(key);
    if (busy.isWanted) this.#fire(key);
  }
}
