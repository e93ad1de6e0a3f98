import { Nonces } from "../../../src/sip/auth/nonce";

test("a nonce is good for its time, then expired; another process's is foreign", () => {
  const nonces = new Nonces();
  const nonce = nonces.make(1_000_000);
  expect(nonces.check(nonce, 1_000_000)).toBe("good");
  expect(nonces.check(nonce, 1_300_000)).toBe("good");
  expect(nonces.check(nonce, 1_300_001)).toBe("expired");
  expect(new Nonces().check(nonce, 1_000_000)).toBe("foreign");
  expect(nonces.check(`z${nonce.slice(1)}`, 1_000_000)).toBe("foreign");
  expect(nonces.check("", 1_000_000)).toBe("foreign");
});

test("two nonces of one millisecond differ", () => {
  const nonces = new Nonces();
  expect(nonces.make(5)).not.toBe(nonces.make(5));
});

test("a nonce count serves once; out of order is fine within the window (RFC 7616 §5.5)", () => {
  const nonces = new Nonces();
  const nonce = nonces.make(1);
  const use = (count: number) => nonces.use(nonce, count);
  expect([use(1), use(1), use(3), use(2), use(2), use(3)]).toEqual([true, false, true, true, false, false]);
  expect([use(40), use(9), use(8), use(9), use(40)]).toEqual([true, true, false, false, false]);
  expect([use(1000), use(999), use(968), use(0), use(Number.NaN)]).toEqual([true, true, false, false, false]);
});

test("when counts must be forgotten their nonce is no longer good, so that nothing can be replayed", () => {
  const nonces = new Nonces();
  const first = nonces.make(1000);
  nonces.use(first, 1);
  for (let n = 1; n <= 100_000; n++) nonces.use(nonces.make(1000 + n), 1);
  const last = nonces.make(101_001);
  nonces.use(last, 1);
  expect(nonces.check(first, 110_000)).toBe("expired");
  // Those that are remembered still, and those that nobody has used yet, go on.
  expect(nonces.check(last, 110_000)).toBe("good");
  expect(nonces.use(last, 1)).toBe(false);
  expect(nonces.check(nonces.make(110_000), 110_000)).toBe("good");
});
