/** Search of people on SIP. XEP-0055. */

import { child, childElements, children, type Element, element, text } from "../../../src/xml/element";
import { content, fakeDirectory, outcome, ROMEO, STRANGER, setStage } from "./stage";

const NS = "jabber:iq:search";
const SET = { type: "set" };
const query = (inside: string) => `<query xmlns='${NS}'>${inside}</query>`;
const form = (fields: Readonly<Record<string, string>>) =>
  query(
    `<x xmlns='jabber:x:data' type='submit'>${Object.entries(fields)
      .map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`)
      .join("")}</x>`,
  );

const many = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ ...ROMEO, sipUri: `sip:r${at}@sip.example` }));

const itemsOf = (answer: Element) => children(content(answer), NS, "item");
const rowsOf = (answer: Element) => {
  const x = child(content(answer), "jabber:x:data", "x") as Element;
  return children(x, "jabber:x:data", "item").map((row) =>
    childElements(row).map((field) => text(childElements(field)[0] as Element)),
  );
};

test("the fields that may be filled in, plain and as a form (XEP-0055 §2.1, §3)", async () => {
  const fields = content(await setStage().ask(query("")));
  for (const name of ["instructions", "first", "last", "nick", "email"])
    expect(child(fields, NS, name)).toBeDefined();
  const x = child(fields, "jabber:x:data", "x") as Element;
  expect(x.attrs.type).toBe("form");
  const names = children(x, "jabber:x:data", "field").map(({ attrs }) => attrs.var);
  expect(names).toEqual(["FORM_TYPE", "first", "last", "nick", "email"]);
});

test("plain fields are answered by items with all four fields", async () => {
  const stage = setStage();
  const answer = await stage.ask(query("<first> Rom* </first><last>Montague</last>"), SET);
  expect(stage.directory.searches).toEqual([{ words: "Rom Montague", limit: 51 }]);
  expect(itemsOf(answer)).toEqual([
    element(
      NS,
      "item",
      { jid: "romeo@sip.example" },
      element(NS, "first", {}, "Romeo"),
      element(NS, "last", {}, "Montague"),
      element(NS, "nick", {}, "Romeo Montague"),
      element(NS, "email", {}, "romeo@mail.example"),
    ),
  ]);
});

test("a form is answered by a table with the JID in it", async () => {
  const answer = await setStage().ask(form({ FORM_TYPE: NS, last: "Montague" }), SET);
  expect(rowsOf(answer)).toEqual([
    [
      "romeo@sip.example",
      "Romeo Montague",
      "Romeo",
      "Montague",
      "romeo@mail.example",
      "sip:romeo@sip.example",
    ],
  ]);
});

test("nobody found is an empty query (XEP-0055 §2.1)", async () => {
  const stage = setStage({}, {}, fakeDirectory());
  for (const asked of [query("<first>Nobody</first>"), form({ first: "Nobody" })])
    expect(content(await stage.ask(asked, SET))).toEqual(element(NS, "query"));
});

test("only so many are told of, and a form says that there are more", async () => {
  const stage = setStage({}, { search: { limit: 3, minimumLetters: 2 } }, fakeDirectory(...many(10)));
  expect(itemsOf(await stage.ask(query("<first>romeo</first>"), SET))).toHaveLength(3);
  const answer = await stage.ask(form({ first: "romeo" }), SET);
  expect(rowsOf(answer)).toHaveLength(3);
  const x = child(content(answer), "jabber:x:data", "x") as Element;
  expect(child(x, "jabber:x:data", "instructions")).toBeDefined();
});

test("whoever may not use the service, lives on XMPP, or behind another host, is not found", async () => {
  const people = [
    { ...ROMEO, isAllowed: false },
    { ...ROMEO, sipUri: "sip:juliet@xmpp.example" },
    { ...ROMEO, sipUri: "sip:mercutio@old.example" },
  ];
  const stage = setStage({}, {}, fakeDirectory(...people));
  expect(itemsOf(await stage.ask(query("<first>ro</first>"), SET))).toEqual([]);
  const behind = await stage.ask(query("<first>ro</first>"), { ...SET, to: "old.sip.example" });
  expect(itemsOf(behind).map(({ attrs }) => attrs.jid)).toEqual(["mercutio@old.sip.example"]);
});

test("strangers, and whoever the directory does not let in, do not search", async () => {
  const stage = setStage();
  expect(outcome(await stage.ask(query(""), { from: STRANGER }))).toBe("auth forbidden");
  const asked = query("<first>romeo</first>");
  expect(outcome(await stage.ask(asked, { ...SET, from: STRANGER }))).toBe("auth forbidden");
  stage.directory.people = [{ ...ROMEO, jid: "juliet@xmpp.example", isAllowed: false }];
  expect(outcome(await stage.ask(asked, SET))).toBe("auth forbidden");
  expect(stage.directory.searches).toEqual([]);
});

test("a domain that the configuration names may search without a rule of its own", async () => {
  const stage = setStage({}, { domains: ["far.example"] });
  expect(outcome(await stage.ask(query(""), { from: STRANGER }))).toBe("result");
});

test("a directory that is away is an error of type wait", async () => {
  const stage = setStage();
  stage.directory.state = "away";
  expect(outcome(await stage.ask(query("<first>romeo</first>"), SET))).toBe("wait resource-constraint");
});

test.each([
  ["nothing", query("")],
  ["one letter", query("<first>r</first>")],
  ["stars", query("<first>***</first>")],
  ["letters one by one", query("<first>r o m</first>")],
  ["a book", query(`<first>${"romeo ".repeat(100)}</first>`)],
])("%s is not searched for", async (_, asked) => {
  const stage = setStage();
  expect(outcome(await stage.ask(asked, SET))).toBe("modify not-acceptable");
  expect(stage.directory.searches).toEqual([]);
});

test.each([
  ["that is none", "<x xmlns='jabber:x:data' type='form'/>"],
  ["with a field twice", "<x xmlns='jabber:x:data' type='submit'><field var='a'/><field var='a'/></x>"],
  ["with 10,000 fields", `<x xmlns='jabber:x:data' type='submit'>${"<field/>".repeat(10_000)}</x>`],
  [
    "of 300 KiB",
    `<x xmlns='jabber:x:data' type='submit'><field var='a'><value>${"x".repeat(300_000)}</value></field></x>`,
  ],
])("a form %s is a bad request", async (_, x) => {
  expect(outcome(await setStage().ask(query(x), SET))).toBe("modify bad-request");
});

test("a flood of one person is refused, others go on, and time heals", async () => {
  const stage = setStage({}, { burst: 5, perSecond: 1 });
  const answers = [];
  for (let at = 0; at < 10; at++) answers.push(outcome(await stage.ask(query(""))));
  expect(answers.filter((one) => one === "wait resource-constraint")).toHaveLength(5);
  expect(outcome(await stage.ask(query(""), { from: "nurse@xmpp.example/a" }))).toBe("result");
  stage.clock.advance(2_000);
  expect(outcome(await stage.ask(query("")))).toBe("result");
});
