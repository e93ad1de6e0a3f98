/** Presence stanzas on their way to the XMPP server: in order, none lost to a full queue, none kept for a link that is down. */

import { domainOfBare } from "../../core/message/addresses";
import type { Element } from "../../xml/element";
import type { Clock, Counters, XmppSide } from "../sides";

/** Until a full queue has room again, milliseconds. */
const AGAIN_MS = 50;
/** More than a restart of 100,000 subscriptions may put there; beyond, the next reconciliation finds it. */
const MAXIMUM_WAITING = 200_000;

export class Stanzas {
  readonly #xmpp: XmppSide;
  readonly #clock: Clock;
  readonly #counters: Counters;
  #waiting: Element[] = [];
  #cancel: (() => void) | undefined;

  constructor(parts: { readonly xmpp: XmppSide; readonly clock: Clock; readonly counters: Counters }) {
    this.#xmpp = parts.xmpp;
    this.#clock = parts.clock;
    this.#counters = parts.counters;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Sends it, or keeps it while the queue is full. While the link is down it is dropped: reconciliation will say it anew. */
  send(stanza: Element): void {
    if (this.#waiting.length === 0 && this.#xmpp.send(stanza)) return;
    if (!this.#isUp(stanza)) this.#counters.add("presence.stanza.link-down");
    else if (this.#waiting.length >= MAXIMUM_WAITING) this.#counters.add("presence.stanza.dropped");
    else {
      this.#waiting.push(stanza);
      this.#again();
    }
  }

  stop(): void {
    this.#cancel?.();
    this.#waiting = [];
  }

  #again(): void {
    this.#cancel ??= this.#clock.after(AGAIN_MS, () => {
      this.#cancel = undefined;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const stanza of waiting) this.send(stanza);
    });
  }

  #isUp({ attrs }: Element): boolean {
    const [bare = ""] = (attrs.from ?? "").split("/", 1);
    return this.#xmpp.isUp(domainOfBare(bare));
  }
}
