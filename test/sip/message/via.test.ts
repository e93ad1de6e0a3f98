import { formatVia, parseVia } from "../../../src/sip/message/via";

test.each([
  [
    "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport",
    { transport: "UDP", host: "192.0.2.1", port: 5060, branch: "z9hG4bK1", rport: true },
  ],
  [
    "SIP/2.0/UDP h;rport=5066;received=127.0.0.1",
    { transport: "UDP", host: "h", rport: 5066, received: "127.0.0.1" },
  ],
  [
    "SIP  / 2.0\t/ udp   first.example.com : 4000 ;ttl=16 ; maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1",
    {
      transport: "UDP",
      host: "first.example.com",
      port: 4000,
      ttl: 16,
      maddr: "224.2.0.1",
      branch: "z9hG4bKa7c6a8dlze.1",
    },
  ],
  [
    "SIP/2.0/TLS [2001:db8::9:1];received=2001:db8::9:255",
    { transport: "TLS", host: "[2001:db8::9:1]", received: "2001:db8::9:255" },
  ],
  ["SIP/2.0/TLS [::ffff:1.2.3.4]:5061", { transport: "TLS", host: "[::ffff:1.2.3.4]", port: 5061 }],
  ["SIP/2.0/unknown example.com", { transport: "UNKNOWN", host: "example.com" }],
  ['SIP/7.0/UDP example.com;branch=1;unknown="a b"', { transport: "UDP", host: "example.com", branch: "1" }],
])("parseVia(%j)", (value, expected) => {
  const via = parseVia(value)!;
  const { parameters, ...named } = via;
  expect(named).toEqual(expected);
  const again = parseVia(formatVia(via))!;
  expect(again).toEqual({ ...via, parameters: again.parameters });
  expect(new Set(again.parameters)).toEqual(new Set(parameters));
});

test.each([
  "",
  "SIP/2.0/UDP",
  "SIP/2.0/UDP ",
  "SIP/2.0 h",
  "SIP/2.0/UDPh",
  "UDP h",
  "SIP/2.0/UDP h:",
  "SIP/2.0/UDP h:70000",
  "SIP/2.0/UDP h:x",
  "SIP/2.0/UDP [::1",
  "SIP/2.0/UDP [xyz]",
  "SIP/2.0/UDP []",
  "SIP/2.0/UDP h;;",
  "SIP/2.0/UDP h;branch",
  'SIP/2.0/UDP h;branch=""',
  "SIP/2.0/UDP h;ttl=256",
  "SIP/2.0/UDP h;rport=x",
  "SIP/2.0/UDP h i",
  "SIP/2.0/UDP h, SIP/2.0/UDP i",
  "SIP/2.0/UDP h;received",
  "SIP/2.0/UDP ;branch=1",
])("parseVia(%j) is malformed", (value) => expect(parseVia(value)).toBeUndefined());

test("formatVia: a server fills in received and rport, and keeps the rest (RFC 3581 §4)", () => {
  const via = parseVia("SIP/2.0/UDP h:5066;branch=z9hG4bK1;rport;x=y")!;
  expect(formatVia({ ...via, received: "192.0.2.7", rport: 40000 })).toBe(
    "SIP/2.0/UDP h:5066;branch=z9hG4bK1;received=192.0.2.7;rport=40000;x=y",
  );
});

test("formatVia: an IPv6 host gets its brackets", () => {
  expect(formatVia({ transport: "TCP", host: "::1", port: 5060, branch: "z9hG4bK1", rport: true })).toBe(
    "SIP/2.0/TCP [::1]:5060;branch=z9hG4bK1;rport",
  );
});
