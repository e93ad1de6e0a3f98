import { xmppOfKnownPeople } from "../../src/gateway/known-people";
import type { Directory, Person, XmppSide } from "../../src/gateway/sides";
import { Whois } from "../../src/gateway/whois";
import { createCounters } from "../../src/runtime/counters";
import { type Element, element } from "../../src/xml/element";
import { nullLog } from "../support/null-log";
import { TABLES } from "./presence/tables";

const ROMEO: Person = {
  id: "uid=romeo",
  sipUri: "sip:o'romeo@sip.example",
  jid: "romeo@xmpp.example",
  isAllowed: true,
};
const CANONICAL = "o\\27romeo@sip.example";
const ALIAS = "montague@sip.example";
const JULIET = "juliet@xmpp.example";

/** What is sent back, and what comes through, when juliet sends this presence. */
async function presence(to: string, type?: string): Promise<{ sent: Element[]; taken: Element[] }> {
  const sent: Element[] = [];
  const taken: Element[] = [];
  let take: ((stanza: Element) => void) | undefined;
  const side: Pick<XmppSide, "send" | "start"> = {
    send: (stanza) => {
      sent.push(stanza);
      return true;
    },
    start: async (_, onPresence) => {
      take = (stanza) => onPresence?.({ kind: "xmpp-presence", rid: "1", stanza });
    },
  };
  const isRomeo = (jid: string) => [CANONICAL, ALIAS].includes(jid.split("/")[0] ?? "");
  const directory: Pick<Directory, "byJid"> = {
    byJid: (jid) => (isRomeo(jid) ? { kind: "found", value: ROMEO } : { kind: "unknown" }),
  };
  const known = xmppOfKnownPeople(side as XmppSide, {
    whois: new Whois(directory as Directory, TABLES),
    log: nullLog(),
    counters: createCounters(),
  });
  await known.start(
    () => undefined,
    ({ stanza }) => {
      taken.push(stanza);
    },
  );
  const attrs = { from: JULIET, to, id: "p1", ...(type === undefined ? {} : { type }) };
  take?.(element("jabber:component:accept", "presence", attrs));
  return { sent, taken };
}

test("whoever subscribes to an alias is told the one address, and her request is over (RFC 6120 §8.3.3.14)", async () => {
  const { sent, taken } = await presence(ALIAS, "subscribe");
  expect(taken).toEqual([]);
  expect(sent).toMatchObject([
    { name: "presence", attrs: { type: "error", from: ALIAS, to: JULIET, id: "p1" } },
    { name: "presence", attrs: { type: "unsubscribed", from: ALIAS, to: JULIET } },
  ]);
  const [error] = sent;
  expect(JSON.stringify(error)).toContain('"name":"redirect"');
  expect(JSON.stringify(error)).toContain("xmpp:o%5C27romeo@sip.example");
});

test.each(["subscribed", "unsubscribe", "unsubscribed", "probe"])(
  "%s to an alias says nothing of the subscription to the one address",
  async (type) => {
    expect(await presence(ALIAS, type)).toEqual({ sent: [], taken: [] });
  },
);

test.each([
  [CANONICAL, "subscribe"],
  [ALIAS, undefined],
  [`${ALIAS}/phone`, "unavailable"],
])("presence to %s of type %s goes to the person", async (to, type) => {
  const { sent, taken } = await presence(to, type);
  expect(sent).toEqual([]);
  expect(taken.map(({ attrs }) => attrs.to)).toEqual([to.replace(ALIAS, CANONICAL)]);
});
