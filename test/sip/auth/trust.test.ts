import { DEFAULT_SWITCHES } from "../../../src/core/switches";
import { type DigestProtection, digestHa1, digestResponse } from "../../../src/sip/auth/digest";
import { parseChallenge } from "../../../src/sip/message/challenge";
import type { DigestUser } from "../../../src/sip/options";
import {
  ACCEPTED,
  PROXY,
  type RequestParts,
  requestText,
  startSide,
  statusOf,
  type TestSide,
} from "../../support/sip-side";

const STRANGER = { address: "198.51.100.9" };
const ROMEO: DigestUser = {
  username: "romeo",
  realm: "xmpp.test",
  uri: "sip:romeo@sip.test",
  ha1: {
    MD5: digestHa1("MD5", "romeo", "xmpp.test", "secret"),
    "SHA-256": digestHa1("SHA-256", "romeo", "xmpp.test", "secret"),
  },
};

interface Seen {
  readonly world: TestSide;
  readonly senders: string[];
}

async function start(options: Parameters<typeof startSide>[0] = {}): Promise<Seen> {
  const senders: string[] = [];
  const world = await startSide(options, (message) => {
    senders.push(`${message.fromUri} by ${message.peer}`);
    return ACCEPTED;
  });
  return { world, senders };
}

/** Sends and gives the answer's text. */
function ask({ world }: Seen, parts: RequestParts, source: object = STRANGER): string {
  world.transports.receive(requestText(parts), source);
  return world.transports.take()[0]?.text ?? "";
}

function challenges(text: string): ReadonlyMap<string, string>[] {
  return [...text.matchAll(/^WWW-Authenticate: (.*)$/gm)].map(
    (m) => parseChallenge(m[1]!.trim())!.parameters,
  );
}

interface Signing {
  password?: string;
  username?: string;
  algorithm?: "MD5" | "SHA-256";
  qop?: "auth" | "auth-int" | "legacy";
  nc?: string;
  body?: string;
}

/** An Authorization header, as a phone would write it. */
function sign(nonce: string, how: Signing = {}): string {
  const {
    username = "romeo",
    password = "secret",
    algorithm = "SHA-256",
    qop = "auth",
    nc = "00000001",
  } = how;
  const protection: DigestProtection = qop === "legacy" ? { qop } : { qop, nc, cnonce: "cn" };
  const uri = "sip:juliet@xmpp.test";
  const response = digestResponse({
    algorithm,
    ha1: digestHa1(algorithm, username, "xmpp.test", password),
    method: "MESSAGE",
    uri,
    nonce,
    protection,
    body: Buffer.from(how.body ?? "Art thou not Romeo?"),
  });
  // libpurple sends nc in quotes even without qop.
  const protectionText = qop === "legacy" ? 'nc="00000001"' : `qop=${qop}, nc=${nc}, cnonce="cn"`;
  return `Authorization:  Digest username="${username}", realm="xmpp.test", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=${algorithm}, ${protectionText}`;
}

async function challenged(options: Parameters<typeof startSide>[0] = {}) {
  const seen = await start({ users: [ROMEO], ...options });
  const text = ask(seen, { cseq: 1 });
  return { seen, text, nonce: challenges(text)[0]?.get("nonce") ?? "" };
}

describe("ejabberd's advisory", () => {
  test("two From headers are refused with 400", async () => {
    const seen = await start();
    const text = ask(seen, { extra: ["From: <sip:mercutio@sip.test>;tag=m"] }, {});
    expect(text).toMatch(/^SIP\/2\.0 400 Multiple From\r/);
    expect(seen.senders).toEqual([]);
  });

  test("a missing To is refused: no answer can be built, so it is dropped and counted", async () => {
    const seen = await start();
    seen.world.transports.receive(requestText().replace(/^To: .*\r\n/m, ""));
    expect(seen.world.transports.take()).toEqual([]);
    expect(seen.world.counters.get("sip.dropped.malformed")).toBe(1);
    expect(seen.senders).toEqual([]);
  });

  test("an outsider writing as a local user is challenged, or refused where nobody signs", async () => {
    expect(statusOf(ask(await start({ users: [ROMEO] }), {}))).toBe(401);
    const seen = await start();
    expect(statusOf(ask(seen, {}))).toBe(403);
    expect(statusOf(ask(seen, { from: "<sip:juliet@xmpp.test>;tag=x" }))).toBe(403);
    expect(seen.senders).toEqual([]);
  });
});

describe("trusted neighbours (RFC 3325)", () => {
  test("an address in the range speaks for its domains, and for no other", async () => {
    const seen = await start();
    expect(statusOf(ask(seen, { cseq: 1 }, { address: "192.0.2.14" }))).toBe(202);
    expect(statusOf(ask(seen, { cseq: 2 }, { address: "192.0.2.16" }))).toBe(403);
    expect(statusOf(ask(seen, { cseq: 3, from: "<sip:juliet@xmpp.test>;tag=1" }, {}))).toBe(403);
    expect(statusOf(ask(seen, { cseq: 4, from: "<sip:romeo@SIP.Test>;tag=1" }, {}))).toBe(202);
    expect(seen.senders).toEqual(["sip:romeo@sip.test by proxy", "sip:romeo@SIP.Test by proxy"]);
  });

  test("a TLS identity speaks in the same way (RFC 5922)", async () => {
    const seen = await start();
    const tls = { ...STRANGER, transport: "tls" as const };
    expect(statusOf(ask(seen, { cseq: 1 }, { ...tls, tlsIdentities: ["Proxy.SIP.test"] }))).toBe(202);
    expect(statusOf(ask(seen, { cseq: 2 }, { ...tls, tlsIdentities: ["evil.test"] }))).toBe(403);
  });

  test("IPv6 ranges work, and a mixed list of peers on one address goes by domain", async () => {
    const other = {
      ...PROXY,
      name: "other",
      domains: ["other.test"],
      trustedAddresses: ["2001:db8::/32", "192.0.2.1"],
    };
    const seen = await start({ peers: [PROXY, other] });
    ask(seen, { cseq: 1, from: "<sip:a@other.test>;tag=1" }, { address: "2001:db8::9" });
    ask(seen, { cseq: 2, from: "<sip:a@other.test>;tag=1" }, {});
    ask(seen, { cseq: 3 }, {});
    expect(seen.senders).toEqual([
      "sip:a@other.test by other",
      "sip:a@other.test by other",
      "sip:romeo@sip.test by proxy",
    ]);
  });

  test("P-Asserted-Identity is believed from a neighbour, the sip URI of two (RFC 3325 §9.1)", async () => {
    const seen = await start();
    const extra = ['P-Asserted-Identity: <tel:+15550100>, "Tybalt" <sip:tybalt@sip.test>'];
    ask(seen, { from: "<sip:anonymous@anonymous.invalid>;tag=1", extra }, {});
    expect(seen.senders).toEqual(["sip:tybalt@sip.test by proxy"]);
  });

  test("with Privacy: id it stays inside the trust domain (RFC 3325 §9.3)", async () => {
    const seen = await start();
    const extra = ["P-Asserted-Identity: <sip:tybalt@sip.test>", "Privacy: id"];
    expect(statusOf(ask(seen, { from: "<sip:anonymous@anonymous.invalid>;tag=1", extra }, {}))).toBe(403);
  });

  test("P-Asserted-Identity of a stranger means nothing", async () => {
    const seen = await start();
    expect(statusOf(ask(seen, { extra: ["P-Asserted-Identity: <sip:romeo@sip.test>"] }))).toBe(403);
  });

  test("a peer for every domain speaks for every domain", async () => {
    const seen = await start({ peers: [{ ...PROXY, domains: ["*"] }] });
    expect(statusOf(ask(seen, { from: "<sip:a@anywhere.test>;tag=1" }, {}))).toBe(202);
  });
});

describe("digest (RFC 7616, RFC 8760)", () => {
  test("the challenge offers SHA-256 first, then MD5, with one nonce", async () => {
    const { text } = await challenged();
    expect(
      challenges(text).map((c) => [c.get("algorithm"), c.get("qop"), c.get("realm"), c.get("stale")]),
    ).toEqual([
      ["SHA-256", "auth,auth-int", "xmpp.test", undefined],
      ["MD5", "auth", "xmpp.test", undefined],
    ]);
  });

  test.each<[string, Signing]>([
    ["SHA-256, auth", {}],
    ["MD5, auth", { algorithm: "MD5" }],
    ["SHA-256, auth-int", { qop: "auth-int" }],
    ["MD5, auth-int", { algorithm: "MD5", qop: "auth-int" }],
  ])("a right answer speaks for its user: %s", async (_name, how) => {
    const { seen, nonce } = await challenged();
    expect(statusOf(ask(seen, { cseq: 2, extra: [sign(nonce, how)] }))).toBe(202);
    expect(seen.senders).toEqual(["sip:romeo@sip.test by proxy"]);
  });

  test("a wrong user and a wrong password get the same answer, and are counted", async () => {
    const { seen, nonce } = await challenged();
    const texts = [{ password: "wrong" }, { username: "nobody" }].map((how) =>
      ask(seen, { cseq: 2, extra: [sign(nonce, how)] }).replace(/nonce="[^"]*"/g, ""),
    );
    expect(statusOf(texts[0] ?? "")).toBe(401);
    expect(texts[1]).toBe(texts[0]);
    expect(texts[0]).not.toContain("stale");
    expect(seen.world.counters.get("sip.auth.failures")).toBe(2);
  });

  test("auth-int over another body is wrong", async () => {
    const { seen, nonce } = await challenged();
    expect(statusOf(ask(seen, { cseq: 2, extra: [sign(nonce, { qop: "auth-int", body: "other" })] }))).toBe(
      401,
    );
  });

  test("an old nonce with a right answer is stale, and the new one serves", async () => {
    const { seen, nonce } = await challenged();
    seen.world.clock.advance(300_001);
    const text = ask(seen, { cseq: 2, extra: [sign(nonce)] });
    const [fresh] = challenges(text);
    expect([statusOf(text), fresh?.get("stale")]).toEqual([401, "true"]);
    expect(statusOf(ask(seen, { cseq: 3, extra: [sign(fresh?.get("nonce") ?? "")] }))).toBe(202);
    expect(seen.world.counters.get("sip.auth.failures")).toBe(0);
  });

  test("a nonce count serves once: a replay is not taken", async () => {
    const { seen, nonce } = await challenged();
    expect(statusOf(ask(seen, { cseq: 2, extra: [sign(nonce)] }))).toBe(202);
    const replay = ask(seen, { cseq: 3, extra: [sign(nonce)] });
    expect([statusOf(replay), challenges(replay)[0]?.get("stale")]).toEqual([401, "true"]);
    expect(statusOf(ask(seen, { cseq: 4, extra: [sign(nonce, { nc: "00000002" })] }))).toBe(202);
  });

  test("a retransmission of a signed request is not a replay", async () => {
    const { seen, nonce } = await challenged();
    const parts = { cseq: 2, extra: [sign(nonce)] };
    expect([statusOf(ask(seen, parts)), statusOf(ask(seen, parts))]).toEqual([202, 202]);
    expect(seen.senders).toHaveLength(1);
  });

  test("a user may speak only for himself", async () => {
    const { seen, nonce } = await challenged();
    const parts = { cseq: 2, from: "<sip:mercutio@sip.test>;tag=1", extra: [sign(nonce)] };
    expect(statusOf(ask(seen, parts))).toBe(403);
    const own = { cseq: 3, from: "<sip:%72omeo@SIP.test;transport=udp>;tag=1" };
    expect(statusOf(ask(seen, { ...own, extra: [sign(nonce, { nc: "00000002" })] }))).toBe(202);
  });

  test("an xmpp: address is nobody's SIP address, since its user part is escaped otherwise (XEP-0106)", async () => {
    const { seen, nonce } = await challenged();
    const parts = { cseq: 2, from: "<xmpp:romeo@sip.test>;tag=1", extra: [sign(nonce)] };
    expect(statusOf(ask(seen, parts))).toBe(403);
    expect(seen.senders).toEqual([]);
  });

  test("an answer without qop is taken only where the switch says so (libpurple 2.14)", async () => {
    const strict = await challenged();
    const legacy: Signing = { algorithm: "MD5", qop: "legacy" };
    expect(statusOf(ask(strict.seen, { cseq: 2, extra: [sign(strict.nonce, legacy)] }))).toBe(401);
    const peers = [{ ...PROXY, switches: { ...DEFAULT_SWITCHES, digestWithoutQop: true } }];
    const lenient = await challenged({ peers });
    for (const cseq of [2, 3]) {
      expect(statusOf(ask(lenient.seen, { cseq, extra: [sign(lenient.nonce, legacy)] }))).toBe(202);
    }
  });

  test("credentials that cannot be read are no credentials", async () => {
    const { seen } = await challenged();
    for (const extra of [
      "Authorization: Digest",
      "Authorization: Basic cm9tZW8=",
      'Authorization: Digest realm="x',
    ]) {
      expect(statusOf(ask(seen, { cseq: 2, extra: [extra] }))).toBe(401);
    }
  });

  test("a user without a hash for the algorithm cannot sign by it", async () => {
    const md5Only = { ...ROMEO, ha1: { MD5: ROMEO.ha1.MD5 ?? "" } };
    const { seen, nonce } = await challenged({ users: [md5Only] });
    expect(statusOf(ask(seen, { cseq: 2, extra: [sign(nonce)] }))).toBe(401);
    expect(statusOf(ask(seen, { cseq: 3, extra: [sign(nonce, { algorithm: "MD5" })] }))).toBe(202);
  });
});
