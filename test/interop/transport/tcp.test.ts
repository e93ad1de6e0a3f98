/** TCP on real sockets. RFC 3261 §18, RFC 5626 §3.5.1, RFC 5923 §8. */

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { ANSWER_MS } from "../../../src/sip/transport/connection";
import { STALL_MS } from "../../../src/sip/transport/connections";
import type { Target } from "../../../src/sip/transport/transport";
import { client, handClock, request, type Station, station, stopAll, until } from "./support";

const TCP = [{ transport: "tcp", address: "127.0.0.1" }] as const;
const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  await stopAll();
});

test.each(["127.0.0.1", "::1"])(
  "a request goes out over %s and the answer comes back on its connection",
  async (address) => {
    const ours = await station([{ transport: "tcp", address }]);
    const theirs = await station([{ transport: "tcp", address }]);
    theirs.onMessage = ({ source }) => void theirs.transports.reply(request("answer"), source, source);
    const sent = await ours.transports.send(request("question"), end(theirs));
    expect(sent).toEqual({ ok: true, connection: expect.any(Number) });
    const question = await theirs.message(0);
    expect(question.bytes).toEqual(request("question"));
    expect(question.source).toMatchObject({ transport: "tcp", address, local: end(theirs) });
    const answer = await ours.message(0);
    expect(answer.bytes).toEqual(request("answer"));
    expect(answer.source).toMatchObject({
      ...end(theirs),
      connection: sent.ok ? sent.connection : undefined,
    });
  },
);

test("requests to one endpoint share a connection, also while it is being opened", async () => {
  const ours = await station(TCP);
  const theirs = await station(TCP);
  await Promise.all(
    Array.from({ length: 50 }, (_, at) => ours.transports.send(request(`${at}`), end(theirs))),
  );
  await ours.transports.send(request("last"), end(theirs));
  await theirs.message(50);
  expect(theirs.came.map(({ bytes }) => bytes)).toEqual(
    [...Array.from({ length: 50 }, (_, at) => `${at}`), "last"].map((body) => request(body)),
  );
  expect(theirs.counters.get("sip.stream.accepted")).toBe(1);
});

test("a request to the endpoint that a peer called from uses the peer's connection (phones behind NAT)", async () => {
  const ours = await station(TCP);
  const phone = await call(ours);
  phone.socket.write(request("hello"));
  const { source } = await ours.message(0);
  expect(await ours.transports.send(request("back"), source)).toMatchObject({ ok: true });
  await until(() => phone.text() === request("back").toString());
  expect(ours.counters.get("sip.stream.dialled")).toBe(0);
});

test("an answer whose connection is gone opens a new one to the target (RFC 3261 §18.2.2)", async () => {
  const ours = await station(TCP);
  const theirs = await station(TCP);
  const phone = await call(ours);
  phone.socket.write(request("question"));
  const { source } = await ours.message(0);
  const closed = closedConnections(ours);
  phone.socket.destroy();
  await until(() => closed.length === 1);
  expect(closed[0]).toBe(source.connection);
  expect(await ours.transports.reply(request("answer"), source, end(theirs))).toMatchObject({ ok: true });
  expect((await theirs.message(0)).bytes).toEqual(request("answer"));
});

test("a message cut into single octets, and three in one piece, arrive as they are", async () => {
  const ours = await station(TCP);
  const phone = await call(ours);
  for (const octet of request("slowly")) phone.socket.write(Buffer.from([octet]));
  phone.socket.write(Buffer.concat([request("one"), request("two"), request("three")]));
  await ours.message(3);
  expect(ours.came.map(({ bytes }) => bytes)).toEqual(
    ["slowly", "one", "two", "three"].map((body) => request(body)),
  );
});

test("a double CRLF is answered with one CRLF (RFC 5626 §3.5.1)", async () => {
  const ours = await station(TCP);
  const phone = await call(ours);
  phone.socket.write("\r\n\r\n");
  await until(() => phone.text() === "\r\n");
  expect(ours.came).toEqual([]);
});

test("a stream that cannot be framed: its head goes up with the fault, the answer gets out, then it closes", async () => {
  const clock = handClock();
  const ours = await station(TCP, {}, clock);
  const phone = await call(ours);
  ours.onMessage = ({ source }) =>
    void ours.transports.reply(Buffer.from("SIP/2.0 400 Bad\r\n\r\n"), source, source);
  phone.socket.write("MESSAGE sip:a@b SIP/2.0\r\nContent-Length: -1\r\n\r\nfollowed by anything");
  const { bytes, fault } = await ours.message(0);
  expect(bytes.toString()).toContain("MESSAGE sip:a@b");
  expect(fault).toMatchObject({ status: 400 });
  await until(() => phone.text().startsWith("SIP/2.0 400"));
  phone.socket.write(request("not read any more"));
  clock.advance(ANSWER_MS);
  await until(() => phone.socket.readyState === "closed");
  expect(ours.came).toHaveLength(1);
});

test("a refused, an unanswered and an impossible connection are results, not exceptions", async () => {
  const clock = handClock();
  const ours = await station(TCP, { connectTimeoutMs: 3000 }, clock);
  const gone = await station(TCP);
  const target = end(gone);
  await gone.transports.stop();
  expect(await ours.transports.send(request(), target)).toMatchObject({
    ok: false,
    why: expect.stringContaining("ECONNREFUSED"),
  });
  expect(await ours.transports.send(request(), { ...target, port: 70_000 })).toMatchObject({ ok: false });
  // The clock runs out before the event loop has had a turn to see the connection open.
  const sent = ours.transports.send(request(), await deafServer());
  clock.advance(3000);
  expect(await sent).toEqual({ ok: false, why: "no connection within 3000 ms" });
});

test("calls come from the listener's own address, which is what peers trust", async () => {
  const ours = await station([{ transport: "tcp", address: "127.0.0.7" }]);
  const theirs = await station(TCP);
  await ours.transports.send(request(), end(theirs));
  expect((await theirs.message(0)).source.address).toBe("127.0.0.7");
});

test("an idle connection closes, a used one does not", async () => {
  const clock = handClock();
  const ours = await station(TCP, { idleCloseMs: 10_000 }, clock);
  const closed = closedConnections(ours);
  const idle = await call(ours);
  const used = await call(ours);
  const dribbling = await call(ours);
  idle.socket.write(request());
  used.socket.write(request());
  dribbling.socket.write(request());
  await ours.message(2);
  for (let second = 5; second <= 15; second += 5) {
    clock.advance(5000);
    used.socket.write(request());
    // Octets that complete no message do not keep a connection.
    dribbling.socket.write("x");
    await ours.message(2 + second / 5);
  }
  await until(() => idle.socket.readyState === "closed" && dribbling.socket.readyState === "closed");
  expect(used.socket.readyState).toBe("open");
  await until(() => closed.length === 2);
});

test("the connection limit refuses newcomers while all are at work, then the longest unused gives way", async () => {
  const clock = handClock();
  const ours = await station(TCP, { maximumConnections: 2 }, clock);
  const first = await call(ours);
  first.socket.write(request());
  await ours.message(0);
  clock.advance(1000);
  const second = await call(ours);
  second.socket.write(request());
  await ours.message(1);
  const refused = await call(ours);
  await until(() => refused.socket.readyState === "closed");
  expect(ours.counters.get("sip.stream.refused-full")).toBe(1);
  clock.advance(9500);
  const third = await call(ours);
  third.socket.write(request());
  await ours.message(2);
  await until(() => first.socket.readyState === "closed");
  expect(second.socket.readyState).toBe("open");
});

test("a peer that does not read is cut off when its queue is full, and what it was owed is reported", async () => {
  const ours = await station(TCP);
  const target = await deafServer();
  expect(await ours.transports.send(request(), target)).toMatchObject({ ok: true });
  const closed = closedConnections(ours);
  const results = [];
  const big = request("x".repeat(60_000));
  while (closed.length === 0 && results.length < 1000) results.push(ours.transports.send(big, target));
  const given = await Promise.all(results);
  expect(given.at(-1)).toEqual({ ok: false, why: expect.stringContaining("does not read") });
  expect(ours.counters.get("sip.stream.slow-readers")).toBe(1);
});

test("a peer that has taken nothing for as long as Timer F is cut off", async () => {
  const clock = handClock();
  const ours = await station(TCP, {}, clock);
  const target = await deafServer();
  const closed = closedConnections(ours);
  let waiting: PromiseLike<unknown> = Promise.resolve();
  // Fill what the kernel holds; it may take some late, then there is more to fill.
  while (closed.length === 0) {
    waiting = ours.transports.send(request("x".repeat(60_000)), target);
    if ((await Promise.race([waiting, pause(50).then(() => "stuck")])) !== "stuck") continue;
    for (let step = 0; step < 3; step++) clock.advance(STALL_MS / 2);
  }
  expect(await waiting).toMatchObject({ ok: false });
  expect(closed).toHaveLength(1);
});

test("a connection that the peer resets in the middle is reported closed and harms nobody", async () => {
  const ours = await station(TCP);
  const closed = closedConnections(ours);
  const phone = await call(ours);
  const other = await call(ours);
  phone.socket.write("MESSAGE sip:a@b SIP/2.0\r\nContent-Le");
  phone.socket.resetAndDestroy();
  await until(() => closed.length === 1);
  other.socket.write(request("still here"));
  expect((await ours.message(0)).bytes).toEqual(request("still here"));
});

test("stop hands out what was written, then closes every connection", async () => {
  const ours = await station(TCP);
  const phone = await call(ours);
  phone.socket.write(request());
  const { source } = await ours.message(0);
  void ours.transports.reply(request("x".repeat(50_000)), source, source);
  await ours.transports.stop();
  await until(() => phone.socket.readyState === "closed");
  expect(phone.text()).toBe(request("x".repeat(50_000)).toString());
});

function end(of: Station): Target {
  return of.transports.listeners()[0]!;
}

async function call(of: Station): Promise<{ socket: Socket; text: () => string }> {
  const one = await client(end(of).port);
  sockets.push(one.socket);
  return one;
}

function closedConnections(of: Station): number[] {
  const closed: number[] = [];
  of.transports.onClosed?.((connection) => closed.push(connection));
  return closed;
}

/** A peer that accepts connections and never reads. */
async function deafServer(): Promise<Target> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.pause();
    socket.on("error", () => {});
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return { transport: "tcp", address: "127.0.0.1", port: typeof address === "object" ? address!.port : 0 };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
