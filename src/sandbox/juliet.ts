/** Juliet: a small XMPP client that signs in, says a line, and shows what she gets. RFC 6120, RFC 6121. */

import { Client, xml } from "@xmpp/client-core";
import iqCaller from "@xmpp/iq/caller";
import middleware from "@xmpp/middleware";
import resourceBinding from "@xmpp/resource-binding";
import sasl from "@xmpp/sasl";
import plain from "@xmpp/sasl-plain";
import streamFeatures from "@xmpp/stream-features";
import tcp from "@xmpp/tcp";

export interface Juliet {
  readonly jid: string;
  say(to: string, text: string): Promise<void>;
  /** Resolves with the next message that has a body or is an error. */
  heard(deadlineMs: number): Promise<{ readonly from: string; readonly text: string; readonly type: string }>;
  leave(): Promise<void>;
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
  await client.send(xml("presence"));
  return {
    jid: client.jid?.toString() ?? `${username}@${domain}`,
    say: (to, text) =>
      client.send(xml("message", { to, type: "chat", id: `line-${Date.now()}` }, xml("body", {}, text))),
    heard: (deadlineMs) => inbox.next(deadlineMs),
    leave: async () => {
      await client.stop();
    },
  };
}

type Heard = { readonly from: string; readonly text: string; readonly type: string };

/** What came, in order, for whoever waits. */
class Inbox {
  readonly #messages: Heard[] = [];
  readonly #waiting: ((heard: Heard) => void)[] = [];

  take(stanza: {
    is(name: string): boolean;
    attrs: Record<string, string>;
    getChildText(name: string): string | null;
  }): void {
    if (!stanza.is("message")) return;
    const text = stanza.getChildText("body");
    const type = stanza.attrs.type ?? "normal";
    if (text === null && type !== "error") return;
    const heard = { from: stanza.attrs.from ?? "", text: text ?? "", type };
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#messages.push(heard);
    else waiting(heard);
  }

  next(deadlineMs: number): Promise<Heard> {
    const ready = this.#messages.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`juliet heard nothing within ${deadlineMs / 1000} s`)),
        deadlineMs,
      );
      this.#waiting.push((heard) => {
        clearTimeout(timer);
        resolve(heard);
      });
    });
  }
}
