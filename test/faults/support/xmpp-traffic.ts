/** Messages from one XMPP person to many SIP users, and what became of each: copies at the phone, errors at the sender. */

import type { Gateway } from "../../support/gateway";
import { eventually } from "../../support/processes";
import type { SipPhone } from "../../support/sip-phone";
import { groupBy, type Person } from "./person";
import type { Recording } from "./recording";
import { SIP_DOMAIN } from "./rig";
import { atRate } from "./sip-traffic";
import { countOf, spread } from "./table";

export interface Written {
  readonly id: string;
  readonly body: string;
}

/** Writes numbered texts to romeo0, romeo1 … in turn; resolves when the last one is written. */
export function write(
  person: Person,
  {
    count,
    rate = 200,
    pairs,
    label = "text",
  }: { count: number; rate?: number; pairs: number; label?: string },
): Promise<Written[]> {
  return atRate(rate, count, (index) => {
    const body = `${label} ${index}`;
    const id = person.message({ to: `romeo${index % pairs}@sip.test`, id: `${label}-${index}`, body });
    return { id, body };
  });
}

/** Everything that the gateway took has been answered, and every answer told. */
export async function untilDone(gateway: Gateway, person: Person, ms = 60_000): Promise<void> {
  await person.reach(SIP_DOMAIN); // the gateway has read all of it
  await eventually(
    "an empty journal",
    async () => {
      const health = await gateway.health();
      return health?.journal === 0 && health.queued === 0 && health.owedReports === 0;
    },
    ms,
  );
  await person.settle();
}

/** Counts over all messages of one run. */
export class Account {
  readonly delivered: number;
  readonly errors: number;
  /** Neither delivered nor answered by an error. */
  readonly lost: readonly Written[];
  /** Texts that came as more than one request with one Call-ID and CSeq: the phone can drop the copies. */
  readonly twiceSameRequest: number;
  /** Texts that came with different Call-IDs or CSeqs: nobody can tell. */
  readonly twiceOtherRequest: number;
  /** Messages with more than one error. */
  readonly toldTwice: number;
  /** Times from the gateway's socket to the phone: an upper bound for socket to journal, milliseconds. */
  readonly crossing: readonly number[];
  readonly conditions: string;
  /** Texts of one pair that came before one that was written earlier. */
  readonly outOfOrder: number;

  constructor(
    readonly written: readonly Written[],
    person: Person,
    phones: readonly SipPhone[],
    recording: Recording,
  ) {
    const received = phones.flatMap((phone) => phone.received);
    const copies = groupBy(received, ({ body }) => body);
    const errors = person.errors();
    const requests = [...copies.values()].map((of) =>
      of.map(({ request }) => `${request.headers.get("Call-ID")} ${request.headers.get("CSeq")}`),
    );
    this.delivered = written.filter(({ body }) => copies.has(body)).length;
    this.errors = written.filter(({ id }) => errors.has(id)).length;
    this.lost = written.filter(({ id, body }) => !copies.has(body) && !errors.has(id));
    this.twiceSameRequest = requests.filter((of) => new Set(of).size < of.length).length;
    this.twiceOtherRequest = requests.filter((of) => new Set(of).size > 1).length;
    this.toldTwice = [...errors.values()].filter((of) => of.length > 1).length;
    this.conditions = countOf([...errors.values()].map((of) => of[0]?.error?.condition ?? "none"));
    const crossed = new Map(recording.toGateway.map(({ id, at }) => [id, at]));
    this.crossing = written.flatMap(({ id, body }) => {
      const at = crossed.get(id);
      const first = copies.get(body)?.[0];
      return at === undefined || first === undefined ? [] : [first.at - at];
    });
    const places = new Map(written.map(({ body }, place) => [body, place]));
    const byPair = groupBy([...copies.values()], (of) => of[0]?.request.uri ?? "");
    this.outOfOrder = [...byPair.values()].reduce((sum, texts) => {
      const order = texts.map((of) => places.get(of[0]?.body ?? "") ?? -1);
      return sum + order.filter((place, i) => i > 0 && place < (order[i - 1] as number)).length;
    }, 0);
  }

  times(): string {
    return spread(this.crossing, 1);
  }
}
