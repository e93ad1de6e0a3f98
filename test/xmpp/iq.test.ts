/** Every IQ gets exactly one answer (bug 18); discovery lists what is there (bug 20). RFC 6120 §8.2.3. */

import { child, type Element, element, text } from "../../src/xml/element";
import { DISCOVERED, QUERY } from "../../src/xmpp/features";
import { answerIq } from "../../src/xmpp/iq";

const CLIENT = "jabber:client";
const HOST = "sip.example";
const CONTEXT = {
  software: { name: "Isthmus", version: "1.2.3" },
  now: Date.UTC(2026, 10, 21, 2, 3, 4, 567),
  startedAt: Date.UTC(2026, 10, 21, 2, 0, 0),
};

function iq(type: string | undefined, to: string, ...content: Element[]): Element {
  return element(CLIENT, "iq", { type, id: "q1", from: "juliet@example.com/balcony", to }, ...content);
}

function ask(
  ns: string,
  name: string,
  to = HOST,
  type = "get",
  attrs: Record<string, string> = {},
): Element | undefined {
  return answerIq(iq(type, to, element(ns, name, attrs)), CONTEXT);
}

function condition(answer: Element | undefined): string | undefined {
  const error = answer === undefined ? undefined : child(answer, CLIENT, "error");
  const first = error?.children[0];
  return typeof first === "object" ? first.name : undefined;
}

const ADDRESSES: readonly (readonly [string, "host" | "bare" | "full"])[] = [
  [HOST, "host"],
  [`${HOST}/resource@odd`, "host"],
  [`romeo@${HOST}`, "bare"],
  [`romeo@${HOST}/phone`, "full"],
];

describe.each(ADDRESSES)("to %s", (to, kind) => {
  test("addresses are turned round and the id kept", () => {
    expect(ask(QUERY.ping, "ping", to)).toEqual(
      element(CLIENT, "iq", { type: "result", from: to, to: "juliet@example.com/balcony", id: "q1" }),
    );
  });

  test("disco#info says what it is and can do (XEP-0030 §3.1)", () => {
    const query = child(ask(QUERY.info, "query", to) as Element, QUERY.info, "query") as Element;
    expect(child(query, QUERY.info, "identity")?.attrs).toEqual(DISCOVERED[kind].identity);
    const listed = query.children.flatMap((node) =>
      typeof node === "object" && node.name === "feature" ? node.attrs.var : [],
    );
    expect(listed).toEqual(DISCOVERED[kind].features);
  });

  test("every query that it lists has an answer, and no other has (bug 20)", () => {
    const names: Readonly<Record<string, string>> = { [QUERY.ping]: "ping", [QUERY.time]: "time" };
    for (const ns of Object.values(QUERY)) {
      const answer = ask(ns, names[ns] ?? "query", to);
      expect([ns, answer?.attrs.type]).toEqual([
        ns,
        DISCOVERED[kind].features.includes(ns) ? "result" : "error",
      ]);
    }
  });

  test("disco#items lists nothing", () => {
    expect(child(ask(QUERY.items, "query", to) as Element, QUERY.items, "query")?.children).toEqual([]);
  });

  test.each([QUERY.info, QUERY.items])("%s of a node is item-not-found", (ns) => {
    expect(condition(ask(ns, "query", to, "get", { node: "x" }))).toBe("item-not-found");
  });

  test.each(["get", "set"])("any other %s is service-unavailable", (type) => {
    for (const [ns, name] of [
      ["urn:none", "x"],
      ["", "query"],
      ["jabber:iq:register", "query"],
      ["vcard-temp", "vCard"],
      [QUERY.ping, "pong"],
    ] as const) {
      expect(condition(ask(ns, name, to, type))).toBe("service-unavailable");
    }
  });

  test("a set of what can only be got is service-unavailable", () => {
    for (const ns of Object.values(QUERY))
      expect(condition(ask(ns, "query", to, "set"))).toBe("service-unavailable");
  });

  test("malformed ones are bad-request (RFC 6120 §8.2.3)", () => {
    const ping = element(QUERY.ping, "ping");
    for (const bad of [
      iq("get", to),
      iq("set", to),
      iq("get", to, ping, ping),
      iq(undefined, to, ping),
      iq("fetch", to, ping),
    ]) {
      expect(condition(answerIq(bad, CONTEXT))).toBe("bad-request");
    }
  });

  test("answers are not answered", () => {
    for (const type of ["result", "error"]) expect(ask("urn:none", "x", to, type)).toBeUndefined();
  });
});

test("without an id or a sender there is nobody to answer", () => {
  const { attrs, children } = iq("get", HOST, element(QUERY.ping, "ping"));
  for (const missing of ["id", "from", "to"]) {
    const rest = Object.fromEntries(Object.entries(attrs).filter(([name]) => name !== missing));
    expect(answerIq({ name: "iq", ns: CLIENT, attrs: rest, children }, CONTEXT)).toBeUndefined();
  }
});

test("version, uptime and time (XEP-0092, XEP-0012, XEP-0202)", () => {
  const part = (ns: string, name: string, field: string) =>
    text(child(child(ask(ns, name) as Element, ns, name) as Element, ns, field) as Element);
  expect(part(QUERY.version, "query", "name")).toBe("Isthmus");
  expect(part(QUERY.version, "query", "version")).toBe("1.2.3");
  expect(part(QUERY.time, "time", "utc")).toBe("2026-11-21T02:03:04Z");
  expect(part(QUERY.time, "time", "tzo")).toBe("+00:00");
  expect(child(ask(QUERY.last, "query") as Element, QUERY.last, "query")?.attrs.seconds).toBe("184");
});
