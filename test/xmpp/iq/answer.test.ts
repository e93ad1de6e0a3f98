/** Every IQ gets exactly one answer (bug 18); discovery lists what is there (bug 20). RFC 6120 §8.2.3. */

import type { IqService } from "../../../src/core/service/iq-service";
import { SERVICE } from "../../../src/core/service/namespaces";
import { child, children, type Element, element, text } from "../../../src/xml/element";
import { discovered, QUERY } from "../../../src/xmpp/features";
import { answerIq, type IqContext } from "../../../src/xmpp/iq/answer";

const CLIENT = "jabber:client";
const HOST = "sip.example";
const CONTEXT: IqContext = {
  presence: true,
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
  return answerIq(iq(type, to, element(ns, name, attrs)), CONTEXT) as Element | undefined;
}

function condition(answer: ReturnType<typeof answerIq>): string | undefined {
  const error = answer === undefined ? undefined : child(answer as Element, CLIENT, "error");
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
    expect(children(query, QUERY.info, "identity").map(({ attrs }) => attrs)).toEqual(
      discovered(kind, CONTEXT).identities,
    );
    const listed = query.children.flatMap((node) =>
      typeof node === "object" && node.name === "feature" ? node.attrs.var : [],
    );
    expect(listed).toEqual(discovered(kind, CONTEXT).features);
  });

  test("every query that it lists has an answer, and no other has (bug 20)", () => {
    const names: Readonly<Record<string, string>> = { [QUERY.ping]: "ping", [QUERY.time]: "time" };
    for (const ns of Object.values(QUERY)) {
      const answer = ask(ns, names[ns] ?? "query", to);
      expect([ns, answer?.attrs.type]).toEqual([
        ns,
        discovered(kind, CONTEXT).features.includes(ns) ? "result" : "error",
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

describe("with a service", () => {
  const service: IqService = {
    offers: {
      host: () => ({
        identities: [{ category: "directory", type: "user" }],
        features: ["urn:offered", SERVICE.commands],
      }),
      bare: { features: ["vcard-temp"] },
    },
    answer: (asked) => (text(asked) === "mine" ? element(CLIENT, "iq", { id: "answered" }) : undefined),
  };
  const context = { ...CONTEXT, service };
  const mine = (ns: string, attrs = {}) => iq("get", HOST, element(ns, "query", attrs));

  test("what it offers is discovered, at the right address", () => {
    const listed = (to: string) => {
      const answer = answerIq(iq("get", to, element(QUERY.info, "query")), context) as Element;
      const query = child(answer, QUERY.info, "query") as Element;
      return children(query, QUERY.info, "feature").map(({ attrs }) => attrs.var);
    };
    expect(listed(HOST)).toContain("urn:offered");
    expect(listed(`romeo@${HOST}`)).toContain("vcard-temp");
    expect(listed(`romeo@${HOST}`)).not.toContain("urn:offered");
    expect(listed(`romeo@${HOST}/phone`)).not.toContain("vcard-temp");
  });

  test("a host whose people's messages wait says so, and no other (XEP-0160 §4)", () => {
    const listed = (to: string, waiting: string) => {
      const host = (address: string) => ({
        identities: [],
        features: address === waiting ? ["msgoffline"] : [],
      });
      const keeps = { ...service, offers: { ...service.offers, host } };
      const answer = answerIq(iq("get", to, element(QUERY.info, "query")), { ...CONTEXT, service: keeps });
      const query = child(answer as Element, QUERY.info, "query") as Element;
      return children(query, QUERY.info, "feature").map(({ attrs }) => attrs.var);
    };
    expect(listed(HOST, HOST)).toContain("msgoffline");
    expect(listed(HOST, "other.example")).not.toContain("msgoffline");
    expect(listed(`romeo@${HOST}`, `romeo@${HOST}`)).not.toContain("msgoffline");
  });

  test("commands are an item of the host and of nobody else", () => {
    const items = (to: string) => {
      const answer = answerIq(iq("get", to, element(QUERY.items, "query")), context) as Element;
      return child(answer, QUERY.items, "query")?.children;
    };
    expect(items(HOST)).toEqual([
      element(QUERY.items, "item", { jid: HOST, node: SERVICE.commands, name: "Commands" }),
    ]);
    expect(items(`romeo@${HOST}`)).toEqual([]);
  });

  test("it is asked for what we do not answer ourselves, and for nodes", () => {
    const asks = (ns: string, attrs = {}) =>
      (answerIq({ ...mine(ns, attrs), children: [...mine(ns, attrs).children, "mine"] }, context) as Element)
        .attrs.id;
    expect(asks("jabber:iq:search")).toBe("answered");
    expect(asks(QUERY.info, { node: "x" })).toBe("answered");
    expect(asks(QUERY.items, { node: "x" })).toBe("answered");
    expect(asks(QUERY.info)).toBe("q1");
  });

  test("what it leaves alone has the error that it would have without it", () => {
    expect(condition(answerIq(mine("urn:none"), context))).toBe("service-unavailable");
    expect(condition(answerIq(mine(QUERY.info, { node: "x" }), context))).toBe("item-not-found");
  });
});

test("without presence nobody is told that a phone takes PEP's events", () => {
  const { features } = discovered("full", { presence: false });
  expect(features.filter((feature) => feature.endsWith("+notify"))).toEqual([]);
  expect(features).not.toContain("http://jabber.org/protocol/caps");
});
