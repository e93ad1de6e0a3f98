/** Non-INVITE client transactions. RFC 3261 §17.1.2; matching of responses: §17.1.3. */

import { whenThere } from "../../core/later";
import { TransientMap } from "../../core/transient-map";
import type { Clock, Counters } from "../../gateway/sides";
import type { SipResponse } from "../message/message";
import type { Target, Transports } from "../transport/transport";
import { Deadlines, type Waiting } from "./deadlines";
import {
  CLIENT_TABLE,
  type ClientAction,
  type ClientEvent,
  type ClientState,
} from "./non-invite-client-table";
import { type TimerOptions, type Timers, timersFor } from "./timers";

/** Whoever sent the request; exactly one of these is called, once. */
export interface ClientUser {
  onFinal(response: SipResponse): void;
  /** Timer F: no final answer came in time. */
  onTimeout(): void;
  /** The transport could not send, or lost the connection. `wasSent`: it may have reached the far side all the same. */
  onTransportError(why: string, wasSent: boolean): void;
}

class ClientTransaction implements Waiting {
  deadline = 0;
  heapIndex = -1;
  state: ClientState = "trying";
  /** Interval of Timer E; 0 on a reliable transport. */
  e: number;
  connection: number | undefined;
  /** Did the kernel take it at least once? */
  wasSent = false;

  constructor(
    readonly branch: string,
    readonly method: string,
    readonly bytes: Buffer,
    readonly target: Target,
    readonly user: ClientUser,
    readonly timers: Timers,
    /** When Timer F fires. */
    readonly timesOutAt: number,
  ) {
    this.e = target.transport === "udp" ? timers.e : 0;
  }
}

export class NonInviteClientTransactions {
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #transports: Transports;
  readonly #timers: { readonly reliable: Timers; readonly unreliable: Timers };
  readonly #open = new TransientMap<string, ClientTransaction>();
  readonly #byConnection = new Map<number, Set<ClientTransaction>>();
  readonly #deadlines: Deadlines<ClientTransaction>;

  constructor(
    timers: TimerOptions,
    deps: { readonly clock: Clock; readonly counters: Counters; readonly transports: Transports },
  ) {
    this.#clock = deps.clock;
    this.#counters = deps.counters;
    this.#transports = deps.transports;
    this.#timers = { reliable: timersFor(timers, true), unreliable: timersFor(timers, false) };
    this.#deadlines = new Deadlines(deps.clock, (transaction, now) => this.#onDue(transaction, now));
    deps.transports.onClosed?.((connection, why) => this.#onClosed(connection, why));
  }

  get open(): number {
    return this.#open.size;
  }

  /**
   * Sends a request and waits for its final answer.
   * @param branch of its topmost Via; must not be in use
   */
  start(branch: string, method: string, bytes: Buffer, target: Target, user: ClientUser): void {
    const now = this.#clock.now();
    const timers = target.transport === "udp" ? this.#timers.unreliable : this.#timers.reliable;
    const transaction = new ClientTransaction(branch, method, bytes, target, user, timers, now + timers.f);
    this.#open.set(branch, transaction);
    this.#arm(transaction, now);
    this.#send(transaction);
  }

  /** Is this branch in use? A message resumed twice would have it twice. */
  has(branch: string): boolean {
    return this.#open.has(branch);
  }

  /** Gives the response to its transaction; false when there is none (§18.1.2: to be dropped). */
  receive(response: SipResponse, branch: string | undefined, cseqMethod: string): boolean {
    const transaction = branch === undefined ? undefined : this.#open.get(branch);
    if (transaction === undefined || transaction.method !== cseqMethod) return false;
    this.#on(transaction, response.status < 200 ? "1xx" : "final", response);
    return true;
  }

  /** Forgets every transaction without telling anyone; returns how many there were. */
  stop(): number {
    const open = this.#open.size;
    for (const transaction of this.#open.values()) transaction.state = "terminated";
    this.#open.clear();
    this.#byConnection.clear();
    this.#deadlines.clear();
    return open;
  }

  #send(transaction: ClientTransaction): void {
    whenThere(this.#transports.send(transaction.bytes, transaction.target), (result) => {
      if (!result.ok) {
        this.#on(transaction, "transport-error", undefined, result.why);
        return;
      }
      transaction.wasSent = true;
      if (result.connection !== undefined) this.#bind(transaction, result.connection);
    });
  }

  #bind(transaction: ClientTransaction, connection: number): void {
    if (transaction.state === "terminated") return;
    transaction.connection = connection;
    const others = this.#byConnection.get(connection);
    if (others === undefined) this.#byConnection.set(connection, new Set([transaction]));
    else others.add(transaction);
  }

  #onClosed(connection: number, why: string): void {
    const transactions = this.#byConnection.get(connection);
    if (transactions === undefined) return;
    this.#byConnection.delete(connection);
    for (const transaction of transactions) this.#on(transaction, "transport-error", undefined, why);
  }

  #onDue(transaction: ClientTransaction, now: number): void {
    this.#on(transaction, now >= transaction.timesOutAt ? "timer-f" : "timer-e");
  }

  #on(transaction: ClientTransaction, event: ClientEvent, response?: SipResponse, why = ""): void {
    const row = CLIENT_TABLE[transaction.state][event];
    transaction.state = row.next;
    if (row.next === "terminated" && row.actions.length > 0) this.#forget(transaction);
    for (const action of row.actions) this.#act(transaction, action, response, why);
    if (event === "timer-e" && row.next !== "terminated") this.#arm(transaction, this.#clock.now());
  }

  #act(
    transaction: ClientTransaction,
    action: ClientAction,
    response: SipResponse | undefined,
    why: string,
  ): void {
    const { user, timers } = transaction;
    switch (action) {
      case "send":
        this.#counters.add("sip.client.retransmissions");
        this.#send(transaction);
        return;
      case "double-e":
        transaction.e = Math.min(2 * transaction.e, timers.eMaximum);
        return;
      case "e-is-t2":
        transaction.e = timers.t2;
        return;
      case "pass-up":
        user.onFinal(response as SipResponse);
        return;
      case "tell-timeout":
        user.onTimeout();
        return;
      case "tell-transport-error":
        user.onTransportError(why, transaction.wasSent);
        return;
    }
  }

  #arm(transaction: ClientTransaction, now: number): void {
    const e = transaction.e === 0 ? Number.POSITIVE_INFINITY : now + transaction.e;
    this.#deadlines.set(transaction, Math.min(e, transaction.timesOutAt));
  }

  #forget(transaction: ClientTransaction): void {
    this.#open.delete(transaction.branch);
    this.#deadlines.remove(transaction);
    if (transaction.connection === undefined) return;
    const others = this.#byConnection.get(transaction.connection);
    others?.delete(transaction);
    if (others?.size === 0) this.#byConnection.delete(transaction.connection);
  }
}
