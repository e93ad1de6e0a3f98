/** The connections to one LDAP server: bounded, kept open between questions, one question at a time on each. */

import type { Clock } from "../../gateway/sides";
import type { LdapConnection, LdapReply, LdapSearch } from "./connection";
import type { LdapLimits } from "./options";
import { LdapFailure, type LdapProblem, problemOf, serverProblem } from "./problem";

export type OpenLdap = () => Promise<LdapConnection>;

/** Somebody who waits for a connection. */
interface Waiter {
  resolve(connection: LdapConnection | LdapProblem): void;
}

export class LdapPool {
  readonly #open: OpenLdap;
  readonly #limits: LdapLimits;
  readonly #clock: Clock;
  /** With what cancels its closing. The one used last is taken first, so that those that are not needed become idle. */
  readonly #idle = new Map<LdapConnection, () => void>();
  readonly #wasUsed = new WeakSet<LdapConnection>();
  readonly #all = new Set<LdapConnection>();
  readonly #waiting = new Set<Waiter>();
  #opening = 0;
  #isStopped = false;

  constructor(open: OpenLdap, limits: LdapLimits, clock: Clock) {
    this.#open = open;
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * Asks on a connection of its own. Never rejects. An old connection that turns out to be broken (the server was
   * restarted, a firewall forgot it) is no failure of the server: a new one is tried once.
   */
  async search(search: LdapSearch): Promise<LdapReply> {
    const first = await this.#take();
    if ("reason" in first) return { ok: false, problem: first };
    const wasUsed = this.#wasUsed.has(first);
    const reply = await this.#ask(first, search);
    if (reply.ok || reply.problem.reason !== "closed" || !wasUsed) return reply;
    const second = await this.#newOne();
    return "reason" in second ? { ok: false, problem: second } : this.#ask(second, search);
  }

  /** Gives a connection that somebody else opened to the pool. */
  adopt(connection: LdapConnection): void {
    this.#know(connection);
    this.#release(connection);
  }

  /** Whoever waits is told, connections are closed; the pool can be used again. */
  drop(problem: LdapProblem): void {
    for (const waiter of this.#waiting) waiter.resolve(problem);
    this.#waiting.clear();
    for (const connection of this.#all) connection.close();
  }

  stop(): void {
    this.#isStopped = true;
    this.drop(serverProblem("stopped"));
  }

  get size(): number {
    return this.#all.size + this.#opening;
  }

  async #ask(connection: LdapConnection, search: LdapSearch): Promise<LdapReply> {
    const reply = await connection.search(search);
    this.#wasUsed.add(connection);
    this.#release(connection);
    return reply;
  }

  async #take(): Promise<LdapConnection | LdapProblem> {
    const idle = [...this.#idle.keys()].findLast((connection) => connection.isOpen);
    if (idle !== undefined) {
      this.#awaken(idle);
      return idle;
    }
    if (this.size < this.#limits.connections) return this.#newOne();
    if (this.#waiting.size >= this.#limits.waiting) return BUSY;
    return this.#wait();
  }

  async #newOne(): Promise<LdapConnection | LdapProblem> {
    if (this.#isStopped) return serverProblem("stopped");
    this.#opening++;
    try {
      const connection = await this.#open();
      this.#know(connection);
      if (!this.#isStopped) return connection;
      connection.close();
      return serverProblem("stopped");
    } catch (error) {
      return error instanceof LdapFailure ? error.problem : problemOf(error, "connect");
    } finally {
      this.#opening--;
    }
  }

  #wait(): Promise<LdapConnection | LdapProblem> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(PATIENCE * this.#limits.queryMs, () => {
        this.#waiting.delete(waiter);
        resolve(BUSY);
      });
      const waiter: Waiter = {
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
      this.#awaken(connection);
      void this.#refill();
    });
  }

  #release(connection: LdapConnection): void {
    if (!connection.isOpen) return;
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter);
      waiter.resolve(connection);
      return;
    }
    this.#idle.set(
      connection,
      this.#clock.after(this.#limits.idleMs, () => connection.close()),
    );
  }

  #awaken(connection: LdapConnection): void {
    this.#idle.get(connection)?.();
    this.#idle.delete(connection);
  }

  /** A connection ended while others wait: a new one is opened for whoever is the first then. */
  async #refill(): Promise<void> {
    if (this.#waiting.size === 0 || this.size >= this.#limits.connections) return;
    const outcome = await this.#newOne();
    if (!("reason" in outcome)) return this.#release(outcome);
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter);
      waiter.resolve(outcome);
      return;
    }
  }
}

/** All connections are in use and enough others wait: the server may be well. */
const BUSY: LdapProblem = { reason: "busy", isServer: false };
/**
 * Time limits of a question that one may wait for its turn: longer than one, so that whoever waits for a server that hangs
 * learns it from those before him, and can still ask another.
 */
const PATIENCE = 2;
