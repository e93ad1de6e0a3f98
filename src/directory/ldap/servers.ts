/** Several LDAP servers with the same people: the first that works is asked, one that failed is tried again by itself. */

import type { Clock, Counters, Log } from "../../gateway/sides";
import { type LdapReply, type LdapSearch, openConnection } from "./connection";
import type { LdapOptions, LdapServerAddress } from "./options";
import { LdapPool } from "./pool";
import { type LdapProblem, problemOf } from "./problem";
import { socketOpener } from "./socket";

export interface ServersDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/** An answer and who gave it; or none, and after how many seconds it is worth asking again. */
export type ServersReply =
  | { readonly ok: true; readonly reply: LdapReply; readonly server: string }
  | { readonly ok: false; readonly retryAfter: number };

interface Server {
  readonly address: LdapServerAddress;
  readonly pool: LdapPool;
  isUp: boolean;
  /** Questions in a row that got no answer in time. */
  timeouts: number;
}

export class LdapServers {
  readonly #options: LdapOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #servers: readonly Server[];
  readonly #openSocket: ReturnType<typeof socketOpener>;
  readonly #cancels = new Set<() => void>();
  /** Whoever answered last. */
  #serving: Server | undefined;
  #isStopped = false;

  constructor(options: LdapOptions, { clock, log, counters }: ServersDeps) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#counters = counters;
    this.#openSocket = socketOpener(options);
    this.#servers = options.servers.map((address) => ({
      address,
      pool: new LdapPool(() => this.#open(address), options.limits, clock),
      isUp: true,
      timeouts: 0,
    }));
    [this.#serving] = this.#servers;
  }

  /** Never rejects. Each server that works is asked once, so that it ends within their time limits together. */
  search(search: LdapSearch): Promise<ServersReply> {
    return this.#searchFrom(0, search);
  }

  #searchFrom(first: number, search: LdapSearch): Promise<ServersReply> {
    let index = first;
    while (this.#servers[index]?.isUp === false) index++;
    const server = this.#isStopped ? undefined : this.#servers[index];
    if (server === undefined) return Promise.resolve({ ok: false, retryAfter: this.retryAfter });
    return server.pool.search(search).then((reply) => {
      this.#counters.add("directory.ldap.queries");
      if (!reply.ok && reply.problem.isServer) {
        this.#failed(server, reply.problem);
        return this.#searchFrom(index + 1, search);
      }
      this.#answered(server, reply);
      return { ok: true, reply, server: server.address.url };
    });
  }

  /** Seconds until a server that failed is tried again. */
  get retryAfter(): number {
    return Math.max(1, Math.ceil(this.#options.limits.retryMs / 1000));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const cancel of this.#cancels) cancel();
    for (const { pool } of this.#servers) pool.stop();
  }

  #open(address: LdapServerAddress) {
    this.#counters.add("directory.ldap.connections");
    return openConnection(address, this.#options, this.#openSocket, this.#clock);
  }

  #answered(server: Server, reply: LdapReply): void {
    if (reply.ok) server.timeouts = 0;
    const before = this.#serving;
    if (before === server) return;
    this.#serving = server;
    const isReturn = before === undefined || this.#servers.indexOf(server) < this.#servers.indexOf(before);
    this.#counters.add(isReturn ? "directory.ldap.returns" : "directory.ldap.failovers");
    const fields = { source: this.#options.name, server: server.address.url, instead: before?.address.url };
    if (isReturn) this.#log.info(fields, "directory returned to server");
    else this.#log.warn(fields, "directory failed over to server");
  }

  /** One question without an answer may be the question's fault; two in a row are the server's. */
  #failed(server: Server, problem: LdapProblem): void {
    this.#counters.add("directory.ldap.failures");
    if (problem.reason === "stopped" || !server.isUp) return;
    if (problem.reason === "timeout" && problem.detail === undefined && ++server.timeouts < TIMEOUTS) return;
    server.isUp = false;
    const fields = { source: this.#options.name, server: server.address.url, ...wordsOf(problem) };
    this.#log.warn({ ...fields, retryMs: this.#options.limits.retryMs }, "directory server away");
    server.pool.drop(problem);
    this.#tryLater(server);
  }

  #tryLater(server: Server): void {
    const cancel = this.#clock.after(this.#options.limits.retryMs, () => {
      this.#cancels.delete(cancel);
      void this.#tryAgain(server);
    });
    this.#cancels.add(cancel);
  }

  /** Bind and read the base: a server that hangs may still take connections. */
  async #tryAgain(server: Server): Promise<void> {
    if (this.#isStopped) return;
    try {
      const connection = await this.#open(server.address);
      const reply = await connection.search({ ...BASE, base: this.#options.base });
      if (!reply.ok && reply.problem.isServer) connection.close();
      else this.#isBack(server, () => server.pool.adopt(connection));
      if (this.#isStopped) connection.close();
      if (reply.ok || !reply.problem.isServer) return;
    } catch (error) {
      const fields = { source: this.#options.name, server: server.address.url };
      this.#log.debug({ ...fields, ...wordsOf(problemOf(error, "connect")) }, "directory server still away");
    }
    if (!this.#isStopped) this.#tryLater(server);
  }

  #isBack(server: Server, adopt: () => void): void {
    if (this.#isStopped) return;
    server.isUp = true;
    server.timeouts = 0;
    adopt();
    this.#log.info({ source: this.#options.name, server: server.address.url }, "directory server back");
  }
}

function wordsOf({ reason, detail }: LdapProblem): object {
  return detail === undefined ? { reason } : { reason, detail };
}

/** The entry at the base, without its attributes (RFC 4511 §4.5.1.8). */
export const BASE = { scope: "base", filter: "(objectClass=*)", attributes: ["1.1"], limit: 1 } as const;
/** In a row, after which a server counts as away. */
const TIMEOUTS = 2;
