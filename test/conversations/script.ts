/** Two-sided scripts on the gateway between fake sides (architecture E26). The words that a script may use stand in `ACTIONS`. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SipMessageOut } from "../../src/core/effect";
import type { ProofOutcome, SipMessageInput, SipOutcome } from "../../src/core/input";
import type { SipAnswer } from "../../src/gateway/sides";
import { openStore } from "../../src/store/sqlite-store";
import { parseXml } from "../../src/xml/parser";
import { ANSWERED, PROVEN, type Stage, setStage } from "../gateway/fake-sides";

interface Line {
  readonly number: number;
  readonly words: string;
  /** The indented lines below it, without their indent. */
  readonly block: readonly string[];
}

/** Plays a script. @throws Error that begins with the number of the line where it went otherwise */
export async function play(script: string): Promise<void> {
  const world = new World();
  await world.begin();
  try {
    for (const line of linesOf(script)) await world.act(line);
    world.atRest();
  } finally {
    await world.end();
  }
}

/** The first line says what it is about; then steps, each with an indented block or none. */
function linesOf(script: string): Line[] {
  const lines: (Line & { block: string[] })[] = [];
  for (const [index, text] of script.split("\n").entries()) {
    const last = lines[lines.length - 1];
    if (index === 0) continue;
    if (text.startsWith("  ") || text === "") last?.block.push(text.slice(2));
    else lines.push({ number: index + 1, words: text, block: [] });
  }
  for (const { block } of lines) while (block[block.length - 1] === "") block.pop();
  return lines;
}

class World {
  readonly #folder = mkdtempSync(join(tmpdir(), "isthmus-conversation-"));
  #stage!: Stage;
  #isDown = false;
  #transactions = 0;
  /** What came and has not been looked at yet. */
  readonly #toRomeo: string[] = [];
  readonly #toJuliet: string[] = [];
  readonly #answers: string[] = [];
  /** Requests that Romeo has not answered, and stanzas that Juliet's server has not judged. */
  #unanswered: ((outcome: SipOutcome) => void)[] = [];
  #unproven: { readonly from: string; readonly to: string; readonly end: (outcome: ProofOutcome) => void }[] =
    [];

  async begin(): Promise<void> {
    const stage = await setStage({
      store: openStore({
        file: join(this.#folder, "isthmus.db"),
        migrations: join(__dirname, "../../migrations"),
      }),
      outcomes: [
        (request) => {
          this.#toRomeo.push(shown(request));
          return new Promise((resolve) => this.#unanswered.push(resolve));
        },
      ],
    });
    this.#stage = stage;
    if (this.#isDown) stage.down.add("sip.example");
    stage.proofs = [
      ({ attrs: { from = "", to = "" } }) =>
        new Promise((end) => {
          this.#unproven.push({ from, to, end });
        }),
    ];
    await stage.quiet();
  }

  async act(line: Line): Promise<void> {
    const found = ACTIONS.map(([pattern, action]) => ({ match: pattern.exec(line.words), action })).find(
      ({ match }) => match !== null,
    );
    if (found === undefined) throw new Error(`line ${line.number}: no such step: ${line.words}`);
    try {
      await found.action(this, found.match as RegExpExecArray, line.block);
    } catch (error) {
      throw new Error(`line ${line.number}, ${line.words}: ${(error as Error).message}`);
    }
    await this.settle();
  }

  async settle(): Promise<void> {
    await this.#stage.quiet();
    this.#toJuliet.push(...this.#stage.stanzas.splice(0));
  }

  julietSends(block: readonly string[]): void {
    this.#stage.fromXmpp(block.join(""));
  }

  romeoSends(block: readonly string[]): void {
    this.#transactions += 1;
    const message = { ...requestOf(block), transaction: `t${this.#transactions}` };
    void this.#stage.fromSip(message).then(({ status, reason }: SipAnswer) => {
      this.#answers.push(`${status} ${reason}`);
    });
  }

  romeoAnswers(status: number, reason: string): void {
    const end = this.#unanswered.shift();
    if (end === undefined) throw new Error("Romeo has nothing to answer");
    end(ANSWERED(status, { reason })());
  }

  judge(outcome: (from: string, to: string) => ProofOutcome): void {
    const next = this.#unproven.shift();
    if (next === undefined) throw new Error("Juliet's server has nothing");
    next.end(outcome(next.from, next.to));
  }

  expectAt(who: "Romeo" | "Juliet", block: readonly string[]): void {
    const inbox = who === "Romeo" ? this.#toRomeo : this.#toJuliet;
    const came = inbox.shift();
    if (came === undefined) throw new Error("nothing came");
    if (who === "Juliet") expectText(came, block.join("").replaceAll("> <", "><"));
    else expectRequest(came, block);
  }

  expectNothingAt(who: string): void {
    const inbox = who === "Romeo" ? this.#toRomeo : this.#toJuliet;
    if (inbox.length > 0) throw new Error(`this came: ${inbox[0]}`);
  }

  expectAnswer(text: string): void {
    const answer = this.#answers.shift();
    if (answer !== text) throw new Error(`he was answered ${answer ?? "nothing"}`);
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) await this.#stage.pass(1_000);
  }

  setLink(isUp: boolean): void {
    this.#isDown = !isUp;
    if (isUp) this.#stage.down.delete("sip.example");
    else this.#stage.down.add("sip.example");
  }

  /** What is not on disk is gone. */
  async kill(): Promise<void> {
    this.#unanswered = [];
    this.#unproven = [];
    this.#stage.store.close();
    await this.begin();
  }

  /** A script tells the whole story. */
  atRest(): void {
    const left = [...this.#toRomeo, ...this.#toJuliet, ...this.#answers];
    if (left.length > 0) throw new Error(`the script ends before this: ${left[0]}`);
  }

  async end(): Promise<void> {
    this.#unanswered = [];
    await this.#stage.gateway.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

type Action = (world: World, match: RegExpExecArray, block: readonly string[]) => void | Promise<void>;

const ACTIONS: readonly (readonly [RegExp, Action])[] = [
  [/^Juliet sends$/, (world, _match, block) => world.julietSends(block)],
  [/^Romeo sends$/, (world, _match, block) => world.romeoSends(block)],
  [/^(Romeo|Juliet) receives$/, (world, [, who], block) => world.expectAt(who as "Romeo" | "Juliet", block)],
  [/^(Romeo|Juliet) receives nothing$/, (world, [, who]) => world.expectNothingAt(who as string)],
  [
    /^Romeo answers (\d{3}) (.+)$/,
    (world, [, status, reason]) => world.romeoAnswers(Number(status), reason as string),
  ],
  [/^Romeo is answered (\d{3} .+)$/, (world, [, text]) => world.expectAnswer(text as string)],
  [/^Juliet's server has it$/, (world) => world.judge(PROVEN)],
  [
    /^Juliet's server bounces it, ([a-z-]+)$/,
    (world, [, condition]) => world.judge(bounce(condition as string)),
  ],
  [/^after (\d+) s$/, (world, [, seconds]) => world.pass(Number(seconds))],
  [/^the link falls$/, (world) => world.setLink(false)],
  [/^the link is up$/, (world) => world.setLink(true)],
  [/^the gateway is killed$/, (world) => world.kill()],
];

function bounce(condition: string): (from: string, to: string) => ProofOutcome {
  return (from, to) => {
    const error = parseXml(
      `<message xmlns='jabber:client' type='error' from='${to}' to='${from}'><error type='cancel'>` +
        `<${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
    );
    if (!error.ok) throw new Error(error.detail);
    return { kind: "bounced", error: error.root };
  };
}

/** Start line, headers, blank line, body → what the SIP side makes of a request. */
function requestOf(block: readonly string[]): Partial<SipMessageInput> {
  const blank = block.indexOf("");
  const headers = new Map(block.slice(1, blank).map((line) => line.split(/: (.*)/s) as [string, string]));
  const requestUri = (block[0] as string).replace("MESSAGE ", "");
  const fields: { [key in TextField]?: string } = {};
  for (const [name, key] of FIELDS) {
    const value = headers.get(name);
    if (value !== undefined) fields[key] = value.replace(/^<(.*)>$/, "$1");
  }
  const body = Buffer.from(block.slice(blank + 1).join("\r\n"));
  return { ...fields, requestUri, toUri: requestUri, body };
}

type TextField = "fromUri" | "callId" | "subject" | "contentType" | "contentLanguage";
const FIELDS: readonly (readonly [string, TextField])[] = [
  ["From", "fromUri"],
  ["Call-ID", "callId"],
  ["Subject", "subject"],
  ["Content-Type", "contentType"],
  ["Content-Language", "contentLanguage"],
];

function shown(request: SipMessageOut): string {
  const headers = [
    ["From", `<${request.fromUri}>`],
    ["Call-ID", request.callId],
    ["Content-Type", request.contentType],
    ...request.headers,
  ];
  const lines = [`MESSAGE ${request.toUri}`, ...headers.map(([name, value]) => `${name}: ${value}`), ""];
  return `${lines.join("\n")}\n${Buffer.from(request.body).toString().replaceAll("\r\n", "\n")}`;
}

/** Start line and body as they stand; of the headers those that the script names. */
function expectRequest(came: string, block: readonly string[]): void {
  const split = (text: readonly string[]) => ({
    head: text.slice(0, text.indexOf("")),
    body: text.slice(text.indexOf("") + 1).join("\n"),
  });
  const expected = split(block);
  const actual = split(came.split("\n"));
  const missing = expected.head.find((line) => !actual.head.includes(line));
  if (missing !== undefined) throw new Error(`no ${missing} in\n${came}`);
  expectText(actual.body, expected.body);
}

/** `…` stands for anything. */
function expectText(came: string, expected: string): void {
  const pattern = expected.split("…").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  if (!new RegExp(`^${pattern.join("[^]*")}$`).test(came)) throw new Error(`this came instead:\n${came}`);
}
