/** An XMPP person whose client may die with the server and come back: what came is kept over all its lives. */

import { type MessageOut, type Stanza, startXmppClient, type XmppClient } from "../../support/slixmpp";
import type { XmppServer } from "../../support/xmpp-server";

export class Person {
  readonly #earlier: XmppClient[] = [];
  #client: XmppClient;

  private constructor(
    readonly jid: string,
    client: XmppClient,
    private readonly start: () => Promise<XmppClient>,
  ) {
    this.#client = client;
  }

  static async online(server: XmppServer, name: string, password: string): Promise<Person> {
    const jid = `${name}@xmpp.test`;
    const start = () => startXmppClient({ jid, password, host: server.address, port: server.c2sPort });
    return new Person(jid, await start(), start);
  }

  /** A new client; the one before may be dead. */
  async again(): Promise<void> {
    this.#earlier.push(this.#client);
    this.#client.kill();
    this.#client = await this.start();
  }

  /** Everything that came, oldest first. */
  stanzas(): Stanza[] {
    return [...this.#earlier, this.#client].flatMap((client) => client.stanzas);
  }

  /** Messages that are not errors. */
  texts(): Stanza[] {
    return this.stanzas().filter((s) => s.name === "message" && s.type !== "error" && s.body !== undefined);
  }

  /** Errors that came for messages of ours, by the id of the message. */
  errors(): Map<string, Stanza[]> {
    return groupBy(
      this.stanzas().filter((s) => s.name === "message" && s.type === "error"),
      (s) => s.id,
    );
  }

  message(message: MessageOut): string {
    return this.#client.message(message);
  }

  /** What the server had handed over before this call has come when it resolves. */
  settle(): Promise<void> {
    return this.#client.settle();
  }

  /** What was written to an address of this domain before has been read there: its answer to a ping comes after it. */
  async reach(domain: string): Promise<void> {
    await this.#client.iq("get", domain, '<ping xmlns="urn:xmpp:ping"/>');
  }

  /** What service discovery says of an address, as XML (XEP-0030 §3.1). */
  async discovers(address: string): Promise<string> {
    const query = '<query xmlns="http://jabber.org/protocol/disco#info"/>';
    return (await this.#client.iq("get", address, query)).xml;
  }

  stop(): Promise<void> {
    return this.#client.stop();
  }
}

/** Groups in the order of first appearance. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
