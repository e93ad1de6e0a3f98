/** What answers the IQs that need to know people, subscriptions or lists: its contract with the XMPP side. */

import type { Element } from "../../xml/element";

/** An identity of service discovery. XEP-0030 §3.1. */
export interface Identity {
  readonly category: string;
  readonly type: string;
  readonly name?: string;
}

export interface IqService {
  /**
   * What discovery says of a component host and of a person's bare JID, beside what the XMPP side does by itself. A host is asked
   * by its own address, or by one on it.
   */
  readonly offers: {
    host(address: string): { readonly identities: readonly Identity[]; readonly features: readonly string[] };
    readonly bare: { readonly features: readonly string[] };
  };
  /**
   * The answer to a get or set with exactly one child, to an address of ours, that the XMPP side does not answer by itself;
   * undefined when nobody does. A promise never rejects, but may hang as long as a directory does: the XMPP side does not wait
   * for ever. May throw when we have made a mistake.
   */
  answer(iq: Element): Element | Promise<Element> | undefined;
}
