/**
 * What became of each stanza that we wrote on one stream. Architecture §4 point 2; XEP-0114 has no acknowledgements.
 *
 * A server takes the stanzas of a component in order, so a ping written after them is answered after them. What was tried:
 * Prosody 0.12.3 and ejabberd 23.01 bounce a message to a missing user before they answer a ping to the domain of that user;
 * a far domain's answer, or the bounce of a ping to a domain that does not exist, comes over the same way as the bounce of the
 * message. ejabberd hands a message to the process of the user's session, which may bounce it (blocked) some milliseconds
 * after the ping was answered; so a stanza counts as proven by the second of two pings, the second written a moment after the
 * answer to the first. A domain that answers no pings is helped by one to our own host, which the server routes back to us.
 */

import type { ProofOutcome } from "../core/input";
import type { Later } from "../core/later";
import type { Clock } from "../gateway/sides";
import { type Element, element } from "../xml/element";
import { NS } from "../xml/namespaces";
import { write } from "../xml/writer";
import { domainOf } from "./address";
import { Pending, ProofLane } from "./proof-lane";

export interface ProofLimits {
  /** How long a stanza may wait, milliseconds. */
  readonly deadlineMs: number;
  /** How long after the answer to a first ping the second is written. */
  readonly confirmAfterMs: number;
  /** How long a domain may take to answer before our own host is asked instead. */
  readonly domainMs: number;
  readonly maximumInFlight: number;
}

export class ProofBook {
  readonly #host: string;
  readonly #prefix: string;
  readonly #limits: ProofLimits;
  readonly #clock: Clock;
  /** Writes text on the stream now. */
  readonly #write: (text: string) => void;
  readonly #lanes = new Map<string, ProofLane>();
  /** Lanes with stanzas in the present batch. */
  readonly #dirty: ProofLane[] = [];
  /** Oldest first. */
  readonly #pings = new Map<string, Ping>();
  /** Domains that did not answer, and until when we do not ask them. */
  readonly #silent = new Map<string, number>();
  #inFlight = 0;
  #seq = 0;
  #pingCount = 0;
  #echoAt: number | undefined;
  #answeredAt: number;
  #cancelSweep: (() => void) | undefined;

  /** @param prefix unguessable: whoever knows a ping's id could answer in another's name */
  constructor(
    host: string,
    prefix: string,
    limits: ProofLimits,
    clock: Clock,
    writeText: (text: string) => void,
  ) {
    this.#host = host;
    this.#prefix = prefix;
    this.#limits = limits;
    this.#clock = clock;
    this.#write = writeText;
    this.#answeredAt = clock.now();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get isFull(): boolean {
    return this.#inFlight >= this.#limits.maximumInFlight;
  }

  /** When a ping was last answered, milliseconds. */
  get answeredAt(): number {
    return this.#answeredAt;
  }

  /** When the ping to our own host was written that has no answer yet. */
  get echoAt(): number | undefined {
    return this.#echoAt;
  }

  /** Enters a stanza that goes out with the present batch. */
  enter(stanza: Element): Later<ProofOutcome> {
    const to = stanza.attrs.to;
    const lane = this.#laneOf(to === undefined ? this.#host : domainOf(to));
    this.#seq += 1;
    this.#inFlight += 1;
    // An error is never answered by an error (RFC 6120 §8.3.1), and its id is one that somebody else chose.
    const id = stanza.attrs.type === "error" ? undefined : stanza.attrs.id;
    const pending = new Pending(this.#seq, id, lane, this.#clock.now());
    lane.push(pending);
    if (!lane.isDirty) this.#dirty.push(lane);
    lane.isDirty = true;
    this.#cancelSweep ??= this.#clock.after(SWEEP_MS, () => this.#sweep());
    return pending;
  }

  /** The pings that must stand at the end of the present batch: one for each domain with something new. */
  pingsForBatch(): string {
    if (this.#dirty.length === 0) return "";
    let text = "";
    const now = this.#clock.now();
    for (const lane of this.#dirty) {
      lane.isDirty = false;
      if (now - lane.pingedAt >= PING_EVERY_MS && lane.outstanding < PIPELINED) text += this.#ping(lane, now);
      else this.#schedule(lane, now);
    }
    this.#dirty.length = 0;
    return text;
  }

  /** Pings our own host through the server, if that is not done already. */
  echo(): void {
    if (this.#echoAt !== undefined) return;
    const now = this.#clock.now();
    this.#echoAt = now;
    this.#write(this.#request({ lane: undefined, to: this.#host, until: this.#seq, confirms: 0, at: now }));
  }

  /** Takes an IQ if it answers one of our pings: a result or an error of whom we asked, or our own ping come round. */
  takesIq(iq: Element): boolean {
    const id = iq.attrs.id;
    if (id === undefined || !id.startsWith(this.#prefix)) return false;
    const ping = this.#pings.get(id);
    const from = iq.attrs.from?.toLowerCase();
    if (ping === undefined) return from === this.#host;
    if (from !== ping.to) return false;
    this.#pings.delete(id);
    this.#answeredAt = this.#clock.now();
    if (ping.lane === undefined) this.#echoed(ping);
    else this.#answered(ping.lane, ping);
    return true;
  }

  /** Takes an error stanza if it bounces one under way: same id, from the domain that it went to. */
  takesError(stanza: Element): boolean {
    const { id, from } = stanza.attrs;
    if (id === undefined) return false;
    const domain = from === undefined ? this.#host : domainOf(from);
    const pending = this.#lanes.get(domain)?.find(id);
    if (pending === undefined) return false;
    this.#finish(pending, { kind: "bounced", error: stanza });
    return true;
  }

  /** Ends everything under way with the same outcome; returns how many there were. */
  endAll(outcome: ProofOutcome): number {
    const count = this.#inFlight;
    for (const lane of this.#lanes.values()) {
      lane.takeUntil(Number.POSITIVE_INFINITY, (pending) => this.#finish(pending, outcome));
    }
    this.#lanes.clear();
    this.#pings.clear();
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    return count;
  }

  #answered(lane: ProofLane, ping: Ping): void {
    lane.outstanding -= 1;
    lane.takeUntil(ping.confirms, (pending) => this.#finish(pending, PROVEN));
    if (lane.oldest() === undefined) {
      if (lane.outstanding === 0 && this.#lanes.get(lane.domain) === lane) this.#lanes.delete(lane.domain);
      return;
    }
    lane.answers.push({ confirmAt: this.#confirmAt(ping), until: ping.until });
    this.#schedule(lane, this.#answeredAt);
  }

  /** When a second ping may confirm what this answer covers: a server that is slow to answer is slow to bounce as well. */
  #confirmAt(ping: Ping): number {
    const patience = Math.min(SLOW_FACTOR * (this.#answeredAt - ping.at), LONGEST_CONFIRM_MS);
    return this.#answeredAt + Math.max(this.#limits.confirmAfterMs, patience);
  }

  /** Sets the timer of the lane's next ping: for what is not covered yet, or to confirm what was answered once. */
  #schedule(lane: ProofLane, now: number): void {
    const answer = lane.answers[0];
    if (lane.scheduled || (lane.lastPinged === lane.lastWritten && answer === undefined)) return;
    const confirmAt = answer?.confirmAt ?? Number.POSITIVE_INFINITY;
    const at =
      lane.lastPinged === lane.lastWritten ? confirmAt : Math.min(confirmAt, lane.pingedAt + PING_EVERY_MS);
    lane.scheduled = true;
    this.#clock.after(Math.max(0, at - now), () => {
      lane.scheduled = false;
      // Where too many are on their way, the answer to one of them brings us here again.
      if (lane.oldest() === undefined || lane.outstanding >= PIPELINED) return;
      this.#write(this.#ping(lane, this.#clock.now()));
    });
  }

  /** Our own host's ping came round: the server has everything before it, whatever the domains do. */
  #echoed(ping: Ping): void {
    this.#echoAt = undefined;
    const overdue = ping.at - this.#limits.domainMs;
    for (const lane of this.#lanes.values()) {
      const oldest = lane.oldest();
      if (oldest === undefined || oldest.seq > ping.until || oldest.writtenAt > overdue) continue;
      lane.takeUntil(ping.until, (pending) => this.#finish(pending, PROVEN));
      this.#giveUpOn(lane);
    }
  }

  /** The domain does not answer: from now on its stanzas are proven through our own host. */
  #giveUpOn(lane: ProofLane): void {
    if (this.#silent.size >= REMEMBERED_DOMAINS) this.#silent.clear();
    this.#silent.set(lane.domain, this.#clock.now() + REMEMBER_MS);
    for (const [id, ping] of this.#pings) {
      if (ping.lane === lane) this.#pings.delete(id);
    }
    lane.outstanding = 0;
    lane.pingTo = this.#host;
    if (lane.oldest() !== undefined) this.#write(this.#ping(lane, this.#clock.now()));
  }

  #ping(lane: ProofLane, now: number): string {
    const { answers, pingTo: to, lastWritten: until } = lane;
    while (answers[0] !== undefined && now >= answers[0].confirmAt) {
      lane.confirmable = answers[0].until;
      answers.shift();
    }
    lane.outstanding += 1;
    lane.lastPinged = until;
    lane.pingedAt = now;
    this.#schedule(lane, now);
    return this.#request({ lane, to, until, confirms: lane.confirmable, at: now });
  }

  #request(ping: Ping): string {
    this.#pingCount += 1;
    const id = `${this.#prefix}${this.#pingCount}`;
    this.#pings.set(id, ping);
    return write(
      element(NS.client, "iq", { type: "get", from: this.#host, to: ping.to, id }, PING),
      NS.client,
    );
  }

  #laneOf(domain: string): ProofLane {
    const known = this.#lanes.get(domain);
    if (known !== undefined) return known;
    const silentUntil = this.#silent.get(domain);
    const lane = new ProofLane(
      domain,
      silentUntil !== undefined && silentUntil > this.#clock.now() ? this.#host : domain,
    );
    this.#lanes.set(domain, lane);
    return lane;
  }

  #finish(pending: Pending, outcome: ProofOutcome): void {
    this.#inFlight -= 1;
    pending.lane.finished(pending);
    pending.settle(outcome);
  }

  /** One timer for all: finds what waits too long. */
  #sweep(): void {
    this.#cancelSweep = undefined;
    const now = this.#clock.now();
    for (const lane of this.#lanes.values()) this.#sweepLane(lane, now);
    for (const [id, ping] of this.#pings) {
      if (now - ping.at < this.#limits.deadlineMs) break;
      this.#pings.delete(id);
      if (ping.lane === undefined) this.#echoAt = undefined;
      else ping.lane.outstanding -= 1;
    }
    if (this.#inFlight > 0) this.#cancelSweep = this.#clock.after(SWEEP_MS, () => this.#sweep());
  }

  #sweepLane(lane: ProofLane, now: number): void {
    let oldest = lane.oldest();
    while (oldest !== undefined && now - oldest.writtenAt >= this.#limits.deadlineMs) {
      lane.takeUntil(oldest.seq, (pending) => this.#finish(pending, LATE));
      oldest = lane.oldest();
    }
    if (oldest === undefined) this.#lanes.delete(lane.domain);
    else if (now - oldest.writtenAt >= this.#limits.domainMs) this.echo();
  }
}

interface Ping {
  /** Undefined: to our own host, on behalf of all. */
  readonly lane: ProofLane | undefined;
  readonly to: string;
  /** The last stanza written before it. */
  readonly until: number;
  /** The last stanza that its answer proves. */
  readonly confirms: number;
  readonly at: number;
}

const PROVEN: ProofOutcome = { kind: "proven" };
const LATE: ProofOutcome = { kind: "late" };
const PING = element("urn:xmpp:ping", "ping"); // XEP-0199
/** A bounce is made by a process of its own (ejabberd), which gets its turn within a few times what a ping takes. */
const SLOW_FACTOR = 3;
/** Longer waits would cost every SIP sender of a far, slow domain his patience: Timer F is 32 s, but people look at it. */
const LONGEST_CONFIRM_MS = 500;
/** Pings of one domain on their way: as many as keep a far one busy, few enough for a server that is slow. */
const PIPELINED = 8;
/** One ping serves every stanza of this time: at 20,000 stanzas a second that is one for two hundred. */
const PING_EVERY_MS = 10;
/** Deadlines are in seconds, so a quarter of one is exact enough. */
const SWEEP_MS = 250;
const REMEMBER_MS = 300_000;
/** Anybody may name domains; forgetting them all costs each `domainMs` once. */
const REMEMBERED_DOMAINS = 1_000;
