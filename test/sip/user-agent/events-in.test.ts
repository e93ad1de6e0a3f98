import type { SipEventInput } from "../../../src/core/input";
import type { SipAnswer } from "../../../src/gateway/sides";
import { digestHa1, digestResponse } from "../../../src/sip/auth/digest";
import { parseChallenge } from "../../../src/sip/message/challenge";
import type { SipOptions } from "../../../src/sip/options";
import { countedIds } from "../../support/counted-ids";
import {
  headerOf,
  type RequestParts,
  requestText,
  settle,
  startSide,
  statusOf,
} from "../../support/sip-side";

const OK: SipAnswer = { status: 200, reason: "OK", headers: [["Expires", "600"]] };
const SUBSCRIBE = [
  "Event: presence",
  "Contact: <sip:romeo@192.0.2.1:5062>",
  "Accept: application/pidf+xml",
  "Expires: 600",
];
const NOTIFY = ["Event: presence", "Subscription-State: active;expires=60"];
const STRANGER = { address: "198.51.100.7" };

interface Asking {
  readonly options?: Partial<SipOptions>;
  readonly source?: object;
  readonly answer?: SipAnswer | Promise<SipAnswer>;
}

async function world({ options = {}, answer = OK }: Asking = {}) {
  const seen: SipEventInput[] = [];
  const side = await startSide(options, undefined, (event) => {
    seen.push(event);
    return answer;
  });
  const ask = async (parts: RequestParts, source: object = {}) => {
    side.transports.receive(requestText({ body: "", ...parts }), source);
    await settle();
    return side.transports.take()[0]?.text ?? "";
  };
  return { ...side, seen, ask };
}

async function ask(parts: RequestParts, asking: Asking = {}) {
  const side = await world(asking);
  const text = await side.ask(parts, asking.source);
  return { ...side, text, status: statusOf(text), input: side.seen[0] as SipEventInput };
}

const subscribe = (parts: RequestParts = {}): RequestParts => ({
  method: "SUBSCRIBE",
  extra: SUBSCRIBE,
  ...parts,
});
const notify = (parts: RequestParts = {}): RequestParts => ({
  method: "NOTIFY",
  uri: "sip:juliet@192.0.2.10:5060",
  to: "<sip:juliet@xmpp.test>;tag=ours",
  extra: NOTIFY,
  ...parts,
});

describe("a SUBSCRIBE becomes an input (RFC 6665 §4.2.1)", () => {
  test("with everything that the core needs", async () => {
    const extra = [
      'Event: Presence;ID=7;min-rate="3.5";adaptive',
      'Contact: "Romeo" <sip:romeo@192.0.2.1:5062;transport=tcp;ob>;expires=3, <sip:second@192.0.2.9>',
      "Record-Route: <sip:p2.sip.test;lr>;x=1, <sip:p1.sip.test:5070;lr;ftag=r1>",
      "Record-Route: <sip:p0.sip.test;lr>",
      "Accept: application/PIDF+xml;q=0.9, application/rlmi+xml",
      "Accept: multipart/related, text/plain;q=0",
      "Supported: EventList, gruu",
      "Expires: 3600",
    ];
    const { input, status } = await ask(
      subscribe({ extra, to: '"J" <sip:juliet@xmpp.test;x=1>;p=2', cseq: 20 }),
    );
    expect(status).toBe(200);
    expect(input).toEqual({
      kind: "sip-event",
      method: "SUBSCRIBE",
      rid: expect.stringMatching(/^[\w-]{12}$/),
      transaction: expect.stringMatching(/^[\w-]{22}$/),
      requestUri: "sip:juliet@xmpp.test",
      toUri: "sip:juliet@xmpp.test;x=1",
      fromUri: "sip:romeo@sip.test",
      fromTag: "r1",
      callId: "call-1",
      cseq: 20,
      contact: "sip:romeo@192.0.2.1:5062;transport=tcp;ob",
      recordRoute: ["<sip:p2.sip.test;lr>", "<sip:p1.sip.test:5070;lr;ftag=r1>", "<sip:p0.sip.test;lr>"],
      event: {
        package: "presence",
        id: "7",
        parameters: new Map([
          ["id", "7"],
          ["min-rate", "3.5"],
          ["adaptive", ""],
        ]),
      },
      expires: 3600,
      accept: ["application/pidf+xml", "application/rlmi+xml", "multipart/related"],
      supported: ["eventlist", "gruu"],
      body: Buffer.alloc(0),
      peer: "proxy",
      proven: true,
    });
  });

  test("absent is absent: no Event, Expires, Accept or tags are made up", async () => {
    const { input } = await ask(
      subscribe({ extra: ["Contact: sip:romeo@192.0.2.1"], from: "sip:romeo@sip.test" }),
    );
    for (const key of ["event", "expires", "accept", "toTag", "fromTag", "subscriptionState", "ifMatch"]) {
      expect(input).not.toHaveProperty(key);
    }
    expect(input).toMatchObject({ supported: [], recordRoute: [], contact: "sip:romeo@192.0.2.1" });
  });

  test("a PUBLISH has its entity tag and its body, a NOTIFY its state (RFC 3903 §4, RFC 6665 §8.2.3)", async () => {
    const published = await ask({
      method: "PUBLISH",
      uri: "sip:romeo@sip.test",
      to: "<sip:romeo@sip.test>",
      extra: ["Event: presence", "Expires: 0", "SIP-If-Match: e1", "Content-Language: it"],
      body: "<presence/>",
      contentType: "application/pidf+xml",
    });
    expect(published.input).toMatchObject({
      method: "PUBLISH",
      ifMatch: "e1",
      expires: 0,
      contentType: "application/pidf+xml",
      contentLanguage: "it",
      body: Buffer.from("<presence/>"),
    });
    const state = "Subscription-State: Terminated;Reason=Probation;retry-after=30;expires=x";
    expect((await ask(notify({ extra: ["o: presence", state] }))).input.subscriptionState).toEqual({
      state: "terminated",
      reason: "probation",
      retryAfter: 30,
    });
  });

  test("P-Asserted-Identity of a trusted neighbour counts as for MESSAGE", async () => {
    const extra = [...SUBSCRIBE, "P-Asserted-Identity: <sip:mercutio@sip.test>"];
    expect((await ask(subscribe({ extra }))).input.fromUri).toBe("sip:mercutio@sip.test");
  });

  test("methods are counted", async () => {
    const { ask: send, counters } = await world();
    for (const parts of [subscribe(), notify(), { method: "PUBLISH", extra: ["Event: presence"] }])
      await send(parts);
    expect(["subscribe", "notify", "publish"].map((name) => counters.get(`sip.in.${name}`))).toEqual([
      1, 1, 1,
    ]);
  });
});

describe("the answer (RFC 3261 §12.1.1)", () => {
  test("to a SUBSCRIBE has our tag, which the input names, our Contact and every Record-Route as it came", async () => {
    const routes = [
      "Record-Route: <sip:p2.sip.test;lr>;x=1,<sip:p1.sip.test;lr>",
      "Record-Route: <sip:p0.sip.test;lr>",
    ];
    const { text, input } = await ask(subscribe({ extra: [...SUBSCRIBE, ...routes] }));
    expect(headerOf(text, "To")).toBe(`<sip:juliet@xmpp.test>;tag=${input.transaction}`);
    expect(headerOf(text, "Contact")).toBe("<sip:juliet@192.0.2.10:5060>");
    expect(headerOf(text, "Expires")).toBe("600");
    expect(text.match(/^Record-Route: .*$/gm)?.map((line) => line.trim())).toEqual(routes);
  });

  test("in the dialog the To tag stays", async () => {
    const { text, input } = await ask(
      subscribe({ uri: "sip:juliet@192.0.2.10:5060", to: "<sip:juliet@xmpp.test>;tag=ours" }),
    );
    expect(input.toTag).toBe("ours");
    expect(headerOf(text, "To")).toBe("<sip:juliet@xmpp.test>;tag=ours");
    expect(headerOf(text, "Contact")).toBe("<sip:juliet@192.0.2.10:5060>");
  });

  test("a refusal and the answer to a NOTIFY have neither Contact nor Record-Route", async () => {
    const extra = [...SUBSCRIBE, "Record-Route: <sip:p0.sip.test;lr>"];
    const refused = await ask(subscribe({ extra }), {
      answer: { status: 423, reason: "x", headers: [["Min-Expires", "60"]] },
    });
    expect(refused.status).toBe(423);
    expect(headerOf(refused.text, "Min-Expires")).toBe("60");
    const notified = await ask(notify(), { answer: { status: 200, reason: "OK", headers: [] } });
    for (const { text } of [refused, notified]) expect(text).not.toMatch(/^(Contact|Record-Route):/m);
  });

  test("a retransmission gets the very same answer, and the gateway does not see it (§17.2.2)", async () => {
    const { ask: send, seen } = await world();
    const first = await send(subscribe());
    expect(await send(subscribe())).toBe(first);
    expect(seen.map(({ method }) => method)).toEqual(["SUBSCRIBE"]);
    const notified = await world({ answer: { status: 200, reason: "OK", headers: [] } });
    expect(await notified.ask(notify())).toBe(await notified.ask(notify()));
    expect(notified.seen).toHaveLength(1);
  });

  test("one that comes while the answer is not there yet waits for it", async () => {
    let settleAnswer: (answer: SipAnswer) => void = () => {};
    const answer = new Promise<SipAnswer>((resolve) => {
      settleAnswer = resolve;
    });
    const { ask: send, seen, transports } = await world({ answer });
    expect(await send(subscribe())).toBe("");
    expect(await send(subscribe())).toBe("");
    settleAnswer(OK);
    await settle();
    expect(transports.take().map(({ text }) => statusOf(text))).toEqual([200]);
    expect(seen).toHaveLength(1);
  });

  test("a handler that fails is our mistake: 500, logged", async () => {
    const { text, log } = await ask(subscribe(), { answer: Promise.reject(new Error("broken")) });
    expect(statusOf(text)).toBe(500);
    expect(log.lines.map(({ event }) => event)).toEqual(["message handler failed"]);
  });
});

describe("which request it is (RFC 3261 §8.2.2.2, §12.2.2)", () => {
  test("the same by another way, outside a dialog, is merged: 482", async () => {
    const {
      ask: send,
      seen,
      transports,
    } = await world({ answer: { status: 202, reason: "Accepted", headers: [] } });
    await send({ method: "PUBLISH", extra: ["Event: presence"] });
    expect(
      statusOf(await send({ method: "PUBLISH", extra: ["Event: presence"], branch: "z9hG4bK-two" })),
    ).toBe(482);
    expect(seen).toHaveLength(1);
    expect(transports.take()).toEqual([]);
  });

  test("in a dialog it is not: 482 would end the dialog (RFC 5057 §5.1); CSeq tells the copy", async () => {
    const { ask: send, seen } = await world({ answer: { status: 200, reason: "OK", headers: [] } });
    await send(notify());
    expect(statusOf(await send(notify({ branch: "z9hG4bK-two" })))).toBe(200);
    expect(seen).toHaveLength(2);
  });

  test("libpurple: two phones with the same Call-ID, tags and branch are two dialogs (phones.md)", async () => {
    const { ask: send, seen } = await world();
    const first = await send(subscribe(), { port: 5060 });
    const second = await send(subscribe(), { port: 5061 });
    const third = await send(subscribe(), { address: "192.0.2.2" });
    expect([first, second, third].map(statusOf)).toEqual([200, 200, 200]);
    expect(new Set(seen.map(({ transaction }) => transaction)).size).toBe(3);
  });

  test("libpurple: its next life sends the same again, which is a new dialog", async () => {
    const { ask: send, seen, clock } = await world();
    await send(subscribe());
    clock.advance(45_000);
    expect(statusOf(await send(subscribe()))).toBe(200);
    expect(seen).toHaveLength(2);
    expect(seen[0]?.transaction).not.toBe(seen[1]?.transaction);
  });

  test("our tag cannot be worked out from the request: another gateway gives another", async () => {
    const tags: string[] = [];
    for (const secret of ["one", "two", "one"]) {
      const { transports } = await startSide({}, undefined, () => OK, countedIds(secret));
      transports.receive(requestText(subscribe({ body: "" })));
      await settle();
      tags.push(/^To: .*;tag=(.*)$/m.exec(transports.take()[0]?.text ?? "")?.[1] ?? "");
    }
    expect(tags[0]).toMatch(/^[\w-]{22}\r?$/);
    expect(tags[1]).not.toBe(tags[0]);
    expect(tags[2]).toBe(tags[0]);
  });
});

describe("what is refused before anyone looks at its meaning", () => {
  test.each<[string, number, RequestParts]>([
    ["no hop is left outside a dialog", 483, subscribe({ maxForwards: 0 })],
    [
      "an extension is required that is not there",
      420,
      subscribe({ extra: [...SUBSCRIBE, "Require: eventlist, foo"] }),
    ],
    ["eventlist is nothing for a NOTIFY", 420, notify({ extra: [...NOTIFY, "Require: eventlist"] })],
    ["the domain is not ours", 404, subscribe({ uri: "sip:juliet@elsewhere.test" })],
    ["our own address is nobody's outside a dialog", 404, subscribe({ uri: "sip:juliet@192.0.2.10:5060" })],
    ["another address is not ours in a dialog either", 404, notify({ uri: "sip:juliet@192.0.2.10:5099" })],
    ["there is no Contact to make a dialog with", 400, subscribe({ extra: ["Event: presence"] })],
    ["Contact is *", 400, subscribe({ extra: ["Event: presence", "Contact: *"] })],
    ["Contact is no SIP URI", 400, subscribe({ extra: ["Event: presence", "Contact: <tel:+15550100>"] })],
    ["Event cannot be read", 400, subscribe({ extra: ["Event: pre sence", "Contact: <sip:a@b>"] })],
    ["Event comes twice", 400, subscribe({ extra: [...SUBSCRIBE, "Event: presence"] })],
    ["Expires cannot be read", 400, subscribe({ extra: ["Contact: <sip:a@b>", "Expires: soon"] })],
    ["Subscription-State cannot be read", 400, notify({ extra: ["Subscription-State: ;x"] })],
    ["Subscription-State comes twice", 400, notify({ extra: [...NOTIFY, "Subscription-State: active"] })],
    ["SIP-If-Match is empty", 400, { method: "PUBLISH", extra: ["Event: presence", "SIP-If-Match:"] }],
    ["Record-Route cannot be read", 400, subscribe({ extra: [...SUBSCRIBE, "Record-Route: nobody"] })],
  ])("%s: %i", async (_name, expected, parts) => {
    const { status, seen } = await ask(parts);
    expect(status).toBe(expected);
    expect(seen).toEqual([]);
  });

  test("eventlist may be required of a SUBSCRIBE (RFC 4662 §4.1); in a dialog the last hop may be used up", async () => {
    expect((await ask(subscribe({ extra: [...SUBSCRIBE, "Require: EventList"] }))).status).toBe(200);
    expect((await ask(notify({ maxForwards: 0 }))).status).toBe(200);
  });

  test("without an event handler they are not allowed, and nobody is told that they are", async () => {
    const { transports } = await startSide();
    transports.receive(requestText(subscribe()));
    transports.receive(requestText({ method: "OPTIONS", branch: "z9hG4bKo", body: "" }));
    const [refused = "", options = ""] = transports.take().map(({ text }) => text);
    expect([statusOf(refused), headerOf(refused, "Allow")]).toEqual([405, "MESSAGE, OPTIONS"]);
    expect(options).not.toContain("Allow-Events");
  });

  test("with one, OPTIONS says all that is there (RFC 3261 §11.2)", async () => {
    const { text } = await ask({ method: "OPTIONS" });
    expect(headerOf(text, "Allow")).toBe("MESSAGE, OPTIONS, SUBSCRIBE, NOTIFY, PUBLISH");
    expect(headerOf(text, "Allow-Events")).toBe("presence, presence.winfo");
    expect(headerOf(text, "Supported")).toBe("eventlist");
    expect(headerOf((await ask({ method: "DANCE" })).text, "Allow")).toContain("PUBLISH");
  });

  test("while stopping: 503", async () => {
    const { side, ask: send } = await world();
    side.drain();
    expect(statusOf(await send(subscribe()))).toBe(503);
  });
});

describe("who may (architecture §4 point 11)", () => {
  const users = [
    {
      username: "romeo",
      realm: "xmpp.test",
      ha1: { MD5: digestHa1("MD5", "romeo", "xmpp.test", "secret") },
      uri: "sip:romeo@sip.test",
    },
  ];

  test("a SUBSCRIBE or PUBLISH from a stranger is refused or challenged, also in a dialog", async () => {
    expect((await ask(subscribe(), { source: STRANGER })).status).toBe(403);
    const inDialog = subscribe({ uri: "sip:juliet@192.0.2.10:5060", to: "<sip:juliet@xmpp.test>;tag=ours" });
    for (const parts of [subscribe(), inDialog, { method: "PUBLISH", extra: ["Event: presence"] }]) {
      const { status, seen } = await ask(parts, { source: STRANGER, options: { users } });
      expect(status).toBe(401);
      expect(seen).toEqual([]);
    }
  });

  test("one who signs is let in", async () => {
    const { ask: send, seen } = await world({ options: { users } });
    const refusal = await send(subscribe(), STRANGER);
    const nonce = parseChallenge(headerOf(refusal, "WWW-Authenticate") ?? "")?.parameters.get("nonce") ?? "";
    const uri = "sip:juliet@xmpp.test";
    const response = digestResponse({
      algorithm: "MD5",
      ha1: users[0]?.ha1.MD5 ?? "",
      method: "SUBSCRIBE",
      uri,
      nonce,
      protection: { qop: "auth", nc: "00000001", cnonce: "c" },
      body: Buffer.alloc(0),
    });
    const credentials = `Authorization: Digest username="romeo", realm="xmpp.test", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"`;
    const text = await send(subscribe({ cseq: 2, extra: [...SUBSCRIBE, credentials] }), STRANGER);
    expect(statusOf(text)).toBe(200);
    expect(seen).toMatchObject([{ fromUri: "sip:romeo@sip.test", proven: true }]);
  });

  test("a NOTIFY is never challenged: it goes on unproven, and its dialog decides (RFC 6665 §4.1.3)", async () => {
    const { input, counters } = await ask(notify(), { source: STRANGER, options: { users } });
    expect(input).toMatchObject({
      proven: false,
      fromUri: "sip:romeo@sip.test",
      peer: "proxy",
      toTag: "ours",
    });
    expect(counters.get("sip.auth.challenges")).toBe(0);
    const foreign = await ask(notify({ from: "<sip:x@far.test>;tag=r1" }), { source: STRANGER });
    expect(foreign.input).toMatchObject({ proven: false, fromUri: "sip:x@far.test", peer: "default" });
    expect((await ask(notify())).input).toMatchObject({ proven: true, peer: "proxy" });
    // A trusted neighbour that speaks for a domain not its own proves nothing.
    expect((await ask(notify({ from: "<sip:x@far.test>;tag=r1" }))).input.proven).toBe(false);
  });
});
