/** What service discovery says of us: only what this build does (bug 20). XEP-0030 §3, XEP-0185's registry of categories. */

import type { Identity, IqService } from "../core/service/iq-service";
import { NS } from "../xml/namespaces";

export type Whom = "host" | "bare" | "full";

export interface Discovered {
  readonly identities: readonly Identity[];
  readonly features: readonly string[];
}

/** What is on beside messages. */
export interface Offered {
  /** Is presence translated? */
  readonly presence: boolean;
  readonly service?: IqService | undefined;
}

export const QUERY = {
  info: "http://jabber.org/protocol/disco#info", // XEP-0030
  items: "http://jabber.org/protocol/disco#items",
  ping: "urn:xmpp:ping", // XEP-0199
  version: "jabber:iq:version", // XEP-0092
  last: "jabber:iq:last", // XEP-0012
  time: "urn:xmpp:time", // XEP-0202
} as const;

/**
 * Identities and features of one kind of address. Every address gets the same answer, so nobody learns who exists.
 * @param offered what is on
 * @param address who is asked, where that is a host
 */
export function discovered(whom: Whom, { presence, service }: Offered, address = ""): Discovered {
  const { identity, features } = ALWAYS[whom];
  switch (whom) {
    case "host": {
      const more = service?.offers.host(address);
      return {
        identities: [identity, ...(more?.identities ?? [])],
        features: [...features, ...(more?.features ?? [])],
      };
    }
    case "bare":
      return { identities: [identity], features: [...features, ...(service?.offers.bare.features ?? [])] };
    case "full":
      return { identities: [identity], features: presence ? [...features, ...WITH_PRESENCE] : features };
  }
}

/** Understood in messages to people, whichever device they use. */
const IN_MESSAGES: readonly string[] = [NS.receipts, NS.chatStates, NS.delay];

/** Capabilities in presence, and what people publish through PEP and SIP watchers see (XEP-0115, XEP-0163 §4.3.2). */
const WITH_PRESENCE: readonly string[] = [
  NS.caps,
  ...[NS.mood, NS.activity, NS.geoloc].map((node) => `${node}+notify`),
];

const ALWAYS: Readonly<Record<Whom, { readonly identity: Identity; readonly features: readonly string[] }>> =
  {
    host: {
      identity: { category: "gateway", type: "simple", name: "SIP" },
      features: [QUERY.info, QUERY.items, QUERY.ping, QUERY.version, QUERY.last, QUERY.time],
    },
    bare: {
      identity: { category: "account", type: "registered" },
      features: [QUERY.info, QUERY.items, QUERY.ping, ...IN_MESSAGES],
    },
    full: {
      identity: { category: "client", type: "phone" },
      features: [QUERY.info, QUERY.items, QUERY.ping, ...IN_MESSAGES],
    },
  };
