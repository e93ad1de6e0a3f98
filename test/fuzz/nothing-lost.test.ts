/** The promise as a property: whatever fails and whenever, no message ends in silence. Architecture §4 points 2 and 3. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { ProofOutcome, SipOutcome } from "../../src/core/input";
import type { Store } from "../../src/gateway/sides";
import { openStore } from "../../src/store/sqlite-store";
import { ANSWERED, PROVEN, type Stage, setStage } from "../gateway/fake-sides";

jest.setTimeout(120_000);

const PEOPLE = ["romeo@sip.example", "mercutio@sip.example", "tybalt@other.example"];
const STATUSES = [200, 202, 404, 480, 503, 408, 415];

type Step =
  | { readonly kind: "message"; readonly to: number; readonly receipt: boolean }
  | { readonly kind: "answer"; readonly status: number }
  | { readonly kind: "link"; readonly host: string; readonly up: boolean }
  | { readonly kind: "prove"; readonly outcome: "proven" | "late" | "full" }
  | { readonly kind: "pass"; readonly seconds: number }
  | { readonly kind: "restart"; readonly orderly: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("message" as const), to: fc.nat(2), receipt: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("answer" as const), status: fc.constantFrom(...STATUSES) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("link" as const),
      host: fc.constantFrom("sip.example", "other.example"),
      up: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("prove" as const),
      outcome: fc.constantFrom("proven" as const, "late" as const, "full" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), seconds: fc.constantFrom(1, 30, 130) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), orderly: fc.boolean() }) },
);

/** A gateway with one database over all its lives, and what both sides saw of them. */
class World {
  readonly #folder = mkdtempSync(join(tmpdir(), "isthmus-lost-"));
  #stage!: Stage;
  #waiting: { readonly text: string; readonly end: (outcome: SipOutcome) => void }[] = [];
  #proof: ProofOutcome = PROVEN();
  readonly #down = new Set<string>();
  #sent = 0;
  /** Numbers of the messages that a phone answered 2xx, and of those whose sender got an error; in order of the event. */
  readonly delivered: number[] = [];
  readonly failed: number[] = [];
  readonly receiptsOf: number[] = [];

  async begin(): Promise<void> {
    const stage = await setStage({
      store: this.#open(),
      limits: { maximumPerPair: 2, maximumJournal: 4 },
      outcomes: [
        (request) =>
          new Promise((resolve) => {
            this.#waiting.push({ text: Buffer.from(request.body).toString(), end: resolve });
          }),
      ],
    });
    this.#stage = stage;
    for (const host of this.#down) stage.down.add(host);
    stage.proofs = [
      (stanza) => {
        const outcome = this.#proof;
        if (outcome.kind === "proven") this.#note(stanza.attrs.id ?? "", stanza.attrs.type);
        return outcome;
      },
    ];
    await stage.quiet();
  }

  async act(one: Step): Promise<void> {
    switch (one.kind) {
      case "message": {
        const n = ++this.#sent;
        // A server whose link is down hands nothing over.
        const to = PEOPLE[one.to] as string;
        if (this.#down.has(to.slice(to.indexOf("@") + 1))) this.failed.push(n);
        else {
          const wants = one.receipt ? "<request xmlns='urn:xmpp:receipts'/>" : "";
          this.#stage.fromXmpp(
            `<message from='juliet@xmpp.example/b' to='${to}' type='chat' id='m${n}'><body>${n}</body>${wants}</message>`,
          );
        }
        break;
      }
      case "answer":
        this.#answer(one.status);
        break;
      case "link":
        if (one.up) this.#down.delete(one.host);
        else this.#down.add(one.host);
        if (one.up) this.#stage.down.delete(one.host);
        else this.#stage.down.add(one.host);
        break;
      case "prove":
        this.#proof = one.outcome === "full" ? { kind: "full", retryAfter: 1 } : { kind: one.outcome };
        break;
      case "pass":
        await this.#stage.pass(one.seconds * 1000);
        break;
      case "restart":
        await this.#restart(one.orderly);
        break;
    }
    await this.#stage.quiet();
  }

  /** Everything works again for as long as it takes. */
  async settle(): Promise<void> {
    this.#proof = PROVEN();
    this.#down.clear();
    this.#stage.down.clear();
    for (let round = 0; round < 30; round++) {
      while (this.#waiting.length > 0) this.#answer(200);
      await this.#stage.pass(1_100);
    }
  }

  get sent(): number {
    return this.#sent;
  }

  get left(): { readonly journal: number; readonly queued: number; readonly owedReports: number } {
    const { journal, queued, owedReports } = this.#stage.gateway.state();
    return { journal, queued, owedReports };
  }

  async end(): Promise<void> {
    await this.#stage.gateway.stop();
    rmSync(this.#folder, { recursive: true });
  }

  #answer(status: number): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    if (status < 300) this.delivered.push(Number(next.text));
    next.end(ANSWERED(status)());
  }

  /** An orderly stop gives up on phones that do not answer; a crash just forgets everything that is not on disk. */
  async #restart(orderly: boolean): Promise<void> {
    const { store, gateway } = this.#stage;
    this.#waiting = [];
    if (orderly) {
      const stopped = gateway.stop();
      await this.#stage.pass(5_000);
      await stopped;
    } else {
      this.#stage.proofs = [() => new Promise(() => undefined)];
      store.close();
    }
    await this.begin();
  }

  #note(id: string, type: string | undefined): void {
    const n = Number(/\d+$/.exec(id)?.[0]);
    (type === "error" ? this.failed : this.receiptsOf).push(n);
  }

  #open(): Store {
    return openStore({
      file: join(this.#folder, "isthmus.db"),
      migrations: join(__dirname, "../../migrations"),
    });
  }
}

test("every message from XMPP ends in a 2xx of the phone or in an error, and nothing is left behind", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const world = new World();
      await world.begin();
      for (const one of steps) await world.act(one);
      await world.settle();
      const ended = new Set([...world.delivered, ...world.failed]);
      expect([...Array(world.sent).keys()].map((n) => n + 1).filter((n) => !ended.has(n))).toEqual([]);
      expect(world.left).toEqual({ journal: 0, queued: 0, owedReports: 0 });
      // A receipt says that it arrived.
      expect(world.receiptsOf.filter((n) => !world.delivered.includes(n))).toEqual([]);
      await world.end();
    }),
    { numRuns: 60 },
  );
});
