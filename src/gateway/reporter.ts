/** Tells an XMPP sender how the message ended, until the XMPP server has it. Architecture §4 points 2 and 3. */

import type { SipMessageOut } from "../core/effect";
import type { MessageOrigin } from "../core/message/origin";
import type { Element } from "../xml/element";
import type { GatewayContext } from "./context";

/** Pause before what could not be told is told again, milliseconds. */
const RETRY_MS = 1_000;
/** So many are told at once: as many as share one proof, few enough to leave room for messages. */
const TOGETHER = 200;

interface Owed {
  /** Entry of the journal that keeps it; absent where the store did not take it. */
  readonly seq: number | undefined;
  readonly stanza: Element;
  /** It has been written, and what became of it is not known yet. */
  isUnderWay: boolean;
}

export class Reporter {
  readonly #context: GatewayContext;
  readonly #serialize: (stanza: Element) => string;
  /** What could not be told yet, oldest first; all of it stands in the journal, which bounds it. */
  readonly #owed = new Set<Owed>();
  #retrying = false;
  #stopped = false;
  #cancelRetry: (() => void) | undefined;

  constructor(context: GatewayContext, serialize: (stanza: Element) => string) {
    this.#context = context;
    this.#serialize = serialize;
  }

  get owed(): number {
    return this.#owed.size;
  }

  /**
   * Tells the sender of a journalled message; the journal forgets it once the XMPP server has what he was told.
   * While the link is down the telling is kept on disk, so that it survives a restart.
   */
  async tell(seq: number, stanza: Element): Promise<void> {
    if (await this.#told(stanza)) {
      this.#context.store.journalDone(seq);
      return;
    }
    this.#owe(seq, stanza);
    await this.#kept(seq, () => this.#context.store.journalReport(seq, this.#serialize(stanza)));
  }

  /** Tells the sender of a message that was refused before it was journalled. What cannot be told is journalled now. */
  async tellRefused(rid: string, origin: MessageOrigin, stanza: Element): Promise<void> {
    if (await this.#told(stanza)) return;
    if (!this.#hasRoom()) return;
    this.#owe(await this.#journalled(rid, origin, stanza), stanza);
  }

  /** Tells what nothing else on disk remembers: it goes to the journal with whatever is being written now, and is sent after that. */
  async tellSurely(rid: string, origin: MessageOrigin, stanza: Element): Promise<void> {
    if (!this.#hasRoom()) return;
    const kept = await this.#journalled(rid, origin, stanza);
    // Whatever else was written with it has been undone too: there is nothing to tell.
    if (kept === undefined) return;
    if (await this.#told(stanza)) this.#context.store.journalDone(kept);
    else this.#owe(kept, stanza);
  }

  /** Takes up a telling that an earlier life could not deliver. */
  resume(seq: number, stanza: Element): void {
    this.#owe(seq, stanza);
  }

  /**
   * The link of a component host is up. What is owed there is written before anything else, so that it cannot overtake what
   * has happened since: `unsubscribed` of an earlier life must not end what was subscribed in this one.
   */
  linkUp(host: string): void {
    void this.#tellAll([...this.#owed].filter(({ stanza }) => hostOf(stanza) === host));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRetry?.();
  }

  async #told(stanza: Element): Promise<boolean> {
    const outcome = await this.#context.xmpp.prove(stanza);
    // A bounce of an error or a receipt is the end of it: the sender has gone (RFC 6120 §8.3.1: never answer an error).
    return outcome.kind === "proven" || outcome.kind === "bounced";
  }

  /** A flood that fills the journal is refused too, so that refusals have as much room again. */
  #hasRoom(): boolean {
    const { store, limits, counters } = this.#context;
    if (store.journalSize() < 2 * limits.maximumJournal) return true;
    counters.add("xmpp.report.dropped");
    return false;
  }

  /** Its number in the journal once it is on disk; undefined where the store did not take it. Joins what is being written now. */
  #journalled(rid: string, origin: MessageOrigin, stanza: Element): Promise<number | undefined> {
    const { store, clock } = this.#context;
    return this.#kept(rid, async () => {
      const seq = store.nextSeq();
      const report = this.#serialize(stanza);
      const receivedAt = clock.now();
      await store.journal({ seq, pair: "", rid, receivedAt, request: NEVER_SENT, origin, report });
      return seq;
    });
  }

  /** A store that fails costs only what a crash would cost now: the telling stays in memory. */
  async #kept<T>(what: number | string, keep: () => Promise<T>): Promise<T | undefined> {
    try {
      return await keep();
    } catch (error) {
      this.#context.log.error({ what, error: (error as Error).message }, "report not kept on disk");
      return undefined;
    }
  }

  #owe(seq: number | undefined, stanza: Element): void {
    this.#owed.add({ seq, stanza, isUnderWay: false });
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#retrying || this.#stopped) return;
    this.#cancelRetry ??= this.#context.clock.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      void this.#retry();
    });
  }

  /** One round over all that is owed: a component host that is down does not keep the others' senders waiting. */
  async #retry(): Promise<void> {
    this.#retrying = true;
    await this.#tellAll([...this.#owed].filter(({ stanza }) => this.#context.xmpp.isUp(hostOf(stanza))));
    this.#retrying = false;
    if (this.#owed.size > 0) this.#retryLater();
  }

  async #tellAll(waiting: readonly Owed[]): Promise<void> {
    for (let at = 0; at < waiting.length && !this.#stopped; at += TOGETHER) {
      await Promise.all(waiting.slice(at, at + TOGETHER).map((owed) => this.#tellAgain(owed)));
    }
  }

  async #tellAgain(owed: Owed): Promise<void> {
    // What a link has just come up for may be in a round that goes on: it is told once.
    if (owed.isUnderWay || !this.#owed.has(owed)) return;
    owed.isUnderWay = true;
    const isTold = await this.#told(owed.stanza);
    owed.isUnderWay = false;
    if (!isTold) return;
    this.#owed.delete(owed);
    if (owed.seq !== undefined) this.#context.store.journalDone(owed.seq);
  }
}

/** Our component host that the stanza comes from. */
function hostOf({ attrs }: Element): string {
  const [bare = ""] = (attrs.from ?? "").split("/", 1);
  return bare.slice(bare.indexOf("@") + 1);
}

/** Stands where a journalled message has its request. */
const NEVER_SENT: SipMessageOut = {
  toUri: "",
  fromUri: "",
  fromTag: "",
  callId: "",
  cseq: 0,
  branch: "",
  contentType: "",
  headers: [],
  body: new Uint8Array(),
  peer: "",
};
