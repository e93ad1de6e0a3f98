/** A thousand MESSAGEs at 200 a second, and what became of each: answer, copies at the far side, their stanza ids. */

import type { PhoneOutcome, SipPhone } from "../../support/sip-phone";
import { groupBy, type Person } from "./person";
import { countOf, spread } from "./table";

export interface Fate {
  readonly body: string;
  readonly outcome: PhoneOutcome;
}

/** Calls `send` with 0, 1, 2 … at this rate; resolves when all of them have. */
export async function atRate<T>(
  rate: number,
  count: number,
  send: (index: number) => Promise<T> | T,
): Promise<T[]> {
  const results: (Promise<T> | T)[] = [];
  const startedAt = performance.now();
  while (results.length < count) {
    const due = Math.min(count, 1 + Math.floor(((performance.now() - startedAt) * rate) / 1000));
    while (results.length < due) results.push(send(results.length));
    await sleep(2);
  }
  return Promise.all(results);
}

/** Sends numbered texts from romeo to juliet, one after another without waiting, as a phone under a flood would. */
export function flood(
  phone: SipPhone,
  sip: { readonly address: string; readonly port: number },
  { count = 1_000, rate = 200, to = (_index: number): string => "sip:juliet@xmpp.test" } = {},
): Promise<Fate[]> {
  return atRate(rate, count, async (index) => {
    const body = `text ${index}`;
    const message = { to: to(index), from: "sip:romeo@sip.test", body };
    return { body, outcome: await phone.send(message, sip) };
  });
}

/** Counts over all messages of one flood. */
export class Tally {
  readonly acknowledged: readonly Fate[];
  readonly refused: readonly Fate[];
  /** Acknowledged, and never at the far side. */
  readonly lost: readonly Fate[];
  /** Texts that came more than once with one stanza id: the receiver can drop the copies. */
  readonly twiceSameId: number;
  /** Texts that came with different stanza ids: nobody can tell. */
  readonly twiceOtherId: number;
  /** Texts that came although they were refused. */
  readonly refusedAndDelivered: number;
  /** Refusals with 503 that do not say when to come back. */
  readonly withoutRetryAfter: number;
  /** Texts of which no copy came in its place among the first copies. */
  readonly outOfOrder: number;

  constructor(
    readonly fates: readonly Fate[],
    person: Person,
  ) {
    const copies = groupBy(person.texts(), (stanza) => stanza.body ?? "");
    const ids = [...copies].map(([, stanzas]) => stanzas.map((stanza) => stanza.id));
    this.acknowledged = fates.filter(({ outcome }) => outcome.status >= 200 && outcome.status < 300);
    this.refused = fates.filter(({ outcome }) => outcome.status >= 300);
    this.lost = this.acknowledged.filter(({ body }) => !copies.has(body));
    this.twiceSameId = ids.filter((of) => new Set(of).size < of.length).length;
    this.twiceOtherId = ids.filter((of) => new Set(of).size > 1).length;
    this.refusedAndDelivered = this.refused.filter(({ body }) => copies.has(body)).length;
    this.withoutRetryAfter = this.refused.filter(
      ({ outcome }) => outcome.status === 503 && outcome.response?.headers.get("Retry-After") === undefined,
    ).length;
    const places = new Map(fates.map(({ body }, place) => [body, place]));
    const order = [...copies.keys()].map((body) => places.get(body) ?? -1);
    this.outOfOrder = order.filter((place, i) => i > 0 && place < (order[i - 1] as number)).length;
  }

  statuses(): string {
    return countOf(this.refused.map(({ outcome }) => outcome.status));
  }

  /** Milliseconds to the final answer: p50, p99, longest. */
  times(): string {
    return spread(this.fates.map(({ outcome }) => outcome.milliseconds));
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
