/** The connections to one LDAP server: bounded, kept open between questions, several questions under way on each. */

import type { Clock } from "../../gateway/sides";
import type { LdapConnection, LdapReply, LdapSearch } from "./connection";
import type { LdapLimits } from "./options";
import { LdapFailure, type LdapProblem, problemOf, serverProblem } from "./problem";

export type OpenLdap = () => Promise<LdapConnection>;

/** A connection, or why there is none. */
type Taken = LdapConnection | LdapProblem;

/** Somebody who waits for his turn on a connection. */
interface Waiter {
  /** Places that he needs. */
  readonly places: number;
  resolve(connection: Taken): void;
}

export class LdapPool {
  readonly #open: OpenLdap;
  readonly #limits: LdapLimits;
  readonly #clock: Clock;
  /** With what cancels its closing. The one used last is taken first, so that those that are not needed become idle. */
  readonly #idle = new Map<LdapConnection, () => void>();
  /** With how many of their places are taken. */
  readonly #busy = new Map<LdapConnection, number>();
  readonly #all = new Set<LdapConnection>();
  readonly #waiting = new Set<Waiter>();
  #opening = 0;
  /** How often all connections were given up. */
  #drops = 0;
  #isStopped = false;

  constructor(open: OpenLdap, limits: LdapLimits, clock: Clock) {
    this.#open = open;
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * Asks, beside others. Never rejects. An old connection that turns out to be broken (the server was restarted, a firewall
   * forgot it, somebody else's question was the end of it) is no failure of the server: another one is tried.
   */
  search(search: LdapSearch): Promise<LdapReply> {
    const places = search.page === undefined ? 1 : this.#limits.questions;
    return this.#searchOn(this.#take(places), search, places, 1);
  }

  #searchOn(
    taken: Taken | Promise<Taken>,
    search: LdapSearch,
    places: number,
    tries: number,
  ): Promise<LdapReply> {
    if (taken instanceof Promise)
      return taken.then((connection) => this.#searchOn(connection, search, places, tries));
    if ("reason" in taken) return Promise.resolve({ ok: false, problem: taken });
    const drops = this.#drops;
    return taken.search(search).then((reply) => {
      this.#release(taken, places);
      if (reply.ok || reply.problem.reason !== "closed") return reply;
      if (!taken.hasAnswered || tries === TRIES || drops !== this.#drops) return reply;
      this.#distrustIdle();
      return this.#searchOn(this.#take(places), search, places, tries + 1);
    });
  }

  /** Gives a connection that somebody else opened to the pool. */
  adopt(connection: LdapConnection): void {
    this.#know(connection);
    this.#release(connection, 0);
  }

  /** Whoever waits is told, connections are closed; the pool can be used again. */
  drop(problem: LdapProblem): void {
    this.#drops++;
    this.#tellWaiting(problem);
    for (const connection of this.#all) connection.close();
  }

  stop(): void {
    this.#isStopped = true;
    this.drop(serverProblem("stopped"));
  }

  get size(): number {
    return this.#all.size + this.#opening;
  }

  #take(places: number): Taken | Promise<Taken> {
    const connection = this.#waiting.size === 0 ? this.#withRoom(places) : undefined;
    if (connection !== undefined) {
      this.#occupy(connection, places);
      return connection;
    }
    if (this.size < this.#limits.connections) return this.#newOne(places);
    if (this.#waiting.size >= this.#limits.waiting) return BUSY;
    return this.#wait(places);
  }

  /** The fullest one that has room: what is asked there in one turn leaves in one write. */
  #withRoom(places: number): LdapConnection | undefined {
    let fullest: LdapConnection | undefined;
    let most = 0;
    for (const [connection, taken] of this.#busy) {
      if (taken <= most || taken + places > this.#limits.questions || !connection.isOpen) continue;
      fullest = connection;
      most = taken;
    }
    return fullest ?? [...this.#idle.keys()].findLast((connection) => connection.isOpen);
  }

  async #newOne(places: number): Promise<Taken> {
    if (this.#isStopped) return serverProblem("stopped");
    this.#opening++;
    try {
      const connection = await this.#open();
      this.#know(connection);
      if (this.#isStopped) {
        connection.close();
        return serverProblem("stopped");
      }
      this.#occupy(connection, places);
      this.#serveWaiting(connection);
      return connection;
    } catch (error) {
      const problem = error instanceof LdapFailure ? error.problem : problemOf(error, "connect");
      // Nobody else would open one for them.
      if (this.size === 1) this.#tellWaiting(problem);
      return problem;
    } finally {
      this.#opening--;
    }
  }

  #tellWaiting(problem: LdapProblem): void {
    for (const waiter of this.#waiting) waiter.resolve(problem);
    this.#waiting.clear();
  }

  #wait(places: number): Promise<Taken> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(PATIENCE * this.#limits.queryMs, () => {
        this.#waiting.delete(waiter);
        resolve(BUSY);
      });
      const waiter: Waiter = {
        places,
        resolve: (outcome) => {
          cancel();
          resolve(outcome);
        },
      };
      this.#waiting.add(waiter);
    });
  }

  #know(connection: LdapConnection): void {
    this.#all.add(connection);
    connection.onClose(() => {
      this.#all.delete(connection);
      this.#busy.delete(connection);
      this.#awaken(connection);
      void this.#refill();
    });
  }

  #occupy(connection: LdapConnection, places: number): void {
    this.#awaken(connection);
    this.#busy.set(connection, (this.#busy.get(connection) ?? 0) + places);
  }

  #release(connection: LdapConnection, places: number): void {
    if (!connection.isOpen) return;
    this.#busy.set(connection, (this.#busy.get(connection) ?? 0) - places);
    this.#serveWaiting(connection);
    if (this.#busy.get(connection) !== 0) return;
    this.#busy.delete(connection);
    this.#idle.set(
      connection,
      this.#clock.after(this.#limits.idleMs, () => connection.close()),
    );
  }

  /** In their order: whoever needs the whole connection is not passed by those who need less. */
  #serveWaiting(connection: LdapConnection): void {
    for (const waiter of this.#waiting) {
      if ((this.#busy.get(connection) ?? 0) + waiter.places > this.#limits.questions) return;
      this.#waiting.delete(waiter);
      this.#occupy(connection, waiter.places);
      waiter.resolve(connection);
    }
  }

  #awaken(connection: LdapConnection): void {
    this.#idle.get(connection)?.();
    this.#idle.delete(connection);
  }

  /** Whatever ended one connection may have ended those that are silent. */
  #distrustIdle(): void {
    for (const connection of [...this.#idle.keys()]) connection.close();
  }

  /** A connection ended while others wait: a new one is opened for whoever are the first then. */
  async #refill(): Promise<void> {
    if (this.#waiting.size === 0 || this.size >= this.#limits.connections) return;
    const outcome = await this.#newOne(0);
    if (!("reason" in outcome)) this.#release(outcome, 0);
  }
}

/** All connections are in use and enough others wait: the server may be well. */
const BUSY: LdapProblem = { reason: "busy", isServer: false };
/**
 * Time limits of a question that one may wait for its turn: longer than one, so that whoever waits for a server that hangs
 * learns it from those before him, and can still ask another.
 */
const PATIENCE = 2;
/** Connections that may break under one question, before the server counts as broken. */
const TRIES = 3;
