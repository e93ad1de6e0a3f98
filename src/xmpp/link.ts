/** The link of one component host, kept up: connect, prove, notice death, connect again. XEP-0114, RFC 6120 §3.3, §4.6. */

import type { ProofOutcome } from "../core/input";
import type { Later } from "../core/later";
import type { Clock, Counters, Ids, Log } from "../gateway/sides";
import type { Element } from "../xml/element";
import { NS } from "../xml/namespaces";
import { write } from "../xml/writer";
import { backoff } from "./backoff";
import { ComponentStream, type StreamEvents } from "./component-stream";
import { lookEvery, silentFor } from "./liveness";
import type { ComponentOptions, XmppOptions } from "./options";
import { Outbox } from "./outbox";
import { ProofBook } from "./proof-book";
import { failure, type StreamFailure } from "./stream-failure";
import type { Refusal } from "./stream-parser";

export interface LinkState {
  /** The component host. */
  readonly host: string;
  readonly state: "connecting" | "up" | "down" | "failed" | "stopped";
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Why it is not up: a word, and a sentence. */
  readonly reason?: string;
  readonly detail?: string;
  /** When the next attempt begins, milliseconds since 1970. */
  readonly nextAttemptAt?: number;
}

export interface LinkDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly counters: Counters;
  readonly random: () => number;
}

export interface LinkEvents {
  stanza(stanza: Element): void;
  refused(head: Element, refusal: Refusal): void;
  changed(state: LinkState): void;
}

export class ComponentLink {
  readonly host: string;
  readonly #component: ComponentOptions;
  readonly #options: XmppOptions;
  readonly #deps: LinkDeps;
  readonly #events: LinkEvents;
  readonly #log: Log;
  #state: LinkState;
  #stream: ComponentStream | undefined;
  #book: ProofBook | undefined;
  readonly #outbox = new Outbox((batch) => this.#writeBatch(batch));
  #paused = false;
  #failures = 0;
  #wasUp = false;
  #lastReason: string | undefined;
  #heardAt = 0;
  #unproven = 0;
  #cancelAttempt: (() => void) | undefined;
  #cancelWatch: (() => void) | undefined;
  #stopping: Promise<number> | undefined;
  #stopped: (() => void) | undefined;

  constructor(component: ComponentOptions, options: XmppOptions, deps: LinkDeps, events: LinkEvents) {
    this.host = component.host.toLowerCase();
    this.#component = component;
    this.#options = options;
    this.#deps = deps;
    this.#events = events;
    this.#log = deps.log.child({ host: this.host });
    this.#state = { host: this.host, state: "down", since: deps.clock.now() };
  }

  get state(): LinkState {
    return this.#state;
  }

  get isUp(): boolean {
    return this.#state.state === "up";
  }

  /** Up at least once since the start? */
  get wasUp(): boolean {
    return this.#wasUp;
  }

  start(): void {
    this.#attempt();
  }

  /** Writes the stanza with the present batch, if there is room. */
  prove(stanza: Element): Later<ProofOutcome> | Promise<ProofOutcome> {
    const book = this.#book;
    if (book === undefined) return Promise.resolve(this.#linkDown());
    if (book.isFull || !this.#hasRoom()) {
      this.#deps.counters.add("xmpp.refused.full");
      return Promise.resolve(FULL);
    }
    const text = this.#text(stanza);
    const outcome = book.enter(stanza);
    this.#outbox.append(text);
    return outcome;
  }

  /** Writes a stanza nobody waits for; false when it cannot. */
  send(stanza: Element): boolean {
    if (this.#book === undefined || !this.#hasRoom()) return false;
    this.#outbox.append(this.#text(stanza));
    return true;
  }

  /** Writes an answer to the server. There is always room: reading stops instead until the server takes what we have. */
  answer(stanza: Element): void {
    if (this.#book === undefined) return;
    this.#outbox.append(this.#text(stanza));
    if (!this.#paused && this.#queued() > this.#options.maximumQueuedBytes * 2) {
      this.#paused = true;
      this.#stream?.pause();
    }
  }

  /** Is this IQ or error stanza the answer to something of ours under way? */
  takes(stanza: Element): boolean {
    if (this.#book === undefined) return false;
    return stanza.name === "iq" ? this.#book.takesIq(stanza) : this.#book.takesError(stanza);
  }

  /** Waits a moment for the last proofs, closes in order, and resolves with the number of stanzas never proven. */
  stop(): Promise<number> {
    this.#stopping ??= new Promise((resolve) => {
      this.#stopped = () => resolve(this.#unproven);
      this.#cancelAttempt?.();
      this.#closeWhenProven(this.#deps.clock.now() + LAST_PROOFS_MS);
    });
    return this.#stopping;
  }

  #closeWhenProven(until: number): void {
    const { clock } = this.#deps;
    if ((this.#book?.inFlight ?? 0) > 0 && clock.now() < until) {
      clock.after(LOOK_AGAIN_MS, () => this.#closeWhenProven(until));
      return;
    }
    this.#outbox.flush();
    if (this.#stream === undefined) this.#finishStop();
    else this.#stream.close();
  }

  #finishStop(): void {
    if (this.#state.state === "stopped") return;
    this.#change("stopped");
    this.#stopped?.();
  }

  #attempt(): void {
    this.#change("connecting");
    const limits = { size: this.#options.maximumStanzaBytes, depth: this.#options.maximumDepth };
    const times = { connectMs: this.#options.connectTimeoutMs ?? CONNECT_MS, closeMs: CLOSE_MS };
    this.#stream = new ComponentStream(
      this.#component,
      limits,
      times,
      this.#deps.clock,
      this.#streamEvents(),
    );
  }

  #streamEvents(): StreamEvents {
    return {
      up: () => this.#up(),
      stanza: (stanza) => this.#events.stanza(stanza),
      refused: (head, refusal) => this.#events.refused(head, refusal),
      heard: () => {
        this.#heardAt = this.#deps.clock.now();
      },
      drained: () => this.#drained(),
      ended: (reason) => this.#ended(reason),
    };
  }

  #up(): void {
    const { clock, ids, counters } = this.#deps;
    this.#wasUp = true;
    this.#lastReason = undefined;
    this.#heardAt = clock.now();
    this.#book = new ProofBook(
      this.host,
      `${ids.random(PREFIX_BITS)}.`,
      {
        deadlineMs: this.#options.proofDeadlineMs,
        confirmAfterMs: this.#options.confirmAfterMs ?? CONFIRM_AFTER_MS,
        domainMs: Math.min(this.#options.domainAnswerMs ?? DOMAIN_MS, this.#options.proofDeadlineMs / 2),
        maximumInFlight: this.#options.maximumInFlight,
      },
      clock,
      (text) => this.#outbox.append(text),
    );
    counters.add("xmpp.link.up");
    this.#log.info({ address: this.#component.address, port: this.#component.port }, "xmpp link up");
    this.#watch();
    this.#change("up");
  }

  #ended(reason: StreamFailure): void {
    const { clock, random } = this.#deps;
    // A link that fell soon after it came up has not recovered: its pauses go on growing.
    const stable = this.#state.state === "up" && clock.now() - this.#state.since >= STABLE_MS;
    const unproven = this.#clear();
    if (this.#stopped !== undefined) {
      this.#unproven = unproven.count;
      unproven.end(0);
      this.#finishStop();
      return;
    }
    if (reason.verdict === "stop") {
      this.#log.error({ reason: reason.reason }, `xmpp link failed: ${reason.detail}`);
      this.#change("failed", reason);
      unproven.end(FAILED_RETRY_SECONDS);
      return;
    }
    if (stable) this.#failures = 0;
    const range = this.#options.reconnectMs;
    const pause =
      reason.verdict === "slow" ? backoff(range, MANY, random()) : backoff(range, this.#failures, random());
    this.#failures += 1;
    this.#report(reason, pause, unproven.count);
    this.#change("down", reason, clock.now() + pause);
    this.#cancelAttempt = clock.after(pause, () => this.#attempt());
    unproven.end(Math.ceil(pause / 1000) + 1);
  }

  /** Forgets the stream and its book; what was under way is ended once the new state is known. */
  #clear(): { readonly count: number; end(retryAfter: number): void } {
    const book = this.#book;
    this.#cancelWatch?.();
    this.#stream = undefined;
    this.#book = undefined;
    this.#outbox.clear();
    this.#paused = false;
    return {
      count: book?.inFlight ?? 0,
      end: (retryAfter) => void book?.endAll({ kind: "link-down", retryAfter }),
    };
  }

  /** One line for each event; a failure that only repeats itself is not news. */
  #report(reason: StreamFailure, pause: number, unproven: number): void {
    this.#deps.counters.add("xmpp.link.down");
    const fields = { reason: reason.reason, detail: reason.detail, retryMs: pause, unproven };
    if (reason.reason === this.#lastReason) this.#log.debug(fields, "xmpp link still down");
    else this.#log.warn(fields, "xmpp link down");
    this.#lastReason = reason.reason;
  }

  #watch(): void {
    this.#cancelWatch = this.#deps.clock.after(lookEvery(this.#options), () => {
      if (this.#book === undefined) return;
      const silent = silentFor(this.#options, this.#book, this.#heardAt, this.#deps.clock.now());
      if (silent === undefined) this.#watch();
      else this.#stream?.abandon(failure("ping-timeout", `no answer to a ping for ${silent} ms`));
    });
  }

  #text(stanza: Element): string {
    return write(stanza, NS.client, this.#onScrub);
  }

  readonly #onScrub = (count: number): void => {
    this.#deps.counters.add("xmpp.scrubbed", count);
  };

  #writeBatch(batch: string): void {
    const book = this.#book;
    if (book !== undefined) this.#stream?.write(batch + book.pingsForBatch());
  }

  #queued(): number {
    return (this.#stream?.queued ?? 0) + this.#outbox.length;
  }

  #hasRoom(): boolean {
    return this.#queued() < this.#options.maximumQueuedBytes;
  }

  #drained(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#stream?.resume();
  }

  #linkDown(): ProofOutcome {
    const { state, nextAttemptAt } = this.#state;
    if (state === "failed") return { kind: "link-down", retryAfter: FAILED_RETRY_SECONDS };
    const wait = Math.max(0, (nextAttemptAt ?? 0) - this.#deps.clock.now());
    return { kind: "link-down", retryAfter: Math.ceil(wait / 1000) + 1 };
  }

  #change(state: LinkState["state"], reason?: StreamFailure, nextAttemptAt?: number): void {
    this.#state = {
      host: this.host,
      state,
      since: this.#deps.clock.now(),
      ...(reason === undefined ? {} : { reason: reason.reason, detail: reason.detail }),
      ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }),
    };
    this.#events.changed(this.#state);
  }
}

const FULL: ProofOutcome = { kind: "full", retryAfter: 1 };
/** From the first packet to the handshake, unless configured. */
const CONNECT_MS = 10_000;
/** ejabberd 23.01 bounced up to 12 ms after it had answered the ping: its first bounce, when it had to load code for it. */
const CONFIRM_AFTER_MS = 20;
/** How long a domain may take to answer a ping; long enough for DNS, TCP, TLS and dialback to a far one. */
const DOMAIN_MS = 3_000;
/** Two round trips and the pause between them, on a slow day. */
const LAST_PROOFS_MS = 1_000;
const LOOK_AGAIN_MS = 10;
/** A server answers `</stream>` at once, or not at all. */
const CLOSE_MS = 2_000;
/** Up for this long: the next fall is a new one. */
const STABLE_MS = 10_000;
/** Nothing but a person can mend it. */
const FAILED_RETRY_SECONDS = 300;
const PREFIX_BITS = 128;
/** More failures than any range of pauses has doublings. */
const MANY = 30;
