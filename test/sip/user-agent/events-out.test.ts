import type { SipDialogRequest } from "../../../src/core/effect";
import type { SipDialogOutcome } from "../../../src/core/input";
import { DEFAULT_SWITCHES } from "../../../src/core/switches";
import { parseCredentials } from "../../../src/sip/message/challenge";
import type { SipPeer } from "../../../src/sip/options";
import type { Target } from "../../../src/sip/transport/transport";
import {
  headerOf,
  PROXY,
  requestText,
  responseText,
  settle,
  startSide,
  statusOf,
  type TestSide,
} from "../../support/sip-side";

const UDP: Target = { transport: "udp", address: "192.0.2.1", port: 5060 };
const SUBSCRIBE: SipDialogRequest = {
  method: "SUBSCRIBE",
  requestUri: "sip:romeo@sip.test",
  toUri: "sip:romeo@sip.test",
  fromUri: "sip:juliet@xmpp.test",
  fromTag: "j1",
  callId: "c1",
  cseq: 7,
  branch: "branch1",
  routes: [],
  headers: [
    ["Event", "presence"],
    ["Expires", "3600"],
  ],
  contentType: "",
  body: new Uint8Array(),
  peer: "proxy",
};
const NOTIFY: SipDialogRequest = {
  ...SUBSCRIBE,
  method: "NOTIFY",
  requestUri: "sip:romeo@192.0.2.1:5062",
  toTag: "r1",
  headers: [
    ["Event", "presence"],
    ["Subscription-State", "active;expires=600"],
  ],
  contentType: "application/pidf+xml",
  body: Buffer.from("<presence/>"),
};

interface Sending {
  outcome: SipDialogOutcome | undefined;
}

async function send(world: TestSide, request: SipDialogRequest): Promise<Sending> {
  const sending: Sending = { outcome: undefined };
  void world.side.sendInDialog(request).then((outcome) => {
    sending.outcome = outcome;
  });
  await settle();
  return sending;
}

async function answer(world: TestSide, request: string, status: number, extra: string[] = []): Promise<void> {
  world.transports.receive(responseText(request, status, extra));
  await settle();
}

function take(world: TestSide): string {
  return world.transports.take()[0]?.text ?? "";
}

/** What was asked of the locator. */
async function locatedFor(request: SipDialogRequest, peer: Partial<SipPeer> = {}) {
  const world = await startSide({ peers: [{ ...PROXY, ...peer }] });
  const asked: unknown[] = [];
  world.located.asked = (hop) => asked.push(hop);
  await send(world, request);
  return { asked: asked[0], text: take(world) };
}

describe("the request (RFC 3261 §12.2.1.1, RFC 6665 §8.2)", () => {
  test("a SUBSCRIBE that makes a dialog has a Contact and no To tag", async () => {
    const world = await startSide();
    await send(world, SUBSCRIBE);
    const text = take(world);
    expect(text).toBe(
      [
        "SUBSCRIBE sip:romeo@sip.test SIP/2.0",
        `Via: ${headerOf(text, "Via")}`,
        "Max-Forwards: 70",
        "From: <sip:juliet@xmpp.test>;tag=j1",
        "To: <sip:romeo@sip.test>",
        "Call-ID: c1",
        "CSeq: 7 SUBSCRIBE",
        "User-Agent: test",
        "Contact: <sip:juliet@192.0.2.10:5060>",
        "Event: presence",
        "Expires: 3600",
        "Content-Length: 0",
        "",
        "",
      ].join("\r\n"),
    );
    expect(world.counters.get("sip.out.subscribe")).toBe(1);
  });

  test("a NOTIFY has the dialog's tags and its route set; both decide the loop mark", async () => {
    const routes = ["<sip:p1.sip.test;lr>", "<sip:p2.sip.test;lr>"];
    const world = await startSide();
    await send(world, { ...NOTIFY, routes });
    const text = take(world);
    expect(text).toMatch(/^NOTIFY sip:romeo@192\.0\.2\.1:5062 SIP\/2\.0\r\n/);
    expect(text.match(/^Route: .*$/gm)?.map((line) => line.trim())).toEqual(
      routes.map((route) => `Route: ${route}`),
    );
    expect(headerOf(text, "To")).toBe("<sip:romeo@sip.test>;tag=r1");
    expect(headerOf(text, "Contact")).toBe("<sip:juliet@192.0.2.10:5060>");
    expect(headerOf(text, "Content-Type")).toBe("application/pidf+xml");
    expect(text).toMatch(/\r\n\r\n<presence\/>$/);
    expect(world.counters.get("sip.out.notify")).toBe(1);
  });

  test("Contact names a transport that we listen on, and stays the same when a long NOTIFY takes TCP", async () => {
    const world = await startSide();
    await send(world, { ...NOTIFY, body: Buffer.alloc(1_400, "x") });
    const [sent] = world.transports.take();
    expect(sent?.target.transport).toBe("tcp");
    expect(headerOf(sent?.text ?? "", "Contact")).toBe("<sip:juliet@192.0.2.10:5060>");
    world.located.targets = [{ ...UDP, transport: "tls" }];
    await send(world, { ...NOTIFY, branch: "b2" });
    expect(headerOf(take(world), "Contact")).toBe("<sip:juliet@192.0.2.10:5060>");
    world.transports.listeners = () => [{ transport: "tls", address: "192.0.2.10", port: 5061 }];
    await send(world, { ...NOTIFY, branch: "b3" });
    expect(headerOf(take(world), "Contact")).toBe("<sip:juliet@192.0.2.10:5060;transport=tls>");
  });

  test("a header of ours with a line end is our mistake: 500, and nothing is sent", async () => {
    const world = await startSide();
    const { outcome } = await send(world, { ...NOTIFY, headers: [["Event", "a\r\nb"]] });
    expect(outcome).toMatchObject({ status: 500, local: true, cseq: 7, recordRoute: [] });
    expect(world.transports.take()).toEqual([]);
  });
});

describe("where it goes (RFC 3261 §8.1.2, §12.2.1.1)", () => {
  const proxied = { proxy: "sip:192.0.2.3:5070;transport=tcp", route: true };
  const PROXY_HOP = { host: "192.0.2.3", port: 5070, transport: "tcp", secure: false };

  test("outside a dialog by the peer's proxy, with its Route, as a MESSAGE", async () => {
    const { asked, text } = await locatedFor(SUBSCRIBE, proxied);
    expect(asked).toEqual(PROXY_HOP);
    expect(headerOf(text, "Route")).toBe("<sip:192.0.2.3:5070;transport=tcp;lr>");
    expect((await locatedFor(SUBSCRIBE)).asked).toEqual({ host: "sip.test", secure: false });
  });

  test("in a dialog without routes to the remote target, whatever proxy the peer has", async () => {
    for (const request of [NOTIFY, { ...SUBSCRIBE, toTag: "r1", requestUri: NOTIFY.requestUri }]) {
      const { asked, text } = await locatedFor(request, proxied);
      expect(asked).toEqual({ host: "192.0.2.1", port: 5062, secure: false });
      expect(text).not.toMatch(/^Route:/m);
    }
  });

  test("with routes to the first of them; a strict one takes the Request-URI", async () => {
    const loose = await locatedFor({ ...NOTIFY, routes: ["<sip:p1.sip.test:5080;lr>"] }, proxied);
    expect(loose.asked).toEqual({ host: "p1.sip.test", port: 5080, secure: false });
    const strict = await locatedFor({ ...NOTIFY, routes: ["<sip:p1.sip.test:5080>"] }, proxied);
    expect(strict.asked).toEqual({ host: "p1.sip.test", port: 5080, secure: false });
    expect(strict.text).toMatch(/^NOTIFY sip:p1\.sip\.test:5080 SIP/);
    expect(headerOf(strict.text, "Route")).toBe(`<${NOTIFY.requestUri}>`);
  });

  test("a Contact in the peer's domain (linphone's GRUU) by the proxy, and all with dialogViaProxy", async () => {
    const requestUri = "sip:romeo@SIP.test;gr=urn:uuid:1";
    const gruu = await locatedFor({ ...NOTIFY, requestUri }, proxied);
    expect(gruu.asked).toEqual(PROXY_HOP);
    expect(gruu.text).toMatch(/^NOTIFY sip:romeo@SIP\.test;gr=urn:uuid:1 SIP/);
    const switches = { ...DEFAULT_SWITCHES, dialogViaProxy: true };
    expect((await locatedFor(NOTIFY, { ...proxied, switches })).asked).toEqual(PROXY_HOP);
    const routes = ["<sip:p1.sip.test;lr>"];
    expect((await locatedFor({ ...NOTIFY, routes }, { ...proxied, switches })).asked).toMatchObject({
      host: "p1.sip.test",
    });
  });

  test("a remote target without a host: 502", async () => {
    const world = await startSide();
    const { outcome } = await send(world, { ...NOTIFY, requestUri: "tel:+15550100" });
    expect(outcome).toMatchObject({ status: 502, local: true, cseq: 7 });
  });
});

describe("a phone that came by a connection (RFC 5626, in part)", () => {
  const TLS = { transport: "tls", address: "192.0.2.1", port: 4444, connection: 5 } as const;

  async function watched() {
    const world = await startSide({}, undefined, () => ({ status: 200, reason: "OK", headers: [] }));
    world.transports.open.add(5);
    const extra = ["Event: presence", "Contact: <sip:romeo@10.0.0.1:5060;transport=tls>"];
    const via = "SIP/2.0/TLS 10.0.0.1:5060;branch=z9hG4bK-one";
    world.transports.receive(requestText({ method: "SUBSCRIBE", via, body: "", callId: "c1", extra }), TLS);
    await settle();
    const localTag = /;tag=(\S+)/.exec(headerOf(take(world), "To") ?? "")?.[1] ?? "";
    return {
      world,
      notify: { ...NOTIFY, fromTag: localTag, requestUri: "sip:romeo@10.0.0.1:5060;transport=tls" },
    };
  }

  test("is told on that connection while it is open", async () => {
    const { world, notify } = await watched();
    await send(world, notify);
    const [sent] = world.transports.take();
    expect(sent?.target).toEqual(TLS);
    expect(sent?.text).toMatch(/^NOTIFY sip:romeo@10\.0\.0\.1:5060;transport=tls SIP/);
  });

  test("then at its Contact; other dialogs never that way", async () => {
    const { world, notify } = await watched();
    await send(world, { ...notify, fromTag: "other" });
    expect(world.transports.take()[0]?.target).toEqual(UDP);
    world.transports.open.clear();
    await send(world, { ...notify, branch: "b2" });
    expect(world.transports.take()[0]?.target).toEqual(UDP);
  });

  test("a connection that breaks just then: the Contact is tried", async () => {
    const { world, notify } = await watched();
    world.transports.onSend = ({ connection }) =>
      connection === 5 ? { ok: false, why: "broken" } : { ok: true };
    await send(world, notify);
    expect(world.transports.take().map(({ target }) => target)).toEqual([TLS, UDP]);
  });
});

describe("the outcome (RFC 3261 §12.1.2, RFC 6665 §4.1.2)", () => {
  test.each<[number, string[], Partial<SipDialogOutcome>]>([
    [
      200,
      [
        "Expires: 600",
        'Contact: "R" <sip:romeo@192.0.2.1:5062;ob>;expires=9, <sip:x@y>',
        "Record-Route: <sip:p2.sip.test;lr>;x=1, <sip:p1.sip.test;lr>",
        "Record-Route: <sip:p0.sip.test;lr>",
      ],
      {
        status: 200,
        toTag: "r9",
        expires: 600,
        contact: "sip:romeo@192.0.2.1:5062;ob",
        recordRoute: ["<sip:p2.sip.test;lr>", "<sip:p1.sip.test;lr>", "<sip:p0.sip.test;lr>"],
        local: false,
        cseq: 7,
      },
    ],
    [423, ["Min-Expires: 7200"], { status: 423, minExpires: 7200 }],
    [503, ["Retry-After: 30"], { status: 503, retryAfter: 30, recordRoute: [] }],
    [481, [], { status: 481, cseq: 7 }],
    [302, ["Contact: <sip:a@x>"], { status: 302, contacts: ["sip:a@x"] }],
    [200, ["Expires: soon", "Contact: nobody", "Record-Route: garbage"], { status: 200, recordRoute: [] }],
  ])("%i %j", async (status, extra, expected) => {
    const world = await startSide();
    const sending = await send(world, SUBSCRIBE);
    const request = take(world).replace("To: <sip:romeo@sip.test>", "To: <sip:romeo@sip.test>;tag=r9");
    await answer(world, request, status, extra);
    expect(sending.outcome).toMatchObject(expected);
    if (extra.some((line) => line.includes("soon"))) {
      expect(sending.outcome).not.toHaveProperty("expires");
      expect(sending.outcome).not.toHaveProperty("contact");
    }
  });

  test("no answer: 408 of our own; nothing found: 502", async () => {
    const world = await startSide();
    const sending = await send(world, NOTIFY);
    world.clock.advance(32_000);
    await settle();
    expect(sending.outcome).toEqual({
      status: 408,
      reason: "Request Timeout",
      local: true,
      maybeDelivered: true,
      cseq: 7,
      recordRoute: [],
    });
    world.located.targets = [];
    expect((await send(world, { ...NOTIFY, branch: "b" })).outcome).toMatchObject({ status: 502, cseq: 7 });
  });

  test("libpurple's 200 to a NOTIFY, without a To tag and with echoed headers, is a 200 (phones.md)", async () => {
    const world = await startSide();
    const sending = await send(world, NOTIFY);
    const request = take(world).replace(";tag=r1", "");
    await answer(world, request, 200, ["Max-Forwards: 70", "Content-Type: application/pidf+xml"]);
    expect(sending.outcome).toMatchObject({ status: 200 });
    expect(sending.outcome).not.toHaveProperty("toTag");
  });

  test("a challenge is answered with CSeq + 1, which the outcome tells; the digest is over the Request-URI", async () => {
    const world = await startSide({
      peers: [{ ...PROXY, credentials: { username: "isthmus", password: "s" } }],
    });
    const sending = await send(world, NOTIFY);
    await answer(world, take(world), 407, [
      'Proxy-Authenticate: Digest realm="sip.test", nonce="n", qop="auth"',
    ]);
    const second = take(world);
    expect(headerOf(second, "CSeq")).toBe("8 NOTIFY");
    const credentials = parseCredentials(headerOf(second, "Proxy-Authorization") ?? "")?.parameters;
    expect(credentials?.get("uri")).toBe(NOTIFY.requestUri);
    await answer(world, second, 200);
    expect(sending.outcome).toMatchObject({ status: 200, cseq: 8 });
  });

  test("requests go out in the order of the calls", async () => {
    const world = await startSide();
    for (const cseq of [7, 8, 9]) void world.side.sendInDialog({ ...NOTIFY, cseq, branch: `b${cseq}` });
    await settle();
    expect(world.transports.take().map(({ text }) => headerOf(text, "CSeq"))).toEqual([
      "7 NOTIFY",
      "8 NOTIFY",
      "9 NOTIFY",
    ]);
  });
});

test("PUBLISH brings back its entity tag (RFC 3903 §4.1)", async () => {
  const world = await startSide();
  const ended = world.side.publish({ ...SUBSCRIBE, headers: [["Event", "presence"]] });
  await settle();
  const request = take(world);
  expect(request).toMatch(/^PUBLISH sip:romeo@sip\.test SIP/);
  expect(request).not.toMatch(/^Contact:/m);
  await answer(world, request, 200, ["SIP-ETag: e1", "Expires: 600"]);
  expect(await ended).toMatchObject({ status: 200, etag: "e1", expires: 600 });
});

test("a NOTIFY of ours that comes back to us is a loop (RFC 5393 §4.2)", async () => {
  const seen: unknown[] = [];
  const world = await startSide({}, undefined, (event) => {
    seen.push(event);
    return { status: 200, reason: "OK", headers: [] };
  });
  await send(world, { ...NOTIFY, requestUri: "sip:juliet@192.0.2.10:5060" });
  world.transports.receive(take(world));
  await settle();
  expect(statusOf(take(world))).toBe(482);
  expect(seen).toEqual([]);
});
