/** What happened lately to each pair of people, so that one who sees what is not so can be explained: at most so many lines of each. */

import Database from "better-sqlite3";
import { readPidf, viewOf } from "../../../bench/load/presence-documents";
import type { PresenceWorld } from "../../../bench/load/presence-world";
import { readSip, type WireSip } from "../../../bench/load/sip-wire";

/** Lines of one pair that are kept: those of the last few lives of the gateway. */
const KEPT = 200;

export class PairHistory {
  readonly #world: PresenceWorld;
  readonly #startedAt = performance.now();
  readonly #lines = new Map<number, string[]>();
  #common: string[] = [];

  /** Listens to both sides from now on. Pairs are known by the number of their SIP user. */
  constructor(world: PresenceWorld) {
    this.#world = world;
    world.endpoint.onTraffic = (isOurs, text) => this.#sip(isOurs, text);
    world.server.onTraffic = (isOurs, text) => this.#xmpp(isOurs, text);
  }

  /** Something that a pair did, or that was done to all of them. */
  note(what: string, n?: number): void {
    const line = `${((performance.now() - this.#startedAt) / 1000).toFixed(3)} ${what}`;
    if (n === undefined) {
      this.#common = [...this.#common.slice(1 - KEPT), line];
      return;
    }
    const lines = this.#lines.get(n) ?? [];
    lines.push(line);
    if (lines.length > 2 * KEPT) lines.splice(0, KEPT);
    this.#lines.set(n, lines);
  }

  /**
   * All that is known of the pairs that these sentences are about.
   * @param sentences the first number in each is that of the pair
   * @param database file of the gateway; `log` is what it has logged
   */
  explain(sentences: readonly string[], database: string, log: string): string {
    const numbers = new Set(sentences.map((sentence) => Number(/\d+/.exec(sentence)?.[0])));
    return [...numbers].map((n) => this.#explainPair(n, sentences, database, log)).join("\n\n");
  }

  #explainPair(n: number, sentences: readonly string[], database: string, log: string): string {
    const lines = (this.#lines.get(n) ?? []).slice(-KEPT);
    const since = Number.parseFloat(lines[0] ?? "0");
    const common = this.#common.filter((line) => Number.parseFloat(line) >= since);
    const name = `romeo${n}@`;
    return [
      `=== pair ${n}`,
      ...sentences.filter((sentence) => Number(/\d+/.exec(sentence)?.[0]) === n),
      ...this.#stateOf(n),
      "--- rows of the store, and what its journal owes",
      ...rowsOf(database, name),
      "--- log of the gateway",
      ...log
        .split("\n")
        .filter((line) => line.includes(name))
        .slice(-KEPT / 4),
      "--- history, seconds",
      ...[...common, ...lines].sort((one, other) => Number.parseFloat(one) - Number.parseFloat(other)),
    ].join("\n");
  }

  #stateOf(n: number): string[] {
    const { sipPairs, xmppPairs } = this.#world;
    const [sip, xmpp] = [sipPairs.get(n), xmppPairs.get(n)];
    const lines: string[] = [];
    if (sip !== undefined) {
      const { watch, contact, person } = sip;
      lines.push(`phone: ${JSON.stringify(watch)}`, `contact: from ${contact.from}, to ${contact.to}`);
      lines.push(`person: "${viewOf(person.resources)}"`);
    }
    if (xmpp !== undefined) {
      const { contact, presentity } = xmpp;
      const dialogs = [...presentity.dialogs].map(({ callId, cseq, ended }) => `${callId} ${cseq} ${ended}`);
      lines.push(`contact: to ${contact.to}, shown "${viewOf(contact.seen)}"`);
      lines.push(`presentity: ${presentity.policy} "${viewOf(presentity.devices)}", dialogs ${dialogs}`);
    }
    return lines;
  }

  #sip(isOurs: boolean, text: string): void {
    const n = SIP_USER.exec(text)?.[1];
    const message = n === undefined ? undefined : readSip(text);
    if (message !== undefined) this.note(`${isOurs ? "SIP >" : "SIP <"} ${sipLine(message)}`, Number(n));
  }

  #xmpp(isOurs: boolean, text: string): void {
    const n = SIP_USER.exec(text)?.[1];
    if (n !== undefined) this.note(`${isOurs ? "XMPP >" : "XMPP <"} ${text.slice(0, LONGEST)}`, Number(n));
  }
}

function sipLine(message: WireSip): string {
  const { method, status, callId, cseq, expires, subscriptionState, body, fromTag, toTag } = message;
  return [
    status === 0 ? method : `${status} to ${method}`,
    `${callId.slice(0, 12)} ${fromTag.slice(0, 6)}/${toTag.slice(0, 6)} ${cseq}`,
    ...(expires === undefined ? [] : [`expires ${expires}`]),
    ...(subscriptionState === "" ? [] : [subscriptionState]),
    ...(body === "" ? [] : [`"${viewOf(readPidf(body))}"`]),
  ].join(" ");
}

/** Read beside the gateway that runs on it. */
function rowsOf(file: string, name: string): string[] {
  const database = new Database(file, { readonly: true, timeout: 5_000 });
  try {
    const like = `%${name}%`;
    const rows = database
      .prepare(
        "SELECT s.*, p.* FROM subscription AS s JOIN subscription_progress AS p ON p.id = s.id WHERE s.watcher LIKE ? OR s.presentity LIKE ?",
      )
      .all(like, like);
    const owed = database.prepare("SELECT seq, report FROM journal WHERE report LIKE ?").all(like);
    return [...rows, ...owed].map((row) => JSON.stringify(row));
  } finally {
    database.close();
  }
}

const SIP_USER = /romeo(\d+)@/;
const LONGEST = 300;
