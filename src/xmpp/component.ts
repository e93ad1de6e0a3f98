/** The XMPP side: one link for each component host, and what each kind of stanza means. XEP-0114, RFC 6120 §8, RFC 6121 §8. */

import type { ProofOutcome } from "../core/input";
import type { IqService } from "../core/service/iq-service";
import type {
  Clock,
  Counters,
  Ids,
  Log,
  XmppMessageHandler,
  XmppPresenceHandler,
  XmppSide,
} from "../gateway/sides";
import { child, type Element } from "../xml/element";
import { NS } from "../xml/namespaces";
import { domainOf } from "./address";
import { answerIq } from "./iq/answer";
import { OpenQuestions } from "./iq/open-questions";
import { ComponentLink, type LinkState } from "./link";
import type { XmppOptions } from "./options";
import { errorFor } from "./stanza-error";
import type { Refusal } from "./stream-parser";

export type { LinkState } from "./link";

export interface XmppDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly counters: Counters;
  /** A number from 0 to 1, for the jitter of pauses. */
  readonly random?: () => number;
}

export interface ComponentSide extends XmppSide {
  /** The links as they are now, in the order of the configuration. */
  links(): readonly LinkState[];
  /** Calls back at every change of a link from now on. */
  onLinkChange(callback: (link: LinkState) => void): void;
  /** Before `start`: who answers the IQs that need to know people, subscriptions or lists. */
  serve(service: IqService): void;
}

/** Makes the XMPP side; nothing connects before `start`. */
export function createXmppSide(options: XmppOptions, deps: XmppDeps): ComponentSide {
  return new Side(options, deps);
}

class Side implements ComponentSide {
  readonly #options: XmppOptions;
  readonly #deps: XmppDeps;
  readonly #links: ReadonlyMap<string, ComponentLink>;
  readonly #startedAt: number;
  readonly #watchers = new Set<(link: LinkState) => void>();
  readonly #openQuestions: OpenQuestions;
  #service: IqService | undefined;
  #onMessage: XmppMessageHandler = () => undefined;
  #onPresence: XmppPresenceHandler | undefined;
  /** Did a stanza come over another link than that of its host? */
  #crossed = false;

  constructor(options: XmppOptions, deps: XmppDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#startedAt = deps.clock.now();
    this.#openQuestions = new OpenQuestions(deps);
    this.#links = new Map(
      options.components.map((component) => [component.host.toLowerCase(), this.#link(component)]),
    );
  }

  serve(service: IqService): void {
    this.#service = service;
  }

  start(onMessage: XmppMessageHandler, onPresence?: XmppPresenceHandler): void {
    this.#onMessage = onMessage;
    this.#onPresence = onPresence;
    for (const link of this.#links.values()) link.start();
  }

  isUp(host: string): boolean {
    return this.#links.get(host.toLowerCase())?.isUp === true;
  }

  links(): readonly LinkState[] {
    return [...this.#links.values()].map((link) => link.state);
  }

  onLinkChange(callback: (link: LinkState) => void): void {
    this.#watchers.add(callback);
  }

  onUp(callback: (host: string) => void): void {
    this.onLinkChange(({ host, state }) => {
      if (state === "up") callback(host);
    });
  }

  /** True when every link has been up; false when one has failed for good or `deadlineMs` has passed. */
  settled(deadlineMs: number): Promise<boolean> {
    const links = [...this.#links.values()];
    const isSettled = () => links.every((link) => link.wasUp || link.state.state === "failed");
    return new Promise((resolve) => {
      const finish = () => {
        this.#watchers.delete(look);
        cancel();
        resolve(links.every((link) => link.wasUp));
      };
      const look = () => {
        if (isSettled()) finish();
      };
      const cancel = this.#deps.clock.after(deadlineMs, finish);
      this.#watchers.add(look);
      look();
    });
  }

  prove(stanza: Element): PromiseLike<ProofOutcome> {
    const link = this.#linkFor(stanza);
    return link === undefined ? Promise.resolve(NO_LINK) : link.prove(stanza);
  }

  send(stanza: Element): boolean {
    return this.#linkFor(stanza)?.send(stanza) === true;
  }

  async stop(): Promise<number> {
    this.#openQuestions.stop();
    const left = await Promise.all([...this.#links.values()].map((link) => link.stop()));
    return left.reduce((sum, count) => sum + count, 0);
  }

  #linkFor(stanza: Element): ComponentLink | undefined {
    const host = domainOf(stanza.attrs.from ?? "");
    const link = this.#links.get(host);
    if (link === undefined)
      this.#deps.log.error({ host }, "no component serves the sender of a stanza of ours");
    return link;
  }

  #link(component: XmppOptions["components"][number]): ComponentLink {
    const deps = { ...this.#deps, random: this.#deps.random ?? Math.random };
    const link: ComponentLink = new ComponentLink(component, this.#options, deps, {
      stanza: (stanza) => this.#guarded(link, stanza),
      refused: (head, refusal) => this.#refused(link, head, refusal),
      changed: (state) => {
        for (const watcher of [...this.#watchers]) watcher(state);
      },
    });
    return link;
  }

  /** A mistake of ours with one stanza must not cost everybody the stream. */
  #guarded(link: ComponentLink, stanza: Element): void {
    try {
      this.#stanza(link, stanza);
    } catch (error) {
      this.#deps.log.error({ stanza: stanza.name, error: (error as Error).stack }, "stanza not handled");
      if (asks(stanza)) link.answer(errorFor(stanza, "cancel", "internal-server-error"));
    }
  }

  #stanza(link: ComponentLink, stanza: Element): void {
    switch (stanza.name) {
      case "message":
        this.#message(link, stanza);
        return;
      case "iq":
        this.#iq(link, stanza);
        return;
      case "presence":
        this.#presence(stanza);
        return;
      default:
        this.#deps.counters.add("xmpp.dropped.unknown");
    }
  }

  #message(link: ComponentLink, stanza: Element): void {
    if (stanza.attrs.type === "error" && this.#owner(link, stanza).takes(stanza)) {
      this.#deps.counters.add("xmpp.bounced");
      return;
    }
    if (this.#onPresence !== undefined && child(stanza, NS.pubsubEvent, "event") !== undefined) {
      // What a person publishes through PEP: not a message from anybody (XEP-0163 §4).
      this.#presence(stanza);
      return;
    }
    this.#deps.counters.add("xmpp.message");
    this.#onMessage({ kind: "xmpp-message", rid: this.#deps.ids.random(RID_BITS), stanza });
  }

  /** Without a handler RFC 6121 §8.5.1 wants silence about addresses that have no presence, to `subscribe` too. */
  #presence(stanza: Element): void {
    this.#deps.counters.add(this.#onPresence === undefined ? "xmpp.dropped.presence" : "xmpp.presence");
    this.#onPresence?.({ kind: "xmpp-presence", rid: this.#deps.ids.random(RID_BITS), stanza });
  }

  #iq(link: ComponentLink, iq: Element): void {
    const owner = this.#owner(link, iq);
    if (owner.takes(iq)) return;
    // The server would end the stream if we spoke for an address of somebody else.
    const ours = domainOf(iq.attrs.to ?? "") === owner.host;
    const answer = ours ? answerIq(iq, this.#iqContext()) : undefined;
    if (answer === undefined) this.#deps.counters.add("xmpp.dropped.iq");
    else if (answer instanceof Promise)
      this.#openQuestions.wait(iq, answer, (content) => owner.answer(content));
    else owner.answer(answer);
  }

  /**
   * The link of the host that the stanza is for. ejabberd sends the stanzas of every host under one listener's `hosts` over any
   * connection of that listener (23.01), so that answers come over links that did not ask.
   */
  #owner(link: ComponentLink, stanza: Element): ComponentLink {
    const host = domainOf(stanza.attrs.to ?? "");
    if (host === link.host) return link;
    const owner = this.#links.get(host);
    if (owner === undefined) return link;
    if (!this.#crossed) {
      this.#crossed = true;
      this.#deps.log.warn({ host, link: link.host }, "xmpp server mixes the stanzas of several components");
    }
    return owner;
  }

  #iqContext() {
    return {
      software: this.#options.software,
      now: this.#deps.clock.now(),
      startedAt: this.#startedAt,
      presence: this.#onPresence !== undefined,
      service: this.#service,
    };
  }

  /** Only the head is left of it, which is enough to say no. */
  #refused(link: ComponentLink, head: Element, refusal: Refusal): void {
    this.#deps.counters.add(`xmpp.refused.${refusal}`);
    const owner = this.#owner(link, head);
    if (head.attrs.type === "error" || head.attrs.type === "result") {
      if (!owner.takes(head)) this.#deps.counters.add("xmpp.dropped.refused");
    } else if (asks(head) && domainOf(head.attrs.to ?? "") === owner.host) {
      owner.answer(errorFor(head, "modify", "policy-violation"));
    }
  }
}

/** Does this stanza's sender wait for an answer? Not behind presence, and not behind an answer. */
function asks({ name, attrs }: Element): boolean {
  if (attrs.from === undefined || attrs.to === undefined || attrs.type === "error") return false;
  if (name === "iq") return attrs.id !== undefined && attrs.type !== "result";
  return name === "message" && attrs.type !== "headline";
}

const NO_LINK: ProofOutcome = { kind: "link-down", retryAfter: 300 };
const RID_BITS = 64;
