import { DEFAULT_LIMITS } from "../../../src/sip/message/limits";
import type { ParseProblem, SipMessage, SipRequest } from "../../../src/sip/message/message";
import { parseMessage } from "../../../src/sip/message/parse";
import { CALL_ID, CSEQ, FROM, MANDATORY, message, request, requestWithout, START, TO, VIA } from "./sample";

function parsed(bytes: Buffer): SipMessage {
  const result = parseMessage(bytes);
  if (result.kind === "problem") throw new Error(`${result.status} ${result.reason}`);
  return result;
}

function problem(bytes: Buffer, limits = DEFAULT_LIMITS): ParseProblem {
  const result = parseMessage(bytes, limits);
  if (result.kind !== "problem") throw new Error("it parses");
  return result;
}

describe("what is legal (RFC 3261 §7, §25)", () => {
  test("a request with a UTF-8 body", () => {
    const bytes = request(["Content-Type: text/plain", "Content-Length: 9"], "h\u00e9llo \u2603");
    expect(parsed(message([START, ...MANDATORY, "Content-Length: 10"], "h\u00e9llo \u2603"))).toMatchObject({
      kind: "request",
      method: "MESSAGE",
      uri: "sip:juliet@xmpp.example",
      body: Buffer.from("h\u00e9llo \u2603"),
    });
    expect(parsed(bytes).body.length).toBe(9); // Content-Length counts octets; it is one short, and cuts.
  });

  test("a response, with and without a reason", () => {
    expect(parsed(message(["SIP/2.0 202 Accepted", ...MANDATORY]))).toMatchObject({
      status: 202,
      reason: "Accepted",
    });
    expect(parsed(message(["SIP/2.0 200 ", ...MANDATORY]))).toMatchObject({ status: 200, reason: "" });
    expect(parsed(message(["SIP/2.0 200", ...MANDATORY]))).toMatchObject({ status: 200, reason: "" });
    expect(parsed(message(["sip/2.0 480 Nicht \u00fcbel", ...MANDATORY]))).toMatchObject({
      reason: "Nicht \u00fcbel",
    });
  });

  test("compact forms and any case become the long name (§7.3.3)", () => {
    const lines = ["v: SIP/2.0/UDP h", "f: sip:a@b;tag=1", "t: sip:c@d", "i: 1", "cseq: 1 MESSAGE"];
    const { headers } = parsed(
      message([
        START,
        ...lines,
        "l: 0",
        "c: text/plain",
        "s: x",
        "k: a",
        "m: *",
        "o: presence",
        "e: gzip",
        "u: presence",
      ]),
    );
    expect(headers.fields.map(([name]) => name)).toEqual(
      "Via From To Call-ID CSeq Content-Length Content-Type Subject Supported Contact Event Content-Encoding Allow-Events".split(
        " ",
      ),
    );
  });

  test("an unknown header stays as it is spelled", () => {
    const { headers } = parsed(request(["x-FooBar: 1"]));
    expect(headers.get("x-FooBar")).toBe("1");
  });

  test("white space before the colon, none after it, tabs, trailing blanks (HCOLON, §25.1)", () => {
    const { headers } = parsed(request(["Subject \t :\t a b \t ", "Priority:urgent", "Organization:"]));
    expect([headers.get("Subject"), headers.get("Priority"), headers.get("Organization")]).toEqual([
      "a b",
      "urgent",
      "",
    ]);
  });

  test("folded lines become one, each fold a space (§7.3.1)", () => {
    const { headers } = parsed(
      request(["Subject: I know you're there,\r\n   pick up\r\n\tthe phone\r\n  ", "Priority: x"]),
    );
    expect(headers.get("Subject")).toBe("I know you're there, pick up the phone");
    expect(headers.get("Priority")).toBe("x");
    expect(parsed(request(["Subject:\r\n x"])).headers.get("Subject")).toBe("x");
  });

  test("bare LF ends a line too, and the header fields", () => {
    const bytes = Buffer.from(`${[START, ...MANDATORY, "Content-Length: 4"].join("\n")}\n\nbody`);
    expect(parsed(bytes)).toMatchObject({ method: "MESSAGE", body: Buffer.from("body") });
    expect(parsed(bytes).headers.get("Content-Length")).toBe("4");
  });

  test("CR and LF before the start line are skipped (§7.5)", () => {
    expect(parsed(Buffer.concat([Buffer.from("\r\n\r\n\n"), request()])).kind).toBe("request");
  });

  test("without Content-Length a datagram's body goes to its end (§18.3)", () => {
    expect(parsed(request(["Content-Type: text/plain"], "to the end")).body.toString()).toBe("to the end");
  });

  test("octets after Content-Length are dropped (§18.3)", () => {
    expect(parsed(request(["Content-Length: 3"], "abcdef")).body.toString()).toBe("abc");
    expect(parsed(request(["Content-Length: 0"], "abcdef")).body.length).toBe(0);
  });

  test("two equal Content-Lengths are one", () => {
    expect(parsed(request(["Content-Length: 3", "l: 003"], "abcdef")).body.toString()).toBe("abc");
  });

  test("several Via fields keep their order and commas", () => {
    const { headers } = parsed(
      requestWithout(VIA, "Via: SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b", "v: SIP/2.0/TLS c"),
    );
    expect(headers.getAll("Via")).toEqual(["SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b", "SIP/2.0/TLS c"]);
  });

  test("UTF-8 in header values", () => {
    const { headers } = parsed(
      requestWithout(FROM, 'From: "Rom\u00e9o \u2603 \u{1f339}" <sip:romeo@sip.example>;tag=1'),
    );
    expect(headers.get("From")).toContain("Rom\u00e9o \u2603 \u{1f339}");
  });

  test("controls after a backslash in a quoted string (quoted-pair, §25.1)", () => {
    const result = parsed(
      requestWithout(FROM, 'From: "BEL:\\\u0007 NUL:\\\u0000 DEL:\\\u007f" <sip:a@b>;tag=1'),
    );
    expect(result.headers.get("From")).toContain("\u0007");
  });

  test("any token is a method, any scheme a Request-URI", () => {
    const line = "!interesting-Method0123456789_*+`.%indeed'~ soap.beep:x?y;z SIP/2.0";
    const bytes = message([
      line,
      VIA,
      FROM,
      TO,
      CALL_ID,
      "CSeq: 0 !interesting-Method0123456789_*+`.%indeed'~",
    ]);
    expect(parsed(bytes)).toMatchObject({ uri: "soap.beep:x?y;z" });
  });

  test("Max-Forwards may be missing, as with RFC 2543 clients", () => {
    expect(parsed(request()).headers.has("Max-Forwards")).toBe(false);
    expect(parsed(request(["Max-Forwards: 255"])).headers.get("Max-Forwards")).toBe("255");
  });

  test("CSeq numbers that need all 32 bits", () => {
    expect(parsed(requestWithout(CSEQ, "CSeq: 4294967295   MESSAGE")).kind).toBe("request");
  });
});

/** name, octets, status, words of the reason; these can all be answered. */
const ANSWERABLE: [string, Buffer, number, RegExp][] = [
  ["another version", message(["MESSAGE sip:a@b SIP/7.0", ...MANDATORY]), 505, /Version/],
  ["another protocol", message(["MESSAGE sip:a@b HTTP/1.1", ...MANDATORY]), 400, /Request-Line/],
  ["no version", message(["MESSAGE sip:a@b ", ...MANDATORY]), 400, /Request-Line/],
  ["space after the version", message(["MESSAGE sip:a@b SIP/2.0 ", ...MANDATORY]), 400, /Request-Line/],
  ["space in the Request-URI", message(["MESSAGE sip:a@b; lr SIP/2.0", ...MANDATORY]), 400, /Request-URI/],
  ["two spaces in the Request-Line", message(["MESSAGE  sip:a@b SIP/2.0", ...MANDATORY]), 400, /Request-URI/],
  [
    "brackets around the Request-URI",
    message(["MESSAGE <sip:a@b> SIP/2.0", ...MANDATORY]),
    400,
    /Request-URI/,
  ],
  ["a Request-URI without a scheme", message(["MESSAGE juliet SIP/2.0", ...MANDATORY]), 400, /Request-URI/],
  ["two From", request(["From: <sip:mercutio@sip.example>;tag=2"]), 400, /Multiple From/],
  ["two From, one compact", request(["f: <sip:mercutio@sip.example>;tag=2"]), 400, /Multiple From/],
  ["two To", request([TO]), 400, /Multiple To/],
  ["two Call-ID", request(["i: other"]), 400, /Multiple Call-ID/],
  ["two CSeq", request(["CSeq: 2 MESSAGE"]), 400, /Multiple CSeq/],
  ["two Max-Forwards", request(["Max-Forwards: 5", "Max-Forwards: 0"]), 400, /Multiple Max-Forwards/],
  ["two Content-Type", request(["Content-Type: text/plain", "c: text/html"]), 400, /Multiple Content-Type/],
  ["CSeq of another method", requestWithout(CSEQ, "CSeq: 1 INVITE"), 400, /CSeq method/],
  ["CSeq of another case", requestWithout(CSEQ, "CSeq: 1 message"), 400, /CSeq method/],
  ["Max-Forwards that is no number", request(["Max-Forwards: many"]), 400, /Max-Forwards/],
  ["Max-Forwards below 0", request(["Max-Forwards: -1"]), 400, /Max-Forwards/],
  ["Max-Forwards above 255", request(["Max-Forwards: 256"]), 400, /Max-Forwards/],
  ["a negative Content-Length", request(["Content-Length: -999"], "body"), 400, /Content-Length/],
  ["a Content-Length in hex", request(["Content-Length: 0x4"], "body"), 400, /Content-Length/],
  ["a list of Content-Lengths", request(["Content-Length: 4, 4"], "body"), 400, /Content-Length/],
  ["an empty Content-Length", request(["Content-Length:"], "body"), 400, /Content-Length/],
  [
    "a Content-Length of 20 digits",
    request(["Content-Length: 99999999999999999999"], "body"),
    400,
    /Content-Length/,
  ],
  ["conflicting Content-Lengths", request(["Content-Length: 3", "l: 4"], "body"), 400, /Content-Length/],
  ["more Content-Length than datagram", request(["Content-Length: 9999"], "body"), 400, /shorter/],
  ["a line without a colon", request(["garbage"]), 400, /header field/],
  ["a header name with a space", request(["Sub ject: x"]), 400, /header field/],
  ["an empty header name", request([": x"]), 400, /header field/],
  ["a header name that is not ASCII", request(["S\u00fcbject: x"]), 400, /header field/],
  ["a bare CR", request(["Subject: a\rb"]), 400, /Control/],
  ["NUL in a value", request(["Subject: a\u0000b"]), 400, /Control/],
  ["ESC in a name-addr", request(["Contact: <sip:a@b>\u001b"]), 400, /Control/],
  ["broken UTF-8", Buffer.from(request(["Subject: \u00ff"]).toString(), "latin1"), 400, /UTF-8/],
  ["no empty line", Buffer.from([START, ...MANDATORY, ""].join("\r\n")), 400, /do not end/],
];

test.each(ANSWERABLE)("%s is answered", (_, bytes, status, reason) => {
  const result = problem(bytes);
  expect(result.status).toBe(status);
  expect(result.reason).toMatch(reason);
  const fields = result.partial!.headers;
  for (const name of ["Via", "From", "To", "Call-ID", "CSeq"]) expect(fields.has(name)).toBe(true);
  expect(result.partial!.headers.get("From")).toBe("<sip:romeo@sip.example>;tag=49583");
});

const UNANSWERABLE: [string, Buffer, RegExp][] = [
  ["nothing", Buffer.alloc(0), /start line/],
  ["a NUL (libpurple's keep-alive)", Buffer.from([0]), /start line/],
  ["line ends", Buffer.from("\r\n\r\n"), /start line/],
  ["one word", Buffer.from("MESSAGE\r\n\r\n"), /start line/],
  ["an HTTP answer", message(["HTTP/1.1 200 OK"]), /start line/],
  ["a method that is no token", message(["MESS@GE sip:a@b SIP/2.0", ...MANDATORY]), /start line/],
  [
    "a folded start line",
    message([`${START.slice(0, 20)}\r\n ${START.slice(20)}`, ...MANDATORY]),
    /start line/,
  ],
  ["no header at all", Buffer.from(`${START}\r\n\r\n`), /Missing Via/],
  ["no Via", requestWithout(VIA), /Missing Via/],
  ["no From", requestWithout(FROM), /Missing From/],
  ["no To (ejabberd's advisory)", requestWithout(TO), /Missing To/],
  ["no Call-ID", requestWithout(CALL_ID), /Missing Call-ID/],
  ["no CSeq", requestWithout(CSEQ), /Missing CSeq/],
  ["stray separators in Via", requestWithout(VIA, "Via: SIP/2.0/UDP 192.0.2.15;;,;,,"), /Malformed Via/],
  [
    "two From values in one field",
    requestWithout(FROM, `${FROM}, <sip:mercutio@sip.example>`),
    /Malformed From/,
  ],
  [
    "From of an unclosed quote",
    requestWithout(FROM, 'From: "Romeo <sip:romeo@sip.example>;tag=1'),
    /Malformed From/,
  ],
  ["To of an unclosed bracket", requestWithout(TO, "To: <sip:juliet@xmpp.example"), /Malformed To/],
  ["To that is no address", requestWithout(TO, "To: juliet"), /Malformed To/],
  ["an empty Call-ID", requestWithout(CALL_ID, "Call-ID:"), /Malformed Call-ID/],
  ["a Call-ID of two words", requestWithout(CALL_ID, "Call-ID: a b"), /Malformed Call-ID/],
  ["a CSeq above 32 bits", requestWithout(CSEQ, "CSeq: 4294967296 MESSAGE"), /Malformed CSeq/],
  ["a CSeq without a number", requestWithout(CSEQ, "CSeq: MESSAGE"), /Malformed CSeq/],
  ["a CSeq without a method", requestWithout(CSEQ, "CSeq: 1"), /Malformed CSeq/],
  [
    "From that is not UTF-8",
    Buffer.from(requestWithout(FROM, 'From: "\u00ff" <sip:a@b>').toString(), "latin1"),
    /UTF-8/,
  ],
  ["a bare CR in Call-ID", requestWithout(CALL_ID, "Call-ID: a\rb"), /Control/],
  ["a control in To", requestWithout(TO, 'To: "\u0002" <sip:a@b>'), /Control/],
  ["a bare CR in a second Via", request(["Via: SIP/2.0/UDP h;a=\r"]), /Control/],
  ["a response of another version", message(["SIP/3.0 200 OK", ...MANDATORY]), /start line/],
  ["a response with status 4294967301", message(["SIP/2.0 4294967301 x", ...MANDATORY]), /start line/],
  ["a response with status 99", message(["SIP/2.0 099 x", ...MANDATORY]), /start line/],
  ["a response with status 700", message(["SIP/2.0 700 x", ...MANDATORY]), /start line/],
  ["a response with two From", message(["SIP/2.0 200 OK", ...MANDATORY, FROM]), /Multiple From/],
  ["a response without CSeq", message(["SIP/2.0 200 OK", VIA, FROM, TO, CALL_ID]), /Missing CSeq/],
];

test.each(UNANSWERABLE)("%s is dropped", (_, bytes, reason) => {
  const result = problem(bytes);
  expect(result.partial).toBeUndefined();
  expect(result.reason).toMatch(reason);
});

describe("limits", () => {
  const limits = {
    maximumBytes: 2_000,
    maximumHeaderBytes: 1_000,
    maximumHeaders: 10,
    maximumLineLength: 300,
  };

  test.each([
    ["message", request(["Content-Length: 2000"], "x".repeat(2_000)), /Message Too Large/],
    [
      "header fields",
      request(Array.from({ length: 4 }, () => `Subject: ${"x".repeat(250)}`)),
      /fields too large/,
    ],
    ["header field count", request(Array.from({ length: 6 }, () => "X: y")), /Too many/],
    ["line", request([`Subject: ${"x".repeat(300)}`]), /field too long/],
    ["folded line", request([`Subject: ${"x\r\n ".repeat(100)}`]), /field too long/],
    ["start line", message([START.replace("juliet", "j".repeat(300)), ...MANDATORY]), /field too long/],
  ])("a %s that is too large is answered 513", (_, bytes, reason) => {
    const result = problem(bytes, limits);
    expect(result).toMatchObject({ status: 513, reason: expect.stringMatching(reason) });
    expect(result.partial?.headers.get("CSeq")).toBe("1 MESSAGE");
    expect(result.partial?.body.length).toBe(0);
  });

  test("exactly at the limits it parses", () => {
    const head = request(["Content-Length: 1"]).length;
    const exact = { ...limits, maximumBytes: head + 1, maximumHeaderBytes: head, maximumHeaders: 6 };
    expect(parseMessage(request(["Content-Length: 1"], "x"), exact).kind).toBe("request");
    expect(problem(request(["Content-Length: 1"], "x"), { ...exact, maximumBytes: head }).status).toBe(513);
    expect(
      problem(request(["Content-Length: 1"], "x"), { ...exact, maximumHeaderBytes: head - 1 }).status,
    ).toBe(513);
    expect(problem(request(["Content-Length: 1"], "x"), { ...exact, maximumHeaders: 5 }).status).toBe(513);
  });
});

test("a Via that is too long is in the partial all the same, so that the answer finds its way", () => {
  const via = `SIP/2.0/UDP h;branch=${"x".repeat(9_000)}`;
  const result = problem(request([`Via: ${via}`]));
  expect(result.status).toBe(513);
  expect(result.partial?.headers.getAll("Via")[1]).toBe(via);
});

test("U+FFFD is a character like any other", () => {
  expect(parsed(requestWithout(FROM, 'From: "\ufffd" <sip:a@b>;tag=1')).kind).toBe("request");
});

test("the partial of two From fields keeps both, the first first", () => {
  const partial = problem(request(["From: <sip:mercutio@sip.example>;tag=2"])).partial as SipRequest;
  expect(partial.headers.getAll("From")).toEqual([
    "<sip:romeo@sip.example>;tag=49583",
    "<sip:mercutio@sip.example>;tag=2",
  ]);
});
