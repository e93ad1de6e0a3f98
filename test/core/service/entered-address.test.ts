/** What a person types for somebody on SIP. XEP-0100 §6.3, RFC 3966, RFC 7247 §6.4. */

import { compileDomains } from "../../../src/core/address/domains";
import { enteredAddress } from "../../../src/core/service/entered-address";

const HOST = "sip.example";
const SIP = [
  { sip: "voip.example", xmpp: HOST, peer: "phones", tel: true },
  { sip: "old.example", xmpp: "old.sip.example", peer: "old", tel: false },
];
const XMPP = [{ xmpp: "xmpp.example", sip: "xmpp.example", via: "route" }] as const;
const DOMAINS = compileDomains({ sip: SIP, xmpp: XMPP });
const WITHOUT_NUMBERS = compileDomains({ sip: SIP.map((rule) => ({ ...rule, tel: false })), xmpp: XMPP });
const PLAN = { country: "49", trunk: "0", international: "00" };

function jid(typed: string, options: { domains?: typeof DOMAINS; plan?: typeof PLAN; host?: string } = {}) {
  const entered = enteredAddress(typed, options.host ?? HOST, options.domains ?? DOMAINS, options.plan);
  return entered.ok ? entered.jid : entered.refusal.condition;
}

test.each([
  ["sip:romeo@voip.example", "romeo@sip.example"],
  ["SIP:Romeo@VOIP.example;transport=tcp", "romeo@sip.example"],
  ["sips:romeo@voip.example", "romeo@sip.example"],
  ["  <sip:romeo@voip.example>  ", "romeo@sip.example"],
  ["sip:o'malley@old.example", "o\\27malley@old.sip.example"],
  ["sip:romeo:secret@voip.example", "romeo@sip.example"],
  ["romeo@voip.example", "romeo@sip.example"],
  ["mercutio@old.sip.example", "mercutio@old.sip.example"],
  ["romeo", "romeo@sip.example"],
  ["o'malley", "o\\27malley@sip.example"],
  ["Jürgen", "jürgen@sip.example"],
])("%s is %s", (typed, expected) => expect(jid(typed)).toBe(expected));

test("a bare name belongs to the host that is asked", () =>
  expect(jid("romeo", { host: "old.sip.example" })).toBe("romeo@old.sip.example"));

test.each([
  ["tel:+49-30-1234", "+49301234@sip.example"],
  ["tel:+49 (30) 1234", "+49301234@sip.example"],
  ["+49 30 12-34", "+49301234@sip.example"],
  ["(030) 1234", "0301234@sip.example"],
  ["2001", "2001@sip.example"],
])("the number %s belongs to the domain for numbers: %s", (typed, expected) =>
  expect(jid(typed, { host: "old.sip.example" })).toBe(expected),
);

test.each([
  ["030 / 1234", "+49301234@sip.example"],
  ["0041 44 123", "+4144123@sip.example"],
  ["+41 44 123", "+4144123@sip.example"],
  ["2001", "2001@sip.example"],
])("with a national plan %s is %s", (typed, expected) => expect(jid(typed, { plan: PLAN })).toBe(expected));

test("where no domain is for numbers, one is a name at the host", () =>
  expect(jid("2001", { domains: WITHOUT_NUMBERS, host: "old.sip.example" })).toBe("2001@old.sip.example"));

test.each([
  ["", "bad-request"],
  ["   ", "bad-request"],
  ["sip:", "jid-malformed"],
  ["sip:voip.example", "item-not-found"],
  ["sip:romeo@nowhere.example", "item-not-found"],
  ["romeo@nowhere.example", "item-not-found"],
  ["juliet@xmpp.example", "item-not-found"],
  ["xmpp:juliet@xmpp.example", "item-not-found"],
  ["mailto:romeo@voip.example", "not-acceptable"],
  ["romeo:secret@voip.example", "not-acceptable"],
  ["tel:hello", "jid-malformed"],
  ["sip:%00@voip.example", "jid-malformed"],
  ["romeo\u0000", "jid-malformed"],
  ["x".repeat(4_000), "jid-malformed"],
  ["@", "jid-malformed"],
  ["a".repeat(2_000), "jid-malformed"],
])("%j: %s", (typed, expected) => expect(jid(typed)).toBe(expected));

test("whoever is not served is told which domains are", () => {
  const entered = enteredAddress("romeo@nowhere.example", HOST, DOMAINS);
  expect(entered.ok ? "" : entered.refusal.text).toContain("voip.example, old.example");
});
