/**
 * Scripts of presence, played on the two machines alone: no gateway, no store, a clock of their own (architecture E26). The
 * words that a script may use stand in `ACTIONS`. Juliet's words are her server's; what Romeo sends and receives is as on the wire.
 */

import { write } from "../../../src/xml/writer";
import { ROMEO } from "../../core/subscription/fixtures";
import { element, fieldsOf, outcomeOf, requestOf, wire } from "./wire";
import { World } from "./world";

interface Line {
  readonly number: number;
  readonly words: string;
  /** The indented lines below it, without their indent. */
  readonly block: readonly string[];
}

/** Plays a script. @throws Error that begins with the number of the line where it went otherwise */
export function play(script: string): void {
  const world = new World();
  for (const line of linesOf(script)) act(world, line);
  const [left] = [...world.toRomeo.map(wire), ...shown(world), ...world.answers.map(wire)];
  if (left !== undefined) throw new Error(`the script ends before this: ${left}`);
}

function act(world: World, line: Line): void {
  const found = ACTIONS.map(([pattern, action]) => ({ match: pattern.exec(line.words), action })).find(
    ({ match }) => match !== null,
  );
  if (found === undefined) throw new Error(`line ${line.number}: no such step: ${line.words}`);
  try {
    found.action(world, found.match as RegExpExecArray, line.block);
  } catch (error) {
    throw new Error(`line ${line.number}, ${line.words}: ${(error as Error).message}`);
  }
}

/** The first line says what it is about; then steps, each with an indented block or none; `#` is a remark. */
function linesOf(script: string): Line[] {
  const lines: (Line & { block: string[] })[] = [];
  for (const [index, text] of script.split("\n").entries()) {
    const last = lines[lines.length - 1];
    if (index === 0 || text.startsWith("#")) continue;
    if (text.startsWith("  ") || text === "") last?.block.push(text.slice(2));
    else lines.push({ number: index + 1, words: text, block: [] });
  }
  for (const { block } of lines) while (block[block.length - 1] === "") block.pop();
  return lines;
}

type Action = (world: World, match: RegExpExecArray, block: readonly string[]) => void;

const ACTIONS: readonly (readonly [RegExp, Action])[] = [
  [/^Juliet sends$/, (world, _match, block) => world.fromXmpp(element(block.join("")))],
  [/^Romeo sends$/, (world, _match, block) => world.fromSip(requestOf(block))],
  [
    /^Romeo answers (\d{3}) (.+)$/,
    (world, [, status, reason], block) => world.fromRomeo(outcomeOf(Number(status), reason as string, block)),
  ],
  [
    /^Romeo does not answer$/,
    (world) => world.fromRomeo({ ...outcomeOf(408, "Request Timeout", []), local: true }),
  ],
  [/^Juliet receives$/, (world, _match, block) => expectStanza(world.toJuliet.shift(), block)],
  [/^Romeo receives$/, (world, _match, block) => expectMessage(world.toRomeo.shift(), block)],
  [
    /^Romeo is answered (\d{3} .+)$/,
    (world, [, start], block) => expectMessage(world.answers.shift(), [`SIP/2.0 ${start}`, ...block]),
  ],
  [/^Romeo receives nothing$/, ({ toRomeo }) => expectNone(toRomeo.map(wire))],
  [/^Juliet receives nothing$/, (world) => expectNone(shown(world))],
  [/^after (\d+) s$/, (world, [, seconds]) => world.pass(1000 * Number(seconds))],
  [/^the gateway is killed and starts again$/, (world) => world.restart()],
  [/^Romeo's dialogs are unknown here$/, (world) => expectNone(world.rowsOf(ROMEO))],
];

function shown(world: World): string[] {
  return world.toJuliet.map((stanza) => write(stanza));
}

function expectStanza(came: Parameters<typeof write>[0] | undefined, block: readonly string[]): void {
  if (came === undefined) throw new Error("nothing came");
  expectText(write(came), write(element(block.join(""))));
}

/** The start line and the body as they stand; of the headers those that the script names. */
function expectMessage(came: Parameters<typeof wire>[0] | undefined, block: readonly string[]): void {
  if (came === undefined) throw new Error("nothing came");
  const text = wire(came);
  const actual = fieldsOf(text.split("\n"));
  const expected = fieldsOf(block);
  expectText(actual.start, expected.start);
  const missing = expected.lines.find((line) => !actual.lines.some((found) => matches(found, line)));
  if (missing !== undefined) throw new Error(`no ${missing} in\n${text}`);
  expectText(actual.body.replace(BETWEEN, "><"), expected.body.replace(BETWEEN, "><"));
}

function expectNone(came: readonly string[]): void {
  if (came.length > 0) throw new Error(`this came: ${came[0]}`);
}

function expectText(came: string, expected: string): void {
  if (!matches(came, expected)) throw new Error(`this came instead:\n${came}`);
}

/** `…` stands for anything. */
function matches(text: string, expected: string): boolean {
  const pattern = expected.split("…").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${pattern.join("[^]*")}$`).test(text);
}

const BETWEEN = />\s+</g;
