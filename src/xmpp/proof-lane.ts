/** Stanzas to one domain that wait for their proof, in the order in which they were written. Architecture §4 point 2. */

import type { ProofOutcome } from "../core/input";
import { Later } from "../core/later";
import { PendingIndex } from "./pending-index";

/** One stanza under way, and what becomes of it. */
export class Pending extends Later<ProofOutcome> {
  /** Another one under way with the same id: ids that XMPP people chose may meet. */
  sameId: Pending | undefined = undefined;
  isIndexed = false;
  done = false;

  constructor(
    /** Grows with every stanza of the link. */
    readonly seq: number,
    /** Undefined: no error can bounce it. */
    readonly id: string | undefined,
    readonly lane: ProofLane,
    /** When it was written, milliseconds. */
    readonly writtenAt: number,
  ) {
    super();
  }
}

interface Answer {
  /** When what it covers may be confirmed, milliseconds. */
  readonly confirmAt: number;
  readonly until: number;
}

export class ProofLane {
  /** The last stanza written, and the last one that a ping covers. */
  lastWritten = 0;
  lastPinged = 0;
  /** When the last ping was written, milliseconds. */
  pingedAt = Number.NEGATIVE_INFINITY;
  /** Pings on their way. */
  outstanding = 0;
  /** Has it stanzas in the present batch? */
  isDirty = false;
  /** Is a timer set for the next ping? */
  scheduled = false;
  /** What was covered by pings that were answered a short while ago, oldest first. */
  readonly answers: Answer[] = [];
  /** The last stanza whose first answer is old enough: what the next ping's answer proves. */
  confirmable = 0;
  readonly #queue: (Pending | undefined)[] = [];
  #head = 0;
  readonly #index = new PendingIndex<Pending>();
  /** The last stanza that is in the index, or was when the index was looked at. */
  #indexedThrough = 0;

  constructor(
    readonly domain: string,
    /** Whom to ping: the domain itself, or our own host where the domain does not answer. */
    public pingTo: string,
  ) {}

  push(pending: Pending): void {
    this.#queue.push(pending);
    this.lastWritten = pending.seq;
  }

  /** The oldest one that still waits. */
  oldest(): Pending | undefined {
    for (;;) {
      const pending = this.#queue[this.#head];
      if (pending === undefined || !pending.done) return pending;
      this.#drop();
    }
  }

  /** Takes out everything up to and including this sequence number. */
  takeUntil(seq: number, each: (pending: Pending) => void): void {
    for (let pending = this.oldest(); pending !== undefined && pending.seq <= seq; pending = this.oldest()) {
      this.#drop();
      each(pending);
    }
  }

  /** The oldest one with this id that still waits. Only errors ask, and they are few: what came since the last is indexed now. */
  find(id: string): Pending | undefined {
    let from = this.#queue.length;
    while (from > this.#head && (this.#queue[from - 1] as Pending).seq > this.#indexedThrough) from--;
    for (; from < this.#queue.length; from++) {
      const pending = this.#queue[from] as Pending;
      if (pending.id !== undefined && !pending.done) this.#index.add(pending.id, pending);
    }
    this.#indexedThrough = this.lastWritten;
    return this.#index.find(id);
  }

  /** It waits no longer. */
  finished(pending: Pending): void {
    pending.done = true;
    if (pending.isIndexed) this.#index.remove(pending.id as string, pending);
  }

  // Moving the head instead of shifting keeps this linear; the emptied front is cut off now and then.
  #drop(): void {
    this.#queue[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    } else if (this.#head > CUT_AT && this.#head * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
  }
}

const CUT_AT = 1_024;
