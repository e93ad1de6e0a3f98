import {
  compileDomains,
  jidSenderToSip,
  jidTargetToSip,
  sipSenderToJid,
  sipTargetToJid,
} from "../../../src/core/address/domains";
import type { DomainTable } from "../../../src/core/tables";

const table: DomainTable = {
  sip: [
    { sip: "sip.example", xmpp: "sip.example", peer: "proxy", tel: false },
    { sip: "example.com", xmpp: "sip.example.com", peer: "proxy", tel: false },
    { sip: "pstn.example", xmpp: "phone.example", peer: "trunk", tel: true },
    { sip: "xn--mnchen-3ya.example", xmpp: "münchen.example", peer: "proxy", tel: false },
  ],
  xmpp: [
    { xmpp: "xmpp.example", sip: "xmpp.example", via: "route" },
    { xmpp: "example.com", sip: "example.com", via: "route" },
    { xmpp: "capulet.example", sip: "julias.example", via: "route" },
    { xmpp: "straße.example", sip: "gateway.example", via: "gateway" },
    { xmpp: "*", sip: "*", via: "route" },
  ],
};
const domains = compileDomains(table);
const noFar = compileDomains({ ...table, xmpp: table.xmpp.slice(0, 4) });
const farGateway = compileDomains({
  ...table,
  xmpp: [{ xmpp: "*", sip: "gateway.example", via: "gateway" }],
});

describe("somebody on SIP who writes", () => {
  test.each([
    [
      "same name on both sides",
      "sip:Romeo@SIP.example:5070;transport=tcp;gr=orchard",
      "romeo@sip.example/orchard",
    ],
    ["a pair of names", "sip:romeo@example.com", "romeo@sip.example.com"],
    ["sips as sender", "sips:romeo@example.com", "romeo@sip.example.com"],
    ["an im URI", "im:romeo@example.com", "romeo@sip.example.com"],
    ["a telephone number", "tel:+1-555-0100", "+15550100@phone.example"],
    ["an IDN", "sip:%C3%BC@XN--MNCHEN-3YA.example", "ü@münchen.example"],
    ["his own JID through us", "xmpp:romeo@sip.example.com/x", "romeo@sip.example.com/x"],
  ])("%s", (_, uri, jid) => {
    expect(sipSenderToJid(uri, domains)).toMatchObject({ ok: true, value: { jid } });
  });

  test.each([
    ["an unknown domain", "sip:romeo@elsewhere.example"],
    ["a domain of XMPP people", "sip:juliet@xmpp.example"],
    ["no user: that would be the gateway itself", "sip:sip.example"],
    ["no user in an xmpp URI", "xmpp:sip.example.com/x"],
    ["a JID that is not his", "xmpp:juliet@xmpp.example"],
  ])("is refused with %s", (_, uri) => {
    expect(sipSenderToJid(uri, domains)).toMatchObject({
      ok: false,
      rejection: { code: "SENDER_NOT_SERVED", sipStatus: 403 },
    });
  });

  test("a number without a rule for numbers is refused", () => {
    const none = { ...table, sip: table.sip.filter((rule) => !rule.tel) };
    expect(sipSenderToJid("tel:+15550100", none)).toMatchObject({ rejection: { code: "SENDER_NOT_SERVED" } });
  });

  test("the rule names the peer, also from a plain table", () => {
    expect(sipSenderToJid("sip:a@pstn.example", table)).toMatchObject({ value: { rule: { peer: "trunk" } } });
  });
});

describe("somebody on XMPP who is written to", () => {
  test.each([
    [
      "a route of the same name",
      "sip:juliet@XMPP.example;gr=balcony",
      "juliet@xmpp.example/balcony",
      "xmpp.example",
    ],
    [
      "one SIP domain for both kinds of people",
      "sip:juliet@example.com",
      "juliet@example.com",
      "example.com",
    ],
    ["a pair of names", "sip:juliet@julias.example", "juliet@capulet.example", "capulet.example"],
    [
      "the gateway form",
      "sip:o'malley%40xn--strae-oqa.example@gateway.example;gr=x",
      "o\\27malley@straße.example/x",
      "straße.example",
    ],
    [
      "a name with an @ in the gateway form",
      "sip:a%40b%40stra%C3%9Fe.example@gateway.example",
      "a\\40b@straße.example",
      "straße.example",
    ],
    ["a far domain", "sip:juliet@gmail.example", "juliet@gmail.example", "*"],
    ["a far IDN", "sip:juliet@xn--wgv71a119e.example", "juliet@日本語.example", "*"],
    ["a far domain by pres URI", "pres:juliet@gmail.example", "juliet@gmail.example", "*"],
    ["an xmpp URI", "xmpp:o%5C27malley@straße.example/x", "o\\27malley@straße.example/x", "straße.example"],
    ["a server", "sip:xmpp.example", "xmpp.example", "xmpp.example"],
    [
      "a far domain that has a rule of another form",
      "sip:juliet@capulet.example",
      "juliet@capulet.example",
      "capulet.example",
    ],
  ])("%s", (_, uri, jid, rule) => {
    expect(sipTargetToJid(uri, domains)).toMatchObject({ ok: true, value: { jid, rule: { xmpp: rule } } });
  });

  test.each([
    ["SIP to SIP through us", "sip:mercutio@sip.example", domains],
    ["SIP to SIP by component name", "sip:mercutio@sip.example.com", domains],
    ["SIP to SIP by IDN component name", "sip:m@xn--mnchen-3ya.example", domains],
    ["SIP to SIP in the gateway form", "sip:m%40sip.example.com@gateway.example", farGateway],
    ["SIP to SIP by xmpp URI", "xmpp:m@sip.example.com", domains],
    ["a telephone number", "tel:+15550100", domains],
    ["a far domain without a rule", "sip:juliet@gmail.example", noFar],
    ["an address of a machine", "sip:juliet@192.0.2.1", domains],
    ["an IPv6 address", "sip:juliet@[2001:db8::1]", domains],
    ["a far domain by name where only the gateway form is served", "sip:juliet@gmail.example", farGateway],
    ["the gateway form without a domain", "sip:juliet@gateway.example", domains],
    ["the gateway form of a domain that has another", "sip:juliet%40xmpp.example@gateway.example", domains],
    ["no user at a gateway", "sip:gateway.example", domains],
  ])("is not served: %s", (_, uri, used) => {
    expect(sipTargetToJid(uri, used)).toMatchObject({
      ok: false,
      rejection: { code: "DOMAIN_NOT_SERVED", sipStatus: 404 },
    });
  });

  test("any far domain in the gateway form", () => {
    expect(sipTargetToJid("sip:juliet%40gmail.example@gateway.example", farGateway)).toMatchObject({
      value: { jid: "juliet@gmail.example", rule: { xmpp: "*" } },
    });
  });

  test("any far domain in both forms; who writes from there goes by the rule that is listed first", () => {
    const both = compileDomains({
      sip: [],
      xmpp: [
        { xmpp: "*", sip: "*", via: "route" },
        { xmpp: "*", sip: "gateway.example", via: "gateway" },
      ],
    });
    for (const uri of ["sip:juliet@gmail.example", "sip:juliet%40gmail.example@gateway.example"]) {
      expect(sipTargetToJid(uri, both)).toMatchObject({ value: { jid: "juliet@gmail.example" } });
    }
    expect(jidSenderToSip("juliet@gmail.example", both)).toMatchObject({
      value: { uri: "sip:juliet@gmail.example" },
    });
  });

  test("a SIPS Request-URI is not translated (RFC 7247 §8)", () => {
    expect(sipTargetToJid("sips:juliet@xmpp.example", domains)).toMatchObject({
      rejection: { code: "SIPS_NOT_TRANSLATED" },
    });
  });

  test("broken UTF-8 in the gateway form is refused", () => {
    expect(sipTargetToJid("sip:%C3%28%40gmail.example@gateway.example", farGateway)).toMatchObject({
      rejection: { code: "ADDRESS_MALFORMED" },
    });
  });
});

describe("somebody on XMPP who writes", () => {
  test.each([
    ["a route", "juliet@xmpp.example/balcony", "sip:juliet@xmpp.example;gr=balcony"],
    ["a pair of names", "Juliet@capulet.example", "sip:juliet@julias.example"],
    [
      "the gateway form",
      "o\\27malley@straße.example/x y",
      "sip:o'malley%40xn--strae-oqa.example@gateway.example;gr=x%20y",
    ],
    ["a far domain", "juliet@gmail.example", "sip:juliet@gmail.example"],
    ["a server", "xmpp.example", "sip:xmpp.example"],
    ["a server in the gateway form", "straße.example", "sip:%40xn--strae-oqa.example@gateway.example"],
  ])("%s", (_, jid, uri) => {
    expect(jidSenderToSip(jid, domains)).toMatchObject({ ok: true, value: { uri } });
  });

  test.each([
    ["somebody on SIP", "romeo@sip.example", domains],
    ["a domain without a rule", "juliet@gmail.example", noFar],
    ["an address of a machine", "juliet@192.0.2.1", domains],
  ])("is refused as sender: %s", (_, jid, used) => {
    expect(jidSenderToSip(jid, used)).toMatchObject({ ok: false, rejection: { code: "SENDER_NOT_SERVED" } });
  });
});

describe("somebody on SIP who is written to", () => {
  test.each([
    ["a pair of names", "romeo@sip.example.com/orchard", "sip:romeo@example.com;gr=orchard"],
    ["an IDN", "romeo@münchen.example", "sip:romeo@xn--mnchen-3ya.example"],
    [
      "a global telephone number (RFC 3261 §19.1.6)",
      "+15550100@phone.example",
      "sip:+15550100@pstn.example;user=phone",
    ],
    ["a local number stays a user", "911@phone.example", "sip:911@pstn.example"],
    ["a number at a domain that is not for numbers", "+15550100@sip.example", "sip:+15550100@sip.example"],
  ])("%s", (_, jid, uri) => {
    expect(jidTargetToSip(jid, domains)).toMatchObject({ ok: true, value: { uri } });
  });

  test("a domain that is no component host is not served", () => {
    expect(jidTargetToSip("juliet@xmpp.example", domains)).toMatchObject({
      rejection: { code: "DOMAIN_NOT_SERVED" },
    });
  });
});
