/** What became of each stanza: architecture of the promise behind a 2xx. The server is a list of what was written. */

import type { ProofOutcome } from "../../src/core/input";
import type { Clock } from "../../src/gateway/sides";
import { type Element, element } from "../../src/xml/element";
import { ProofBook } from "../../src/xmpp/proof-book";

const HOST = "sip.example";
const LIMITS = { deadlineMs: 10_000, confirmAfterMs: 20, domainMs: 3_000, maximumInFlight: 1_000_000 };

interface Ping {
  readonly to: string;
  readonly id: string;
}

class Scene {
  now = 0;
  readonly written: string[] = [];
  readonly outcomes = new Map<string, ProofOutcome["kind"]>();
  readonly book: ProofBook;
  readonly #timers: { at: number; callback: () => void }[] = [];

  constructor(limits = LIMITS) {
    const clock: Clock = {
      now: () => this.now,
      after: (ms, callback) => {
        const timer = { at: this.now + ms, callback };
        this.#timers.push(timer);
        return () => this.#timers.splice(this.#timers.indexOf(timer), 1);
      },
    };
    this.book = new ProofBook(HOST, "p.", limits, clock, (text) => this.written.push(text));
  }

  /** Writes a batch of messages, by id. */
  batch(to: string, ...ids: string[]): void {
    for (const id of ids) {
      void this.book.enter(message(to, id)).then(({ kind }) => this.outcomes.set(id, kind));
    }
    this.written.push(this.book.pingsForBatch());
  }

  /** Takes the pings that were written since. */
  pings(): Ping[] {
    const all = this.written.splice(0).join("");
    return [...all.matchAll(/to='([^']*)' id='([^']*)'/g)].map(([, to, id]) => ({
      to: to as string,
      id: id as string,
    }));
  }

  answer({ to, id }: Ping, type = "result"): boolean {
    return this.book.takesIq(element("jabber:client", "iq", { type, from: to, to: HOST, id }));
  }

  bounce(id: string, from: string): boolean {
    return this.book.takesError(
      element("jabber:client", "message", { type: "error", from, to: `romeo@${HOST}`, id }),
    );
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.splice(this.#timers.indexOf(due), 1);
      this.now = Math.max(this.now, due.at);
      due.callback();
    }
    this.now = end;
    await settle();
  }

  async kinds(...ids: string[]): Promise<(string | undefined)[]> {
    await settle();
    return ids.map((id) => this.outcomes.get(id));
  }
}

function message(to: string, id: string): Element {
  return element("jabber:client", "message", { from: `romeo@${HOST}`, to, id });
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

const JULIET = "juliet@example.com";

test("one ping to the recipients' domain serves a batch; the second one's answer proves it", async () => {
  const scene = new Scene();
  scene.batch(JULIET, "a", "b", "c");
  const [first, ...others] = scene.pings();
  expect(first?.to).toBe("example.com");
  expect(others).toEqual([]);
  expect(scene.answer(first as Ping)).toBe(true);
  expect(await scene.kinds("a", "b", "c")).toEqual([undefined, undefined, undefined]);
  await scene.pass(19);
  expect(scene.pings()).toEqual([]);
  await scene.pass(1);
  const [second] = scene.pings();
  scene.answer(second as Ping, "error");
  expect(await scene.kinds("a", "b", "c")).toEqual(["proven", "proven", "proven"]);
  expect(scene.book.inFlight).toBe(0);
});

test("a bounce before either answer counts", async () => {
  const scene = new Scene();
  scene.batch(JULIET, "early", "between", "good");
  expect(scene.bounce("early", JULIET)).toBe(true);
  scene.answer(scene.pings()[0] as Ping);
  expect(scene.bounce("between", `${JULIET}/balcony`)).toBe(true);
  await scene.pass(20);
  scene.answer(scene.pings()[0] as Ping);
  expect(await scene.kinds("early", "between", "good")).toEqual(["bounced", "bounced", "proven"]);
  expect(scene.bounce("good", JULIET)).toBe(false);
});

test("a stanza written after a ping is not proven by its answer", async () => {
  const scene = new Scene();
  scene.batch(JULIET, "a");
  scene.batch(JULIET, "b");
  scene.answer(scene.pings()[0] as Ping);
  await scene.pass(10);
  const [second] = scene.pings(); // covers b; a's answer is too young to be confirmed by it
  scene.answer(second as Ping);
  expect(await scene.kinds("a", "b")).toEqual([undefined, undefined]);
  await scene.pass(10);
  const [third] = scene.pings(); // 20 ms after the first answer: confirms a, not b
  scene.answer(third as Ping);
  expect(await scene.kinds("a", "b")).toEqual(["proven", undefined]);
  await scene.pass(10);
  scene.answer(scene.pings()[0] as Ping);
  expect(await scene.kinds("b")).toEqual(["proven"]);
});

test("steady traffic costs one ping in 10 ms, however many batches there are", async () => {
  const scene = new Scene();
  let pings = 0;
  for (let ms = 0; ms < 1_000; ms++) {
    scene.batch(JULIET, `a${ms}`, `b${ms}`);
    await scene.pass(1);
    for (const ping of scene.pings()) {
      pings += 1;
      scene.answer(ping);
    }
  }
  expect(pings).toBeLessThanOrEqual(130);
  for (let i = 0; i < 20; i++) {
    await scene.pass(5);
    scene.pings().forEach((ping) => void scene.answer(ping));
  }
  expect(scene.outcomes.size).toBe(2_000);
  expect(new Set(scene.outcomes.values())).toEqual(new Set(["proven"]));
});

test("each domain has its own ping, and a slow one holds up nobody else", async () => {
  const scene = new Scene();
  scene.batch("a@far.example", "far");
  scene.batch(JULIET, "near");
  const near = scene.pings().find(({ to }) => to === "example.com");
  scene.answer(near as Ping);
  await scene.pass(20);
  scene.answer(scene.pings()[0] as Ping);
  expect(await scene.kinds("far", "near")).toEqual([undefined, "proven"]);
});

test("a domain that answers nothing is helped by our own host, and not asked again for a while", async () => {
  const scene = new Scene();
  scene.batch("a@mute.example", "1");
  scene.pings();
  await scene.pass(3_250);
  const echoes = scene.pings();
  expect(echoes.map(({ to }) => to)).toEqual([HOST]);
  scene.answer(echoes[0] as Ping, "get"); // our own request, come round
  expect(await scene.kinds("1")).toEqual(["proven"]);
  scene.batch("b@mute.example", "2");
  expect(scene.pings().map(({ to }) => to)).toEqual([HOST]);
  await scene.pass(300_000);
  scene.batch("c@mute.example", "3");
  expect(scene.pings().map(({ to }) => to)).toContain("mute.example");
});

test("our own host's answer does not prove what is younger than a domain may take", async () => {
  const scene = new Scene();
  scene.batch("a@slow.example", "young");
  scene.pings();
  scene.book.echo();
  scene.answer(scene.pings()[0] as Ping, "get");
  expect(await scene.kinds("young")).toEqual([undefined]);
});

test("nothing answers: late, each by its own clock", async () => {
  const scene = new Scene();
  scene.batch(JULIET, "old");
  await scene.pass(5_000);
  scene.batch(JULIET, "young");
  await scene.pass(5_500);
  expect(await scene.kinds("old", "young")).toEqual(["late", undefined]);
  await scene.pass(5_000);
  expect(await scene.kinds("young")).toEqual(["late"]);
  expect(scene.book.inFlight).toBe(0);
});

test("the end of the stream is told to all", async () => {
  const scene = new Scene();
  scene.batch(JULIET, "a", "b");
  scene.batch("x@far.example", "c");
  expect(scene.book.endAll({ kind: "link-down", retryAfter: 2 })).toBe(3);
  expect(await scene.kinds("a", "b", "c")).toEqual(["link-down", "link-down", "link-down"]);
});

describe("whom we believe", () => {
  test("a ping's answer must come from whom we asked", async () => {
    const scene = new Scene();
    scene.batch(JULIET, "a");
    const [{ id } = { id: "" }] = scene.pings();
    expect(scene.answer({ to: "evil.example", id })).toBe(false);
    expect(scene.answer({ to: "Example.COM", id })).toBe(true);
    expect(scene.answer({ to: "example.com", id })).toBe(false);
  });

  test("a bounce must come from the domain that the stanza went to", async () => {
    const scene = new Scene();
    scene.batch(JULIET, "a");
    expect(scene.bounce("a", "x@evil.example")).toBe(false);
    expect(scene.bounce("b", JULIET)).toBe(false);
    expect(scene.bounce("a", "JULIET@EXAMPLE.COM")).toBe(true);
  });

  test("the same id to two domains is told apart", async () => {
    const scene = new Scene();
    void scene.book
      .enter(message("a@one.example", "same"))
      .then(({ kind }) => scene.outcomes.set("one", kind));
    void scene.book
      .enter(message("b@two.example", "same"))
      .then(({ kind }) => scene.outcomes.set("two", kind));
    void scene.book
      .enter(message("c@two.example", "same"))
      .then(({ kind }) => scene.outcomes.set("three", kind));
    expect(scene.bounce("same", "b@two.example")).toBe(true);
    expect(await scene.kinds("one", "two", "three")).toEqual([undefined, "bounced", undefined]);
    expect(scene.bounce("same", "a@one.example")).toBe(true);
    expect(scene.bounce("same", "c@two.example")).toBe(true);
    expect(scene.bounce("same", "c@two.example")).toBe(false);
    expect(await scene.kinds("one", "two", "three")).toEqual(["bounced", "bounced", "bounced"]);
  });
});

test("30,000 under way are proven in a moment", async () => {
  const scene = new Scene();
  for (let i = 0; i < 30; i++) scene.batch(JULIET, ...Array.from({ length: 1_000 }, (_, j) => `${i}-${j}`));
  for (let i = 0; i < 10; i++) {
    scene.pings().forEach((ping) => void scene.answer(ping));
    await scene.pass(25);
  }
  expect(scene.book.inFlight).toBe(0);
});
