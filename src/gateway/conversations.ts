/** What is remembered of a pair of people while they talk: who is typing, and what the phone does not take. RFC 3994. */

import { BoundedMap } from "../core/bounded-map";
import { copied } from "../core/copied";
import { pairKey } from "../core/message/addresses";
import { chatStateStanza } from "../core/message/chat-state";
import {
  type ComposingEffect,
  type ComposingRecord,
  type ComposingStep,
  composingDeadline,
  composingDue,
  composingFromSip,
  composingFromXmpp,
  type SipComposingEvent,
  type XmppComposingEvent,
} from "../core/message/composing";
import type { IsComposing } from "../core/message/is-composing";
import { isComposingRequest } from "../core/message/request-body";
import type { TranslatedComposing, TranslatedMessage } from "../core/message/sip-to-xmpp";
import type { SipParties, XmppTranslated } from "../core/message/xmpp-to-sip";
import type { GatewayContext } from "./context";
import { envelope } from "./envelope";

type XmppComposing = Extract<XmppTranslated, { kind: "composing" }>;

interface Conversation {
  /** Typing of the SIP user, shown to the XMPP user; and the other way round. */
  sip?: ComposingRecord;
  xmpp?: ComposingRecord;
  /** JIDs, for chat states: our JID for the SIP user, and the XMPP user's as last seen. */
  readonly sipUser: string;
  xmppUser: string;
  /** SIP addresses of both, known once the XMPP user has typed. */
  parties?: SipParties;
  /** The phone refused CPIM once. */
  plainOnly: boolean;
  /** A notification is on its way to the phone; only the newest of those that come meanwhile follows it. */
  isTelling: boolean;
  untold: IsComposing | undefined;
}

/** Typing deadlines are looked at this often while there are any, milliseconds: people notice no less. */
const TICK_MS = 1_000;
/**
 * RFC 3994 §4: after a 415 the sender MUST stop. The others say as much: the method, the content or its form is never taken.
 * A phone that is away for now (480, 503) will want to know when it is back.
 */
const NEVER: ReadonlySet<number> = new Set([405, 406, 415, 488, 501, 606]);

const CONTENT: SipComposingEvent = { kind: "content" };
const REPLY: SipComposingEvent = { kind: "reply" };

export class Conversations {
  readonly #context: GatewayContext;
  readonly #conversations: BoundedMap<Conversation>;
  /** Keys of the conversations that have a deadline. */
  readonly #timed = new Set<string>();
  #cancelTick: (() => void) | undefined;

  constructor(context: GatewayContext) {
    this.#context = context;
    this.#conversations = new BoundedMap(context.limits.maximumConversations);
  }

  /** Has the phone of this pair refused CPIM before? */
  isPlainOnly(pair: string): boolean {
    return this.#conversations.get(pair)?.plainOnly ?? false;
  }

  setPlainOnly(sipUser: string, xmppUser: string): void {
    this.#of(sipUser, xmppUser).plainOnly = true;
  }

  /** A message of the SIP user has reached the XMPP user: he types no more, and typing may be told from now on. */
  messageFromSip(message: TranslatedMessage): void {
    const conversation = this.#of(message.from, message.to);
    this.#sipStep(conversation, CONTENT);
    this.#xmppStep(conversation, "reply");
  }

  messageFromXmpp(sipUser: string, xmppUser: string): void {
    const conversation = this.#of(sipUser, xmppUser);
    // Nearly always the same device: its JID is not kept anew, as that would keep what it was read from.
    if (conversation.xmppUser !== xmppUser) conversation.xmppUser = copied(xmppUser);
    // The message says that she has stopped (RFC 3994 §3.2): what is told after it would say that she types again.
    conversation.untold = undefined;
    this.#xmppStep(conversation, "content");
    this.#sipStep(conversation, REPLY);
  }

  typedOnSip(typing: TranslatedComposing): void {
    const event: SipComposingEvent =
      typing.state === "active"
        ? {
            kind: "active",
            ...(typing.refreshSeconds === undefined ? {} : { refreshSeconds: typing.refreshSeconds }),
          }
        : { kind: "idle" };
    this.#sipStep(this.#of(typing.from, typing.to), event);
  }

  typedOnXmpp(typing: XmppComposing): void {
    const conversation = this.#of(typing.to, typing.from);
    conversation.xmppUser = copied(typing.from);
    conversation.parties = typing.parties;
    this.#xmppStep(conversation, typing.state);
  }

  /** No timer outlives the gateway. */
  stop(): void {
    this.#cancelTick?.();
    this.#timed.clear();
  }

  #of(sipUser: string, xmppUser: string): Conversation {
    const key = pairKey(sipUser, xmppUser);
    const known = this.#conversations.get(key);
    if (known !== undefined) return known;
    const conversation: Conversation = {
      sipUser: copied(sipUser),
      xmppUser: copied(xmppUser),
      plainOnly: false,
      isTelling: false,
      untold: undefined,
    };
    this.#conversations.set(key, conversation);
    return conversation;
  }

  #sipStep(conversation: Conversation, event: SipComposingEvent): void {
    this.#take(conversation, "sip", composingFromSip(conversation.sip, event, this.#context.clock.now()));
  }

  #xmppStep(conversation: Conversation, event: XmppComposingEvent): void {
    this.#take(conversation, "xmpp", composingFromXmpp(conversation.xmpp, event, this.#context.clock.now()));
  }

  #take(conversation: Conversation, composer: "sip" | "xmpp", step: ComposingStep): void {
    if (conversation[composer] === step.record && step.effects.length === 0) return;
    conversation[composer] = step.record;
    if (composingDeadline(step.record) !== undefined) this.#watch(conversation);
    for (const effect of step.effects) this.#carryOut(conversation, effect);
  }

  #carryOut(conversation: Conversation, effect: ComposingEffect): void {
    if (effect.kind === "chat-state") {
      this.#context.xmpp.send(chatStateStanza(effect.state, conversation.sipUser, conversation.xmppUser));
      return;
    }
    conversation.untold = effect.document;
    if (!conversation.isTelling) void this.#tellPhone(conversation);
  }

  /** One at a time: `idle` does not overtake `active`, and a slow phone does not gather them. */
  async #tellPhone(conversation: Conversation): Promise<void> {
    const { parties } = conversation;
    if (parties === undefined) return; // only the XMPP user's own typing makes this effect
    if (!this.#context.switchesOf(parties.peer).composing) return;
    conversation.isTelling = true;
    while (conversation.untold !== undefined) {
      const request = isComposingRequest(conversation.untold, { ...parties, ...envelope(this.#context) });
      conversation.untold = undefined;
      const outcome = await this.#context.sip.send(request);
      if (!NEVER.has(outcome.status) || outcome.local) continue;
      this.#xmppStep(conversation, "refused");
      conversation.untold = undefined;
    }
    conversation.isTelling = false;
  }

  #watch(conversation: Conversation): void {
    this.#timed.add(pairKey(conversation.sipUser, conversation.xmppUser));
    this.#cancelTick ??= this.#context.clock.after(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    this.#cancelTick = undefined;
    const now = this.#context.clock.now();
    for (const key of [...this.#timed]) {
      const conversation = this.#conversations.get(key);
      this.#timed.delete(key);
      if (conversation !== undefined) this.#due(conversation, now);
    }
  }

  #due(conversation: Conversation, now: number): void {
    for (const composer of ["sip", "xmpp"] as const) {
      const record = conversation[composer];
      if (record === undefined || composingDeadline(record) === undefined) continue;
      this.#take(conversation, composer, composingDue(record, now));
      if (composingDeadline(record) !== undefined) this.#watch(conversation);
    }
  }
}
