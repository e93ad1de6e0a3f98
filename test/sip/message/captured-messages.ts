/**
 * The SIP messages in test/captures, as octets. The files are text with LF line ends; the heading of each message says
 * how many octets it had, which tells whether the lines of its body ended in CR LF or in LF.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface CapturedMessage {
  /** File and line, for the name of a test. */
  readonly name: string;
  readonly transport: string;
  readonly bytes: Buffer;
}

/** Every message that stands there in full; sends of the scripted peer that are told in one line are left out. */
export function capturedMessages(): CapturedMessage[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".txt"))
    .flatMap((file) => messagesOf(file, readFileSync(join(FOLDER, file), "utf8").split("\n")));
}

function messagesOf(file: string, lines: readonly string[]): CapturedMessage[] {
  const messages: CapturedMessage[] = [];
  for (const [index, line] of lines.entries()) {
    const heading = HEADING.exec(line);
    if (!heading || KEEP_ALIVE.test(lines[index + 1] ?? "")) continue;
    const text = lines
      .slice(index + 1)
      .join("\n")
      .replace(REPEATED, (_, count, character) => character.repeat(count));
    const name = `${file}:${index + 1}`;
    messages.push({ name, transport: heading[1]!, bytes: octets(text, Number(heading[2]), name) });
  }
  return messages;
}

/** The octets that the heading counted: with CR LF throughout, or with LF in the body, whichever ends where a message ends. */
function octets(text: string, size: number, name: string): Buffer {
  const headEnd = text.indexOf("\n\n") + 2;
  const head = text.slice(0, headEnd).replaceAll("\n", "\r\n");
  const bodies = [text.slice(headEnd).replaceAll("\n", "\r\n"), text.slice(headEnd)];
  for (const body of bodies) {
    const all = Buffer.from(head + body);
    const rest = all.subarray(size).toString();
    if (/^(\r?\n){0,3}(---|## |$)/.test(rest)) return all.subarray(0, size);
  }
  throw new Error(`${name}: no end after ${size} octets`);
}

const FOLDER = join(__dirname, "../../captures");
/** Told in words, or as the empty lines that it is. */
const KEEP_ALIVE = /^(\(CRLF keep-alive\))?$/;
/** A long body of one character, told shortly. */
const REPEATED = /^\((\d+) times (.)\)$/gm;
const HEADING = /^--- \+[\d.]+ s \S+ -> \S+ (\w+) (\d+) bytes$/;
