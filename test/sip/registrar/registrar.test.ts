import { contactsOf, type RegistrarStage, startRegistrarStage } from "../../support/registrar-stage";
import { headerOf, requestText, statusOf } from "../../support/sip-side";

const PHONE = { address: "192.0.2.50", port: 5062 };
const NAT = { address: "203.0.113.7", port: 40_001 };
const UUID = "urn:uuid:00000000-0000-1000-8000-000A95A0E128";
const INSTANCE = `+sip.instance="<${UUID}>"`;

let stage: RegistrarStage;
const register = (parts: Parameters<RegistrarStage["register"]>[0] = {}) =>
  stage.register({ source: PHONE, ...parts });

beforeEach(async () => {
  stage = await startRegistrarStage();
});

describe("REGISTER (RFC 3261 §10.3)", () => {
  test("is challenged, and then answered with all bindings and Date", async () => {
    const first = await stage.ask(
      "REGISTER sip:office.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.50:5062;branch=z9hG4bK1\r\nFrom: <sip:romeo@office.test>;tag=1\r\nTo: <sip:romeo@office.test>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n\r\n",
      PHONE,
    );
    expect(statusOf(first)).toBe(401);
    expect([...first.matchAll(/algorithm=([^,\r]*)/g)].map((match) => match[1])).toEqual([
      "SHA-512-256",
      "SHA-256",
      "MD5",
    ]);
    const answer = await register({ expires: 600 });
    expect(statusOf(answer)).toBe(200);
    expect(contactsOf(answer)).toEqual(["<sip:romeo@192.0.2.50:5062>;expires=600"]);
    expect(headerOf(answer, "Date")).toMatch(/GMT$/);
    expect(stage.registrar.book.isRegistered("romeo@office.test")).toBe(true);
  });

  test("without Contact fetches; what is left of the time is told", async () => {
    await register({ expires: 600, contact: "<sip:romeo@192.0.2.50:5062>;q=0.5" });
    stage.clock.advance(100_000);
    const answer = await register({ contact: "" });
    expect(contactsOf(answer)).toEqual(["<sip:romeo@192.0.2.50:5062>;expires=500;q=0.5"]);
  });

  test("several devices, the default and the longest lifetime", async () => {
    await register({ contact: "<sip:romeo@192.0.2.50:5062>" });
    const answer = await register({ contact: "<sip:romeo@192.0.2.50:5072>;expires=999999" });
    expect(contactsOf(answer)).toEqual([
      "<sip:romeo@192.0.2.50:5062>;expires=3600",
      "<sip:romeo@192.0.2.50:5072>;expires=86400",
    ]);
  });

  test("too brief is 423 with Min-Expires; zero removes; an expiry that is no number counts as an hour", async () => {
    const brief = await register({ expires: 30 });
    expect([statusOf(brief), headerOf(brief, "Min-Expires")]).toEqual([423, "60"]);
    expect(contactsOf(await register({ expires: "soon" }))).toEqual([
      "<sip:romeo@192.0.2.50:5062>;expires=3600",
    ]);
    expect(contactsOf(await register({ expires: 0 }))).toEqual([]);
    expect(stage.registrar.book.isRegistered("romeo@office.test")).toBe(false);
  });

  test("* removes all, with Expires: 0 alone", async () => {
    await register({});
    await register({ contact: "<sip:romeo@192.0.2.50:5072>" });
    expect(statusOf(await register({ contact: "*", expires: 60 }))).toBe(400);
    expect(statusOf(await register({ contact: "*" }))).toBe(400);
    expect(statusOf(await register({ contact: ["*", "<sip:romeo@192.0.2.50:5072>"], expires: 0 }))).toBe(400);
    expect(contactsOf(await register({ contact: "*", expires: 0 }))).toEqual([]);
    expect(stage.registrar.book.size).toBe(0);
  });

  test("an older request of the same Call-ID changes nothing", async () => {
    await register({ callId: "one", cseq: 10, expires: 600 });
    expect(statusOf(await register({ callId: "one", cseq: 5, expires: 0 }))).toBe(500);
    expect(statusOf(await register({ callId: "one", cseq: 5, contact: "*", expires: 0 }))).toBe(500);
    expect(contactsOf(await register({ contact: "" }))).toHaveLength(1);
    expect(contactsOf(await register({ callId: "one", cseq: 20, expires: 0 }))).toEqual([]);
  });

  test("all contacts or none", async () => {
    const contact = ["<sip:romeo@192.0.2.50:5072>", "<sip:romeo@192.0.2.50:5082>;expires=5"];
    expect(statusOf(await register({ contact }))).toBe(423);
    expect(stage.registrar.book.size).toBe(0);
  });

  test("expires by its deadline, and whoever asks hears of it", async () => {
    const seen: [string, boolean][] = [];
    stage.registrar.book.onPresence((person, isThere) => seen.push([person, isThere]));
    await register({ expires: 60 });
    await stage.quiet();
    stage.clock.advance(59_000);
    expect(stage.registrar.book.isRegistered("romeo@office.test")).toBe(true);
    stage.clock.advance(1_001);
    expect(stage.registrar.book.isRegistered("romeo@office.test")).toBe(false);
    await stage.quiet();
    expect(stage.registrar.book.size).toBe(0);
    expect(seen).toEqual([
      ["romeo@office.test", true],
      ["romeo@office.test", false],
    ]);
  });

  test("who renews longest ago makes room; many from one address are too many", async () => {
    for (let port = 6_001; port <= 6_006; port++) {
      await register({ contact: `<sip:romeo@192.0.2.50:${port}>` });
      stage.clock.advance(1_000);
    }
    const contacts = contactsOf(await register({ contact: "" }));
    expect(contacts).toHaveLength(5);
    expect(contacts.join()).not.toContain(":6001>");
    const crowded = await startRegistrarStage({ registrar: { maximumPerAddress: 2 } });
    const at = (user: string) => crowded.register({ user, source: PHONE });
    expect([statusOf(await at("romeo")), statusOf(await at("juliet"))]).toEqual([200, 200]);
    const third = await at("mercutio");
    expect([statusOf(third), headerOf(third, "Retry-After")]).toEqual([503, "300"]);
    expect(statusOf(await at("romeo"))).toBe(200);
  });

  test.each([
    ["malformed", "<sip:romeo@192.0.2.50", 400],
    ["of another scheme", "<mailto:romeo@office.test>", 403],
    ["the address of record itself (RFC 5627 §5.1)", "<sip:romeo@office.test>", 403],
    ["a GRUU", "<sip:romeo@office.test;gr=urn:uuid:1>", 403],
    ["with a q above 1", "<sip:romeo@192.0.2.50:5062>;q=1.5", 400],
    ["with a reg-id of 0", `<sip:romeo@192.0.2.50:5062>;${INSTANCE};reg-id=0`, 400],
    ["of 2,000 characters", `<sip:${"r".repeat(2_000)}@192.0.2.50>`, 400],
  ])("a Contact %s is refused", async (_name, contact, status) => {
    expect(statusOf(await register({ contact }))).toBe(status);
    expect(stage.registrar.book.size).toBe(0);
  });

  test("our own listener is no Contact, unless a NAT stands before it", async () => {
    const contact = "<sip:romeo@192.0.2.10:5060>";
    expect(statusOf(await register({ contact, source: { address: "192.0.2.10", port: 7_000 } }))).toBe(403);
    expect(statusOf(await register({ contact, source: NAT }))).toBe(200);
  });

  test("a domain that is not registered here is 404, for To as for the Request-URI", async () => {
    expect(statusOf(await register({ uri: "sip:xmpp.test" }))).toBe(404);
    expect(statusOf(await register({ to: "<sip:romeo@xmpp.test>" }))).toBe(404);
  });

  test("an unknown extension is refused, those of the registrar are known", async () => {
    const unknown = await register({ extra: ["Require: path, tardis"] });
    expect([statusOf(unknown), headerOf(unknown, "Unsupported")]).toEqual([420, "tardis"]);
    expect(statusOf(await register({ extra: ["Require: path, gruu"] }))).toBe(200);
  });
});

describe("only one's own address", () => {
  test.each([
    ["another's To", { to: "<sip:juliet@office.test>" }, 403],
    ["another's From", { from: "<sip:juliet@office.test>;tag=1" }, 403],
    [
      "another's From and To",
      { from: "<sip:juliet@office.test>;tag=1", to: "<sip:juliet@office.test>" },
      403,
    ],
    ["an XMPP user's To", { to: "<sip:juliet@xmpp.test>" }, 404],
    ["no user at all", { to: "<sip:office.test>" }, 404],
  ])("%s", async (_name, parts, status) => {
    expect(statusOf(await register(parts))).toBe(status);
    expect(stage.registrar.book.size).toBe(0);
  });

  test("a neighbour is believed for its domain, and for no other", async () => {
    const peer = { name: "edge", domains: ["office.test"], trustedAddresses: ["198.51.100.0/24"] };
    stage = await startRegistrarStage({
      sip: { peers: [{ ...peer, trustedIdentities: [], route: false, switches: stagePeer().switches }] },
    });
    const source = { address: "198.51.100.1", port: 5060 };
    expect(statusOf(await register({ source }))).toBe(200);
    expect(statusOf(await register({ source: { address: "198.51.101.1" }, password: "wrong" }))).toBe(401);
  });
});

describe("a message to a registered person", () => {
  test("goes to the Contact, with the address of record in To", async () => {
    await register({});
    const outcome = await stage.send("sip:romeo@office.test");
    expect(outcome).toMatchObject({ status: 200, local: false });
    const [request] = stage.sent();
    expect(request?.text).toMatch(/^MESSAGE sip:romeo@192\.0\.2\.50:5062 SIP\/2\.0\r\n/);
    expect(headerOf(request?.text ?? "", "To")).toBe("<sip:romeo@office.test>");
    expect(request?.text).not.toMatch(/^Contact:/m);
    expect(request?.target).toMatchObject({ transport: "udp", address: "192.0.2.50", port: 5062 });
  });

  test("nobody registered: 480 of our own", async () => {
    expect(await stage.send("sip:romeo@office.test")).toMatchObject({ status: 480, local: true });
    expect(await stage.send("sip:nobody@office.test")).toMatchObject({ status: 480, local: true });
    expect(stage.sent()).toEqual([]);
  });

  test("behind a NAT it goes by the flow of the registration, from the same socket", async () => {
    await register({ source: NAT, contact: "<sip:romeo@192.168.1.5:5060>" });
    await stage.send("sip:romeo@office.test");
    const [request] = stage.sent();
    expect(request?.text).toMatch(/^MESSAGE sip:romeo@192\.168\.1\.5:5060 SIP/);
    expect(request?.target).toMatchObject({ ...NAT, local: { address: "192.0.2.10", port: 5060 } });
  });

  test("nobody is aimed at by a Contact: what is for him goes where the registration came from", async () => {
    await register({ contact: "<sip:victim@198.51.100.66:5060>", extra: ["Path: <sip:198.51.100.67;lr>"] });
    await stage.send("sip:romeo@office.test");
    expect(stage.sent()[0]?.target).toMatchObject(PHONE);
  });

  test("two homes with the same private address are two devices", async () => {
    const contact = "<sip:romeo@192.168.1.5:5060>";
    await register({ source: NAT, contact });
    await register({ source: { ...NAT, address: "203.0.113.8" }, contact });
    await stage.send("sip:romeo@office.test", () => 486);
    expect(
      stage
        .sent()
        .map(({ target }) => target.address)
        .sort(),
    ).toEqual(["203.0.113.7", "203.0.113.8"]);
  });

  test("goes to all devices at once; the first 2xx delivers", async () => {
    await register({ contact: "<sip:romeo@192.0.2.50:5062>" });
    await register({ contact: "<sip:romeo@192.0.2.50:5072>" });
    const outcome = await stage.send("sip:romeo@office.test", ({ target }) =>
      target.port === 5062 ? 202 : undefined,
    );
    expect(outcome.status).toBe(202);
    expect(new Set(stage.sent().map(({ text }) => headerOf(text, "Via"))).size).toBe(2);
  });

  test.each([
    [[486, 603], 603],
    [[486, 415], 415],
    [[500, 486], 486],
    [[404, 480], 404],
    [[430, 486], 486],
    [[410, 410], 410],
  ])("the best error wins (§16.7): %j", async (statuses, best) => {
    await register({ contact: "<sip:romeo@192.0.2.50:5062>" });
    await register({ contact: "<sip:romeo@192.0.2.50:5072>" });
    const outcome = await stage.send(
      "sip:romeo@office.test",
      ({ target }) => statuses[target.port === 5062 ? 0 : 1],
    );
    expect(outcome.status).toBe(best);
  });

  test.each([430, 410])("a device that answers %d is dropped", async (status) => {
    await register({});
    expect((await stage.send("sip:romeo@office.test", () => status)).status).toBe(status);
    await stage.quiet();
    expect(stage.registrar.book.size).toBe(0);
  });

  test("a device that answers nothing is dropped, unless it has registered anew meanwhile", async () => {
    await register({ callId: "one" });
    const outcome = await stage.send("sip:romeo@office.test", () => undefined);
    expect(outcome).toMatchObject({ status: 408, local: true, maybeDelivered: true });
    expect(stage.registrar.book.size).toBe(0);
    await register({ callId: "one", cseq: 10 });
    const [old] = stage.registrar.book.bindingsOf("romeo@office.test");
    stage.clock.advance(10);
    await register({ callId: "one", cseq: 20 });
    if (old !== undefined) stage.registrar.book.drop(old);
    expect(stage.registrar.book.size).toBe(1);
  });

  test("other errors leave the device registered", async () => {
    await register({});
    await stage.send("sip:romeo@office.test", () => 500);
    expect(stage.registrar.book.size).toBe(1);
  });
});

describe("connections", () => {
  const TCP = { transport: "tcp" as const, address: "192.0.2.50", port: 33_333, connection: 7 };

  test("a phone's own connection serves while it is open", async () => {
    stage.transports.open.add(7);
    await register({ source: TCP, contact: "<sip:romeo@192.168.1.5:5060;transport=tcp>" });
    await stage.send("sip:romeo@office.test");
    expect(stage.sent()[0]?.target).toMatchObject({ transport: "tcp", connection: 7 });
  });

  test("when it has closed, a device behind a NAT has vanished", async () => {
    await register({ source: TCP, contact: "<sip:romeo@192.168.1.5:5060;transport=tcp>" });
    expect(await stage.send("sip:romeo@office.test")).toMatchObject({ status: 430, local: true });
    await stage.quiet();
    expect(stage.registrar.book.size).toBe(0);
  });

  test("one that can be reached is called at its Contact", async () => {
    await register({ source: TCP, contact: "<sip:romeo@192.0.2.50:5062;transport=tcp>" });
    expect((await stage.send("sip:romeo@office.test")).status).toBe(200);
    expect(stage.sent()[0]?.target).toMatchObject({ transport: "tcp", address: "192.0.2.50", port: 5062 });
  });

  test("no connection of an earlier life is taken for one of this", async () => {
    const { store } = stage;
    stage.transports.open.add(7);
    await register({ source: TCP, contact: "<sip:romeo@192.168.1.5:5060;transport=tcp>" });
    stage = await startRegistrarStage({ store });
    stage.transports.open.add(7);
    expect((await stage.send("sip:romeo@office.test")).status).toBe(430);
  });
});

describe("outbound (RFC 5626)", () => {
  const flow = (regId: number, contact = "sip:romeo@192.168.1.5:5060") =>
    `<${contact};ob>;${INSTANCE};reg-id=${regId}`;
  const OUTBOUND = ["Supported: outbound, path, gruu"];

  test("two flows of one device are one device; a flow that fails gives way to the other", async () => {
    await register({ source: NAT, contact: flow(1), extra: OUTBOUND });
    stage.clock.advance(1_000);
    const second = { ...NAT, port: 40_002 };
    const answer = await register({ source: second, contact: flow(2), extra: OUTBOUND });
    expect(headerOf(answer, "Require")).toBe("outbound");
    expect(headerOf(answer, "Flow-Timer")).toBe("120");
    expect(contactsOf(answer)).toHaveLength(2);
    expect(contactsOf(answer)[0]).toContain(";reg-id=1");
    expect(stage.registrar.book.devicesOf("romeo@office.test")).toHaveLength(1);
    const outcome = await stage.send("sip:romeo@office.test", ({ target }) =>
      target.port === 40_002 ? 430 : 200,
    );
    expect(outcome.status).toBe(200);
    expect(stage.sent().map(({ target }) => target.port)).toEqual([40_002, 40_001]);
    await stage.quiet();
    expect(stage.registrar.book.size).toBe(1);
  });

  test("a flow that is registered anew, from elsewhere and with another Contact, replaces itself", async () => {
    await register({ source: NAT, contact: flow(1), extra: OUTBOUND });
    await register({
      source: { ...NAT, port: 41_000 },
      contact: flow(1, "sip:romeo@10.0.0.9:5060"),
      extra: OUTBOUND,
    });
    expect(stage.registrar.book.size).toBe(1);
    await stage.send("sip:romeo@office.test");
    expect(stage.sent()[0]?.target.port).toBe(41_000);
  });

  test("a first hop without outbound: 439; without the option tag reg-id counts for nothing", async () => {
    const via = "SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKp, SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKu";
    expect(statusOf(await register({ via, contact: flow(1), extra: OUTBOUND }))).toBe(439);
    const plain = await register({ via, contact: flow(1), extra: ["Path: <sip:192.0.2.99;lr>"] });
    expect(statusOf(plain)).toBe(200);
    expect(contactsOf(plain)[0]).not.toContain("reg-id");
    const kept = await register({
      via,
      contact: flow(3),
      extra: [...OUTBOUND, "Path: <sip:token@192.0.2.99;lr;ob>"],
    });
    expect([statusOf(kept), headerOf(kept, "Require")]).toEqual([200, "outbound"]);
  });

  test("two contacts beside a reg-id are refused, reg-id without an instance is ignored", async () => {
    expect(statusOf(await register({ contact: [flow(1), "<sip:romeo@192.0.2.50:9>"] }))).toBe(400);
    const answer = await register({ contact: "<sip:romeo@192.0.2.50:9>;reg-id=4", extra: OUTBOUND });
    expect([statusOf(answer), headerOf(answer, "Require")]).toEqual([200, undefined]);
  });
});

describe("Path (RFC 3327)", () => {
  test("is copied to the answer, kept, and used as Route toward the proxy", async () => {
    const path = ["<sip:edge.test;lr>", "<sip:flow@192.0.2.99:5070;lr>"];
    const answer = await register({
      source: { address: "192.0.2.99", port: 5070 },
      contact: "<sip:romeo@10.0.0.1:5060>",
      extra: [`Path: ${path[1]}`, `Path: ${path[0]}`, "Supported: path"],
    });
    expect([...answer.matchAll(/^Path: (.*)\r$/gm)].map((match) => match[1])).toEqual([path[1], path[0]]);
    await stage.send("sip:romeo@office.test");
    const [request] = stage.sent();
    expect(request?.text).toMatch(/^MESSAGE sip:romeo@10\.0\.0\.1:5060 SIP/);
    expect([...(request?.text.matchAll(/^Route: (.*)\r$/gm) ?? [])].map((match) => match[1])).toEqual([
      path[1],
      path[0],
    ]);
    expect(request?.target).toMatchObject({ address: "192.0.2.99", port: 5070 });
  });

  test("that cannot be read is refused", async () => {
    expect(statusOf(await register({ extra: ["Path: nonsense"] }))).toBe(400);
  });
});

describe("GRUU (RFC 5627)", () => {
  const contact = `<sip:romeo@192.0.2.50:5062>;${INSTANCE}`;
  const extra = ["Supported: gruu"];
  const publicOf = (answer: string) => /pub-gruu="([^"]*)"/.exec(answer)?.[1] ?? "";
  const temporaryOf = (answer: string) => /temp-gruu="([^"]*)"/.exec(answer)?.[1] ?? "";

  test("is given to those who can use it, and reaches that device alone", async () => {
    const answer = await register({ contact, extra });
    expect(publicOf(answer)).toBe(`sip:romeo@office.test;gr=${UUID.toLowerCase()}`);
    await register({ contact: "<sip:romeo@192.0.2.50:5072>" });
    expect((await stage.send(publicOf(answer))).status).toBe(200);
    expect(stage.sent().map(({ target }) => target.port)).toEqual([5062]);
    expect(stage.registrar.book.devicesOf("romeo@office.test")[0]).toBe(
      `romeo@office.test/${UUID.toLowerCase()}`,
    );
  });

  test("is not given to others", async () => {
    expect(await register({ contact })).not.toContain("gruu=");
    const off = await startRegistrarStage({ registrar: { gruu: false } });
    expect(await off.register({ contact, extra, source: PHONE })).not.toContain("gruu=");
  });

  test("each device has a resource that stays over refreshes, also without an instance", async () => {
    await register({ callId: "a" });
    const [device] = stage.registrar.book.devicesOf("romeo@office.test");
    await register({ callId: "a", cseq: 10 });
    expect(stage.registrar.book.devicesOf("romeo@office.test")).toEqual([device]);
    const resource = device?.split("/")[1] ?? "";
    expect((await stage.send(`sip:romeo@office.test;gr=${resource}`)).status).toBe(200);
    expect((await stage.send("sip:romeo@office.test;gr=contact-gone")).status).toBe(480);
    expect((await stage.send("sip:romeo@office.test;gr=urn:uuid:other")).status).toBe(480);
  });

  test("a name that only a document has told is no name at all (RFC 6121 §8.5.3.2.1)", async () => {
    await register({});
    expect((await stage.send("sip:romeo@office.test;gr=tuple-1")).status).toBe(200);
  });

  test("a temporary one reaches the device, differs each time, and ends with the Call-ID", async () => {
    const first = temporaryOf(await register({ callId: "a", contact, extra }));
    const second = temporaryOf(await register({ callId: "a", cseq: 10, contact, extra }));
    expect(first).toMatch(/^sip:tgruu\.[A-Za-z0-9_-]{64}@office\.test;gr$/);
    expect(second).not.toBe(first);
    expect((await stage.send(first)).status).toBe(200);
    expect((await stage.send(second)).status).toBe(200);
    await register({ callId: "b", contact, extra });
    expect((await stage.send(first)).status).toBe(480);
    expect((await stage.send(second.replace("tgruu.", "tgruu.A"))).status).toBe(480);
    expect((await stage.send(`sip:tgruu.${"A".repeat(64)}@office.test;gr`)).status).toBe(480);
  });

  test("a device that was started anew has one Contact, not two", async () => {
    await register({ callId: "a", contact, extra });
    const answer = await register({ callId: "b", contact: `<sip:romeo@192.0.2.50:6000>;${INSTANCE}`, extra });
    expect(contactsOf(answer)).toHaveLength(1);
    expect(contactsOf(answer)[0]).toContain(":6000>");
  });

  test("in-dialog requests to a GRUU, or to a Contact behind a NAT, take the flow", async () => {
    const answer = await register({ source: NAT, contact: `<sip:romeo@10.0.0.2:5060>;${INSTANCE}`, extra });
    const notify = (requestUri: string) =>
      stage.registrar.sip.sendInDialog({
        method: "NOTIFY",
        requestUri,
        toUri: "sip:romeo@office.test",
        toTag: "theirs",
        fromUri: "sip:juliet@xmpp.test",
        fromTag: "ours",
        callId: "dialog",
        cseq: 1,
        branch: `n${requestUri.length}`,
        routes: [],
        headers: [["Event", "presence"]],
        contentType: "",
        body: Buffer.alloc(0),
        peer: "default",
      });
    void notify(publicOf(answer));
    void notify("sip:romeo@10.0.0.2:5060");
    await stage.quiet();
    const sent = stage.sent();
    expect(sent.map(({ target }) => [target.address, target.port])).toEqual([
      [NAT.address, NAT.port],
      [NAT.address, NAT.port],
    ]);
    expect(sent[0]?.text).toMatch(/^NOTIFY sip:romeo@10\.0\.0\.2:5060 SIP/);
    expect(headerOf(sent[0]?.text ?? "", "To")).toBe("<sip:romeo@office.test>;tag=theirs");
    const gone = await notify("sip:romeo@office.test;gr=urn:uuid:gone");
    expect(gone).toMatchObject({ status: 480, local: true, cseq: 1 });
  });
});

describe("a message between two who register here", () => {
  const neighbour = { ...stagePeer(), domains: ["*"] };
  const text = (uri: string) =>
    requestText({ uri, to: `<${uri}>`, from: "<sip:juliet@office.test>;tag=j", callId: `c${uri.length}` });

  beforeEach(async () => {
    stage = await startRegistrarStage({ sip: { peers: [neighbour] } });
  });

  async function relay(uri: string, status: number | undefined): Promise<string> {
    const answer = stage.ask(text(uri), { address: "192.0.2.1", port: 5060 });
    await stage.quiet();
    for (const request of stage.sent()) {
      if (status !== undefined) {
        const lines = request.text.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
        stage.transports.receive(
          `SIP/2.0 ${status} Phone\r\n${lines.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`,
          PHONE,
        );
      }
    }
    return answer;
  }

  test("reaches the other's phone with sender, text and type, and the phone's answer is the answer", async () => {
    await register({});
    expect(statusOf(await relay("sip:romeo@office.test", 200))).toBe(200);
    expect(stage.messages).toEqual([]);
  });

  test.each([
    [486, 486],
    [503, 500],
    [401, 480],
    [302, 480],
    [430, 480],
  ])("a phone's %d becomes %d", async (status, told) => {
    await register({});
    expect(statusOf(await relay("sip:romeo@office.test", status))).toBe(told);
  });

  test("nobody there: 480", async () => {
    expect(statusOf(await relay("sip:romeo@office.test", 200))).toBe(480);
  });

  test("what is for XMPP goes to the gateway", async () => {
    expect(statusOf(await relay("sip:juliet@xmpp.test", undefined))).toBe(202);
    expect(stage.messages).toHaveLength(1);
  });
});

describe("what is on disk", () => {
  test("a second life has all bindings, and reaches UDP phones at once", async () => {
    await register({
      source: NAT,
      contact: `<sip:romeo@10.0.0.2:5060>;${INSTANCE}`,
      extra: ["Supported: gruu"],
    });
    const { store, clock } = stage;
    stage = await startRegistrarStage({ store, clock });
    expect((await stage.send("sip:romeo@office.test")).status).toBe(200);
    expect(stage.sent()[0]?.target).toMatchObject(NAT);
  });

  test("what the disk does not take is not answered 200", async () => {
    const { store } = stage;
    jest.spyOn(store.bindings, "changeBindings").mockRejectedValue(new Error("disk full"));
    const answer = await register({});
    expect([statusOf(answer), headerOf(answer, "Retry-After")]).toEqual([503, "30"]);
  });
});

function stagePeer() {
  const { DEFAULT_SWITCHES } = jest.requireActual("../../../src/core/switches");
  return {
    name: "proxy",
    domains: ["sip.test"],
    trustedAddresses: ["192.0.2.0/28"],
    trustedIdentities: [],
    route: false,
    switches: DEFAULT_SWITCHES,
  };
}
