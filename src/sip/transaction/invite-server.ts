/** INVITE server transactions for calls that are refused at once. RFC 3261 §17.2.1; matching of ACK and CANCEL: §17.2.3, §9.2. */

import type { Clock, Counters } from "../../gateway/sides";
import { Deadlines, type Waiting } from "./deadlines";
import { INVITE_TABLE, type InviteEvent, type InviteState } from "./invite-server-table";
import type { AnswerSender } from "./non-invite-server";
import type { ReceivedRequest } from "./received-request";
import { type TimerOptions, type Timers, timersFor } from "./timers";

class RefusedInvite implements Waiting {
  deadline = 0;
  heapIndex = -1;
  state: InviteState = "completed";
  /** Milliseconds until the next Timer G; 0: not running. */
  g: number;

  constructor(
    readonly key: string,
    readonly received: ReceivedRequest,
    readonly bytes: Buffer,
    readonly timers: Timers,
    /** Timer H, later Timer I. */
    public endsAt: number,
  ) {
    this.g = received.source.transport === "udp" ? timers.g : 0;
  }
}

export class InviteServerTransactions {
  readonly #timers: TimerOptions;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #sender: AnswerSender;
  readonly #refused = new Map<string, RefusedInvite>();
  readonly #deadlines: Deadlines<RefusedInvite>;

  constructor(
    timers: TimerOptions,
    deps: { readonly clock: Clock; readonly counters: Counters; readonly sender: AnswerSender },
  ) {
    this.#timers = timers;
    this.#clock = deps.clock;
    this.#counters = deps.counters;
    this.#sender = deps.sender;
    this.#deadlines = new Deadlines(deps.clock, (invite, now) => this.#onDue(invite, now));
  }

  get open(): number {
    return this.#refused.size;
  }

  /** Is there a transaction that this INVITE, ACK or CANCEL belongs to? */
  has(received: ReceivedRequest): boolean {
    return this.#refused.has(keyOf(received));
  }

  /** An INVITE or ACK for a transaction that exists; false when there is none. */
  receive(received: ReceivedRequest): boolean {
    const invite = this.#refused.get(keyOf(received));
    if (invite === undefined) return false;
    this.#on(invite, received.request.method === "ACK" ? "ack" : "invite");
    return true;
  }

  /** Refuses a new INVITE. When too many are open it is refused without state, as §8.2.7 allows. */
  refuse(received: ReceivedRequest, status: number, reason: string): void {
    const bytes = this.#sender.answer(received, status, reason, []);
    if (this.#refused.size >= MAXIMUM_INVITES) {
      this.#counters.add("sip.server.invite-stateless");
      return;
    }
    const timers = timersFor(this.#timers, received.source.transport !== "udp");
    const invite = new RefusedInvite(keyOf(received), received, bytes, timers, this.#clock.now() + timers.h);
    this.#refused.set(invite.key, invite);
    this.#arm(invite);
  }

  stop(): void {
    this.#refused.clear();
    this.#deadlines.clear();
  }

  #onDue(invite: RefusedInvite, now: number): void {
    if (now < invite.endsAt) this.#on(invite, "timer-g");
    else this.#on(invite, invite.state === "completed" ? "timer-h" : "timer-i");
  }

  #on(invite: RefusedInvite, event: InviteEvent): void {
    const row = INVITE_TABLE[invite.state][event];
    invite.state = row.next;
    for (const action of row.actions) {
      if (action === "send-answer") this.#sender.repeat(invite.received, invite.bytes);
      else if (action === "double-g") invite.g = Math.min(2 * invite.g, invite.timers.gMaximum);
      else if (action === "stop-g") invite.g = 0;
      else if (action === "start-i") invite.endsAt = this.#clock.now() + invite.timers.i;
      else if (action === "count-no-ack") this.#counters.add("sip.server.invite-no-ack");
      else this.#forget(invite);
    }
    // A copy of the INVITE does not move Timer G.
    if (invite.state !== "terminated" && event !== "invite") this.#arm(invite);
  }

  #arm(invite: RefusedInvite): void {
    const g = invite.g === 0 ? Number.POSITIVE_INFINITY : this.#clock.now() + invite.g;
    this.#deadlines.set(invite, Math.min(g, invite.endsAt));
  }

  #forget(invite: RefusedInvite): void {
    this.#refused.delete(invite.key);
    this.#deadlines.remove(invite);
  }
}

/** Branch and sent-by name the transaction; the rest keeps apart clients that re-use branches (see `createIdentify`). */
function keyOf({ request, topmostVia, from, cseq }: ReceivedRequest): string {
  const sentBy = `${topmostVia.host.toLowerCase()}:${topmostVia.port ?? ""}`;
  const tag = from.parameters.get("tag") ?? "";
  return `${topmostVia.branch ?? ""} ${sentBy} ${cseq.number} ${tag} ${request.headers.get("Call-ID") ?? ""} ${from.uri}`;
}

/** Calls come by hand, and each of these repeats its answer up to ten times to an address that may be forged. */
const MAXIMUM_INVITES = 256;
