/** A slixmpp client that uses its plugins for discovery, cards, search and commands (slixmpp_service.py). */

import { join } from "node:path";
import { Program } from "./processes";
import { requireSlixmpp, type XmppClientOptions } from "./slixmpp";

/** An IQ error as slixmpp has read it. */
export class ServiceError extends Error {
  constructor(
    readonly condition: string,
    readonly type: string,
    readonly text: string,
  ) {
    super(`${type} ${condition}: ${text}`);
  }
}

/** What one page of a command showed. */
export interface CommandPage {
  readonly status: string;
  readonly actions: readonly string[];
  /** Type and text. */
  readonly notes: readonly (readonly [string, string])[];
  readonly title: string;
  /** Type by name. */
  readonly fields: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, string>>[];
}

export type CommandStep = readonly [
  action: "next" | "prev" | "complete" | "cancel",
  values: Readonly<Record<string, string | readonly string[]>>,
];

export class ServiceClient {
  readonly #program: Program;
  readonly #waiting = new Map<number, (line: Answer) => void>();
  #serial = 0;
  #isOnline = false;

  constructor(options: XmppClientOptions) {
    requireSlixmpp();
    const { resource = "service", ...rest } = options;
    this.#program = new Program({
      name: `slixmpp service ${options.jid}`,
      program: "/usr/bin/python3",
      packageName: "python3-slixmpp",
      args: ["-W", "ignore", SCRIPT, JSON.stringify({ ...rest, jid: `${options.jid}/${resource}` })],
      outputIsProtocol: true,
    });
    this.#program.onLine((line) => this.#take(JSON.parse(line) as Answer));
    this.#program.start();
  }

  async online(): Promise<void> {
    await this.#program.until("session", () => this.#isOnline, 30_000);
  }

  info(jid: string, node?: string) {
    return this.#call<{ identities: readonly (readonly string[])[]; features: readonly string[] }>("info", [
      jid,
      node ?? null,
    ]);
  }

  items(jid: string, node?: string) {
    return this.#call<readonly (readonly (string | null)[])[]>("items", [jid, node ?? null]);
  }

  /** Node and name of each. */
  commands(jid: string) {
    return this.#call<readonly (readonly [string, string])[]>("commands", [jid]);
  }

  vcard(jid: string) {
    return this.#call<{ name: string; family: string; photo: string; octets: readonly number[] }>("vcard", [
      jid,
    ]);
  }

  searchForm(jid: string) {
    return this.#call<readonly string[]>("search_form", [jid]);
  }

  search(jid: string, values: Readonly<Record<string, string>>) {
    return this.#call<readonly Readonly<Record<string, string>>[]>("search", [jid], values);
  }

  /** The JID for what a person typed (XEP-0100 §6.3). */
  prompt(jid: string, text: string) {
    return this.#call<string>("prompt", [jid, text]);
  }

  /** Every page that a command showed, the last one too. */
  command(jid: string, node: string, ...steps: readonly CommandStep[]) {
    return this.#call<readonly CommandPage[]>("command", [jid, node, steps]);
  }

  async stop(): Promise<void> {
    await this.#program.stop(3_000);
  }

  #call<T>(call: string, args: readonly unknown[], named = {}): Promise<T> {
    const id = this.#serial++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ value, error, type = "", text = "" }) => {
        if (error === undefined) resolve(value as T);
        else reject(new ServiceError(error, type, text));
      });
      this.#program.write(`${JSON.stringify({ id, call, args, named })}\n`);
    });
  }

  #take(answer: Answer): void {
    if (answer.event === "online") this.#isOnline = true;
    const waiting = this.#waiting.get(answer.id ?? -1);
    this.#waiting.delete(answer.id ?? -1);
    waiting?.(answer);
  }
}

interface Answer {
  readonly event: string;
  readonly id?: number;
  readonly value?: unknown;
  readonly error?: string;
  readonly type?: string;
  readonly text?: string;
}

const SCRIPT = join(__dirname, "slixmpp_service.py");
