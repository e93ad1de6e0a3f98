import type { SipMessageOut } from "../../src/core/effect";
import type { SipOutcome } from "../../src/core/input";
import { DEFAULT_SWITCHES } from "../../src/core/switches";
import { digestHa1, digestResponse } from "../../src/sip/auth/digest";
import { parseCredentials } from "../../src/sip/message/challenge";
import type { Target } from "../../src/sip/transport/transport";
import { headerOf, PROXY, responseText, settle, startSide, type TestSide } from "../support/sip-side";

const A: Target = { transport: "udp", address: "192.0.2.1", port: 5060 };
const B: Target = { transport: "udp", address: "192.0.2.2", port: 5060 };

const MESSAGE: SipMessageOut = {
  toUri: "sip:romeo@sip.test",
  fromUri: "sip:juliet@xmpp.test;gr=balcony",
  fromTag: "j1",
  callId: "c1",
  cseq: 7,
  branch: "branch1",
  contentType: "text/plain;charset=utf-8",
  headers: [["Subject", "hi"]],
  body: Buffer.from("Neither, fair saint ♥"),
  peer: "proxy",
};

interface Sending {
  readonly world: TestSide;
  outcome: SipOutcome | undefined;
}

async function send(world: TestSide, parts: Partial<SipMessageOut> = {}): Promise<Sending> {
  const sending: Sending = { world, outcome: undefined };
  void world.side.send({ ...MESSAGE, ...parts }).then((outcome) => {
    sending.outcome = outcome;
  });
  await settle();
  return sending;
}

async function answer(
  { world }: Sending,
  request: string,
  status: number,
  extra: string[] = [],
): Promise<void> {
  world.transports.receive(responseText(request, status, extra));
  await settle();
}

function takeTexts(world: TestSide): string[] {
  return world.transports.take().map(({ text }) => text);
}

describe("the request (RFC 3261 §8.1.1, RFC 3428 §4)", () => {
  test("has what it needs and no Contact", async () => {
    const world = await startSide();
    await send(world);
    const [sent] = world.transports.take();
    const via = headerOf(sent?.text ?? "", "Via");
    expect(via).toMatch(/^SIP\/2\.0\/UDP 192\.0\.2\.10:5060;branch=z9hG4bKbranch1\.[A-Za-z0-9_-]{8};rport$/);
    expect(sent?.text).toBe(
      [
        "MESSAGE sip:romeo@sip.test SIP/2.0",
        `Via: ${via}`,
        "Max-Forwards: 70",
        "From: <sip:juliet@xmpp.test;gr=balcony>;tag=j1",
        "To: <sip:romeo@sip.test>",
        "Call-ID: c1",
        "CSeq: 7 MESSAGE",
        "User-Agent: test",
        "Subject: hi",
        "Content-Type: text/plain;charset=utf-8",
        "Content-Length: 23",
        "",
        "Neither, fair saint ♥",
      ].join("\r\n"),
    );
    expect(sent?.target).toEqual(A);
  });

  test("sent again in another life it has the same branch", async () => {
    const [one, other] = [await startSide(), await startSide()];
    await send(one);
    await send(other, { branch: "z9hG4bKbranch1" });
    expect(takeTexts(one)).toEqual(takeTexts(other));
  });

  test("a peer with a loose-routing proxy gets a Route; without the switch only the bytes", async () => {
    for (const [proxy, route] of [
      ["sip:p.test;lr", "<sip:p.test;lr>"],
      ["sip:p.test", "<sip:p.test;lr>"],
    ] as const) {
      const world = await startSide({ peers: [{ ...PROXY, proxy, route: true }] });
      await send(world);
      expect(headerOf(takeTexts(world)[0] ?? "", "Route")).toBe(route);
    }
    const world = await startSide({ peers: [{ ...PROXY, proxy: "sip:p.test;lr", route: false }] });
    await send(world);
    expect(takeTexts(world)[0]).not.toContain("Route:");
  });

  test("OPTIONS asks whether the next hop is there (RFC 3261 §11)", async () => {
    const world = await startSide();
    const outcome = world.side.probe("sip:sip.test", "sip:xmpp.test", "proxy");
    await settle();
    const [request = ""] = takeTexts(world);
    expect(request).toMatch(/^OPTIONS sip:sip\.test SIP\/2\.0\r\n/);
    expect(request).not.toContain("Content-Type");
    world.transports.receive(responseText(request, 200));
    expect((await outcome).status).toBe(200);
  });
});

describe("the outcome (RFC 3261 §8.1.3)", () => {
  test.each([
    [200, [], { status: 200, local: false, maybeDelivered: false }],
    [202, [], { status: 202 }],
    [404, [], { status: 404, reason: "Test" }],
    [486, ["Retry-After: 120 (in a meeting);duration=60"], { status: 486, retryAfter: 120 }],
    [
      302,
      ['Contact: <sip:a@x>, "B" <sip:b@x;y=1>;q=0.5', "Contact: sip:c@x"],
      { contacts: ["sip:a@x", "sip:b@x;y=1", "sip:c@x"] },
    ],
    [
      415,
      ["Accept: text/plain, Application/*;q=0.1", "Accept: text/html"],
      { accept: ["text/plain", "application/*", "text/html"] },
    ],
    [603, [], { status: 603 }],
  ])("%i", async (status, extra, expected) => {
    const world = await startSide();
    const sending = await send(world);
    await answer(sending, takeTexts(world)[0] ?? "", status, extra);
    expect(sending.outcome).toMatchObject(expected);
  });

  test("nothing comes: 408, perhaps delivered (§8.1.3.1)", async () => {
    const world = await startSide();
    const sending = await send(world);
    world.clock.advance(32_000);
    await settle();
    expect(sending.outcome).toEqual({
      status: 408,
      reason: "Request Timeout",
      local: true,
      maybeDelivered: true,
    });
  });

  test("it cannot be sent: 503, not delivered (§8.1.3.1)", async () => {
    const world = await startSide();
    world.transports.onSend = () => ({ ok: false, why: "no route" });
    const { outcome } = await send(world);
    expect(outcome).toEqual({ status: 503, reason: "Transport Failure", local: true, maybeDelivered: false });
  });

  test("no server is found, or the address names none: 502", async () => {
    const world = await startSide();
    world.located.targets = [];
    expect((await send(world)).outcome).toMatchObject({ status: 502, local: true, maybeDelivered: false });
    expect((await send(world, { toUri: "tel:+15550100" })).outcome).toMatchObject({ status: 502 });
  });

  test("more at once than allowed: 503 of our own", async () => {
    const world = await startSide({ maximumClientTransactions: 1 });
    const first = await send(world);
    const second = await send(world, { branch: "other" });
    expect(second.outcome).toMatchObject({ status: 503, local: true, maybeDelivered: false });
    await answer(first, takeTexts(world)[0] ?? "", 200);
    expect((await send(world, { branch: "third" })).outcome).toBeUndefined();
  });

  test("a message that cannot be written is our mistake: 500, logged, and nothing leaks", async () => {
    const world = await startSide({ maximumClientTransactions: 1 });
    expect((await send(world, { headers: [["Subject", "a\r\nb"]] })).outcome).toMatchObject({
      status: 500,
      local: true,
    });
    expect(world.log.lines).toHaveLength(1);
    expect((await send(world)).outcome).toBeUndefined();
  });

  test("a response for somebody else, or a second copy, is dropped and counted (§8.1.3.3, §18.1.2)", async () => {
    const world = await startSide();
    const sending = await send(world);
    const [request = ""] = takeTexts(world);
    await answer(sending, request, 200, ["Via: SIP/2.0/UDP elsewhere;branch=z9hG4bKx"]);
    expect(sending.outcome).toBeUndefined();
    await answer(sending, request.replace("branch1", "branch2"), 200);
    await answer(sending, request, 200);
    await answer(sending, request, 200);
    expect(sending.outcome?.status).toBe(200);
    expect(world.counters.get("sip.dropped.unmatched-response")).toBe(3);
  });

  test("libpurple's answer without a To tag, with echoed headers, is an answer (phones.md)", async () => {
    const world = await startSide();
    const sending = await send(world);
    await answer(sending, takeTexts(world)[0] ?? "", 200, ["Max-Forwards: 70", "Content-Type: text/plain"]);
    expect(sending.outcome?.status).toBe(200);
  });
});

describe("several targets (RFC 3263 §4.3)", () => {
  test("503 goes on to the next, with its Retry-After; another branch, the same Call-ID and CSeq", async () => {
    const world = await startSide();
    world.located.targets = [A, B];
    const sending = await send(world);
    const [first = ""] = takeTexts(world);
    await answer(sending, first, 503, ["Retry-After: 30"]);
    const [second] = world.transports.take();
    expect(second?.target).toEqual(B);
    expect(world.located.failed).toEqual([[A, 30_000]]);
    for (const name of ["Call-ID", "CSeq", "From", "To"]) {
      expect(headerOf(second?.text ?? "", name)).toBe(headerOf(first, name));
    }
    expect(headerOf(second?.text ?? "", "Via")).toContain("branch=z9hG4bKbranch1-1.");
    await answer(sending, second?.text ?? "", 200);
    expect(sending.outcome).toMatchObject({ status: 200, maybeDelivered: false });
  });

  test("a timeout goes on, and what follows may be a second copy", async () => {
    const world = await startSide();
    world.located.targets = [A, B];
    const sending = await send(world);
    world.clock.advance(32_000);
    await settle();
    const last = world.transports.take().at(-1);
    expect(last?.target).toEqual(B);
    await answer(sending, last?.text ?? "", 482);
    expect(sending.outcome).toMatchObject({ status: 482, local: false, maybeDelivered: true });
  });

  test("a refused connection goes on; when all fail the far side's own word counts most", async () => {
    const world = await startSide();
    world.located.targets = [{ ...A, transport: "tcp" }, B];
    world.transports.onSend = ({ transport }) =>
      transport === "tcp" ? { ok: false, why: "refused" } : { ok: true };
    const sending = await send(world);
    await answer(sending, world.transports.take().at(-1)?.text ?? "", 503);
    expect(sending.outcome).toMatchObject({ status: 503, local: false });
  });

  test("a timeout counts more than a connection refused later", async () => {
    const world = await startSide();
    world.located.targets = [A, B];
    world.transports.onSend = ({ address }) =>
      address === B.address ? { ok: false, why: "refused" } : { ok: true };
    const sending = await send(world);
    world.clock.advance(32_000);
    await settle();
    expect(sending.outcome).toMatchObject({ status: 408, local: true, maybeDelivered: true });
  });

  test("any other answer ends it: 404 is not asked elsewhere", async () => {
    const world = await startSide();
    world.located.targets = [A, B];
    const sending = await send(world);
    await answer(sending, takeTexts(world)[0] ?? "", 404);
    expect(takeTexts(world)).toEqual([]);
    expect(sending.outcome?.status).toBe(404);
  });
});

describe("long messages (RFC 3261 §18.1.1)", () => {
  const body = Buffer.alloc(1400, "x");

  test("over 1300 bytes go by TCP, with TCP in the Via", async () => {
    const world = await startSide();
    await send(world, { body });
    const [sent] = world.transports.take();
    expect(sent?.target).toEqual({ ...A, transport: "tcp" });
    expect(headerOf(sent?.text ?? "", "Via")).toMatch(/^SIP\/2\.0\/TCP .*[^t]$/);
  });

  test("a peer without TCP gets it by UDP, and is not asked again for a while", async () => {
    const world = await startSide();
    world.transports.onSend = ({ transport }) =>
      transport === "tcp" ? { ok: false, why: "refused" } : { ok: true };
    await send(world, { body });
    expect(world.transports.take().map(({ target }) => target.transport)).toEqual(["tcp", "udp"]);
    await send(world, { body, branch: "second" });
    expect(world.transports.take().map(({ target }) => target.transport)).toEqual(["udp"]);
    world.clock.advance(600_001);
    world.transports.take();
    await send(world, { body, branch: "third" });
    expect(world.transports.take().map(({ target }) => target.transport)).toEqual(["tcp", "udp"]);
  });

  test("beyond the peer's limit for UDP it is too large", async () => {
    const world = await startSide({
      peers: [{ ...PROXY, switches: { ...DEFAULT_SWITCHES, udpMaximum: 1500 } }],
    });
    world.transports.onSend = ({ transport }) =>
      transport === "tcp" ? { ok: false, why: "refused" } : { ok: true };
    const { outcome } = await send(world, { body });
    expect(outcome).toEqual({ status: 513, reason: "Message Too Large", local: true, maybeDelivered: false });
  });

  test("a TCP connection that took it and then broke is no reason to send it twice", async () => {
    const world = await startSide();
    world.transports.onSend = () => ({ ok: true, connection: 9 });
    const sending = await send(world, { body });
    world.transports.closeConnection(9);
    await settle();
    expect(sending.outcome).toMatchObject({ status: 503, local: true, maybeDelivered: true });
    expect(world.transports.take()).toHaveLength(1);
  });
});

describe("digest as a client (RFC 7616, RFC 8760)", () => {
  const peers = [{ ...PROXY, credentials: { username: "isthmus", password: "secret" } }];
  const challenge = (parts: string, nonce = "n1") => `Digest realm="sip.test", nonce="${nonce}", ${parts}`;
  const MD5 = challenge('algorithm=MD5, qop="auth,auth-int"');
  const SHA = challenge('algorithm=SHA-256, qop="auth", opaque="o"');

  function credentialsOf(text: string, header = "Authorization"): ReadonlyMap<string, string> {
    return parseCredentials(headerOf(text, header) ?? "")?.parameters ?? new Map();
  }

  async function challenged(status: number, extra: string[]) {
    const world = await startSide({ peers });
    const sending = await send(world);
    const [first = ""] = takeTexts(world);
    await answer(sending, first, status, extra);
    return { world, sending, first, second: takeTexts(world)[0] ?? "" };
  }

  test("the strongest of the challenges is answered, with CSeq + 1 and a new branch", async () => {
    const { second, sending } = await challenged(401, [
      `WWW-Authenticate: ${MD5}`,
      `WWW-Authenticate: ${SHA}`,
    ]);
    expect(headerOf(second, "CSeq")).toBe("8 MESSAGE");
    expect(headerOf(second, "Via")).toContain("branch=z9hG4bKbranch1-1.");
    const credentials = credentialsOf(second);
    const cnonce = credentials.get("cnonce") ?? "";
    expect(credentials.get("response")).toBe(
      digestResponse({
        algorithm: "SHA-256",
        ha1: digestHa1("SHA-256", "isthmus", "sip.test", "secret"),
        method: "MESSAGE",
        uri: MESSAGE.toUri,
        nonce: "n1",
        protection: { qop: "auth", nc: "00000001", cnonce },
        body: MESSAGE.body,
      }),
    );
    expect([credentials.get("opaque"), credentials.get("uri")]).toEqual(["o", MESSAGE.toUri]);
    await answer(sending, second, 202);
    expect(sending.outcome).toMatchObject({ status: 202, local: false });
  });

  test("407 is answered in Proxy-Authorization; a 401 after it carries both", async () => {
    const { second, sending, world } = await challenged(407, [`Proxy-Authenticate: ${MD5}`]);
    expect(credentialsOf(second, "Proxy-Authorization").get("algorithm")).toBe("MD5");
    await answer(sending, second, 401, [`WWW-Authenticate: ${SHA}`]);
    const [third = ""] = takeTexts(world);
    expect(credentialsOf(third, "Proxy-Authorization").get("nc")).toBe("00000002");
    expect(credentialsOf(third).get("nc")).toBe("00000001");
    expect(headerOf(third, "CSeq")).toBe("9 MESSAGE");
  });

  test("a second refusal ends it; a stale nonce does not", async () => {
    const refused = await challenged(401, [`WWW-Authenticate: ${MD5}`]);
    await answer(refused.sending, refused.second, 401, [
      `WWW-Authenticate: ${challenge("algorithm=MD5", "n2")}`,
    ]);
    expect(refused.sending.outcome).toMatchObject({ status: 401, local: false });
    const stale = await challenged(401, [`WWW-Authenticate: ${MD5}`]);
    await answer(stale.sending, stale.second, 401, [
      `WWW-Authenticate: ${challenge("algorithm=MD5, stale=TRUE", "n2")}`,
    ]);
    expect(credentialsOf(takeTexts(stale.world)[0] ?? "").get("nonce")).toBe("n2");
  });

  test("a server that calls every nonce stale is not answered for ever", async () => {
    const world = await startSide({ peers });
    const sending = await send(world);
    let rounds = 0;
    for (let [text] = takeTexts(world); text !== undefined; [text] = takeTexts(world)) {
      rounds++;
      await answer(sending, text, 401, [`WWW-Authenticate: ${challenge("stale=true", `n${rounds}`)}`]);
    }
    expect(rounds).toBe(12);
    expect(sending.outcome?.status).toBe(401);
  });

  test("the next message uses the nonce again with the next count", async () => {
    const { world, second, sending } = await challenged(401, [`WWW-Authenticate: ${MD5}`]);
    await answer(sending, second, 200);
    await send(world, { branch: "next" });
    const credentials = credentialsOf(takeTexts(world)[0] ?? "");
    expect([credentials.get("nonce"), credentials.get("nc")]).toEqual(["n1", "00000002"]);
  });

  test("without qop it is answered without (RFC 2617), with auth-int alone it is signed with the body", async () => {
    const legacy = await challenged(401, [`WWW-Authenticate: ${challenge("algorithm=MD5")}`]);
    expect(credentialsOf(legacy.second).has("qop")).toBe(false);
    const int = await challenged(401, [`WWW-Authenticate: ${challenge('algorithm=MD5, qop="auth-int"')}`]);
    expect(credentialsOf(int.second).get("qop")).toBe("auth-int");
  });

  test("nothing that we can answer, or no credentials: the refusal is the outcome", async () => {
    const strange = await challenged(401, [`WWW-Authenticate: ${challenge("algorithm=MD5-sess")}`]);
    expect(strange.sending.outcome?.status).toBe(401);
    const world = await startSide();
    const sending = await send(world);
    await answer(sending, takeTexts(world)[0] ?? "", 407, [`Proxy-Authenticate: ${MD5}`]);
    expect(sending.outcome?.status).toBe(407);
  });
});

test("stop gives up what is open, says how many, and nobody is told a fate that is not known", async () => {
  const world = await startSide();
  const sending = await send(world);
  expect(await world.side.stop()).toBe(1);
  world.clock.advance(100_000);
  await settle();
  expect(sending.outcome).toBeUndefined();
  expect(world.clock.alarms).toBe(0);
});
