import { parseMessage } from "../../../src/sip/message/parse";
import { type Frame, isKeepAliveDatagram, StreamFramer } from "../../../src/sip/transport/framing";
import { capturedMessages } from "../message/captured-messages";
import { FROM, MANDATORY, message, request, START } from "../message/sample";

/** Frames of a stream that comes in pieces of this size. */
function frames(stream: Buffer, size: number, framer = new StreamFramer()): Frame[] {
  const all: Frame[] = [];
  for (let at = 0; at < stream.length; at += size) all.push(...framer.push(stream.subarray(at, at + size)));
  return all;
}

const one = request(["Content-Length: 5"], "hello");
const two = request(["l : 0"]);
const folded = request(["Content-Length:\r\n\t 3"], "\r\n\r");
const SIZES = [1, 2, 3, 7, 64, 333, 100_000];

describe.each(SIZES)("in pieces of %i octets", (size) => {
  test("messages are cut by Content-Length (RFC 3261 §18.3)", () => {
    const wanted = [one, two, folded, one];
    expect(frames(Buffer.concat(wanted), size)).toEqual(wanted.map((bytes) => ({ kind: "message", bytes })));
  });

  test("the captures of TCP phones", () => {
    const wanted = capturedMessages().filter(({ transport }) => transport === "tcp");
    const stream = Buffer.concat(wanted.map(({ bytes }) => bytes));
    const got = frames(stream, size);
    expect(wanted.length).toBeGreaterThan(100);
    expect(got.map((frame) => frame.kind === "message" && frame.bytes.toString())).toEqual(
      wanted.map(({ bytes }) => bytes.toString()),
    );
  });

  test("line ends before and between messages do not hurt (§7.5)", () => {
    const stream = Buffer.concat([Buffer.from("\r\n"), one, Buffer.from("\n\r\n"), two]);
    const messages = frames(stream, size).filter((frame) => frame.kind === "message");
    expect(messages).toEqual([one, two].map((bytes) => ({ kind: "message", bytes })));
  });

  test.each([
    ["no Content-Length", message([START, ...MANDATORY]), 400, /Missing/],
    ["a negative Content-Length", request(["Content-Length: -1"]), 400, /Malformed/],
    ["conflicting Content-Lengths", request(["Content-Length: 1", "l: 2"]), 400, /Malformed/],
    ["too much body", request(["Content-Length: 999999999"]), 513, /Message/],
    [
      "a Content-Length past all numbers",
      request(["Content-Length: 99999999999999999999"]),
      400,
      /Malformed/,
    ],
  ])("%s breaks the stream, and can be answered", (_, bytes, status, reason) => {
    const got = frames(Buffer.concat([one, bytes, one]), size);
    expect(got).toHaveLength(2);
    expect(got[1]).toMatchObject({ kind: "broken", status, reason: expect.stringMatching(reason) });
    const read = parseMessage((got[1] as { bytes: Buffer }).bytes);
    const answerable = read.kind === "problem" ? read.partial : read;
    expect(answerable?.headers.get("From")).toBe(FROM.slice(6));
  });
});

describe("keep-alives (RFC 5626 §4.4.1)", () => {
  const push = (...chunks: string[]) => {
    const framer = new StreamFramer();
    return chunks.map((chunk) => framer.push(Buffer.from(chunk)).map((frame) => frame.kind));
  };
  const text = two.toString();

  test.each([
    [["\r\n\r\n"], [["keep-alive-ping"]]],
    [["\r\n"], [["keep-alive-pong"]]],
    [
      ["\r", "\n"],
      [[], ["keep-alive-pong"]],
    ],
    [
      ["\r\n", "\r\n"],
      [["keep-alive-pong"], ["keep-alive-ping"]],
    ],
    [
      ["\r\n\r", "\n"],
      [["keep-alive-pong"], ["keep-alive-ping"]],
    ],
    [
      ["\r\n\r\n", "\r\n\r\n"],
      [["keep-alive-ping"], ["keep-alive-ping"]],
    ],
    [["\r\n".repeat(20_000)], [["keep-alive-ping"]]],
    [[`${text}\r\n\r\n${text}`], [["message", "keep-alive-ping", "message"]]],
    [
      ["\r\n", text, "\r\n"],
      [["keep-alive-pong"], ["message"], ["keep-alive-pong"]],
    ],
    [
      ["\n", "\n\n"],
      [[], []],
    ],
  ])("%j", (chunks, expected) => expect(push(...chunks)).toEqual(expected));

  test("datagrams that only hold a NAT binding open", () => {
    const all = ["", "\r\n", "\r\n\r\n", "\0"].map((datagram) => isKeepAliveDatagram(Buffer.from(datagram)));
    expect(all).toEqual([true, true, true, true]);
    expect(isKeepAliveDatagram(Buffer.from("\r\n\r\n\r\n"))).toBe(false);
    expect(isKeepAliveDatagram(Buffer.from("A"))).toBe(false);
  });
});

describe("limits", () => {
  const limits = { maximumBytes: 1_000, maximumHeaderBytes: 600, maximumHeaders: 20, maximumLineLength: 500 };

  test.each([1, 50, 10_000])("header fields without end break the stream (pieces of %i)", (size) => {
    const endless = Buffer.from(`${[START, ...MANDATORY].join("\r\n")}\r\n${"X: y\r\n".repeat(500)}`);
    const got = frames(endless, size, new StreamFramer(limits));
    expect(got).toEqual([expect.objectContaining({ kind: "broken", status: 513 })]);
    const read = parseMessage((got[0] as { bytes: Buffer }).bytes, limits);
    expect(read).toMatchObject({ kind: "problem", status: 513, partial: { method: "MESSAGE" } });
  });

  test("a message of exactly the limit passes, one octet more does not", () => {
    const head = request(["Content-Length: 700"]).length;
    const exact = { ...limits, maximumBytes: head + 700, maximumHeaderBytes: head };
    const bytes = request(["Content-Length: 700"], "x".repeat(700));
    for (const size of SIZES) {
      expect(frames(bytes, size, new StreamFramer(exact))).toEqual([{ kind: "message", bytes }]);
      const less = [
        { ...exact, maximumBytes: head + 699 },
        { ...exact, maximumHeaderBytes: head - 1 },
      ];
      for (const limit of less) expect(frames(bytes, size, new StreamFramer(limit))[0]?.kind).toBe("broken");
    }
  });

  test("after the break nothing is read any more", () => {
    const framer = new StreamFramer();
    expect(framer.push(message([START, ...MANDATORY])).map(({ kind }) => kind)).toEqual(["broken"]);
    expect(framer.push(one)).toEqual([]);
  });
});

test("frames stay as they are while the stream goes on", () => {
  const framer = new StreamFramer();
  const got: Frame[] = [];
  const stream = Buffer.concat(Array.from({ length: 200 }, () => one));
  for (let at = 0; at < stream.length; at += 100)
    got.push(...framer.push(Buffer.from(stream.subarray(at, at + 100))));
  expect(got).toHaveLength(200);
  for (const frame of got) expect(frame).toEqual({ kind: "message", bytes: one });
});

test("the framer and the parser see the same Content-Length", () => {
  for (const lines of [
    ["CONTENT-length\t : 4"],
    ["L:4"],
    ["Content-Length: 4\r\n "],
    ["cl: 9", "Content-LengthX: 9", "l: 4"],
  ]) {
    const bytes = request(lines, "body");
    expect(new StreamFramer().push(bytes)).toEqual([{ kind: "message", bytes }]);
    expect(parseMessage(bytes)).toMatchObject({ kind: "request", body: Buffer.from("body") });
  }
});
