/** Ad-hoc commands: lists, sessions, errors. XEP-0050. */

import { reject } from "../../../src/core/rejection";
import { ok, refuse } from "../../../src/core/result";
import type { Lists } from "../../../src/gateway/service/sides";
import { childElements, type Element, text } from "../../../src/xml/element";
import { ADMIN, content, HOST, JULIET, outcome, STRANGER, setStage } from "./stage";

const COMMANDS = "http://jabber.org/protocol/commands";
const INFO = "http://jabber.org/protocol/disco#info";
const ITEMS = "http://jabber.org/protocol/disco#items";

const command = (attrs: Readonly<Record<string, string>>, inside = "") =>
  `<command xmlns='${COMMANDS}' ${Object.entries(attrs)
    .map(([name, value]) => `${name}='${value}'`)
    .join(" ")}>${inside}</command>`;
const filled = (fields: Readonly<Record<string, string | readonly string[]>>) =>
  `<x xmlns='jabber:x:data' type='submit'>${Object.entries(fields)
    .map(
      ([name, values]) =>
        `<field var='${name}'>${[values]
          .flat()
          .map((value) => `<value>${value}</value>`)
          .join("")}</field>`,
    )
    .join("")}</x>`;
const SET = { type: "set" };

const child = (parent: Element, name: string) => childElements(parent).find((one) => one.name === name);
const notes = (shown: Element) =>
  childElements(shown)
    .filter(({ name }) => name === "note")
    .map((note) => `${note.attrs.type}: ${text(note)}`);
const actions = (shown: Element) => {
  const element = child(shown, "actions");
  return element && [element.attrs.execute, ...childElements(element).map(({ name }) => name)];
};

interface FakeLists extends Lists {
  readonly calls: string[];
  blocked: string[];
  allowed: string[];
  isFull: boolean;
}

function fakeLists(): FakeLists {
  const put = (verb: string) => async (owner: string, entry: string) => {
    if (fake.isFull) return refuse(reject("OVERLOADED"));
    fake.calls.push(`${owner} ${verb} ${entry}`);
    return ok(undefined);
  };
  const fake: FakeLists = {
    calls: [],
    blocked: [],
    allowed: [],
    isFull: false,
    listsOf: async () => ({ allowed: fake.allowed, blocked: fake.blocked, onlyAllowed: false }),
    allow: put("allows"),
    block: put("blocks"),
    unblock: async (owner, entry) => void fake.calls.push(`${owner} unlists ${entry}`),
    setOnlyAllowed: async (owner, only) => void fake.calls.push(`${owner} ${only ? "shuts" : "opens"}`),
    reach: (_, to) => (fake.blocked.includes(to) ? "own-block" : "open"),
  };
  return fake;
}

async function nodesFor(from: string): Promise<readonly (string | undefined)[]> {
  const stage = setStage({ lists: fakeLists() });
  const answer = await stage.ask(`<query xmlns='${ITEMS}' node='${COMMANDS}'/>`, { from });
  const items = childElements(content(answer));
  for (const { attrs } of items) expect([attrs.jid, attrs.name === ""]).toEqual([HOST, false]);
  return items.map(({ attrs }) => attrs.node);
}

test("everybody sees what is for him: people, administrators, strangers (XEP-0050 §2.2)", async () => {
  const people = ["block", "allow", "unblock", "only-allowed", "diagnose"];
  expect(await nodesFor(JULIET)).toEqual(people);
  expect(await nodesFor(ADMIN)).toEqual([...people, "admin#counts", "admin#reload"]);
  expect(await nodesFor(STRANGER)).toEqual([]);
});

test("a command says what it is; one for others is forbidden (XEP-0050 §2.2)", async () => {
  const stage = setStage();
  const info = (node: string, from = JULIET) =>
    stage.ask(`<query xmlns='${INFO}' node='${node}'/>`, { from });
  const query = content(await info("diagnose"));
  expect(childElements(query).map(({ attrs }) => attrs.var ?? `${attrs.category}/${attrs.type}`)).toEqual([
    "automation/command-node",
    COMMANDS,
    "jabber:x:data",
  ]);
  const list = content(await info(COMMANDS));
  expect(childElements(list)[0]?.attrs).toMatchObject({ category: "automation", type: "command-list" });
  expect(outcome(await info("admin#counts"))).toBe("cancel forbidden");
  expect(outcome(await info("admin#counts", ADMIN))).toBe("result");
  await expect(info("no such node")).rejects.toThrow("nobody answers");
});

test("one stage: a form, then a result; the session is over then", async () => {
  const stage = setStage();
  const form = content(await stage.ask(command({ node: "diagnose" }), SET));
  expect(form.attrs).toMatchObject({ status: "executing", node: "diagnose" });
  expect(actions(form)).toEqual(["complete", "complete"]);
  const sessionid = form.attrs.sessionid ?? "";
  const submit = command({ node: "diagnose", sessionid, action: "complete" }, filled({ address: "romeo" }));
  const result = content(await stage.ask(submit, SET));
  expect(result.attrs).toMatchObject({ status: "completed", sessionid });
  expect(outcome(await stage.ask(submit, SET))).toBe("cancel not-allowed session-expired");
});

test("execute means complete where nothing comes after (XEP-0050 §3.4)", async () => {
  const stage = setStage();
  const { sessionid = "" } = content(await stage.ask(command({ node: "diagnose" }), SET)).attrs;
  const result = await stage.ask(command({ node: "diagnose", sessionid }, filled({ address: "romeo" })), SET);
  expect(content(result).attrs.status).toBe("completed");
});

test("a form that is not filled in is shown again, with what is wrong", async () => {
  const stage = setStage();
  const { sessionid = "" } = content(await stage.ask(command({ node: "diagnose" }), SET)).attrs;
  for (const inside of ["", filled({ address: " " }), filled({ other: "x" })]) {
    const shown = content(await stage.ask(command({ node: "diagnose", sessionid }, inside), SET));
    expect(shown.attrs.status).toBe("executing");
    expect(notes(shown)).toEqual(["error: Address of your contact: this must be filled in."]);
    expect(child(shown, "x")?.attrs.type).toBe("form");
    expect(actions(shown)).toEqual(["complete", "complete"]);
  }
});

test("cancel ends it, and says so (XEP-0050 §3.5)", async () => {
  const stage = setStage();
  const { sessionid = "" } = content(await stage.ask(command({ node: "diagnose" }), SET)).attrs;
  const cancel = command({ node: "diagnose", sessionid, action: "cancel" });
  expect(content(await stage.ask(cancel, SET)).attrs).toMatchObject({ status: "canceled", sessionid });
  expect(outcome(await stage.ask(cancel, SET))).toBe("cancel not-allowed session-expired");
});

describe("errors of XEP-0050 §4.4", () => {
  const wrong: readonly (readonly [string, string, string])[] = [
    ["an unknown node", command({ node: "none" }), "cancel item-not-found"],
    ["no node", command({}), "cancel item-not-found"],
    ["an administrator's command", command({ node: "admin#counts" }), "cancel forbidden"],
    [
      "an unknown action",
      command({ node: "diagnose", action: "explode" }),
      "modify bad-request malformed-action",
    ],
    [
      "next without a session",
      command({ node: "diagnose", action: "next" }),
      "modify bad-request bad-action",
    ],
    ["an unknown session", command({ node: "diagnose", sessionid: "x" }), "modify bad-request bad-sessionid"],
    [
      "two forms",
      command({ node: "diagnose" }, `${filled({})}${filled({})}`),
      "modify bad-request bad-payload",
    ],
    [
      "no submission",
      command({ node: "diagnose" }, "<x xmlns='jabber:x:data' type='form'/>"),
      "modify bad-request bad-payload",
    ],
  ];

  test.each(wrong)("%s", async (_, asked, expected) => {
    expect(outcome(await setStage().ask(asked, SET))).toBe(expected);
  });

  test("a get is no command", async () => {
    expect(outcome(await setStage().ask(command({ node: "diagnose" })))).toBe("modify bad-request");
  });

  test("back from the first form, and next where there is none", async () => {
    const stage = setStage();
    const { sessionid = "" } = content(await stage.ask(command({ node: "diagnose" }), SET)).attrs;
    for (const action of ["prev", "next"])
      expect(outcome(await stage.ask(command({ node: "diagnose", sessionid, action }), SET))).toBe(
        "modify bad-request bad-action",
      );
  });

  test("a session of another node, of another person, or of another device of his", async () => {
    const stage = setStage({ lists: fakeLists() });
    const { sessionid = "" } = content(await stage.ask(command({ node: "diagnose" }), SET)).attrs;
    const expected = "modify bad-request bad-sessionid";
    expect(outcome(await stage.ask(command({ node: "block", sessionid }), SET))).toBe(expected);
    for (const from of ["nurse@xmpp.example/x", "juliet@xmpp.example/other"])
      expect(outcome(await stage.ask(command({ node: "diagnose", sessionid }), { ...SET, from }))).toBe(
        expected,
      );
    expect(outcome(await stage.ask(command({ node: "diagnose", sessionid }), SET))).toBe("result");
  });
});

describe("sessions are bounded", () => {
  const begin = command({ node: "diagnose" });

  test("in time", async () => {
    const stage = setStage({}, { sessionLifetimeMs: 60_000 });
    const { sessionid = "" } = content(await stage.ask(begin, SET)).attrs;
    const go = command({ node: "diagnose", sessionid }, filled({}));
    stage.clock.advance(59_000);
    expect(outcome(await stage.ask(go, SET))).toBe("result");
    stage.clock.advance(61_000);
    expect(outcome(await stage.ask(go, SET))).toBe("cancel not-allowed session-expired");
  });

  test("in number, for one person and for all: what was touched longest ago is over", async () => {
    const stage = setStage({}, { maximumSessionsPerPerson: 2, maximumSessions: 3 });
    const open = async (from: string) =>
      content(await stage.ask(begin, { ...SET, from })).attrs.sessionid ?? "";
    const go = async (sessionid: string, from: string) =>
      outcome(await stage.ask(command({ node: "diagnose", sessionid }, filled({})), { ...SET, from }));
    const over = "cancel not-allowed session-expired";
    const own = [await open(JULIET), await open(JULIET)];
    expect(await go(own[0] ?? "", JULIET)).toBe("result");
    await open(JULIET);
    expect([await go(own[0] ?? "", JULIET), await go(own[1] ?? "", JULIET)]).toEqual(["result", over]);
    await open("nurse@xmpp.example/a");
    await open("tybalt@xmpp.example/a");
    expect(await go(own[0] ?? "", JULIET)).toBe("result");
  });
});

test("a mistake of ours ends the session, and the next one begins anew", async () => {
  const stage = setStage({
    isUp: () => {
      throw new Error("ours");
    },
  });
  const { sessionid = "" } = content(await stage.ask(command({ node: "diagnose" }), SET)).attrs;
  const go = command({ node: "diagnose", sessionid }, filled({ address: "romeo" }));
  await expect(stage.ask(go, SET)).rejects.toThrow("ours");
  expect(outcome(await stage.ask(go, SET))).toBe("cancel not-allowed session-expired");
});

test("while a step is under way the session takes no other", async () => {
  const stage = setStage();
  const { sessionid = "" } = content(await stage.ask(command({ node: "diagnose" }), SET)).attrs;
  stage.directory.state = "hangs";
  const go = command({ node: "diagnose", sessionid }, filled({ address: "romeo" }));
  void stage.ask(go, SET);
  expect(outcome(await stage.ask(go, SET))).toBe("wait resource-constraint");
});

describe("own lists", () => {
  async function run(
    lists: ReturnType<typeof fakeLists>,
    node: string,
    fields: Parameters<typeof filled>[0],
  ) {
    const stage = setStage({ lists });
    const form = content(await stage.ask(command({ node }), SET));
    const { sessionid = "", status } = form.attrs;
    if (status !== "executing") return notes(form);
    return notes(content(await stage.ask(command({ node, sessionid }, filled(fields)), SET)));
  }

  test.each([
    ["block", { whom: "sip:romeo@sip.example", scope: "person" }, "blocks romeo@sip.example"],
    ["block", { whom: "+49 30 12", scope: "person" }, "blocks +493012@sip.example"],
    ["block", { whom: "old.example", scope: "domain" }, "blocks old.sip.example"],
    ["block", { whom: "sip:old.example", scope: "domain" }, "blocks old.sip.example"],
    ["allow", { whom: "x@old.sip.example", scope: "domain" }, "allows old.sip.example"],
    ["allow", { whom: "romeo" }, "allows romeo@sip.example"],
  ])("%s %j", async (node, fields, expected) => {
    const lists = fakeLists();
    const [note] = await run(lists, node, fields as Readonly<Record<string, string>>);
    expect(lists.calls).toEqual([`juliet@xmpp.example ${expected}`]);
    expect(note).toMatch(/^info: .* is (blocked|allowed)\.$/);
  });

  test.each([
    [{ whom: "sip:romeo@nowhere.example", scope: "person" }],
    [{ whom: "xmpp.example", scope: "domain" }],
    [{ whom: "", scope: "person" }],
    [{ whom: "romeo", scope: "everybody" }],
  ])("%j is not taken, and the form is shown again", async (fields) => {
    const lists = fakeLists();
    expect((await run(lists, "block", fields))[0]).toMatch(/^error: /);
    expect(lists.calls).toEqual([]);
  });

  test("what is on the lists can be taken off, and nothing else", async () => {
    const lists = fakeLists();
    lists.blocked = ["romeo@sip.example", "old.sip.example"];
    lists.allowed = ["mercutio@old.sip.example"];
    await run(lists, "unblock", { entries: ["romeo@sip.example", "mercutio@old.sip.example"] });
    expect(lists.calls).toEqual([
      "juliet@xmpp.example unlists romeo@sip.example",
      "juliet@xmpp.example unlists mercutio@old.sip.example",
    ]);
    lists.calls.length = 0;
    expect((await run(lists, "unblock", { entries: ["tybalt@sip.example"] }))[0]).toMatch(/^error: /);
    expect(lists.calls).toEqual([]);
  });

  test("only those who are allowed: yes, no, and neither", async () => {
    const lists = fakeLists();
    await run(lists, "only-allowed", { only: "true" });
    await run(lists, "only-allowed", { only: "0" });
    expect((await run(lists, "only-allowed", { only: "perhaps" }))[0]).toMatch(/^error: /);
    expect(lists.calls).toEqual(["juliet@xmpp.example shuts", "juliet@xmpp.example opens"]);
  });

  test("a full list is said to be full", async () => {
    const lists = fakeLists();
    lists.isFull = true;
    expect(await run(lists, "block", { whom: "romeo" })).toEqual([
      "error: Your list is full. Take somebody off it first.",
    ]);
  });

  test("empty lists are said to be empty", async () => {
    expect(await run(fakeLists(), "unblock", {})).toEqual(["info: Your lists are empty."]);
  });
});
