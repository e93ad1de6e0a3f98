import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadContentTypes, loadDomains, loadErrorTable, parseDomainRules } from "../../src/config/mappings";
import { statusToCondition } from "../../src/core/error/sip-to-xmpp";
import { conditionToStatus } from "../../src/core/error/xmpp-to-sip";

const shipped = (name: string) => readFileSync(join(__dirname, "../../mappings", name), "utf8");

describe("the tables as shipped", () => {
  test("content-types.yaml", () => {
    const table = loadContentTypes(shipped("content-types.yaml"), "content-types.yaml");
    expect(Object.fromEntries(table.treatments)).toEqual({
      "text/plain": "plain",
      "text/html": "html",
      "application/xhtml+xml": "html",
      "message/cpim": "cpim",
      "application/im-iscomposing+xml": "composing",
      "message/imdn+xml": "imdn",
      "multipart/alternative": "multipart-alternative",
      "multipart/mixed": "multipart-mixed",
    });
    expect(table.accept.split(", ")).toEqual([...table.treatments.keys()]);
    expect(Object.isFrozen(table)).toBe(true);
  });

  test("errors.yaml comes back as it went, but for the pairs that RFC 7247 §7 does not make inverse", () => {
    const table = loadErrorTable(shipped("errors.yaml"), "errors.yaml");
    const lost = [...table.toSip.keys()].filter((condition) => {
      const { status } = conditionToStatus({ condition, target: "full" }, table, "MESSAGE");
      return statusToCondition({ status, reason: "" }, table)?.condition !== condition;
    });
    expect(lost).toEqual([
      "conflict",
      "jid-malformed",
      "not-allowed",
      "not-authorized",
      "policy-violation",
      "registration-required",
      "remote-server-not-found",
      "resource-constraint",
      "service-unavailable",
      "subscription-required",
      "undefined-condition",
      "unexpected-request",
    ]);
  });

  test("domains.yaml has no rules, and every example in it is one that can be used", () => {
    const text = shipped("domains.yaml");
    expect(loadDomains(text, "domains.yaml")).toMatchObject({ sip: [], xmpp: [] });
    const examples = [...text.matchAll(/^# {2}(- \{.*\})$/gm)].map((match) => match[1]!);
    const sip = examples.filter((example) => /sip: .*xmpp: /.test(example));
    const xmpp = examples.filter(
      (example) => /xmpp: .*sip: /.test(example) && !/sip: .*xmpp: /.test(example),
    );
    expect([sip.length, xmpp.length]).toEqual([5, 6]);
    for (const rule of sip) expect(loadDomains(`sip:\n  ${rule}\n`, "example").sip).toHaveLength(1);
    for (const rule of xmpp) expect(loadDomains(`xmpp:\n  ${rule}\n`, "example").xmpp).toHaveLength(1);
  });
});

test("domain rules are brought into canonical form, with what is left out filled in", () => {
  const table = parseDomainRules({
    sip: [{ sip: "MÜNCHEN.example.", xmpp: "xn--mnchen-3ya.example" }],
    xmpp: [
      { xmpp: "Capulet.example", sip: "capulet.example" },
      { xmpp: "*", sip: "gw.example", via: "gateway" },
    ],
  });
  expect(table.sip).toEqual([
    { sip: "xn--mnchen-3ya.example", xmpp: "münchen.example", peer: "default", tel: false },
  ]);
  expect(table.xmpp).toEqual([
    { xmpp: "capulet.example", sip: "capulet.example", via: "route" },
    { xmpp: "*", sip: "gw.example", via: "gateway" },
  ]);
  expect(Object.isFrozen(table.sip[0])).toBe(true);
});

const rule = { sip: "a.example", xmpp: "b.example" };

test.each([
  ["a list", [], "domains: found a list, expected the lists sip and xmpp"],
  ["a rule without xmpp", { sip: [{ sip: "a.example" }] }, "sip[0].xmpp: found nothing, expected a domain"],
  ["no domain", { sip: [{ ...rule, sip: "a b" }] }, 'sip[0].sip: found "a b", expected a domain'],
  [
    "a star for people on SIP",
    { sip: [{ ...rule, xmpp: "*" }] },
    'sip[0].xmpp: found "*", expected a domain',
  ],
  [
    "an unknown key",
    { sip: [{ ...rule, telephone: true }] },
    "sip[0].telephone: found true, expected no such key",
  ],
  [
    "another via",
    { xmpp: [{ ...rule, via: "magic" }] },
    'xmpp[0].via: found "magic", expected route or gateway',
  ],
  [
    "half a star",
    { xmpp: [{ xmpp: "*", sip: "a.example" }] },
    'xmpp[0].sip: found "a.example", expected "*" in quotes',
  ],
  [
    "a star on the SIP side alone",
    { xmpp: [{ xmpp: "a.example", sip: "*" }] },
    'xmpp[0].sip: found "*", expected a domain',
  ],
  [
    "a SIP domain twice",
    { sip: [rule, { ...rule, xmpp: "c.example" }] },
    "sip[1].sip: found a.example, expected each name in one rule only",
  ],
  ["a component host twice", { sip: [rule, { ...rule, sip: "c.example" }] }, "sip[1].xmpp: found b.example"],
  [
    "two rules for numbers",
    {
      sip: [
        { ...rule, tel: true },
        { sip: "c.example", xmpp: "d.example", tel: true },
      ],
    },
    "sip[1].tel",
  ],
  ["an XMPP domain twice", { xmpp: [rule, { ...rule, sip: "c.example" }] }, "xmpp[1].xmpp: found b.example"],
  [
    "two routes by one name",
    { xmpp: [rule, { ...rule, xmpp: "c.example" }] },
    "xmpp[1].sip: found a.example",
  ],
  [
    "a name that is route and gateway",
    { xmpp: [rule, { xmpp: "c.example", sip: "a.example", via: "gateway" }] },
    "xmpp[1].sip: found a.example",
  ],
  [
    "people on XMPP at a component host",
    { sip: [rule], xmpp: [{ xmpp: "b.example", sip: "c.example" }] },
    "xmpp[0].xmpp: found b.example, expected a domain that is no component host",
  ],
])("domain rules are refused: %s", (_, plain, message) => {
  expect(() => parseDomainRules(plain)).toThrow(message);
});

test("one star of each via is taken, two of one are not", () => {
  const stars = [
    { xmpp: "*", sip: "*" },
    { xmpp: "*", sip: "gw.example", via: "gateway" },
  ];
  expect(parseDomainRules({ xmpp: stars }).xmpp).toHaveLength(2);
  expect(() => parseDomainRules({ xmpp: [...stars, stars[0]] })).toThrow("xmpp[2].xmpp: found * via route");
});

test.each([
  ["an alias", "sip: &rules []\nxmpp: *rules", "d.yaml:2: expected no anchors (&) and no aliases (*)"],
  ["a key twice", "sip: []\nsip: []", "d.yaml:2: expected each key once"],
  ["no YAML", "sip: [", "d.yaml:1: "],
  [
    "a line number",
    "sip:\n  - { sip: a.example, xmpp: b.example }\n  - { sip: a b, xmpp: c }",
    'd.yaml:3: sip[1].sip: found "a b"',
  ],
])("YAML is refused with its line: %s", (_, text, message) => {
  expect(() => loadDomains(text, "d.yaml")).toThrow(message);
});

test.each([
  ["a condition is missing", /^ {2}conflict:.*\n/m, "", "xmpp-to-sip.conflict: found nothing"],
  ["the default is missing", /^ {2}default:.*\n/m, "", "xmpp-to-sip.default: found nothing"],
  [
    "a condition that is none",
    /^ {2}conflict:/m,
    "  quarrel:",
    "xmpp-to-sip.quarrel: found a section, expected no such key",
  ],
  [
    "503 toward SIP",
    "full: 400",
    "full: 503",
    "xmpp-to-sip.bad-request.full: found 503, expected another status than 503",
  ],
  [
    "a success",
    "full: 400",
    "full: 202",
    "xmpp-to-sip.bad-request.full: found 202, expected a SIP status from 300 to 699",
  ],
  [
    "a line break in a reason",
    "reason: Bad Request",
    'reason: "Bad\\nRequest"',
    "xmpp-to-sip.bad-request.reason",
  ],
  [
    "a row without a section of an RFC",
    "reason: Bad Request, rule: RFC 7247 7.1 }",
    "reason: Bad Request }",
    "xmpp-to-sip.bad-request.rule: found nothing, expected the section of the RFC",
  ],
  [
    "a condition that is none toward XMPP",
    "condition: redirect",
    "condition: turn",
    'sip-to-xmpp.300.condition: found "turn"',
  ],
  ["a type that is none", "type: modify", "type: change", 'sip-to-xmpp.300.type: found "change"'],
  [
    "a status that is none",
    /^ {2}606:/m,
    "  700:",
    "sip-to-xmpp.700: found a section, expected a status from 300 to 699",
  ],
  ["a class is missing", /^ {2}6xx:.*\n/m, "", "sip-to-xmpp.6xx: found nothing"],
])("an error table is refused: %s", (_, from, to, message) => {
  const text = shipped("errors.yaml");
  expect(text.replace(from, to)).not.toBe(text);
  expect(() => loadErrorTable(text.replace(from, to), "errors.yaml")).toThrow(message);
});

test.each([
  ["a media type twice", "text/html", "text/plain", "content-types[1].type"],
  ["upper case", "text/html", "Text/HTML", "content-types[1].type"],
  [
    "a treatment that is none",
    "treatment: cpim",
    "treatment: eat",
    'content-types[3].treatment: found "eat"',
  ],
])("content types are refused: %s", (_, from, to, message) => {
  expect(() => loadContentTypes(shipped("content-types.yaml").replace(from, to), "c.yaml")).toThrow(message);
});
