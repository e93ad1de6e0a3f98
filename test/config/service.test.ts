/** `service:` becomes what the service is told. */

import { parseSettings } from "../../src/config/parse";
import { serviceOptions, waitsFor, waysOf } from "../../src/config/service";
import { DEFAULT_SERVICE } from "../../src/gateway/service/options";

function read(text: string) {
  const parsed = parseSettings(text);
  return parsed.ok ? serviceOptions(parsed.value) : parsed.problems.map(({ key }) => key);
}

test("the defaults are those of the service", () => {
  expect(read("")).toEqual(DEFAULT_SERVICE);
});

test("everything that is written arrives", () => {
  expect(
    read(`
service:
  administrators: [Admin@XMPP.example]
  domains: [bücher.example]
  commands: false
  cards: false
  search: { enabled: false }
  numbers: { country: "49", trunk: "0", international: "00" }
  limits: { sessions: 10, perPerson: 2, sessionLifetime: 1 min, burst: 5, perSecond: 1 }
`),
  ).toEqual({
    administrators: ["admin@xmpp.example"],
    domains: ["bücher.example"],
    commands: false,
    cards: false,
    numbers: { country: "49", trunk: "0", international: "00" },
    maximumSessions: 10,
    maximumSessionsPerPerson: 2,
    sessionLifetimeMs: 60_000,
    burst: 5,
    perSecond: 1,
  });
});

test.each(["admin", "admin@xmpp.example/desk", "xmpp.example", "@", 5])("%j is no administrator", (who) => {
  expect(read(`service: { administrators: [${JSON.stringify(who)}] }`)).toEqual([
    "service.administrators[0]",
  ]);
});

test.each(["49", '"+49"', '"forty-nine"'])("%s is no country code", (country) => {
  expect(read(`service: { numbers: { country: ${country} } }`)).toEqual(["service.numbers.country"]);
});

test("where requests go, in words", () => {
  const peers = [{ name: "kamailio", proxy: "sip:192.0.2.1" }, { name: "far" }];
  const way = waysOf({ sip: { peers } } as unknown as Parameters<typeof waysOf>[0]);
  expect([way("kamailio"), way("far")]).toEqual([
    "the proxy sip:192.0.2.1 of kamailio",
    "what DNS says (RFC 3263), as peer far",
  ]);
});

test("messages wait for people of the SIP domains that are named", () => {
  const sip = [
    { sip: "voip.example", xmpp: "sip.example" },
    { sip: "old.example", xmpp: "old.sip.example" },
  ];
  const config = { waiting: { domains: ["voip.example"] }, domains: { sip, xmpp: [] } };
  const waits = waitsFor(config as unknown as Parameters<typeof waitsFor>[0]);
  expect([waits("romeo@sip.example"), waits("romeo@old.sip.example")]).toEqual([true, false]);
  expect([waits("sip.example"), waits("old.sip.example")]).toEqual([true, false]);
});
