import { presenceStage, SUBSCRIBE } from "./stage";

const PEP = "http://jabber.org/protocol/pubsub#event";
const MOOD = "http://jabber.org/protocol/mood";
const published = (node: string, payload: string, to = "romeo@sip.example/phone") =>
  `<message from='juliet@xmpp.example' to='${to}' type='headline'><event xmlns='${PEP}'><items node='${node}'>
   <item id='current'>${payload}</item></items></event></message>`;
const HAPPY = published(MOOD, `<mood xmlns='${MOOD}'><happy/></mood>`);

async function romeoWatches() {
  const stage = await presenceStage();
  await stage.sip({});
  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribed'/>");
  await stage.xmpp("<presence from='juliet@xmpp.example/balcony' to='romeo@sip.example'/>");
  await stage.pass(3000);
  stage.requests();
  stage.stanzas();
  return stage;
}

test("a mood that Juliet publishes through PEP stands in the next document, and goes when she retracts it (XEP-0107)", async () => {
  const stage = await romeoWatches();
  await stage.xmpp(HAPPY);
  await stage.pass(2000);
  expect(Buffer.from(stage.requests().at(-1)?.body ?? []).toString()).toMatch(/<rpid:mood>.*happy/);
  await stage.xmpp(published(MOOD, `<mood xmlns='${MOOD}'/>`));
  await stage.pass(2000);
  expect(Buffer.from(stage.requests().at(-1)?.body ?? []).toString()).not.toContain("mood");
  await stage.stop();
});

test("an event for somebody who watches nobody is dropped, and is no message", async () => {
  const stage = await romeoWatches();
  await stage.xmpp(published(MOOD, `<mood xmlns='${MOOD}'><happy/></mood>`, "paris@sip.example/phone"));
  await stage.pass(2000);
  expect(stage.requests()).toEqual([]);
  expect(stage.counters.get("xmpp.presence.dropped.nobody-watches")).toBe(1);
  await stage.stop();
});

test("a phone's mood and place go to its XMPP watcher as PEP's events, and its presence names what it takes (XEP-0115)", async () => {
  const stage = await presenceStage();
  stage.outcomes = [() => ({ status: 200, toTag: "romeo", contact: "sip:romeo@192.0.2.7", expires: 3600 })];
  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribe'/>");
  const [subscribe] = stage.requests();
  await stage.sip({
    ...SUBSCRIBE,
    method: "NOTIFY",
    fromUri: "sip:romeo@sip.example",
    toUri: "sip:juliet@xmpp.example",
    fromTag: "romeo",
    toTag: subscribe?.fromTag ?? "",
    callId: subscribe?.callId ?? "",
    subscriptionState: { state: "active" },
    contentType: "application/pidf+xml",
    body: Buffer.from(`<presence xmlns='urn:ietf:params:xml:ns:pidf' xmlns:d='urn:ietf:params:xml:ns:pidf:data-model'
      xmlns:r='urn:ietf:params:xml:ns:pidf:rpid' entity='sip:romeo@sip.example'>
      <tuple id='phone'><status><basic>open</basic></status></tuple>
      <d:person id='p'><r:mood><r:sad/></r:mood></d:person></presence>`),
  });
  const stanzas = stage.stanzas();
  expect(stanzas.find((stanza) => stanza.includes(PEP))).toMatch(
    /^<message from='romeo@sip.example' to='juliet@xmpp.example' type='headline'>.*<sad\/>/,
  );
  expect(stanzas.find((stanza) => stanza.includes("/phone"))).toContain("http://jabber.org/protocol/caps");
  await stage.stop();
});
