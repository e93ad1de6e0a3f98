/**
 * Hostile octets against the SIP parser and the stream framer: random ones, and real messages with octets flipped,
 * removed, repeated and spliced. Never an exception; every input is a message or a problem, and everything that the
 * parser calls a message can be answered, written and read again; time grows with size and not with its square.
 */

import fc from "fast-check";
import type { ParseProblem, SipMessage } from "../../src/sip/message/message";
import { parseNameAddr } from "../../src/sip/message/name-addr";
import { parseMessage } from "../../src/sip/message/parse";
import { responseTo } from "../../src/sip/message/response";
import { serialize } from "../../src/sip/message/serialize";
import { firstValue, splitValues } from "../../src/sip/message/values";
import { parseVia } from "../../src/sip/message/via";
import { type Frame, StreamFramer } from "../../src/sip/transport/framing";
import { capturedMessages } from "../sip/message/captured-messages";
import { anyText } from "../support/any-text";

const MUTATED = 115_000;
const RANDOM = 15_000;
const CHUNKED = 20_000;
/** Far above anything linear at these sizes, on any machine; a single slow parse fails here. */
const HARD_BOUND_MS = 1_000;

const corpus = capturedMessages().map(({ bytes }) => bytes);

test(`${MUTATED} mutated real messages`, () => {
  const clock = new Clock();
  const random = new Random(0x51b);
  const kinds = { request: 0, response: 0, answered: 0, dropped: 0 };
  for (let count = 0; count < MUTATED; count++) {
    const input = mutate(random);
    const result = clock.time(() => parseMessage(input), input.length);
    check(result, input);
    if (result.kind !== "problem") kinds[result.kind]++;
    else kinds[result.partial ? "answered" : "dropped"]++;
  }
  clock.report("mutated messages", JSON.stringify(kinds));
  // Were the mutations all harmless or all fatal, nothing would have been tried.
  for (const count of Object.values(kinds)) expect(count).toBeGreaterThan(MUTATED / 50);
});

test(`${RANDOM} generated octet strings and header fields`, () => {
  const clock = new Clock();
  const line = fc.oneof(
    fc.constantFrom(
      "Via: SIP/2.0/UDP h;branch=1",
      "f: <sip:a@b>;tag=1",
      "To: sip:a@b",
      "i: 1",
      "CSeq: 1 A",
      "l: 3",
    ),
    fc
      .tuple(fc.constantFrom("Via", "f", "To", "CSeq", "l", "X"), fc.string())
      .map(([name, value]) => `${name}: ${value}`),
    anyText(),
  );
  const lines = fc.tuple(
    fc.constantFrom("A sip:a@b SIP/2.0", "SIP/2.0 200 OK", "A a SIP/9.9"),
    fc.array(line, { maxLength: 12 }),
    fc.constantFrom("\r\n", "\n", "\r\n ", "\r"),
  );
  const text = lines.map(([start, fields, end]) => Buffer.from([start, ...fields, "", ""].join(end)));
  const octets = fc.oneof(
    text,
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(octets, (input) => {
      check(
        clock.time(() => parseMessage(input), input.length),
        input,
      );
    }),
    { numRuns: RANDOM, seed: 1 },
  );
  clock.report("generated inputs", "");
});

test(`${CHUNKED} streams in pieces`, () => {
  const clock = new Clock();
  const random = new Random(0xc4);
  let messages = 0;
  let broken = 0;
  for (let count = 0; count < CHUNKED; count++) {
    const stream = streamOf(random);
    const whole = clock.time(() => new StreamFramer().push(stream), stream.length);
    const pieces = clock.time(() => inPieces(stream, random), stream.length);
    // However it is cut, the same messages come out (keep-alives may be told differently).
    expect(summary(pieces)).toBe(summary(whole));
    for (const frame of whole) {
      if (frame.kind === "message") messages++;
      if (frame.kind === "broken") broken++;
      if (frame.kind === "message" || frame.kind === "broken") check(parseMessage(frame.bytes), frame.bytes);
    }
  }
  clock.report("streams", `${messages} messages, ${broken} broken`);
  expect(messages).toBeGreaterThan(CHUNKED / 4);
  expect(broken).toBeGreaterThan(CHUNKED / 50);
});

/** Inputs made to cost most: each grows its size; time per octet must not grow with it. */
const HEAD =
  "A sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@b>\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 A\r\n";
const COSTLY: [string, (size: number) => string][] = [
  ["folds", (size) => `${HEAD}X: ${"\r\n ".repeat(size / 3)}\r\n\r\n`],
  ["lines without a colon", (size) => `${HEAD}${"c\n".repeat(size / 2)}\r\n`],
  ["short fields", (size) => `${HEAD}${"c:\n".repeat(size / 3)}\r\n`],
  ["commas in Via", (size) => `${HEAD.replace("UDP h", `UDP h${",".repeat(size)}`)}\r\n`],
  ["quotes", (size) => `${HEAD.replace("From: ", `From: ${'"\\'.repeat(size / 2)}`)}\r\n`],
  ["brackets", (size) => `${HEAD.replace("From: ", `From: ${"<".repeat(size)}`)}\r\n`],
  ["parameters", (size) => `${HEAD.replace("To: <sip:a@b>", `To: <sip:a@b>${";a=b".repeat(size / 4)}`)}\r\n`],
  [
    "blanks",
    (size) => `${HEAD.replace("To: ", `To: ${" ".repeat(size)}`)}X${" \t".repeat(size / 2)}\r\n\r\n`,
  ],
  ["controls", (size) => `${HEAD}X: ${"\\\u0001".repeat(size / 2)}\u0001\r\n\r\n`],
  ["line ends", (size) => "\r\n".repeat(size / 2)],
  ["a header block without end", (size) => `${HEAD}${"X: y\r\n".repeat(size / 6)}`],
  ["bare CRs", (size) => `${HEAD}X: ${"\r".repeat(size)}\r\n\r\n`],
];
const GROWTH = 16;
const PARSED = 24_000;
const FRAMED = 3_000;
const wide = { maximumBytes: 1e9, maximumHeaderBytes: 1e9, maximumHeaders: 1e9, maximumLineLength: 1e9 };

test.each(COSTLY)("%s: parsing is linear without any limit", (_, build) => {
  expect(growth(build, PARSED, (input) => parseMessage(input, wide))).toBeLessThan(GROWTH / 2);
});

test.each(COSTLY)("%s: framing octet by octet is linear without any limit", (_, build) => {
  const byOctet = (input: Buffer): void => {
    const framer = new StreamFramer(wide);
    for (let at = 0; at < input.length; at++) framer.push(input.subarray(at, at + 1));
  };
  expect(growth(build, FRAMED, byOctet)).toBeLessThan(GROWTH / 2);
});

/** How the CPU time for as many octets grows when they come in one input GROWTH times larger: 1 linear, GROWTH quadratic. */
function growth(build: (size: number) => string, small: number, work: (input: Buffer) => void): number {
  const large = small * GROWTH;
  const best = (size: number): number => {
    const input = Buffer.from(build(size));
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 3; round++) {
      const start = process.cpuUsage();
      for (let repeat = 0; repeat < large / size; repeat++) work(input);
      const used = process.cpuUsage(start);
      least = Math.min(least, used.user + used.system);
    }
    return least;
  };
  best(small);
  return (best(large) + CLOCK_TICK_US) / (best(small) + CLOCK_TICK_US);
}

/** Added to both sides, so that nothing is divided by almost nothing. */
const CLOCK_TICK_US = 4_000;

/** What must hold of every answer of the parser. */
function check(result: SipMessage | ParseProblem, input: Buffer): void {
  if (result.kind === "problem") {
    if (result.status !== 400 && result.status !== 505 && result.status !== 513)
      fail(input, `status ${result.status}`);
    if (result.partial) answer(result.partial, input);
    return;
  }
  const { headers } = result;
  if (!parseVia(firstValue(headers.get("Via") ?? ""))) fail(input, "Via");
  if (!parseNameAddr(headers.get("From") ?? "") || !parseNameAddr(headers.get("To") ?? ""))
    fail(input, "From or To");
  if (headers.getAll("From").length !== 1 || splitValues(headers.get("From")!).length !== 1)
    fail(input, "two From");
  const again = parseMessage(serialize(result));
  if (again.kind !== result.kind || again.body.compare(result.body) !== 0)
    fail(input, "written and read again");
  if (result.kind === "request") answer(result, input);
}

function answer(request: Parameters<typeof responseTo>[0], input: Buffer): void {
  const bytes = serialize(responseTo(request, 400, "Bad Request", { toTag: "t" }));
  const response = parseMessage(bytes);
  if (response.kind !== "response" || !parseNameAddr(response.headers.get("To")!)?.parameters.has("tag")) {
    fail(input, "the answer cannot be read");
  }
}

function fail(input: Buffer, what: string): never {
  throw new Error(`${what}: ${JSON.stringify(input.toString("latin1"))}`);
}

/** A real message with one fault, or a few. */
function mutate(random: Random): Buffer {
  let bytes = random.of(corpus);
  const faults = random.below(3) > 0 ? 1 : 2 + random.below(5);
  for (let fault = 0; fault < faults; fault++) bytes = random.of(FAULTS)(bytes, random);
  return bytes;
}

type MakeFault = (bytes: Buffer, random: Random) => Buffer;
const FAULTS: MakeFault[] = [
  (bytes, random) => replaced(bytes, random, 1, Buffer.from([random.below(256)])),
  (bytes, random) =>
    replaced(bytes, random, 1, Buffer.from(random.of([...'\r\n\0\t "\\<>;,:@%=[]()\u00e9']))),
  (bytes, random) => replaced(bytes, random, random.below(20), Buffer.alloc(0)),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    const piece = bytes.subarray(at, at + random.below(80));
    return replaced(bytes, random, 0, Buffer.concat(Array(1 + random.below(4)).fill(piece)));
  },
  (bytes, random) => {
    const other = random.of(corpus);
    return Buffer.concat([
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(random.below(other.length)),
    ]);
  },
  (bytes, random) =>
    withLines(bytes, random, (lines, at) =>
      lines.splice(at, 0, ...Array(1 + random.below(3)).fill(lines[at])),
    ),
  (bytes, random) => withLines(bytes, random, (lines, at) => lines.splice(at, 1)),
  (bytes, random) => withLines(bytes, random, (lines, at) => lines.splice(at, 0, random.of(NASTY_LINES))),
  (bytes, random) => withLines(bytes, random, (lines, at) => lines.splice(at, 1, `\t${lines[at]}`)),
];
const NASTY_LINES = [
  "Content-Length: -1",
  "Content-Length: 99999999999",
  "l: 1",
  "Max-Forwards: -1",
  "Via: ,",
  "v: SIP/2.0/UDP [::1]",
  'From: "',
  "f: <sip:evil@h>",
  "t: <sip:evil@h>",
  "CSeq: 0",
  "no colon",
  ": no name",
  "\ufeffX: y",
  "To: <>",
  "",
];

function replaced(bytes: Buffer, random: Random, length: number, by: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + length)]);
}

/** Edits one line after the start line; latin1 keeps every octet. */
function withLines(bytes: Buffer, random: Random, edit: (lines: string[], at: number) => void): Buffer {
  const lines = bytes.toString("latin1").split("\r\n");
  edit(lines, Math.min(lines.length - 1, 1 + random.below(14)));
  return Buffer.from(lines.join("\r\n"), "latin1");
}

function streamOf(random: Random): Buffer {
  const parts: Buffer[] = [];
  for (let count = 1 + random.below(4); count > 0; count--) {
    parts.push(random.below(6) === 0 ? mutate(random) : random.of(corpus));
    if (random.below(4) === 0) parts.push(Buffer.from(random.of(["\r\n", "\r\n\r\n", "\n"])));
  }
  return Buffer.concat(parts);
}

function inPieces(stream: Buffer, random: Random): Frame[] {
  const framer = new StreamFramer();
  const most = random.of([3, 50, 400, 2_000]);
  const frames: Frame[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = at + 1 + random.below(most);
    frames.push(...framer.push(stream.subarray(at, end)));
    at = end;
  }
  return frames;
}

function summary(frames: readonly Frame[]): string {
  return frames
    .map((frame) =>
      frame.kind === "message" || frame.kind === "broken"
        ? `${frame.kind}:${frame.bytes.toString("latin1")}`
        : "",
    )
    .join("");
}

/** Times single inputs, in CPU time so that a busy machine does not count; the worst is reported, and fails only above the hard bound. */
class Clock {
  #inputs = 0;
  #worstMs = 0;
  #worstSize = 0;

  time<T>(work: () => T, size: number): T {
    const start = process.cpuUsage();
    const result = work();
    const used = process.cpuUsage(start);
    const took = (used.user + used.system) / 1000;
    this.#inputs++;
    if (took > this.#worstMs) {
      this.#worstMs = took;
      this.#worstSize = size;
    }
    return result;
  }

  report(what: string, more: string): void {
    const worst = `worst ${this.#worstMs.toFixed(2)} ms (${this.#worstSize} octets)`;
    process.stdout.write(`fuzz: ${this.#inputs} ${what}, ${worst} ${more}\n`);
    expect(this.#worstMs).toBeLessThan(HARD_BOUND_MS);
  }
}

/** mulberry32 with a fixed seed, so that a failing run can be repeated. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return limit === 0 ? 0 : ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}
