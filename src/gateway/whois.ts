/**
 * Aliases and leave, before anything is translated: whoever the directory knows goes by one address, and may use the service
 * or may not. Architecture §1 (resolve, then step): what is asynchronous happens here.
 */

import { sipSenderToJid } from "../core/address/domains";
import type { Signer } from "../core/input";
import { type Rejection, reject } from "../core/rejection";
import type { Tables } from "../core/tables";
import type { Element } from "../xml/element";
import { accountOf, accountOnSip, phoneOf, withDeviceOf } from "./canonical";
import type { Directory, DirectoryAnswer, Looked, Person, SipAnswer } from "./sides";

type Answered = SipAnswer | PromiseLike<SipAnswer>;

/** What a request from SIP says of its two people. */
export interface SipParties {
  readonly fromUri: string;
  readonly requestUri: string;
  /** In a dialog the Request-URI is our own Contact: it names nobody. */
  readonly toTag?: string;
  readonly signer?: Signer;
}

/** What became of the two people of a stanza. */
export type Resolved = Element | { readonly refused: Rejection; readonly retryAfter?: number };

export class Whois {
  readonly #directory: Directory;
  readonly #domains: Tables["domains"];
  readonly #phoneDomains: ReadonlySet<string>;

  /** @param phoneDomains SIP domains whose phones publish, and are watched, here */
  constructor(
    directory: Directory,
    { domains }: Pick<Tables, "domains">,
    phoneDomains: readonly string[] = [],
  ) {
    this.#directory = directory;
    this.#domains = domains;
    this.#phoneDomains = new Set(phoneDomains);
  }

  /** Hands a request on with the addresses that the translation is to see, or answers it. */
  sipIn<Input extends SipParties>(
    input: Input,
    go: (input: Input) => Answered,
    refuse: (input: Input, rejection: Rejection, retryAfter?: number) => SipAnswer,
  ): Answered {
    const { signer } = input;
    if (signer !== undefined) return this.#toWhom({ ...input, fromUri: this.#senderUri(signer) }, go, refuse);
    return after(this.#directory.bySip(input.fromUri), (sender) => {
      const refusal = refusalOf(sender);
      if (refusal !== undefined) return refuse(input, refusal.rejection, refusal.retryAfter);
      const named = sender.kind === "found" ? { ...input, fromUri: this.#senderUri(sender.value) } : input;
      return this.#toWhom(named, go, refuse);
    });
  }

  #toWhom<Input extends SipParties>(
    named: Input,
    go: (input: Input) => Answered,
    refuse: (input: Input, rejection: Rejection, retryAfter?: number) => SipAnswer,
  ): Answered {
    if (named.toTag !== undefined) return go(named);
    return after(this.#directory.bySip(named.requestUri), (target) => {
      if (target.kind === "unavailable") return refuse(named, reject("DIRECTORY_AWAY"), target.retryAfter);
      if (target.kind === "unknown") return go(named);
      return go({ ...named, requestUri: this.#targetUri(named.requestUri, target.value) });
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
        const { jid } = phoneOf(target.value, this.#domains) ?? target.value;
        return { ...stanza, attrs: { ...stanza.attrs, to: withResource(jid, to) } };
      });
    });
  }

  /** A request on its way to SIP: both people under their canonical addresses. What the directory cannot say stays as it is. */
  sipOut<Request extends { readonly fromUri: string; readonly toUri: string }>(
    request: Request,
  ): Request | Promise<Request> {
    return after<Person, Request>(this.#directory.bySip(request.fromUri), (sender) => {
      const named =
        sender.kind === "found"
          ? { ...request, fromUri: accountOnSip(sender.value, this.#domains) }
          : request;
      return after<Person, Request>(this.#directory.bySip(request.toUri), (target) =>
        target.kind === "found"
          ? { ...named, toUri: withDeviceOf(request.toUri, target.value.sipUri) }
          : named,
      );
    });
  }

  /** Who sends from SIP does so from his phone. */
  #senderUri(person: Signer): string {
    return phoneOf(person, this.#domains)?.uri ?? accountOf(person, this.#domains) ?? person.sipUri;
  }

  /** Where we are all that there is for phones, they are meant; else whatever of his is not on SIP, where it came from. */
  #targetUri(requestUri: string, person: Person): string {
    const phone = phoneOf(person, this.#domains)?.uri;
    const account = accountOf(person, this.#domains);
    const uri = this.#meansPhone(requestUri) ? (phone ?? account) : (account ?? phone);
    return withDeviceOf(requestUri, uri ?? person.sipUri);
  }

  #meansPhone(requestUri: string): boolean {
    const mapped = sipSenderToJid(requestUri, this.#domains);
    return mapped.ok && this.#phoneDomains.has(mapped.value.rule.sip);
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
