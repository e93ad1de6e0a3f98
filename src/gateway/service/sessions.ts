/** Command sessions that are open: bounded in number and in time. XEP-0050 §3.3. */

import { BoundedMap } from "../../core/bounded-map";
import type { FormPage } from "../../core/service/page";
import type { Clock, Ids } from "../sides";
import type { ServiceOptions } from "./options";

export interface Session {
  readonly id: string;
  readonly node: string;
  /** Full JID: a session is between one requester and us (§3.3). */
  readonly owner: string;
  /** Bare JID. */
  readonly person: string;
  /** The forms so far; the last one is shown. */
  readonly pages: FormPage[];
  /** Is an answer to it being worked out? */
  isBusy: boolean;
  touchedAt: number;
}

export class Sessions {
  readonly #options: ServiceOptions;
  readonly #clock: Clock;
  readonly #ids: Ids;
  /** What was touched longest ago comes first. */
  readonly #open = new Map<string, Session>();
  /** Sessions that are over, so that their owner hears that, and not that there was none. */
  readonly #over = new BoundedMap<string>(REMEMBERED);

  constructor(options: ServiceOptions, clock: Clock, ids: Ids) {
    this.#options = options;
    this.#clock = clock;
    this.#ids = ids;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Opens one; where there are too many, of the person or in all, the one touched longest ago is over. */
  open(node: string, owner: string, person: string): Session {
    this.#expire();
    const own = [...this.#open.values()].filter((one) => one.person === person);
    if (own.length >= this.#options.maximumSessionsPerPerson) this.end(own[0] as Session);
    const [oldest] = this.#open.values();
    if (this.#open.size >= this.#options.maximumSessions && oldest !== undefined) this.end(oldest);
    const id = this.#ids.random();
    const touchedAt = this.#clock.now();
    const session: Session = { id, node, owner, person, pages: [], isBusy: false, touchedAt };
    this.#open.set(id, session);
    return session;
  }

  /** The session of this owner. "over": it was his; undefined: never heard of. */
  find(id: string, owner: string): Session | "over" | undefined {
    this.#expire();
    const session = this.#open.get(id);
    if (session === undefined) return this.#over.get(id) === owner ? "over" : undefined;
    if (session.owner !== owner) return undefined;
    this.#open.delete(id);
    this.#open.set(id, session);
    session.touchedAt = this.#clock.now();
    return session;
  }

  isOpen(session: Session): boolean {
    return this.#open.get(session.id) === session;
  }

  end({ id, owner }: Session): void {
    if (this.#open.delete(id)) this.#over.set(id, owner);
  }

  #expire(): void {
    const before = this.#clock.now() - this.#options.sessionLifetimeMs;
    for (const session of this.#open.values()) {
      if (session.touchedAt > before) return;
      this.end(session);
    }
  }
}

/** Names of sessions that are over. */
const REMEMBERED = 1_024;
