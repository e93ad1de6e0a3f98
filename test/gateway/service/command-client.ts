/** A client of commands, for tests: runs one step by step and reads what is shown. XEP-0050. */

import { childElements, type Element, text } from "../../../src/xml/element";
import { content, JULIET, outcome, type Stage } from "./stage";

type Fields = Readonly<Record<string, string | readonly string[]>>;

export interface Shown {
  readonly status: string | undefined;
  /** "type: text". */
  readonly notes: readonly string[];
  /** Of a table: its rows. */
  readonly rows: readonly (readonly string[])[];
  /** Of a form: texts of its fixed fields, and labels by value of each field with choices. */
  readonly fixed: readonly string[];
  readonly choices: Readonly<Record<string, string>>;
  readonly fields: readonly (string | undefined)[];
  readonly instructions: string;
  /** The default action, then all that are allowed. */
  readonly actions: readonly (string | undefined)[];
}

export class CommandClient {
  readonly #stage: Stage;
  readonly #node: string;
  readonly #from: string;
  #session: string | undefined;

  constructor(stage: Stage, node: string, from = JULIET) {
    this.#stage = stage;
    this.#node = node;
    this.#from = from;
  }

  async step(action?: string, fields?: Fields): Promise<Shown> {
    const session = this.#session === undefined ? "" : ` sessionid='${this.#session}'`;
    const doing = action === undefined ? "" : ` action='${action}'`;
    const answer = await this.#stage.ask(
      `<command xmlns='http://jabber.org/protocol/commands' node='${this.#node}'${session}${doing}>${
        fields === undefined ? "" : submission(fields)
      }</command>`,
      { type: "set", from: this.#from },
    );
    if (outcome(answer) !== "result") throw new Error(outcome(answer));
    const command = content(answer);
    this.#session = command.attrs.sessionid;
    return shown(command);
  }
}

export function submission(fields: Fields): string {
  const field = ([name, values]: readonly [string, string | readonly string[]]) =>
    `<field var='${name}'>${[values]
      .flat()
      .map((value) => `<value>${value}</value>`)
      .join("")}</field>`;
  return `<x xmlns='jabber:x:data' type='submit'>${Object.entries(fields).map(field).join("")}</x>`;
}

function shown(command: Element): Shown {
  const x = named(command, "x")[0];
  const fields = x === undefined ? [] : named(x, "field");
  const options = fields.flatMap((field) => named(field, "option"));
  const actions = named(command, "actions")[0];
  return {
    status: command.attrs.status,
    notes: named(command, "note").map((note) => `${note.attrs.type}: ${text(note)}`),
    rows: x === undefined ? [] : named(x, "item").map((row) => named(row, "field").map(valueIn)),
    fixed: fields.filter(({ attrs }) => attrs.type === "fixed").map(valueIn),
    choices: Object.fromEntries(options.map((option) => [valueIn(option), option.attrs.label ?? ""])),
    fields: fields.map(({ attrs }) => attrs.var),
    instructions: x === undefined ? "" : named(x, "instructions").map(text).join(""),
    actions:
      actions === undefined ? [] : [actions.attrs.execute, ...childElements(actions).map(({ name }) => name)],
  };
}

function valueIn(parent: Element): string {
  const [value] = named(parent, "value");
  return value === undefined ? "" : text(value);
}

function named(parent: Element, name: string): Element[] {
  return childElements(parent).filter((one) => one.name === name);
}
