/** What service discovery says of us: only what this build does (bug 20). XEP-0030 §3, XEP-0185's registry of categories. */

import { NS } from "../xml/namespaces";

export interface Discovered {
  readonly identity: { readonly category: string; readonly type: string; readonly name?: string };
  readonly features: readonly string[];
}

export const QUERY = {
  info: "http://jabber.org/protocol/disco#info", // XEP-0030
  items: "http://jabber.org/protocol/disco#items",
  ping: "urn:xmpp:ping", // XEP-0199
  version: "jabber:iq:version", // XEP-0092
  last: "jabber:iq:last", // XEP-0012
  time: "urn:xmpp:time", // XEP-0202
} as const;

/** Understood in messages to people, whichever device they use. */
const IN_MESSAGES: readonly string[] = [NS.receipts, NS.chatStates, NS.delay];

/** What people publish through PEP and SIP watchers see (XEP-0163 §4.3.2). */
const FROM_PEP: readonly string[] = [NS.mood, NS.activity, NS.geoloc].map((node) => `${node}+notify`);

/** By the kind of address that is asked. Every address gets the same answer, so nobody learns who exists. */
export const DISCOVERED: Readonly<Record<"host" | "bare" | "full", Discovered>> = {
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
    features: [QUERY.info, QUERY.items, QUERY.ping, NS.caps, ...IN_MESSAGES, ...FROM_PEP],
  },
};
