import { type RequestParts, requestText, startSide, statusOf } from "../../support/sip-side";

const invite = (parts: RequestParts = {}) => requestText({ method: "INVITE", body: "", ...parts });
const ack = (parts: RequestParts = {}) => requestText({ method: "ACK", body: "", ...parts });
const TCP = { transport: "tcp" } as const;

test("INVITE is refused with 488; completed: a copy gets it again (RFC 3261 §17.2.1)", async () => {
  const { transports } = await startSide();
  transports.receive(invite());
  transports.receive(invite());
  const [first, second] = transports.take();
  expect(statusOf(first?.text ?? "")).toBe(488);
  expect(second?.text).toBe(first?.text);
});

test("completed: Timer G repeats the answer, doubling up to T2, until Timer H (RFC 3261 §17.2.1)", async () => {
  const { transports, clock, counters } = await startSide();
  transports.receive(invite());
  transports.take();
  const times: number[] = [];
  for (let ms = 0; ms < 40_000; ms += 500) {
    clock.advance(500);
    if (transports.take().length > 0) times.push(ms + 500);
  }
  expect(times).toEqual([500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
  expect(counters.get("sip.server.invite-no-ack")).toBe(1);
  expect(clock.alarms).toBe(0);
});

test("completed → confirmed: the ACK stops Timer G, and nothing answers an ACK (RFC 3261 §17.2.1)", async () => {
  const { transports, clock } = await startSide();
  transports.receive(invite());
  transports.take();
  transports.receive(ack());
  transports.receive(ack());
  transports.receive(invite());
  clock.advance(40_000);
  expect(transports.take()).toEqual([]);
});

test("confirmed → terminated: after Timer I the same INVITE is a new one (RFC 3261 §17.2.1)", async () => {
  const { transports, clock } = await startSide();
  transports.receive(invite());
  transports.receive(ack());
  transports.take();
  clock.advance(5001);
  transports.receive(invite());
  expect(transports.take()).toHaveLength(1);
});

test("on a stream the answer is sent once, and the ACK ends the transaction (RFC 3261 §17.2.1)", async () => {
  const { transports, clock } = await startSide();
  transports.receive(invite(), TCP);
  clock.advance(10_000);
  expect(transports.take()).toHaveLength(1);
  transports.receive(ack(), TCP);
  clock.advance(1);
  transports.receive(invite(), TCP);
  expect(transports.take()).toHaveLength(1);
});

test("an ACK that fits nothing is dropped and counted", async () => {
  const { transports, counters } = await startSide();
  transports.receive(ack());
  expect(transports.take()).toEqual([]);
  expect(counters.get("sip.dropped.ack")).toBe(1);
});

test("CANCEL: 200 for an INVITE that has its answer, 481 for anything else (RFC 3261 §9.2)", async () => {
  const { transports } = await startSide();
  transports.receive(invite());
  transports.receive(requestText({ method: "CANCEL", body: "" }));
  transports.receive(requestText({ method: "CANCEL", body: "", branch: "z9hG4bK-other" }));
  expect(transports.take().map(({ text }) => statusOf(text))).toEqual([488, 200, 481]);
});

test("a flood of INVITEs is answered without keeping more than a few", async () => {
  const { transports, counters, clock } = await startSide();
  for (let n = 0; n < 300; n++) transports.receive(invite({ branch: `z9hG4bK-${n}`, callId: `${n}` }));
  expect(transports.take()).toHaveLength(300);
  expect(counters.get("sip.server.invite-stateless")).toBe(44);
  clock.advance(500);
  expect(transports.take()).toHaveLength(256);
});
