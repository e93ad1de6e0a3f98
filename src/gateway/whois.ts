/**
 * Aliases and leave, before anything is translated: whoever the directory knows goes by one address, and may use the service
 * or may not. Architecture §1 (resolve, then step): what is asynchronous happens here.
 */

import { jidSenderToSip, jidTargetToSip } from "../core/address/domains";
import { type Rejection, reject } from "../core/rejection";
import type { Tables } from "../core/tables";
import type { Element } from "../xml/element";
import type { Directory, DirectoryAnswer, Looked, Person, SipAnswer } from "./sides";

type Answered = SipAnswer | PromiseLike<SipAnswer>;

/** What a request from SIP says of its two people. */
export interface SipParties {
  readonly fromUri: string;
  readonly requestUri: string;
  /** In a dialog the Request-URI is our own Contact: it names nobody. */
  readonly toTag?: string;
}

/** What became of the two people of a stanza. */
export type Resolved = Element | { readonly refused: Rejection; readonly retryAfter?: number };

export class Whois {
  readonly #directory: Directory;
  readonly #tables: Tables;

  constructor(directory: Directory, tables: Tables) {
    this.#directory = directory;
    this.#tables = tables;
  }

  /** Hands a request on with the addresses that the translation is to see, or answers it. */
  sipIn<Input extends SipParties>(
    input: Input,
    go: (input: Input) => Answered,
    refuse: (input: Input, rejection: Rejection, retryAfter?: number) => SipAnswer,
  ): Answered {
    return after(this.#directory.bySip(input.fromUri), (sender) => {
      const refusal = refusalOf(sender);
      if (refusal !== undefined) return refuse(input, refusal.rejection, refusal.retryAfter);
      const named = sender.kind === "found" ? { ...input, fromUri: this.#uriOf(sender.value) } : input;
      if (input.toTag !== undefined) return go(named);
      return after(this.#directory.bySip(input.requestUri), (target) => {
        if (target.kind === "unavailable") return refuse(input, reject("DIRECTORY_AWAY"), target.retryAfter);
        return go(target.kind === "found" ? { ...named, requestUri: this.#uriOf(target.value) } : named);
      });
    });
  }

  /** A stanza with the addresses that the translation is to see. At once when the directory knows at once. */
  stanzaIn(stanza: Element): Resolved | Promise<Resolved> {
    const { from = "", to = "" } = stanza.attrs;
    return after<Person, Resolved>(this.#directory.byJid(from), (sender) => {
      const refusal = refusalOf(sender);
      if (refusal !== undefined)
        return {
          refused: refusal.rejection,
          ...(refusal.retryAfter === undefined ? {} : { retryAfter: refusal.retryAfter }),
        };
      return after<Person, Resolved>(this.#directory.byJid(to), (target) => {
        if (target.kind === "unavailable")
          return { refused: reject("DIRECTORY_AWAY"), retryAfter: target.retryAfter };
        if (target.kind === "unknown") return stanza;
        return { ...stanza, attrs: { ...stanza.attrs, to: withResource(target.value.jid, to) } };
      });
    });
  }

  /** A request on its way to SIP: both people under their canonical addresses. What the directory cannot say stays as it is. */
  sipOut<Request extends { readonly fromUri: string; readonly toUri: string }>(
    request: Request,
  ): Request | Promise<Request> {
    return after<Person, Request>(this.#directory.bySip(request.fromUri), (sender) => {
      const named = sender.kind === "found" ? { ...request, fromUri: sender.value.sipUri } : request;
      return after<Person, Request>(this.#directory.bySip(request.toUri), (target) =>
        target.kind === "found" ? { ...named, toUri: target.value.sipUri } : named,
      );
    });
  }

  /** The URI that the rules of the domains turn into this person's JID. */
  #uriOf({ jid, sipUri }: Person): string {
    const onXmpp = jidSenderToSip(jid, this.#tables.domains);
    if (onXmpp.ok) return onXmpp.value.uri;
    const onSip = jidTargetToSip(jid, this.#tables.domains);
    return onSip.ok ? onSip.value.uri : sipUri;
  }
}

function refusalOf(
  answer: DirectoryAnswer<Person>,
): { readonly rejection: Rejection; readonly retryAfter?: number } | undefined {
  if (answer.kind === "unavailable")
    return { rejection: reject("DIRECTORY_AWAY"), retryAfter: answer.retryAfter };
  if (answer.kind === "found" && !answer.value.isAllowed)
    return { rejection: reject("NOT_ALLOWED", answer.value.id) };
  return undefined;
}

/** Goes on at once with what is known at once, so that the order of what comes stays. */
function after<T, Result>(
  looked: Looked<T>,
  go: (answer: DirectoryAnswer<T>) => Result | PromiseLike<Result>,
): Result | Promise<Result> {
  return looked instanceof Promise ? looked.then(go) : (go(looked) as Result | Promise<Result>);
}

function withResource(jid: string, before: string): string {
  const slash = before.indexOf("/");
  return slash < 0 ? jid : jid + before.slice(slash);
}
