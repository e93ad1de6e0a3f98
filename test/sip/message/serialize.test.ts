import { HeaderList } from "../../../src/sip/message/header-list";
import type { SipRequest } from "../../../src/sip/message/message";
import { parseMessage } from "../../../src/sip/message/parse";
import { responseBytes, responseTo } from "../../../src/sip/message/response";
import { serialize } from "../../../src/sip/message/serialize";
import { FROM, message, request, requestWithout, START, TO, VIA } from "./sample";

const NO_BODY = Buffer.alloc(0);

function build(
  fields: [string, string][],
  body: Buffer = NO_BODY,
  more: Partial<SipRequest> = {},
): SipRequest {
  return {
    kind: "request",
    method: "MESSAGE",
    uri: "sip:a@b",
    headers: new HeaderList(fields),
    body,
    ...more,
  };
}

test("a request, octet by octet; Content-Length counts octets and replaces what was there", () => {
  const body = Buffer.from("h\u00e9 \u2603");
  expect(
    serialize(
      build(
        [
          ["Via", "x"],
          ["Content-Length", "999"],
          ["Subject", "\u2603"],
        ],
        body,
      ),
    ).toString(),
  ).toBe("MESSAGE sip:a@b SIP/2.0\r\nVia: x\r\nSubject: \u2603\r\nContent-Length: 7\r\n\r\nh\u00e9 \u2603");
});

test("a response without a body", () => {
  const response = {
    kind: "response",
    status: 480,
    reason: "",
    headers: new HeaderList(),
    body: NO_BODY,
  } as const;
  expect(serialize(response).toString()).toBe("SIP/2.0 480 \r\nContent-Length: 0\r\n\r\n");
});

test("a body of any octets comes through", () => {
  const body = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const bytes = serialize(build([["Via", "\u00e9"]], body));
  expect(bytes.subarray(-256).equals(body)).toBe(true);
});

test.each([
  ["LF in a value", build([["Subject", "a\nVia: x"]])],
  ["CR in a value", build([["Subject", "a\rb"]])],
  ["a line end in a name", build([["Subject: a\r\nVia", "x"]])],
  ["an empty name", build([["", "x"]])],
  ["a line end in the URI", build([], NO_BODY, { uri: "sip:a@b SIP/2.0\r\nVia: x" })],
  ["a space in the URI", build([], NO_BODY, { uri: "sip:a b@c" })],
  ["a method that is no token", build([], NO_BODY, { method: "MESS AGE" })],
])("%s is our own mistake and throws", (_, bad) => {
  expect(() => serialize(bad)).toThrow();
});

test("a line end in a Reason-Phrase throws", () => {
  const headers = new HeaderList();
  expect(() =>
    serialize({ kind: "response", status: 400, reason: "a\r\nb", headers, body: NO_BODY }),
  ).toThrow();
});

function requestOf(bytes: Buffer): SipRequest {
  const parsed = parseMessage(bytes);
  if (parsed.kind === "request") return parsed;
  if (parsed.kind === "problem" && parsed.partial) return parsed.partial;
  throw new Error("no request");
}

describe("what a response copies (§8.2.6)", () => {
  test("every Via in order, From, To with our tag, Call-ID, CSeq, and nothing else", () => {
    const vias = ["Via: SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b", "Max-Forwards: 70", "v: SIP/2.0/TLS c"];
    const response = responseTo(requestOf(requestWithout(VIA, ...vias)), 404, "Not Found", {
      toTag: "t1",
      headers: [["Accept", "text/plain"]],
    });
    expect(response.headers.fields).toEqual([
      ["Via", "SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b"],
      ["Via", "SIP/2.0/TLS c"],
      ["From", "<sip:romeo@sip.example>;tag=49583"],
      ["To", "<sip:juliet@xmpp.example>;tag=t1"],
      ["Call-ID", "asd88asd77a@1.2.3.4"],
      ["CSeq", "1 MESSAGE"],
      ["Accept", "text/plain"],
    ]);
    expect(serialize(response).toString()).toMatch(
      /^SIP\/2.0 404 Not Found\r\n[\s\S]*Content-Length: 0\r\n\r\n$/,
    );
  });

  test.each([
    ["To: <sip:a@b>;tag=theirs", "<sip:a@b>;tag=theirs"],
    ["To: <sip:a@b>;TAG=theirs", "<sip:a@b>;TAG=theirs"],
    ["To: <sip:tag=x@b;tag=uri>", "<sip:tag=x@b;tag=uri>;tag=ours"],
    ["To: sip:juliet@p1.test", "sip:juliet@p1.test;tag=ours"],
    ['To: "x;tag=y" <sip:a@b>', '"x;tag=y" <sip:a@b>;tag=ours'],
  ])("%s", (line, expected) => {
    const response = responseTo(requestOf(requestWithout(TO, line)), 200, "OK", { toTag: "ours" });
    expect(response.headers.get("To")).toBe(expected);
  });

  test("of two From fields the first is copied", () => {
    const response = responseTo(requestOf(request(["From: <sip:x@y>"])), 400, "Multiple From", {
      toTag: "t",
    });
    expect(response.headers.getAll("From")).toEqual([FROM.slice(6)]);
  });

  test("Timestamp goes into a 100 only (§8.2.6.1)", () => {
    const stamped = requestOf(request(["Timestamp: 54"]));
    expect(responseTo(stamped, 100, "Trying").headers.get("Timestamp")).toBe("54");
    expect(responseTo(stamped, 100, "Trying").headers.get("To")).not.toContain("tag");
    expect(responseTo(stamped, 200, "OK", { toTag: "t" }).headers.has("Timestamp")).toBe(false);
  });

  test("a 505 finds its way back", () => {
    const bytes = message([START.replace("2.0", "7.0"), "Via: SIP/7.0/UDP h;branch=1", ...MANDATORY_REST]);
    expect(
      responseTo(requestOf(bytes), 505, "Version Not Supported", { toTag: "t" }).headers.get("Via"),
    ).toBe("SIP/7.0/UDP h;branch=1");
  });
});

const MANDATORY_REST = [FROM, TO, "Call-ID: 1", "CSeq: 1 MESSAGE"];

test("a response written straight away has the octets of the one that is built first", () => {
  const parts = { toTag: "ours", headers: [["Retry-After", "5"]] as const };
  const parsed = requestOf(request(["From: <sip:x@y>", "Timestamp: 54", 'Subject: "ä"']));
  for (const status of [100, 202, 503]) {
    expect(responseBytes(parsed, status, "Möglich", parts)).toEqual(
      serialize(responseTo(parsed, status, "Möglich", parts)),
    );
  }
});

test("a line end in the Reason-Phrase or in an added field of a response is refused", () => {
  const parsed = requestOf(request([]));
  expect(() => responseBytes(parsed, 500, "No\r\nEvil: 1")).toThrow("Line end");
  expect(() => responseBytes(parsed, 500, "No", { headers: [["Warning", "a\nEvil: 1"]] })).toThrow(
    "Line end",
  );
});
