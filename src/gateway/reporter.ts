/** Tells an XMPP sender how the message ended, until the XMPP server has it. Architecture §4 points 2 and 3. */

import type { Element } from "../xml/element";
import type { GatewayContext } from "./context";

/** Pause before what could not be told is told again, milliseconds. */
const RETRY_MS = 1_000;

interface Owed {
  /** Entry of the journal; absent for a message that was refused before it was journalled. */
  readonly seq: number | undefined;
  readonly stanza: Element;
}

export class Reporter {
  readonly #context: GatewayContext;
  readonly #serialize: (stanza: Element) => string;
  /** What could not be told yet; bounded by the journal, and for the rest by `maximumJournal`. */
  readonly #owed: Owed[] = [];
  #cancelRetry: (() => void) | undefined;

  constructor(context: GatewayContext, serialize: (stanza: Element) => string) {
    this.#context = context;
    this.#serialize = serialize;
  }

  get owed(): number {
    return this.#owed.length;
  }

  /**
   * Tells the sender; the journal forgets the message once the XMPP server has what it was told.
   * While the link is down the telling is kept on disk, so that it survives a restart.
   */
  async tell(seq: number | undefined, stanza: Element): Promise<void> {
    if (await this.#told(stanza)) {
      if (seq !== undefined) this.#context.store.journalDone(seq);
      return;
    }
    if (seq === undefined && this.#owed.length >= this.#context.limits.maximumJournal) {
      this.#context.counters.add("xmpp.report.dropped");
      return;
    }
    this.#owed.push({ seq, stanza });
    this.#retryLater();
    if (seq !== undefined) await this.#keep(seq, stanza);
  }

  /** Takes up a telling that an earlier life could not deliver. */
  resume(seq: number, stanza: Element): void {
    this.#owed.push({ seq, stanza });
    this.#retryLater();
  }

  stop(): void {
    this.#cancelRetry?.();
  }

  async #told(stanza: Element): Promise<boolean> {
    const outcome = await this.#context.xmpp.prove(stanza);
    // A bounce of an error or a receipt is the end of it: the sender has gone (RFC 6120 §8.3.1: never answer an error).
    return outcome.kind === "proven" || outcome.kind === "bounced";
  }

  async #keep(seq: number, stanza: Element): Promise<void> {
    try {
      await this.#context.store.journalReport(seq, this.#serialize(stanza));
    } catch (error) {
      this.#context.log.error({ seq, error: (error as Error).message }, "report not kept on disk");
    }
  }

  #retryLater(): void {
    this.#cancelRetry ??= this.#context.clock.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      void this.#retry();
    });
  }

  async #retry(): Promise<void> {
    while (this.#owed.length > 0) {
      const next = this.#owed[0] as Owed;
      if (!(await this.#told(next.stanza))) {
        this.#retryLater();
        return;
      }
      this.#owed.shift();
      if (next.seq !== undefined) this.#context.store.journalDone(next.seq);
    }
  }
}
