/** One connection to one LDAP server, bound, with several questions under way. RFC 4511 §3.1, §4.2, §4.5. */

import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { Client, type Entry, type SearchOptions, type SearchResult } from "ldapts";
import { TransientMap } from "../../core/transient-map";
import type { Clock } from "../../gateway/sides";
import type { LdapOptions, LdapServerAddress } from "./options";
import { LdapFailure, type LdapProblem, problemOf, serverProblem } from "./problem";
import type { OpenSocket } from "./socket";
import { LdapStream } from "./stream";

export interface LdapSearch {
  readonly base: string;
  readonly scope: "base" | "one" | "sub";
  readonly filter: string;
  readonly attributes: readonly string[];
  /** Entries at most. */
  readonly limit: number;
  /** Entries a page; absent: no pages. RFC 2696. Servers keep one place in a list for each connection: nothing else may go over it. */
  readonly page?: number;
}

export type LdapReply =
  | { readonly ok: true; readonly entries: readonly Entry[] }
  | { readonly ok: false; readonly problem: LdapProblem };

export interface LdapSecurity {
  /** Such as TLSv1.3; absent: no TLS. */
  readonly protocol?: string;
  /** Last day of the server's certificate, as it says. */
  readonly validTo?: string;
}

export type ConnectionOptions = Pick<LdapOptions, "bind" | "limits">;

/**
 * Opens a connection and binds.
 * @throws (rejects) LdapFailure, at the latest after `limits.connectMs`
 */
export async function openConnection(
  server: LdapServerAddress,
  options: ConnectionOptions,
  openSocket: OpenSocket,
  clock: Clock,
): Promise<LdapConnection> {
  const opening = openSocket(server);
  let isLate = false;
  let connection: LdapConnection | undefined;
  const cancel = clock.after(options.limits.connectMs, () => {
    isLate = true;
    opening.cancel();
    connection?.close();
  });
  let stage: "connect" | "bind" = "connect";
  try {
    const socket = await opening.ready;
    stage = "bind";
    connection = new LdapConnection(server, socket, options, clock);
    if (isLate) throw new LdapFailure(serverProblem("timeout"));
    await connection.bind();
    return connection;
  } catch (error) {
    connection?.close();
    const problem = problemOf(connection?.fault ?? error, stage);
    throw new LdapFailure(isLate ? serverProblem("timeout", stage) : problem);
  } finally {
    cancel();
  }
}

export class LdapConnection {
  readonly server: LdapServerAddress;
  readonly security: LdapSecurity;
  readonly #client: Client;
  readonly #stream: LdapStream;
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  #isHung = false;
  #isOpen = true;
  #onClose: () => void = () => undefined;

  constructor(server: LdapServerAddress, socket: Socket, options: ConnectionOptions, clock: Clock) {
    this.server = server;
    this.security = securityOf(socket);
    this.#options = options;
    this.#clock = clock;
    const stream = new LdapStream(socket, options.limits.answerOctets);
    this.#stream = stream;
    stream.on("error", () => undefined); // stream.fault tells
    stream.on("close", () => {
      this.#isOpen = false;
      this.#onClose();
    });
    this.#client = new Client({
      url: "ldap://connected", // the name is never looked up: the stream is open
      strictDN: false,
      createConnection: () => {
        // The library would connect anew by itself, without TLS and without bind.
        if (!this.#isOpen) throw new LdapFailure(serverProblem("closed"));
        return stream as unknown as Socket;
      },
    });
    spareMemory(this.#client);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Why it ended, if not in good order. */
  get fault(): Error | undefined {
    return this.#stream.fault;
  }

  /** Has it answered any question? */
  get hasAnswered(): boolean {
    return this.#stream.hasAnswered;
  }

  /** Calls back when the connection ends, from whichever side. */
  onClose(callback: () => void): void {
    this.#onClose = callback;
  }

  /** Without a bind DN the connection stays anonymous. */
  async bind(): Promise<void> {
    const { bind } = this.#options;
    if (bind !== undefined) await this.#client.bind(bind.dn, bind.password);
  }

  /**
   * Never rejects; ends at the latest after `limits.queryMs`. A connection that gave no answer is closed: the other questions
   * on it get `closed`, or `timeout` as well where not a word has come since.
   */
  search(search: LdapSearch): Promise<LdapReply> {
    const { queryMs } = this.#options.limits;
    const heardBefore = this.#stream.heard;
    let isLate = false;
    const cancel = this.#clock.after(queryMs, () => {
      isLate = true;
      this.#isHung = this.#stream.heard === heardBefore;
      this.close();
    });
    return this.#collect(search, Math.ceil(queryMs / 1000)).then(
      (entries) => {
        cancel();
        return { ok: true, entries };
      },
      (error: unknown) => {
        cancel();
        return { ok: false, problem: this.#endedBy(error, isLate) };
      },
    );
  }

  /** What the end of a question says, to whoever asked and of the connection. */
  #endedBy(error: unknown, isLate: boolean): LdapProblem {
    const problem =
      isLate || this.#isHung
        ? serverProblem("timeout")
        : problemOf(isResult(error) ? error : (this.#stream.fault ?? error), "search");
    if (problem.isServer) this.close();
    return problem;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#client.unbind().catch(() => undefined); // it may be broken: then there is nothing to take leave of
    this.#stream.destroy();
  }

  #collect(search: LdapSearch, timeLimit: number): Promise<readonly Entry[]> {
    const { base, scope, filter, attributes, limit, page } = search;
    const asked: SearchOptions = {
      scope,
      filter,
      attributes: [...attributes],
      derefAliases: "never",
      timeLimit,
    };
    if (page !== undefined) return this.#collectPages(base, asked, Math.min(page, limit), limit);
    asked.sizeLimit = limit;
    return this.#client.search(base, asked).then(entriesOf);
  }

  async #collectPages(
    base: string,
    asked: SearchOptions,
    pageSize: number,
    limit: number,
  ): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    const heardBefore = this.#stream.heard;
    const pages = this.#client.searchPaginated(base, { ...asked, paged: { pageSize } });
    for await (const { searchEntries } of pages) {
      entries.push(...searchEntries);
      if (entries.length >= limit) break;
      // Its pages are answers of their own to the stream; it has the connection to itself.
      if (this.#stream.heard - heardBefore > this.#options.limits.answerOctets)
        throw new LdapFailure({ reason: "too-large", isServer: false });
    }
    return entries.slice(0, limit);
  }
}

/**
 * COMPAT(ldapts 8.2): its table of questions under way is a Map, which under load keeps nearly every question and answer in
 * memory until the old generation is collected (see TransientMap): measured, more than half of what a sign-in leaves to the
 * collector. A later release without this table is used as it is.
 */
function spareMemory(client: Client): void {
  const inside = client as unknown as Record<string, unknown>;
  if (inside[UNDER_WAY] instanceof Map) inside[UNDER_WAY] = new TransientMap();
}

function entriesOf({ searchEntries }: SearchResult): readonly Entry[] {
  return searchEntries;
}

const UNDER_WAY = "messageDetailsByMessageId";

/** The server's answer to this very question, whatever befell the connection. */
function isResult(error: unknown): boolean {
  return typeof (error as { code?: unknown }).code === "number" || error instanceof LdapFailure;
}

function securityOf(socket: Socket): LdapSecurity {
  if (!(socket instanceof TLSSocket)) return {};
  const protocol = socket.getProtocol();
  const { valid_to: validTo } = socket.getPeerCertificate();
  return { ...(protocol === null ? {} : { protocol }), ...(validTo === undefined ? {} : { validTo }) };
}
