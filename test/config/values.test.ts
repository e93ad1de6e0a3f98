import {
  ADVERTISED,
  DOMAIN,
  DURATION,
  HEALTH_LISTEN,
  HOST_PORT,
  hex,
  integer,
  LISTENER,
  list,
  oneOf,
  PROXY_URI,
  SECRET,
  SIP_ADDRESS,
  size,
  TRUST,
  type Value,
  YES_NO,
} from "../../src/config/values";

const accepted: [Value<unknown>, unknown, unknown][] = [
  [DURATION, "30 s", 30_000],
  [DURATION, "500ms", 500],
  [DURATION, "1.5 s", 1500],
  [DURATION, "2 min", 120_000],
  [DURATION, "24 d", 24 * 86_400_000],
  [size(65_536), "64 KiB", 65_536],
  [size(1024), "512 B", 512],
  [HOST_PORT, "127.0.0.1:5347", { host: "127.0.0.1", port: 5347 }],
  [HOST_PORT, "[::1]:5347", { host: "::1", port: 5347 }],
  [HOST_PORT, "xmpp.Example:1", { host: "xmpp.example", port: 1 }],
  [ADVERTISED, "gateway.example", { host: "gateway.example" }],
  [ADVERTISED, "[2001:db8::1]:5061", { host: "2001:db8::1", port: 5061 }],
  [HEALTH_LISTEN, "off", "off"],
  [LISTENER, "udp:127.0.0.1:5060", { transport: "udp", address: "127.0.0.1", port: 5060 }],
  [LISTENER, "tls:[::]:0", { transport: "tls", address: "::", port: 0 }],
  [TRUST, "192.0.2.0/24", { kind: "address", cidr: "192.0.2.0/24" }],
  [TRUST, "2001:db8::/32", { kind: "address", cidr: "2001:db8::/32" }],
  [TRUST, "192.0.2.7", { kind: "address", cidr: "192.0.2.7" }],
  [TRUST, "tls:Proxy.example", { kind: "identity", identity: "proxy.example" }],
  [PROXY_URI, "sip:proxy.example:5060;transport=tcp", "sip:proxy.example:5060;transport=tcp"],
  [PROXY_URI, "sips:[::1]", "sips:[::1]"],
  [SIP_ADDRESS, "sip:romeo@sip.example", "sip:romeo@sip.example"],
  [DOMAIN, "Bücher.example", "bücher.example"],
  [SECRET, "p w:%@", "p w:%@"],
  [hex(4), "ABcd", "abcd"],
  [integer(1, 3), 3, 3],
  [oneOf(200, 202), 202, 202],
  [YES_NO, false, false],
  [list(YES_NO), [true, false], [true, false]],
];

test.each(accepted)("%#: a right value is read", (value, raw, result) => {
  expect(value.schema.parse(raw)).toEqual(result);
});

const refused: [Value<unknown>, unknown][] = [
  [DURATION, 30],
  [DURATION, "30"],
  [DURATION, "0 s"],
  [DURATION, "-1 s"],
  [DURATION, "25 d"],
  [DURATION, "30 m"],
  [DURATION, "30 toString"],
  [size(1024), "2 KiB"],
  [size(1024), "64 KB"],
  [HOST_PORT, "127.0.0.1"],
  [HOST_PORT, "::1:5347"],
  [HOST_PORT, "127.0.0.1:0"],
  [HOST_PORT, "127.0.0.1:65536"],
  [HOST_PORT, "a b:1"],
  [ADVERTISED, "sip:gateway.example"],
  [LISTENER, "udp:localhost:5060"],
  [LISTENER, "sctp:127.0.0.1:5060"],
  [LISTENER, "127.0.0.1:5060"],
  [LISTENER, "udp::::1:5060"],
  [TRUST, "192.0.2.0/33"],
  [TRUST, "192.0.2/24"],
  [TRUST, "2001:db8::/129"],
  [TRUST, "192.0.2.0/"],
  [TRUST, "proxy.example"],
  [TRUST, "tls:*.example"],
  [PROXY_URI, "proxy.example"],
  [PROXY_URI, "sip:a b"],
  [SIP_ADDRESS, "romeo@sip.example"],
  [SIP_ADDRESS, "sip:a@b@c"],
  [DOMAIN, "-a.example"],
  [DOMAIN, "a..b"],
  [DOMAIN, `${"a".repeat(64)}.example`],
  [SECRET, ""],
  [SECRET, 1234],
  [SECRET, "two\nlines"],
  [hex(4), "abcde"],
  [hex(4), "abcg"],
  [integer(1, 3), 4],
  [integer(1, 3), 1.5],
  [oneOf("im", "sip"), "pres"],
  [YES_NO, "yes"],
  [list(YES_NO), true],
];

test.each(refused)("%#: a wrong value is refused", (value, raw) => {
  expect(value.schema.safeParse(raw)).toMatchObject({ success: false });
});

test("hostile lengths are refused in linear time", () => {
  for (const value of [DURATION, HOST_PORT, LISTENER, TRUST, PROXY_URI, SIP_ADDRESS, DOMAIN]) {
    expect(value.schema.safeParse(`sip:${"a.".repeat(500_000)}`).success).toBe(false);
  }
});
