import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../src/config/config";
import { loadConfig } from "../../src/config/load";
import { gatewayLimits, sipOptions, tables, xmppOptions } from "../../src/config/options";
import { ConfigError, type Problem } from "../../src/config/problem";
import { DEFAULT_SWITCHES } from "../../src/core/switches";
import { DEFAULT_LIMITS } from "../../src/gateway/limits";
import { DEFAULT_WAITING } from "../../src/gateway/waiting/options";
import { makeCertificates } from "../support/certificates";
import { needs } from "../support/requires";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-config-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const SMALL = `
sip:
  peers:
    - { name: kamailio, trust: [192.0.2.0/24, "tls:proxy.example"], proxy: "sip:127.0.0.1:5080" }
xmpp:
  components:
    - { host: sip.example, server: "127.0.0.1:5347", secretEnv: SECRET }
domains:
  sip: [{ sip: sip.example, xmpp: sip.example, peer: kamailio }]
  xmpp: [{ xmpp: xmpp.example, sip: xmpp.example }]
`;

test("a small configuration gives every option that the parts need", () => {
  const config = load(SMALL, { SECRET: "s3cret" });
  const sip = sipOptions(config, "1.0.0");
  expect(sip.peers).toEqual([
    {
      name: "kamailio",
      domains: ["sip.example"],
      trustedAddresses: ["192.0.2.0/24"],
      trustedIdentities: ["proxy.example"],
      proxy: "sip:127.0.0.1:5080",
      route: true,
      switches: DEFAULT_SWITCHES,
    },
  ]);
  expect(sip).toMatchObject({
    domains: ["sip.example", "xmpp.example"],
    software: "Isthmus/1.0.0",
    users: [],
  });
  expect(sip.accept).toContain("text/plain");
  expect(xmppOptions(config, "1.0.0")).toMatchObject({
    components: [{ host: "sip.example", address: "127.0.0.1", port: 5347, secret: "s3cret" }],
    proofDeadlineMs: 10_000,
    software: { name: "Isthmus", version: "1.0.0" },
  });
  expect([...tables(config).switches.keys()]).toEqual(["default", "kamailio"]);
  expect(tables(config).errors.toXmpp.get(404)).toMatchObject({ condition: "item-not-found" });
  const { rates, ...limits } = gatewayLimits(config);
  expect(limits).toEqual(DEFAULT_LIMITS);
  expect(rates).toEqual({
    sender: { perSecond: 100, burst: 2000 },
    pair: { perSecond: 50, burst: 1000 },
    slowMs: 2000,
  });
  expect(config.waiting).toEqual(DEFAULT_WAITING);
  expect(config.store.file).toBe(join(folder, "isthmus.db"));
});

test("what is loaded is frozen", () => {
  const config = load(SMALL, { SECRET: "s3cret" });
  expect(Object.isFrozen(config.sip.peers[0]?.trustedAddresses)).toBe(true);
  expect(Object.isFrozen(config.xmpp.components[0])).toBe(true);
  expect(Object.isFrozen(config.limits)).toBe(true);
});

test("a peer's switches lie over those for all", () => {
  const text = SMALL.replace(
    "sip:\n",
    "sip:\n  switches: { acceptedStatus: 200, composing: false }\n",
  ).replace("{ name: kamailio,", "{ name: kamailio, switches: { composing: true, udpMaximum: 1300 B },");
  const { switches } = tables(load(text, { SECRET: "x" }));
  expect(switches.get("default")).toEqual({ ...DEFAULT_SWITCHES, acceptedStatus: 200, composing: false });
  expect(switches.get("kamailio")).toEqual({ ...DEFAULT_SWITCHES, acceptedStatus: 200, udpMaximum: 1300 });
});

test("a rule that names no peer gets one that DNS serves", () => {
  const config = load(SMALL.replace(", peer: kamailio }]", " }]"), { SECRET: "x" });
  expect(config.sip.peers[1]).toMatchObject({
    name: "default",
    domains: ["sip.example"],
    trustedAddresses: [],
  });
});

test("the advertised host takes the port of each listener unless it names one", () => {
  const listen = "sip:\n  listen: ['udp:127.0.0.1:5060', 'tcp:127.0.0.1:5070']\n";
  const ports = (advertise: string) =>
    load(SMALL.replace("sip:\n", `${listen}  advertise: ${advertise}\n`), { SECRET: "x" }).sip.listeners.map(
      (listener) => listener.advertised,
    );
  expect(ports("gw.example")).toEqual([
    { host: "gw.example", port: 5060 },
    { host: "gw.example", port: 5070 },
  ]);
  expect(ports("gw.example:5090").map((one) => one?.port)).toEqual([5090, 5090]);
});

describe("secrets", () => {
  test("come from a file, without the editor's last line break", () => {
    write("component.secret", "from the file\n");
    const config = load(SMALL.replace("secretEnv: SECRET", "secretFile: component.secret"));
    expect(config.xmpp.components[0]?.secret).toBe("from the file");
  });

  test("stand in exactly one place", () => {
    expect(problems(SMALL.replace("secretEnv: SECRET", "secret: a, secretEnv: SECRET"))).toEqual([
      expect.objectContaining({ key: "xmpp.components[0]", found: "2 of them" }),
    ]);
    expect(problems(SMALL.replace(", secretEnv: SECRET", ""))).toEqual([
      expect.objectContaining({ expected: "exactly one of secret, secretFile and secretEnv" }),
    ]);
  });

  test("that are not set are named by their variable", () => {
    expect(problems(SMALL)).toEqual([
      expect.objectContaining({ key: "xmpp.components[0].secretEnv", found: '"SECRET", which is not set' }),
    ]);
  });

  test("of a peer need a name, and the other way round", () => {
    const peer = (more: string) => SMALL.replace("{ name: kamailio,", `{ name: kamailio, ${more},`);
    expect(load(peer("username: us, password: pw"), { SECRET: "x" }).sip.peers[0]?.credentials).toEqual({
      username: "us",
      password: "pw",
    });
    expect(problems(peer("username: us"), { SECRET: "x" })[0]?.key).toBe("sip.peers[0]");
    expect(problems(peer("password: pw"), { SECRET: "x" })[0]?.key).toBe("sip.peers[0].username");
  });
});

describe("keys that disagree are both named", () => {
  const cases: [string, string, RegExp][] = [
    [
      "a rule's peer",
      SMALL.replace("peer: kamailio }]", "peer: asterisk }]"),
      /^domains\.sip\[0\]\.peer.*sip\.peers/,
    ],
    [
      "a rule's component",
      SMALL.replace("xmpp: sip.example,", "xmpp: other.example,"),
      /^domains\.sip\[0\]\.xmpp.*xmpp\.components/,
    ],
    [
      "two rules for one name",
      SMALL.replace("xmpp: [{", "xmpp: [{ xmpp: xmpp.example, sip: b.example }, {"),
      /^domains\.xmpp\[1\]\.xmpp/,
    ],
    [
      "a peer's domain that is another's",
      SMALL.replace("peers:\n", "peers:\n    - { name: other, domains: [sip.example] }\n"),
      /^sip\.peers\[0\]\.domains\[0\].*domains\.sip\[0\].*kamailio/,
    ],
    [
      "two components for one host",
      SMALL.replace("components:\n", "components:\n    - { host: SIP.example, secret: a }\n"),
      /^xmpp\.components\[1\]\.host.*xmpp\.components\[0\]\.host/,
    ],
    [
      "two listeners at one place",
      `${SMALL.replace("sip:\n", "sip:\n  listen: ['udp:127.0.0.1:5060', 'udp:127.0.0.1:5060']\n")}`,
      /^sip\.listen\[1\].*sip\.listen\[0\]/,
    ],
    [
      "a TLS listener without a certificate",
      SMALL.replace("sip:\n", "sip:\n  listen: ['tls:127.0.0.1:5061']\n"),
      /^sip\.tls\.certificate.*sip\.listen\[0\]/,
    ],
    [
      "a proof that comes too late",
      SMALL.replace("xmpp:\n", "xmpp:\n  proofDeadline: 20 s\n"),
      /^xmpp\.proofDeadline.*sip\.timers\.t1/,
    ],
    ["no component", SMALL.replace(/components:\n.*\n/, "components: []\n"), /^xmpp\.components/],
  ];
  test.each(cases)("%s", (_, text, told) => {
    const sentences = problems(text, { SECRET: "x" }).map(
      (one) => `${one.key}: ${one.found} ${one.expected}`,
    );
    expect(sentences).toContainEqual(expect.stringMatching(told));
  });
});

test("an address range that cannot be read is named by its place", () => {
  expect(problems(SMALL.replace("192.0.2.0/24", "192.0.2.0/40"), { SECRET: "x" })).toEqual([
    expect.objectContaining({ key: "sip.peers[0].trust[0]", found: '"192.0.2.0/40"', line: 4 }),
  ]);
});

test("problems of several kinds are told together", () => {
  const text = SMALL.replace("peer: kamailio }]", "peer: asterisk }]").replace(
    "sip:\n",
    "sip:\n  users: none.yaml\n",
  );
  expect(
    problems(text)
      .map((one) => one.key)
      .sort(),
  ).toEqual(["domains.sip[0].peer", "sip.users", "xmpp.components[0].secretEnv"]);
});

test("a configuration that is not there is one sentence", () => {
  expect(() => loadConfig(join(folder, "none.yaml"), {})).toThrow(
    /none\.yaml: expected .*there is no such file/,
  );
});

describe("files", () => {
  test("domain rules may stand in a file of their own", () => {
    write("rules.yaml", "sip: [{ sip: a.example, xmpp: sip.example, peer: kamailio }]\n");
    const config = load(SMALL.replace(/domains:[\s\S]*/, "domains: rules.yaml\n"), { SECRET: "x" });
    expect(config.domains.sip[0]?.sip).toBe("a.example");
  });

  test("a mistake in it is told with its file and line", () => {
    write("rules.yaml", "sip:\n  - { sip: a.example, xmpp: 7 }\n");
    const found = problems(SMALL.replace(/domains:[\s\S]*/, "domains: rules.yaml\n"), { SECRET: "x" });
    expect(found).toContainEqual(
      expect.objectContaining({ key: expect.stringMatching(/^rules\.yaml:2 sip\[0\]\.xmpp/) }),
    );
  });

  test("a folder of mappings replaces the tables it has, and only those", () => {
    mkdirSync(join(folder, "own"));
    write(
      "own/content-types.yaml",
      "content-types:\n  - { type: text/plain, treatment: plain, rule: RFC 7572 7 }\n",
    );
    const config = load(`${SMALL}mappings: own\n`, { SECRET: "x" });
    expect(config.contentTypes.accept).toBe("text/plain");
    expect(config.errors.toXmpp.size).toBeGreaterThan(10);
  });

  test("users sign in by MD5 or SHA-256, in the realm of sip.realm unless they name one", () => {
    const md5 = "0123456789abcdef0123456789ABCDEF";
    const sha = "0".repeat(64);
    write(
      "users.yaml",
      `- { username: romeo, uri: "sip:romeo@sip.example", ha1: ${JSON.stringify(md5)} }\n- { username: nurse, realm: r, uri: "sip:nurse@sip.example", sha256: "${sha}" }\n`,
    );
    const config = load(SMALL.replace("sip:\n", "sip:\n  realm: verona\n  users: users.yaml\n"), {
      SECRET: "x",
    });
    expect(config.sip.users).toEqual([
      { username: "romeo", realm: "verona", uri: "sip:romeo@sip.example", ha1: { MD5: md5.toLowerCase() } },
      { username: "nurse", realm: "r", uri: "sip:nurse@sip.example", ha1: { "SHA-256": sha } },
    ]);
  });

  test("a user without a digest, or twice, or with a wrong one, is a problem that shows no digest", () => {
    const user = (more: string) => `- { username: romeo, uri: "sip:romeo@sip.example"${more} }\n`;
    const text = SMALL.replace("sip:\n", "sip:\n  users: users.yaml\n");
    write("users.yaml", user("") + user(`, md5: "${"0".repeat(32)}"`));
    expect(problems(text, { SECRET: "x" }).map((one) => one.found)).toEqual([
      "romeo without any",
      "romeo again",
    ]);
    write("users.yaml", user(", ha1: deadbeef"));
    const [wrong] = problems(text, { SECRET: "x" });
    expect(wrong?.key).toBe("users.yaml:1 [0].ha1");
    expect(wrong?.found).not.toContain("deadbeef");
  });
});

needs(["openssl"], "certificates", () => {
  const withTls = (certificate: string, key: string) =>
    SMALL.replace("sip:\n", `sip:\n  tls: { certificate: ${certificate}, key: ${key} }\n`);

  test("are read, and the key must be that of the certificate", () => {
    const { of } = makeCertificates(join(folder, "tls"), {
      a: { dns: ["a.example"] },
      b: { dns: ["b.example"] },
    });
    const config = load(withTls(of.a.certificateFile, of.a.keyFile), { SECRET: "x" });
    expect(config.sip.tls).toEqual({
      certificate: of.a.certificate,
      key: of.a.key,
      clientCertificate: "ask",
    });
    expect(problems(withTls(of.a.certificateFile, of.b.keyFile), { SECRET: "x" })).toEqual([
      expect.objectContaining({ key: "sip.tls.key", found: "the key of another certificate" }),
    ]);
    expect(problems(withTls(of.a.keyFile, of.a.keyFile), { SECRET: "x" })).toEqual([
      expect.objectContaining({ key: "sip.tls.certificate" }),
    ]);
  });
});

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function load(text: string, env: Record<string, string> = {}): Config {
  write("isthmus.yaml", text);
  return loadConfig(join(folder, "isthmus.yaml"), env);
}

function problems(text: string, env: Record<string, string> = {}): readonly Problem[] {
  try {
    load(text, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
