/** The rules of location with a table in place of DNS. RFC 3263 §4. */

import { createLocator, type LocateRequest, type Locator, type LocatorDeps } from "../../src/sip/locate";
import type { DnsResolver, NaptrRecord, SrvRecord } from "../../src/sip/locate/resolver";
import type { TransportName } from "../../src/sip/transport/transport";

interface Table {
  readonly a?: Readonly<Record<string, readonly string[]>>;
  readonly aaaa?: Readonly<Record<string, readonly string[]>>;
  readonly srv?: Readonly<Record<string, readonly Partial<SrvRecord>[]>>;
  readonly naptr?: Readonly<Record<string, readonly Partial<NaptrRecord>[]>>;
}

describe("which transport (§4.1)", () => {
  test.each<[string, LocateRequest, string]>([
    ["an address alone", { host: "192.0.2.1", secure: false }, "udp 192.0.2.1:5060"],
    ["an address with a port", { host: "192.0.2.1", port: 5080, secure: false }, "udp 192.0.2.1:5080"],
    [
      "an address with a transport",
      { host: "192.0.2.1", transport: "tcp", secure: false },
      "tcp 192.0.2.1:5060",
    ],
    ["a sips address", { host: "192.0.2.1", secure: true }, "tls 192.0.2.1:5061 for 192.0.2.1"],
    ["IPv6 in brackets", { host: "[2001:DB8:0::1]", secure: false }, "udp 2001:db8::1:5060"],
    ["a name with a port", { host: "one.example", port: 5080, secure: false }, "udp 192.0.2.11:5080"],
    [
      "a sips name with a port",
      { host: "one.example", port: 5080, secure: true },
      "tls 192.0.2.11:5080 for one.example",
    ],
    [
      "maddr goes before the host",
      { host: "one.example", maddr: "192.0.2.77", secure: false },
      "udp 192.0.2.77:5060",
    ],
    [
      "maddr with sips still proves the host",
      { host: "one.example", maddr: "192.0.2.77", secure: true },
      "tls 192.0.2.77:5061 for one.example",
    ],
    [
      "sips with transport=tcp is TLS",
      { host: "192.0.2.1", transport: "tcp", secure: true },
      "tls 192.0.2.1:5061 for 192.0.2.1",
    ],
    ["a name without records but its address", { host: "one.example", secure: false }, "udp 192.0.2.11:5060"],
    ["the same, sips", { host: "one.example", secure: true }, "tls 192.0.2.11:5061 for one.example"],
  ])("%s", async (_what, request, expected) => {
    const { locator } = locatorOn({ a: { "one.example": ["192.0.2.11"] } });
    expect(await shown(locator, request)).toEqual([expected]);
  });

  test("no DNS is asked for an address", async () => {
    const { locator, asked } = locatorOn({});
    await locator.locate({ host: "192.0.2.1", secure: false });
    expect(asked).toEqual([]);
  });

  test("NAPTR decides by order, then preference; unknown services, transports and flags are left out", async () => {
    const { locator } = locatorOn({
      naptr: {
        "sip.example": [
          { order: 2, preference: 1, service: "SIP+D2U", replacement: "u.sip.example" },
          { order: 1, preference: 2, service: "sip+d2t", replacement: "t.sip.example" },
          { order: 1, preference: 1, service: "SIPS+D2T", replacement: "s.sip.example" },
          { order: 0, preference: 0, service: "SIP+D2S", replacement: "sctp.sip.example" },
          { order: 0, preference: 0, service: "E2U+sip", flags: "u", replacement: "enum.sip.example" },
        ],
      },
      srv: {
        "u.sip.example": [{ name: "one.example", port: 1 }],
        "t.sip.example": [{ name: "one.example", port: 2 }],
        "s.sip.example": [{ name: "one.example", port: 3 }],
      },
      a: { "one.example": ["192.0.2.1"] },
    });
    expect(await shown(locator, { host: "sip.example", secure: false })).toEqual([
      "tls 192.0.2.1:3 for sip.example",
      "tcp 192.0.2.1:2",
      "udp 192.0.2.1:1",
    ]);
    expect(await shown(locator, { host: "sip.example", secure: true })).toEqual([
      "tls 192.0.2.1:3 for sip.example",
    ]);
  });

  test("a preference of ours picks among what the domain offers, and fills where it offers nothing", async () => {
    const { locator } = locatorOn({
      srv: {
        "_sip._udp.sip.example": [{ name: "one.example", port: 1 }],
        "_sip._tcp.sip.example": [{ name: "one.example", port: 2 }],
        "_sips._tcp.sip.example": [{ name: "one.example", port: 3 }],
      },
      a: { "one.example": ["192.0.2.1"] },
    });
    const ports = async (host: string, preferred?: TransportName) =>
      (await locator.locate({ host, secure: false }, preferred === undefined ? {} : { preferred })).map(
        (one) => one.port,
      );
    expect(await ports("sip.example")).toEqual([1, 2]);
    expect(await ports("sip.example", "tcp")).toEqual([2, 1]);
    expect(await ports("sip.example", "tls")).toEqual([3, 1, 2]);
    expect(await ports("one.example", "tls")).toEqual([5061]);
    expect(
      (await locator.locate({ host: "one.example", secure: false }, { preferred: "tcp" }))[0]?.transport,
    ).toBe("tcp");
  });

  test("what we do not have is not used, and is said", async () => {
    const { locator } = locatorOn({ a: { "one.example": ["192.0.2.1"] } }, { transports: ["tcp"] });
    expect(await shown(locator, { host: "one.example", secure: false })).toEqual(["tcp 192.0.2.1:5060"]);
    for (const request of [
      { host: "one.example", secure: true },
      { host: "one.example", transport: "udp", secure: false },
      { host: "192.0.2.1", transport: "udp", secure: true },
    ] as const) {
      expect(await locator.find(request)).toEqual({ targets: [], problem: "no-transport" });
    }
  });
});

describe("which server (§4.2, RFC 2782)", () => {
  test("a transport without a port asks SRV of that transport", async () => {
    const { locator } = locatorOn({
      srv: { "_sip._tcp.sip.example": [{ name: "one.example", port: 5070 }] },
      a: { "one.example": ["192.0.2.1"], "sip.example": ["192.0.2.99"] },
    });
    expect(await shown(locator, { host: "sip.example", transport: "tcp", secure: false })).toEqual([
      "tcp 192.0.2.1:5070",
    ]);
    expect(await shown(locator, { host: "sip.example", transport: "udp", secure: false })).toEqual([
      "udp 192.0.2.99:5060",
    ]);
  });

  test("priorities in order; every address of a server before the next server", async () => {
    const { locator } = locatorOn({
      srv: {
        "_sip._udp.sip.example": [
          { name: "second.example", port: 2, priority: 20 },
          { name: "first.example", port: 1, priority: 10 },
        ],
      },
      a: { "first.example": ["192.0.2.1", "192.0.2.2"], "second.example": ["192.0.2.3"] },
      aaaa: { "first.example": ["2001:db8::1"] },
    });
    const addresses = (await locator.locate({ host: "sip.example", secure: false })).map(
      (one) => one.address,
    );
    expect(addresses).toEqual(["192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.3"]);
  });

  test("a target of . says that there is no such service: the host's address is not tried", async () => {
    const { locator } = locatorOn({
      srv: { "_sip._udp.sip.example": [{ name: ".", port: 0 }] },
      a: { "sip.example": ["192.0.2.1"] },
    });
    expect(await locator.find({ host: "sip.example", secure: false })).toEqual({
      targets: [],
      problem: "no-such-host",
    });
  });

  test("families in the order that we were given", async () => {
    const table = { a: { "one.example": ["192.0.2.1"] }, aaaa: { "one.example": ["2001:db8::1"] } };
    const request = { host: "one.example", port: 5060, secure: false };
    expect(await shown(locatorOn(table, { families: [6, 4] }).locator, request)).toEqual([
      "udp 2001:db8::1:5060",
      "udp 192.0.2.1:5060",
    ]);
    expect(await shown(locatorOn(table, { families: [6] }).locator, request)).toEqual([
      "udp 2001:db8::1:5060",
    ]);
  });
});

describe("failover (§4.3)", () => {
  const twoServers: Table = {
    srv: {
      "_sip._udp.sip.example": [
        { name: "one.example", port: 1, priority: 1 },
        { name: "two.example", port: 2, priority: 2 },
      ],
    },
    a: { "one.example": ["192.0.2.1"], "two.example": ["192.0.2.2"] },
  };
  const request = { host: "sip.example", secure: false };

  test("a failed target is spared for a while and then tried again", async () => {
    const { locator, clock } = locatorOn(twoServers);
    const [first, second] = await locator.locate(request);
    locator.failed(first!);
    expect(await locator.locate(request)).toEqual([second]);
    clock.advance(29_000);
    expect(await locator.locate(request)).toEqual([second]);
    clock.advance(1000);
    expect(await locator.locate(request)).toEqual([first, second]);
  });

  test("when all have failed all are tried; one that answers is good again", async () => {
    const { locator } = locatorOn(twoServers);
    const [first, second] = await locator.locate(request);
    locator.failed(first!);
    locator.failed(second!);
    expect(await locator.locate(request)).toEqual([first, second]);
    locator.succeeded(second!);
    expect(await locator.locate(request)).toEqual([second]);
  });

  test("Retry-After sets the time, up to five minutes", async () => {
    const { locator, clock } = locatorOn(twoServers);
    const [first, second] = await locator.locate(request);
    locator.failed(first!, 90_000);
    clock.advance(89_000);
    expect(await locator.locate(request)).toEqual([second]);
    locator.failed(first!, 1e12);
    clock.advance(300_000);
    expect(await locator.locate(request)).toEqual([first, second]);
  });

  test("the memory of failures is bounded: the oldest is forgotten", async () => {
    const { locator } = locatorOn(twoServers);
    const [first, second] = await locator.locate(request);
    locator.failed(first!);
    for (let port = 1; port <= 10_000; port++)
      locator.failed({ transport: "udp", address: "198.51.100.1", port });
    expect(await locator.locate(request)).toEqual([first, second]);
  });
});

describe("DNS is a stranger", () => {
  const request = { host: "sip.example", secure: false };

  test("those who ask at the same time share one query, and the answer is kept for its lifetime", async () => {
    const { locator, asked, clock } = locatorOn({ a: { "one.example": ["192.0.2.1"] } }, { families: [4] });
    const one = { host: "one.example", port: 5060, secure: false };
    await Promise.all(Array.from({ length: 100 }, () => locator.locate(one)));
    clock.advance(59_000);
    await locator.locate({ ...one, host: "ONE.example" });
    expect(asked).toEqual(["4 one.example"]);
    clock.advance(2000);
    await locator.locate(one);
    expect(asked).toHaveLength(2);
  });

  test("no and failure are kept too: a name that does not answer is not asked again at once", async () => {
    const failing = resolverOn({}).resolver;
    let asked = 0;
    const resolver: DnsResolver = {
      ...failing,
      addresses: () => {
        asked++;
        return Promise.reject(Object.assign(new Error("no"), { code: "ESERVFAIL" }));
      },
    };
    const { locator, clock } = locatorOn({}, { resolver });
    for (let at = 0; at < 10; at++)
      expect(await locator.find(request)).toMatchObject({ problem: "dns-failed" });
    expect(asked).toBe(2);
    clock.advance(5001);
    await locator.find(request);
    expect(asked).toBe(4);
  });

  test("an answer that never comes is given up after three seconds", async () => {
    const never = () => new Promise<never>(() => {});
    const { locator, clock } = locatorOn({}, { resolver: { addresses: never, srv: never, naptr: never } });
    const found = locator.find(request);
    for (let step = 0; step < 3; step++) {
      clock.advance(3000);
      await turn();
    }
    expect(await found).toEqual({ targets: [], problem: "dns-failed" });
  });

  test("hundreds of records make a few targets", async () => {
    const many = <T>(make: (at: number) => T) => Array.from({ length: 300 }, (_, at) => make(at));
    const { locator, asked } = locatorOn({
      naptr: {
        "sip.example": many((at) => ({
          service: "SIP+D2U",
          order: at,
          replacement: `_sip._udp.n${at}.example`,
        })),
      },
      srv: Object.fromEntries(
        many((at) => [
          `_sip._udp.n${at}.example`,
          many((port) => ({ name: `h${port}.example`, port: port + 1 })),
        ]),
      ),
      a: Object.fromEntries(many((at) => [`h${at}.example`, many((last) => `192.0.2.${last % 250}`)])),
    });
    expect((await locator.locate(request)).length).toBeLessThanOrEqual(16);
    expect(asked.length).toBeLessThan(50);
  });

  test("records that cannot be are left out", async () => {
    const { locator } = locatorOn({
      srv: {
        "_sip._udp.sip.example": [
          { name: "one.example", port: 0 },
          { name: "one.example", port: 70_000 },
          { name: "evil\r\nHost: x", port: 5060 },
          { name: "bad..example", port: 5060 },
          { name: "192.0.2.5", port: 5065 },
          { name: "one.example", port: 5061, priority: 9 },
        ],
      },
      a: { "one.example": ["not an address", "192.0.2.1"] },
    });
    expect(await shown(locator, request)).toEqual(["udp 192.0.2.5:5065", "udp 192.0.2.1:5061"]);
  });

  test.each([
    "",
    "a b",
    "a..b",
    "-a",
    `${"a".repeat(64)}.example`,
    `${"a.".repeat(127)}aaa`,
    "ä.example",
    "a/b",
    "[::1",
    "a\r\nb",
  ])("%j is no host name and is not asked for", async (host) => {
    const { locator, asked } = locatorOn({});
    expect(await locator.find({ host, secure: false })).toEqual({ targets: [], problem: "no-such-host" });
    expect(asked).toEqual([]);
  });

  test("too many different names at once fail fast", async () => {
    const never = () => new Promise<never>(() => {});
    const { locator } = locatorOn({}, { resolver: { addresses: never, srv: never, naptr: never } });
    for (let at = 0; at < 500; at++) void locator.find({ host: `n${at}.example`, secure: false });
    expect(await locator.find({ host: "late.example", port: 5060, secure: false })).toEqual({
      targets: [],
      problem: "dns-failed",
    });
  });
});

async function shown(locator: Locator, request: LocateRequest): Promise<string[]> {
  const targets = await locator.locate(request);
  return targets.map(
    ({ transport, address, port, tlsDomain }) =>
      `${transport} ${address}:${port}${tlsDomain === undefined ? "" : ` for ${tlsDomain}`}`,
  );
}

function locatorOn(table: Table, more: Partial<LocatorDeps> = {}) {
  const clock = handClock();
  const { resolver, asked } = resolverOn(table);
  return { locator: createLocator({ clock, log: SILENT, resolver, random: () => 0, ...more }), asked, clock };
}

function resolverOn(table: Table): { resolver: DnsResolver; asked: string[] } {
  const asked: string[] = [];
  const answer = async <T>(question: string, records: readonly T[] | undefined): Promise<readonly T[]> => {
    asked.push(question);
    if (records === undefined) throw Object.assign(new Error("none"), { code: "ENOTFOUND" });
    return records;
  };
  const resolver: DnsResolver = {
    addresses: async (name, family) => {
      const records = await answer(`${family} ${name}`, (family === 4 ? table.a : table.aaaa)?.[name]);
      return records.map((address) => ({ address, ttl: 60 }));
    },
    srv: async (name) =>
      (await answer(`srv ${name}`, table.srv?.[name])).map((record) => ({ ...EMPTY_SRV, ...record })),
    naptr: async (name) =>
      (await answer(`naptr ${name}`, table.naptr?.[name])).map((record) => ({ ...EMPTY_NAPTR, ...record })),
  };
  return { resolver, asked };
}

function handClock() {
  let now = 0;
  let timers: { at: number; callback: () => void }[] = [];
  return {
    now: () => now,
    after: (ms: number, callback: () => void) => {
      const timer = { at: now + ms, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    advance: (ms: number) => {
      now += ms;
      const due = timers.filter((timer) => timer.at <= now);
      timers = timers.filter((timer) => timer.at > now);
      for (const timer of due) timer.callback();
    },
  };
}

/** Lets every promise that is ready go on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const EMPTY_SRV: SrvRecord = { name: "", port: 5060, priority: 0, weight: 0 };
const EMPTY_NAPTR: NaptrRecord = { order: 0, preference: 0, flags: "s", service: "", replacement: "" };
const SILENT: LocatorDeps["log"] = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => SILENT,
};
