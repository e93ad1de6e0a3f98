import { compileDomains } from "../../../src/core/address/domains";
import { bounceToAnswer } from "../../../src/core/error/bounce";
import { messageRefusal, outcomeError } from "../../../src/core/error/message-error";
import { oneLine } from "../../../src/core/error/reason";
import { statusToCondition } from "../../../src/core/error/sip-to-xmpp";
import { parseStanzaError, STANZA_CONDITIONS, stanzaError } from "../../../src/core/error/stanza-error";
import { conditionToStatus } from "../../../src/core/error/xmpp-to-sip";
import { reject } from "../../../src/core/rejection";
import { element } from "../../../src/xml/element";
import { NS } from "../../../src/xml/namespaces";
import { SHIPPED } from "../../support/shipped-tables";

const errors = SHIPPED.errors;
const domains = compileDomains({
  sip: [{ sip: "sip.example", xmpp: "sip.xmpp.example", peer: "p", tel: false }],
  xmpp: [{ xmpp: "xmpp.example", sip: "julias.example", via: "route" }],
});
const tables = { errors, domains };

describe("a stanza error as SIP status", () => {
  test.each([...STANZA_CONDITIONS])(
    "%s of a MESSAGE is a failure that RFC 3261 and RFC 4320 allow",
    (condition) => {
      for (const target of ["full", "bare"] as const) {
        const { status, headers } = conditionToStatus({ condition, target }, errors, "MESSAGE");
        expect(status).toBeGreaterThanOrEqual(300);
        expect(status).toBeLessThan(700);
        expect([401, 407, 408, 491, 503]).not.toContain(status);
        expect(headers.some(([name]) => name === "Allow")).toBe(status === 405);
      }
    },
  );

  test("Allow beside a 405 does not name the method that was refused (RFC 3261 §21.4.6)", () => {
    const error = { condition: "feature-not-implemented", target: "full" } as const;
    expect(conditionToStatus(error, errors, "MESSAGE").headers).toEqual([["Allow", "OPTIONS"]]);
  });

  test("an unknown condition counts as undefined-condition (RFC 6120 §8.3.2)", () => {
    expect(conditionToStatus({ condition: "no-such", target: "bare" }, errors, "MESSAGE")).toEqual({
      status: 400,
      reason: "Bad Request",
      headers: [],
    });
  });

  test("the text becomes the Reason-Phrase, on one line", () => {
    const error = {
      condition: "item-not-found",
      target: "full",
      text: "gone\r\nVia: x\u0000 fishing",
    } as const;
    expect(conditionToStatus(error, errors, "MESSAGE")).toMatchObject({
      status: 404,
      reason: "gone Via: x fishing",
    });
  });

  test("Retry-After goes where RFC 3261 §20.33 allows it", () => {
    const error = { target: "full", retryAfter: 29.2 } as const;
    expect(
      conditionToStatus({ ...error, condition: "resource-constraint" }, errors, "MESSAGE").headers,
    ).toEqual([["Retry-After", "30"]]);
    expect(conditionToStatus({ ...error, condition: "forbidden" }, errors, "MESSAGE").headers).toEqual([]);
  });

  test.each([
    ["xmpp:juliet@xmpp.example/x", "sip:juliet@julias.example;gr=x"],
    ["xmpp:juliet@elsewhere.example", "sip:juliet@elsewhere.example"],
    ["sip:Juliet@elsewhere.example", "sip:Juliet@elsewhere.example"],
  ])("the new address %s is the Contact %s", (address, contact) => {
    expect(
      conditionToStatus({ condition: "gone", target: "bare", address }, errors, "MESSAGE", domains),
    ).toMatchObject({
      status: 301,
      headers: [["Contact", `<${contact}>`]],
    });
  });

  test.each(["https://elsewhere.example/", "sip:a>,<sip:b@h", "xmpp:a\u0000@h", "nonsense"])(
    "%j is no address, so that gone is 410 (RFC 7247 §7.1 note 3)",
    (address) => {
      expect(
        conditionToStatus({ condition: "gone", target: "bare", address }, errors, "MESSAGE"),
      ).toMatchObject({
        status: 410,
        headers: [],
      });
    },
  );

  test("a bounce is the answer to its MESSAGE; what servers say of an unknown user is 403", () => {
    const sent = element(NS.client, "message", {
      from: "romeo@sip.xmpp.example",
      to: "nobody@xmpp.example",
      id: "a",
    });
    const bounce = stanzaError(sent, { condition: "service-unavailable", type: "cancel" });
    expect(bounceToAnswer(bounce, "nobody@xmpp.example", tables)).toEqual({
      status: 403,
      reason: "Recipient Unavailable",
      headers: [],
    });
    const missing = stanzaError(sent, { condition: "item-not-found", type: "cancel" });
    expect(bounceToAnswer(missing, "nobody@xmpp.example", tables).status).toBe(604);
    expect(bounceToAnswer(missing, "nobody@xmpp.example/x", tables).status).toBe(404);
  });
});

describe("a SIP status as stanza error", () => {
  test.each(Array.from({ length: 400 }, (_, index) => 300 + index))(
    "%i is an error with a type",
    (status) => {
      const error = statusToCondition({ status, reason: "" }, errors);
      expect(STANZA_CONDITIONS.has(error!.condition)).toBe(true);
      expect(error!.type).toMatch(/^(auth|cancel|modify|wait)$/);
    },
  );

  test.each([100, 180, 200, 202])("%i is none", (status) => {
    expect(statusToCondition({ status, reason: "OK" }, errors)).toBeUndefined();
  });

  test("Retry-After is told in the text, kept for programs, and means wait", () => {
    expect(statusToCondition({ status: 503, reason: "Busy", retryAfter: 30 }, errors)).toEqual({
      condition: "internal-server-error",
      type: "wait",
      text: "Busy; retry after 30 s",
      retryAfter: 30,
    });
    expect(statusToCondition({ status: 503, reason: "", retryAfter: 30 }, errors)?.text).toBe(
      "retry after 30 s",
    );
  });

  test("the first Contact that can be read is the new address, as XMPP URI where a rule knows it", () => {
    const contacts = ["https://h/", "sip:romeo@sip.example;gr=x", "sip:other@sip.example"];
    expect(statusToCondition({ status: 301, reason: "", contacts }, errors)?.address).toBe(
      "sip:romeo@sip.example;gr=x",
    );
    expect(statusToCondition({ status: 302, reason: "", contacts }, errors, domains)?.address).toBe(
      "xmpp:romeo@sip.xmpp.example/x",
    );
    expect(statusToCondition({ status: 410, reason: "", contacts }, errors)?.address).toBeUndefined();
    expect(statusToCondition({ status: 480, reason: "", contacts }, errors)?.address).toBeUndefined();
  });
});

describe("error stanzas (RFC 6120 §8.3)", () => {
  const sent = element(
    NS.client,
    "message",
    { from: "juliet@xmpp.example/b", to: "romeo@sip.xmpp.example", id: "m1", type: "chat" },
    element(NS.client, "body", {}, "hello"),
  );
  const full = { condition: "gone", type: "wait", text: "moved", address: "sip:a@h", retryAfter: 5 } as const;

  test("the id stays, the addresses change places, the body does not come back", () => {
    expect(stanzaError(sent, { condition: "forbidden", type: "auth" })).toEqual(
      element(
        NS.client,
        "message",
        { type: "error", id: "m1", from: "romeo@sip.xmpp.example", to: "juliet@xmpp.example/b" },
        element(NS.client, "error", { type: "auth" }, element(NS.stanzas, "forbidden")),
      ),
    );
  });

  test("what is written is read again", () => {
    expect(parseStanzaError(stanzaError(sent, full))).toEqual(full);
  });

  test.each([
    ["no error element", element(NS.client, "message", { type: "error" })],
    ["an empty one", element(NS.client, "message", {}, element(NS.client, "error"))],
    [
      "an unknown condition",
      element(NS.client, "message", {}, element(NS.client, "error", {}, element(NS.stanzas, "no-such"))),
    ],
    [
      "another namespace",
      element(
        NS.client,
        "message",
        {},
        element(NS.client, "error", {}, element("urn:x", "gone", {}, "sip:a@h")),
      ),
    ],
    [
      "an error of another namespace",
      element(NS.client, "message", {}, element("urn:x", "error", {}, element(NS.stanzas, "gone"))),
    ],
  ])("%s is an undefined condition", (_, stanza) => {
    expect(parseStanzaError(stanza)).toEqual({ condition: "undefined-condition" });
  });

  test("a type that RFC 6120 does not know is none, and only gone and redirect name addresses", () => {
    const inner = element(
      NS.client,
      "error",
      { type: "panic" },
      element(NS.stanzas, "conflict", {}, "sip:a@h"),
    );
    expect(parseStanzaError(element(NS.client, "message", {}, inner))).toEqual({ condition: "conflict" });
  });

  test("bug 4: each final code and a timeout is told to the XMPP sender with the same id", () => {
    const origin = {
      from: "juliet@xmpp.example/b",
      to: "romeo@sip.xmpp.example",
      id: "m1",
      wantsReceipt: false,
    };
    for (const status of [301, 403, 404, 408, 415, 480, 486, 500, 503, 603, 699]) {
      const stanza = outcomeError({ status, reason: "No" }, origin, tables);
      expect(stanza.attrs).toEqual({ type: "error", id: "m1", from: origin.to, to: origin.from });
      expect(parseStanzaError(stanza)).toMatchObject({ text: "No", type: expect.any(String) });
    }
    expect(() => outcomeError({ status: 200, reason: "OK" }, origin, tables)).toThrow("no failure");
    expect(parseStanzaError(messageRefusal(origin, reject("TOO_LONG", "secret detail")))).toEqual({
      condition: "policy-violation",
      type: "modify",
      text: "The message is too long",
    });
  });
});

test.each([
  [undefined, undefined],
  ["", undefined],
  [" \r\n ", undefined],
  ["Not Found", "Not Found"],
  ["a\r\n\tb\u2028c\u0085d", "a b c d"],
  ["\u202eevil\u2066", "evil"],
  ["nicht möglich 😀", "nicht möglich 😀"],
  ["\ud800x\uffff", "x"],
  ["é".repeat(300), `${"é".repeat(199)}…`],
  ["😀".repeat(300), `${"😀".repeat(199)}…`],
  ["x".repeat(1_000_000), `${"x".repeat(199)}…`],
])("%# one line", (text, line) => {
  expect(oneLine(text)).toBe(line);
});
