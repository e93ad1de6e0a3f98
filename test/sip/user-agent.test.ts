import type { SipMessageInput } from "../../src/core/input";
import {
  ACCEPTED,
  headerOf,
  type RequestParts,
  requestText,
  settle,
  startSide,
  statusOf,
} from "../support/sip-side";

async function ask(parts: RequestParts, options: Parameters<typeof startSide>[0] = {}, source: object = {}) {
  const seen: SipMessageInput[] = [];
  const world = await startSide(options, (message) => {
    seen.push(message);
    return ACCEPTED;
  });
  world.transports.receive(requestText(parts), source);
  const [answer] = world.transports.take();
  return { ...world, seen, answer, text: answer?.text ?? "", status: statusOf(answer?.text ?? "") };
}

describe("a MESSAGE becomes an input (RFC 3428)", () => {
  test("with everything that the core needs", async () => {
    const extra = [
      "Subject: hi",
      "Content-Language: it",
      "Expires: 60",
      "Date: Sat, 21 Nov 2026 02:00:00 GMT",
    ];
    const more = ["Content-Encoding: identity", "Content-Disposition: render"];
    const { seen, status } = await ask({
      to: '"Juliet" <sip:juliet@xmpp.test;x=1>;p=2',
      extra: [...extra, ...more],
    });
    expect(status).toBe(202);
    expect(seen[0]).toEqual({
      kind: "sip-message",
      rid: seen[0]?.transaction.slice(0, 12),
      transaction: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      requestUri: "sip:juliet@xmpp.test",
      toUri: "sip:juliet@xmpp.test;x=1",
      fromUri: "sip:romeo@sip.test",
      callId: "call-1",
      subject: "hi",
      contentType: "text/plain",
      contentLanguage: "it",
      contentEncoding: "identity",
      contentDisposition: "render",
      expires: 60,
      date: "Sat, 21 Nov 2026 02:00:00 GMT",
      body: Buffer.from("Art thou not Romeo?"),
      peer: "proxy",
    });
  });

  test("the same after a restart of the gateway, so that a copy can be told", async () => {
    const [first, second] = [await ask({}), await ask({})];
    expect(second.seen[0]?.transaction).toBe(first.seen[0]?.transaction);
  });

  test("the reason of an answer cannot break out of its line", async () => {
    const { transports } = await startSide({}, () => ({ status: 404, reason: "no\r\nVia: x", headers: [] }));
    transports.receive(requestText());
    expect(transports.take()[0]?.text).toMatch(/^SIP\/2\.0 404 no Via: x\r\nVia: SIP/);
  });
});

describe("what is refused before anyone looks at its meaning", () => {
  test.each<[string, number, RequestParts]>([
    ["no hop is left (RFC 3261 §16.3)", 483, { maxForwards: 0 }],
    [
      "an extension is required that is not there (§8.2.2.3)",
      420,
      { extra: ["Require: 100rel, foo", "Require: bar"] },
    ],
    ["the scheme is unknown (§8.2.2.1)", 416, { uri: "http://xmpp.test/" }],
    ["the Request-URI cannot be read", 400, { uri: "sip:juliet@xmpp.test:99999" }],
    ["the domain is not ours", 404, { uri: "sip:juliet@elsewhere.test" }],
    ["the method is not served (§8.2.1)", 405, { method: "SUBSCRIBE" }],
    ["the method is not known (§8.2.1)", 405, { method: "DANCE" }],
    ["there is a call to pick up", 488, { method: "INVITE" }],
    ["there is nothing to cancel (§9.2)", 481, { method: "CANCEL" }],
  ])("%s: %i", async (_name, expected, parts) => {
    const { status, seen } = await ask(parts);
    expect(status).toBe(expected);
    expect(seen).toEqual([]);
  });

  test("420 names what is not supported, 405 what is allowed", async () => {
    const { text } = await ask({ extra: ["Require: 100rel, foo", "Require: bar"] });
    expect(headerOf(text, "Unsupported")).toBe("100rel, foo, bar");
    expect(headerOf((await ask({ method: "DANCE" })).text, "Allow")).toBe("MESSAGE, OPTIONS");
  });

  test("sips and tel are the core's to judge; any domain is fine with *; a final dot and case do not matter", async () => {
    for (const uri of [
      "sips:juliet@xmpp.test",
      "tel:+15550100",
      "im:juliet@xmpp.test",
      "sip:juliet@XMPP.test.",
    ]) {
      expect((await ask({ uri })).status).toBe(202);
    }
    expect((await ask({ uri: "sip:a@elsewhere.test" }, { domains: ["*"] })).status).toBe(202);
  });

  test("ACK is never answered, not even a malformed one (§17.1.1.3)", async () => {
    expect((await ask({ method: "ACK" })).answer).toBeUndefined();
    expect((await ask({ method: "ACK", extra: ["Call-ID: two"] })).answer).toBeUndefined();
  });

  test("a refusal has a To tag, the same each time (§8.2.6.2, §8.2.7)", async () => {
    const { text, transports } = await ask({ maxForwards: 0 });
    transports.receive(requestText({ maxForwards: 0 }));
    expect(transports.take()[0]?.text).toBe(text);
    expect(headerOf(text, "To")).toMatch(/;tag=[A-Za-z0-9_-]{22}$/);
  });
});

describe("OPTIONS (RFC 3261 §11)", () => {
  test("says what is really there, to anyone, for any address, with no hop left", async () => {
    const stranger = { address: "198.51.100.1" };
    const { status, text } = await ask(
      { method: "OPTIONS", uri: "sip:192.0.2.10", maxForwards: 0 },
      {},
      stranger,
    );
    expect(status).toBe(200);
    expect(headerOf(text, "Allow")).toBe("MESSAGE, OPTIONS");
    expect(headerOf(text, "Accept")).toBe("text/plain");
    expect(text).toMatch(/^Supported: ?\r$/m);
  });
});

describe("malformed requests (RFC 3261 §21.4.1)", () => {
  test("get their answer when one can be built, else are dropped and counted", async () => {
    const { transports, counters } = await startSide();
    transports.receive(requestText({ extra: ["Max-Forwards: x"] }));
    transports.receive(requestText().replace("SIP/2.0\r", "SIP/3.0\r"));
    transports.receive("garbage");
    transports.receive(requestText().replace(/^Call-ID.*\r\n/m, ""));
    expect(transports.take().map(({ text }) => statusOf(text))).toEqual([400, 505]);
    expect(counters.get("sip.dropped.malformed")).toBe(2);
  });

  test("a message over the configured size is too large (§21.5.14)", async () => {
    expect((await ask({ body: "x".repeat(65_536) }, {}, { transport: "tcp" })).status).toBe(513);
  });

  test("a frame whose end nobody can find gets the answer that the framing asks for (§18.3)", async () => {
    const { transports } = await startSide();
    transports.receive(requestText(), { transport: "tcp" }, { status: 513, reason: "Message Too Large" });
    expect(transports.take().map(({ text }) => statusOf(text))).toEqual([513]);
  });
});

describe("the way back (RFC 3261 §18.2, RFC 3581)", () => {
  test.each([
    ["as it is", "192.0.2.1:5070;branch=z9hG4bK1", "192.0.2.1:5070;branch=z9hG4bK1", 5070],
    ["no port: 5060", "192.0.2.1;branch=z9hG4bK1", "192.0.2.1;branch=z9hG4bK1", 5060],
    ["a name", "phone.test;branch=z9hG4bK1", "phone.test;branch=z9hG4bK1;received=192.0.2.1", 5060],
    [
      "rport",
      "10.0.0.1:5070;rport;branch=z9hG4bK1",
      "10.0.0.1:5070;rport=4444;branch=z9hG4bK1;received=192.0.2.1",
      4444,
    ],
    [
      "rport last",
      "192.0.2.1;branch=z9hG4bK1;rport",
      "192.0.2.1;branch=z9hG4bK1;rport=4444;received=192.0.2.1",
      4444,
    ],
  ])("%s", async (_name, sent, stamped, port) => {
    const { answer, text } = await ask({ via: `SIP/2.0/UDP ${sent}` }, {}, { port: 4444 });
    expect(headerOf(text, "Via")).toBe(`SIP/2.0/UDP ${stamped}`);
    expect(answer?.target).toEqual({ transport: "udp", address: "192.0.2.1", port });
  });

  test("what a client writes into received or rport does not steer the answer", async () => {
    const via = "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;received=203.0.113.1;rport=99";
    const { answer, text } = await ask({ via }, {}, { port: 4444 });
    expect(answer?.target).toEqual({ transport: "udp", address: "192.0.2.1", port: 4444 });
    expect(headerOf(text, "Via")).toContain("received=192.0.2.1");
  });

  test("only the topmost Via of a list changes, all go back", async () => {
    const via = "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1, SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK0";
    const { text } = await ask({ via, extra: ["Via: SIP/2.0/UDP 10.0.0.3;branch=z9hG4bKx"] });
    expect(text.match(/^Via: .*$/gm)?.map((line) => line.trim())).toEqual([
      "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;received=192.0.2.1, SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK0",
      "Via: SIP/2.0/UDP 10.0.0.3;branch=z9hG4bKx",
    ]);
  });

  test("a stream goes back by its connection, or else to sent-by", async () => {
    const { answer } = await ask(
      { via: "SIP/2.0/TLS phone.test;branch=z9hG4bK1" },
      {},
      { transport: "tls", port: 4444 },
    );
    expect(answer?.source?.connection).toBe(1);
    expect(answer?.target).toEqual({ transport: "tls", address: "192.0.2.1", port: 5061 });
  });

  test("maddr as an address is followed (§18.2.2)", async () => {
    const { answer } = await ask({ via: "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;maddr=224.0.1.75" });
    expect(answer?.target).toEqual({ transport: "udp", address: "224.0.1.75", port: 5060 });
  });
});

describe("loops (RFC 5393)", () => {
  async function sentByUs(toUri: string): Promise<string> {
    const { side, transports } = await startSide();
    void side.send({
      toUri,
      fromUri: "sip:romeo@sip.test",
      fromTag: "t",
      callId: "c",
      cseq: 1,
      branch: "b",
      contentType: "text/plain",
      headers: [],
      body: Buffer.from("x"),
      peer: "proxy",
    });
    await settle();
    return headerOf(transports.take()[0]?.text ?? "", "Via") ?? "";
  }

  test("our own request coming back unchanged is a loop: 482", async () => {
    const uri = "sip:juliet@xmpp.test";
    const extra = [`Via: ${await sentByUs(uri)}`];
    const { status, seen } = await ask({ uri, from: "<sip:romeo@sip.test>;tag=t", callId: "c", extra });
    expect(status).toBe(482);
    expect(seen).toEqual([]);
  });

  test("sent on to another address it is a spiral, not a loop", async () => {
    const extra = [`Via: ${await sentByUs("sip:nurse@xmpp.test")}`];
    const { status } = await ask({ from: "<sip:romeo@sip.test>;tag=t", callId: "c", extra });
    expect(status).toBe(202);
  });

  test("a branch that only looks like ours, with another's sent-by, is none", async () => {
    const via = (await sentByUs("sip:juliet@xmpp.test")).replace("192.0.2.10", "192.0.2.77");
    const { status } = await ask({ from: "<sip:romeo@sip.test>;tag=t", callId: "c", extra: [`Via: ${via}`] });
    expect(status).toBe(202);
  });
});

test.each([false, true])(
  "an answer that cannot be written becomes 500, logged (later: %s)",
  async (isLater) => {
    const bad = { status: 415, reason: "x", headers: [["Accept", "a\r\nb"]] as const };
    const { transports, log } = await startSide({}, () => (isLater ? Promise.resolve(bad) : bad));
    transports.receive(requestText());
    await settle();
    expect(transports.take().map(({ text }) => statusOf(text))).toEqual([500]);
    expect(log.lines.map(({ event }) => event)).toEqual(["answer could not be built"]);
  },
);

test("a mistake of ours in one message is logged, and the next one is served", async () => {
  const { transports, log, counters } = await startSide();
  const { isOurs } = transports;
  transports.isOurs = () => {
    throw new Error("broken");
  };
  const extra = ["Via: SIP/2.0/UDP x;branch=z9hG4bKa.12345678"];
  transports.receive(requestText({ extra }));
  expect(counters.get("sip.dropped.internal-error")).toBe(1);
  expect(log.lines.map(({ event }) => event)).toEqual(["message could not be handled"]);
  transports.isOurs = isOurs;
  transports.receive(requestText({ extra }));
  expect(transports.take().map(({ text }) => statusOf(text))).toEqual([202]);
});
