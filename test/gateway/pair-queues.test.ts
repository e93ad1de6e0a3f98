import { Later } from "../../src/core/later";
import { PairQueues } from "../../src/gateway/pair-queues";

/** Work that ends only when told to, so that order can be seen. */
function manualWork() {
  const begun: string[] = [];
  const finish = new Map<string, () => void>();
  const work = (item: string): Promise<void> => {
    begun.push(item);
    return new Promise((resolve) => finish.set(item, resolve));
  };
  const end = async (item: string): Promise<void> => {
    finish.get(item)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { begun, work, end };
}

test("one item of a pair is under way at a time, in the order of arrival (RFC 3428 §8)", async () => {
  const { begun, work, end } = manualWork();
  const queues = new PairQueues(work, { inFlight: 10, perPair: 10 });
  for (const item of ["a1", "a2", "a3"]) queues.push("a", item);
  queues.push("b", "b1");
  expect(begun).toEqual(["a1", "b1"]);
  await end("a1");
  expect(begun).toEqual(["a1", "b1", "a2"]);
  await end("a2");
  await end("a3");
  await end("b1");
  expect(queues.size).toBe(0);
});

test("the bound on what is under way holds, and no pair starves another", async () => {
  const { begun, work, end } = manualWork();
  const queues = new PairQueues(work, { inFlight: 1, perPair: 10 });
  for (const item of ["a1", "a2", "a3"]) queues.push("a", item);
  queues.push("b", "b1");
  expect(queues.inFlight).toBe(1);
  await end("a1");
  expect(begun).toEqual(["a1", "b1"]);
  await end("b1");
  expect(begun).toEqual(["a1", "b1", "a2"]);
});

test("a pair is full at its bound", () => {
  const { work } = manualWork();
  const queues = new PairQueues(work, { inFlight: 1, perPair: 2 });
  queues.push("a", "a1");
  expect(queues.isFull("a")).toBe(false);
  queues.push("a", "a2");
  expect(queues.isFull("a")).toBe(true);
  expect(queues.isFull("b")).toBe(false);
});

test("a halt begins nothing new and resolves when what is under way has ended", async () => {
  const { begun, work, end } = manualWork();
  const queues = new PairQueues(work, { inFlight: 10, perPair: 10 });
  queues.push("a", "a1");
  queues.push("a", "a2");
  let quiet = false;
  const halted = queues.halt().then(() => {
    quiet = true;
  });
  queues.push("c", "c1");
  expect(quiet).toBe(false);
  await end("a1");
  await halted;
  expect(begun).toEqual(["a1"]);
  expect(queues.size).toBe(2);
});

test("work that ends at once is followed by the next, however many wait", async () => {
  const done: number[] = [];
  let release = (): void => undefined;
  const queues = new PairQueues<number>(
    (item) => {
      const ended = new Later<void>();
      done.push(item);
      if (item === 0) release = () => ended.settle();
      else ended.settle();
      return ended;
    },
    { inFlight: 1, perPair: 100_000 },
  );
  for (let item = 0; item < 50_000; item++) queues.push("pair", item);
  expect(done).toEqual([0]);
  release();
  expect(done).toHaveLength(50_000);
  expect([queues.size, queues.inFlight]).toEqual([0, 0]);
});

test("a peer that answers nobody leaves room for the others, and gets its share when it comes back", async () => {
  const { begun, work, end } = manualWork();
  const queues = new PairQueues(work, { inFlight: 4, perPair: 10, perPeer: 2 });
  for (let pair = 0; pair < 10; pair++) queues.push(`silent ${pair}`, `s${pair}`, "silent");
  expect(begun).toEqual(["s0", "s1"]);
  for (let pair = 0; pair < 3; pair++) queues.push(`quick ${pair}`, `q${pair}`, "quick");
  expect(begun).toEqual(["s0", "s1", "q0", "q1"]);
  await end("q0");
  expect(begun).toEqual(["s0", "s1", "q0", "q1", "q2"]);
  await end("s0");
  expect(begun).toEqual(["s0", "s1", "q0", "q1", "q2", "s2"]);
});

test("without a share one peer may have all that may be under way", async () => {
  const { begun, work } = manualWork();
  const queues = new PairQueues(work, { inFlight: 4, perPair: 10 });
  for (let pair = 0; pair < 10; pair++) queues.push(`p${pair}`, `i${pair}`, "only");
  expect(begun).toHaveLength(4);
});
