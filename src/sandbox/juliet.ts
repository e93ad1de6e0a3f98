/** Juliet: a small XMPP client that signs in, says a line, and shows what she gets. RFC 6120, RFC 6121. */

import { Client, xml } from "@xmpp/client-core";
import iqCaller from "@xmpp/iq/caller";
import middleware from "@xmpp/middleware";
import resourceBinding from "@xmpp/resource-binding";
import sasl from "@xmpp/sasl";
import plain from "@xmpp/sasl-plain";
import streamFeatures from "@xmpp/stream-features";
import tcp from "@xmpp/tcp";
import { Waiters } from "./waiters";

export interface Juliet {
  readonly jid: string;
  say(to: string, text: string): Promise<void>;
  /** Resolves with the next message that has a body or is an error. */
  heard(deadlineMs: number): Promise<{ readonly from: string; readonly text: string; readonly type: string }>;
  /** Asks to see somebody. */
  watch(to: string): Promise<void>;
  /** Resolves with whoever asks to see her. */
  asked(deadlineMs: number): Promise<string>;
  approve(who: string): Promise<void>;
  show(show: string, status: string): Promise<void>;
  /** Resolves with the next presence stanza that fits. */
  sees(what: string, deadlineMs: number, fits: (seen: SeenPresence) => boolean): Promise<SeenPresence>;
  leave(): Promise<void>;
}

export interface SeenPresence {
  readonly from: string;
  /** "available" where there is none. */
  readonly type: string;
  readonly show: string | null;
  readonly status: string | null;
}

/** Signs in over plain loopback TCP and announces presence, so that messages come. */
export async function signIn(
  address: string,
  port: number,
  domain: string,
  username: string,
  password: string,
): Promise<Juliet> {
  const client = new Client({ service: `xmpp://${address}:${port}`, domain });
  tcp({ entity: client });
  const router = middleware({ entity: client });
  const features = streamFeatures({ middleware: router });
  const iq = iqCaller({ entity: client, middleware: router });
  const authentication = sasl({ streamFeatures: features }, { username, password });
  plain(authentication);
  resourceBinding({ iqCaller: iq, streamFeatures: features }, "balcony");
  client.on("error", () => undefined); // the failed call tells; nobody else is to hear of it twice
  await client.start();
  const inbox = new Inbox();
  client.on("stanza", (stanza) => inbox.take(stanza));
  // Servers tell of subscriptions only those who have asked for the roster (RFC 6121 §2.2).
  await client.send(xml("iq", { type: "get", id: "roster" }, xml("query", { xmlns: "jabber:iq:roster" })));
  await client.send(xml("presence"));
  return {
    jid: client.jid?.toString() ?? `${username}@${domain}`,
    say: (to, text) =>
      client.send(xml("message", { to, type: "chat", id: `line-${Date.now()}` }, xml("body", {}, text))),
    heard: (deadlineMs) => inbox.messages.next("a line", deadlineMs),
    watch: (to) => client.send(xml("presence", { to, type: "subscribe" })),
    asked: async (deadlineMs) => {
      const asks = ({ type }: SeenPresence): boolean => type === "subscribe";
      return (await inbox.presence.next("somebody who asks to see her", deadlineMs, asks)).from;
    },
    approve: (who) => client.send(xml("presence", { to: who, type: "subscribed" })),
    show: (show, status) =>
      client.send(xml("presence", {}, xml("show", {}, show), xml("status", {}, status))),
    sees: (what, deadlineMs, fits) => inbox.presence.next(what, deadlineMs, fits),
    leave: async () => {
      await client.stop();
    },
  };
}

type Heard = { readonly from: string; readonly text: string; readonly type: string };

interface Stanza {
  is(name: string): boolean;
  attrs: Record<string, string>;
  getChildText(name: string): string | null;
}

/** What came, for whoever waits. */
class Inbox {
  readonly messages = new Waiters<Heard>("juliet");
  readonly presence = new Waiters<SeenPresence>("juliet");

  take(stanza: Stanza): void {
    if (stanza.is("message")) this.#message(stanza);
    if (stanza.is("presence")) this.#presence(stanza);
  }

  #message(stanza: Stanza): void {
    const text = stanza.getChildText("body");
    const type = stanza.attrs.type ?? "normal";
    if (text === null && type !== "error") return;
    this.messages.take({ from: stanza.attrs.from ?? "", text: text ?? "", type });
  }

  #presence(stanza: Stanza): void {
    const { from = "", type = "available" } = stanza.attrs;
    this.presence.take({
      from,
      type,
      show: stanza.getChildText("show"),
      status: stanza.getChildText("status"),
    });
  }
}
