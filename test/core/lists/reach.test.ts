/** Who may reach whom, and the names in lists. XEP-0191. */

import { parseDomainRules } from "../../../src/config/mappings";
import { entryName, ownerName } from "../../../src/core/lists/name";
import { type AccessList, EVERYBODY, reach, type Verdict } from "../../../src/core/lists/reach";

const JULIET = "juliet@xmpp.example";
const ROMEO = "romeo@sip.example";

function lists(all: Record<string, { entries?: Record<string, Verdict>; onlyAllowed?: boolean }>) {
  return (owner: string): AccessList | undefined => {
    const list = all[owner];
    return (
      list && { entries: new Map(Object.entries(list.entries ?? {})), onlyAllowed: list.onlyAllowed ?? false }
    );
  };
}

const block = (owner: string, ...entries: string[]) =>
  lists({ [owner]: { entries: Object.fromEntries(entries.map((entry) => [entry, "block" as const])) } });

test("without lists everybody reaches everybody", () => {
  expect(reach(JULIET, ROMEO, () => undefined)).toBe("open");
});

test.each([
  ["a person", ROMEO, JULIET],
  ["a person by her domain", ROMEO, "xmpp.example"],
  ["all of a domain's people", "sip.example", JULIET],
  ["everybody, by the operator", EVERYBODY, "xmpp.example"],
])("%s is kept out by a block", (_, owner, entry) => {
  expect(reach(JULIET, ROMEO, block(owner, entry))).toBe("refused");
  expect(reach("nurse@other.example", ROMEO, block(owner, entry))).toBe("open");
});

test("who blocks does not write either; the operator's block keeps nobody from writing out", () => {
  expect(reach(ROMEO, JULIET, block(ROMEO, JULIET))).toBe("own-block");
  expect(reach(ROMEO, JULIET, block(ROMEO, "xmpp.example"))).toBe("own-block");
  expect(reach(ROMEO, JULIET, block(EVERYBODY, "xmpp.example"))).toBe("open");
});

test("a person's entry counts more than that of a domain, within one list", () => {
  const friend = lists({ [ROMEO]: { entries: { "xmpp.example": "block", [JULIET]: "allow" } } });
  expect(reach(JULIET, ROMEO, friend)).toBe("open");
  expect(reach(ROMEO, JULIET, friend)).toBe("open");
  expect(reach("nurse@xmpp.example", ROMEO, friend)).toBe("refused");
});

test("what the operator blocks nobody allows", () => {
  const both = lists({
    [EVERYBODY]: { entries: { [JULIET]: "block" } },
    [ROMEO]: { entries: { [JULIET]: "allow" } },
  });
  expect(reach(JULIET, ROMEO, both)).toBe("refused");
});

test("only those who are allowed: the others are kept out, and the owner may still write to them", () => {
  const only = lists({ [ROMEO]: { entries: { "xmpp.example": "allow" }, onlyAllowed: true } });
  expect(reach(JULIET, ROMEO, only)).toBe("open");
  expect(reach("tybalt@other.example", ROMEO, only)).toBe("refused");
  expect(reach(ROMEO, "tybalt@other.example", only)).toBe("open");
});

test("nobody is kept from himself", () => {
  expect(reach(ROMEO, ROMEO, block("sip.example", "sip.example"))).toBe("open");
  expect(reach("tybalt@sip.example", ROMEO, block("sip.example", "sip.example"))).toBe("refused");
});

describe("names as people write them", () => {
  const domains = parseDomainRules({
    sip: [
      { sip: "sip.example", xmpp: "sip.example", peer: "phones" },
      { sip: "phones.example", xmpp: "gw.example", peer: "phones" },
    ],
    xmpp: [{ xmpp: "xmpp.example", sip: "xmpp.example", via: "route" }],
  });

  test.each([
    ["juliet@xmpp.example", "juliet@xmpp.example"],
    ["Juliet@XMPP.example/balcony", "juliet@xmpp.example"],
    ["sip:romeo@sip.example", "romeo@sip.example"],
    ["sip:romeo@phones.example;gr=1", "romeo@gw.example"],
    ["romeo@phones.example", "romeo@gw.example"],
    ["sip:juliet@xmpp.example", "juliet@xmpp.example"],
    ["spam.example", "spam.example"],
    ["*@spam.example", "spam.example"],
    ["phones.example", "gw.example"],
    ["sip:*@phones.example", "gw.example"],
  ])("%s is %s", (text, name) => {
    expect(entryName(text, domains)).toEqual({ ok: true, value: name });
  });

  test.each(["", "a@b@c@", "sip:somebody@nowhere.example", "<x>@y", "*"])("%j is none", (text) => {
    expect(entryName(text, domains).ok).toBe(false);
  });

  test("* owns the operator's list", () => {
    expect(ownerName("*", domains)).toEqual({ ok: true, value: "*" });
    expect(ownerName("sip:romeo@sip.example", domains)).toEqual({ ok: true, value: "romeo@sip.example" });
  });
});
