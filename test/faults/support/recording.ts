/** What crossed the component link, and when: the witness of who had a stanza when something broke. */

import type { Cutter } from "../../support/cutter";

export interface Crossing {
  readonly kind: "message" | "iq-get" | "iq-result" | "error";
  readonly id: string;
  /** Of a message: its text, which in these tests is ASCII. */
  readonly body: string | undefined;
  /** Milliseconds since 1970, with fractions. */
  readonly at: number;
}

export class Recording {
  /** In the order of the wire; a stanza counts once its last octet has passed. */
  readonly toServer: Crossing[] = [];
  readonly toGateway: Crossing[] = [];
  readonly #rest = { "to-server": { connection: 0, text: "" }, "to-client": { connection: 0, text: "" } };

  constructor(cutter: Cutter) {
    cutter.tap = (direction, chunk, connection) => this.#take(direction, chunk, connection);
  }

  /** Texts of the messages that the server has proven to have: a ping behind them was answered. */
  textsProvenByServer(): Set<string> {
    const answered = new Set(this.toGateway.filter((c) => c.kind !== "message").map((c) => c.id));
    const last = this.toServer.findLastIndex((c) => c.kind === "iq-get" && answered.has(c.id));
    return new Set(
      this.toServer
        .slice(0, last + 1)
        .filter((c) => c.kind === "message")
        .map((c) => c.body ?? ""),
    );
  }

  #take(direction: "to-server" | "to-client", chunk: Buffer, connection: number): void {
    const at = performance.timeOrigin + performance.now();
    const rest = this.#rest[direction];
    const text = (rest.connection === connection ? rest.text : "") + chunk.toString("latin1");
    const into = direction === "to-server" ? this.toServer : this.toGateway;
    let end = 0;
    for (const found of text.matchAll(STANZA)) {
      end = found.index + found[0].length;
      const head = found[2] ?? found[3] ?? found[4] ?? "";
      const id = attribute(head, "id");
      const kind = kindOf(found[1] ?? "iq", attribute(head, "type"));
      if (id !== undefined) into.push({ kind, id, at, body: BODY.exec(found[0])?.[1] });
    }
    rest.connection = connection;
    rest.text = text.slice(end).slice(-LONGEST_REST);
  }
}

function kindOf(name: string, type: string | undefined): Crossing["kind"] {
  if (type === "error") return "error";
  if (name === "message") return "message";
  return type === "get" ? "iq-get" : "iq-result";
}

function attribute(head: string, name: string): string | undefined {
  return new RegExp(`\\b${name}=(?:'([^']*)'|"([^"]*)")`).exec(head)?.slice(1).find(Boolean);
}

/** Neither name occurs within a stanza of its own kind in these tests. */
const STANZA = /<(message)\b([^>]*[^/>])>.*?<\/message>|<iq\b([^>]*[^/>])>.*?<\/iq>|<iq\b([^>]*)\/>/gs;
const BODY = /<body[^>]*>(.*?)<\/body>/s;
/** The largest stanza in these tests, with room. */
const LONGEST_REST = 4_000_000;
