import { AnsweredTransactions } from "../../../src/sip/transaction/answered";
import type { RequestIdentity } from "../../../src/sip/transaction/request-identity";

const J = 32_000;

function identity(hi: number, lo: number, via = 0x5000): RequestIdentity {
  return { hi, lo, via, request: `${hi}-${lo}`, transaction: `${hi}-${lo}-${via}` };
}

test("an answered transaction is found for all of Timer J, and gone a quarter later (RFC 3261 §17.2.2)", () => {
  for (const start of [0, 1, 7_999, 8_000, 12_345]) {
    const answered = new AnsweredTransactions(J, 0);
    answered.find(identity(0, 0), start);
    answered.add(identity(1, 2), 202, "Accepted", start);
    const found = { kind: "retransmission", status: 202, reason: "Accepted" };
    expect(answered.find(identity(1, 2), start)).toEqual(found);
    expect(answered.find(identity(1, 2), start + J - 1)).toEqual(found);
    expect(answered.find(identity(1, 2), start + J + J / 4)).toBeUndefined();
  }
});

test("neither half of the key alone is enough", () => {
  const answered = new AnsweredTransactions(J, 0);
  answered.add(identity(1, 2), 202, "Accepted", 0);
  expect(answered.find(identity(1, 3), 0)).toBeUndefined();
  expect(answered.find(identity(3, 2), 0)).toBeUndefined();
});

test("the same request by another way is merged when it was taken, new when it was refused (§8.2.2.2)", () => {
  const answered = new AnsweredTransactions(J, 0);
  answered.add(identity(1, 1, 0x1000), 202, "Accepted", 0);
  answered.add(identity(2, 2, 0x1000), 404, "Not Found", 0);
  expect(answered.find(identity(1, 1, 0x2000), 0)).toEqual({ kind: "merged" });
  expect(answered.find(identity(2, 2, 0x2000), 0)).toBeUndefined();
});

test("each way keeps its own answer", () => {
  const answered = new AnsweredTransactions(J, 0);
  answered.add(identity(1, 1, 0x1000), 404, "Not Found", 0);
  answered.add(identity(1, 1, 0x2000), 202, "Accepted", 0);
  expect(answered.find(identity(1, 1, 0x1000), 0)).toMatchObject({ status: 404 });
  expect(answered.find(identity(1, 1, 0x2000), 0)).toMatchObject({ status: 202 });
});

test("200,000 transactions are all found again, in little memory, and the memory comes back", () => {
  const answered = new AnsweredTransactions(J, 0);
  // Spread as a hash would be, with a stride that is odd.
  const at = (n: number) => identity(Math.imul(n, 0x9e3779b1) >>> 0, Math.imul(n, 0x85ebca6b) >>> 0);
  for (let n = 0; n < 200_000; n++) answered.add(at(n), 202, "Accepted", Math.floor(n / 20));
  expect(answered.size).toBe(200_000);
  for (let n = 0; n < 200_000; n += 17) expect(answered.find(at(n), 10_000)).toBeDefined();
  expect(answered.bytes / answered.size).toBeLessThan(40);
  answered.find(at(0), 10_000 + 2 * J);
  expect(answered.size).toBe(0);
  expect(answered.bytes).toBeLessThan(1_000_000);
});

test("more different answers than fit are refused, so that the caller keeps them", () => {
  const answered = new AnsweredTransactions(J, 0);
  for (let n = 0; n < 4095; n++) expect(answered.add(identity(n, n), 500, `reason ${n}`, 0)).toBe(true);
  expect(answered.add(identity(9, 9), 500, "one too many", 0)).toBe(false);
  expect(answered.add(identity(9, 9), 500, "reason 7", 0)).toBe(true);
});

test("a request is found in whatever generation it is, and no more once that is gone", () => {
  const answered = new AnsweredTransactions(J, 0);
  // The low bits are the same: each must be told from the others.
  const at = (n: number) => identity(n, 77);
  for (let n = 0; n < 5; n++) answered.add(at(n), 202, "Accepted", (n * J) / 4);
  for (let n = 1; n < 5; n++) expect(answered.find(at(n), J)?.kind).toBe("retransmission");
  expect(answered.find(at(9), J)).toBeUndefined();
  expect(answered.find(at(1), 3 * J)).toBeUndefined();
  answered.add(at(1), 202, "Accepted", 3 * J);
  expect(answered.find(at(1), 3 * J)?.kind).toBe("retransmission");
});
