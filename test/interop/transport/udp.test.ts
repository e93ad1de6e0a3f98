/** UDP on real sockets. RFC 3261 §18, RFC 3581 §4, RFC 5626 §3.5.1. */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createTransports } from "../../../src/sip/transport/transports";
import { realClock, request, silentLog, station, stopAll, until } from "./support";

const sockets: Socket[] = [];

afterEach(async () => {
  await stopAll();
  for (const socket of sockets.splice(0)) socket.close();
});

test.each(["127.0.0.1", "::1"])(
  "a request sent from %s carries the listener's own port (RFC 3581)",
  async (address) => {
    const ours = await station([{ transport: "udp", address }]);
    const theirs = await station([{ transport: "udp", address }]);
    const [ourEnd] = ours.transports.listeners();
    const [theirEnd] = theirs.transports.listeners();
    expect(await ours.transports.send(request("hi"), theirEnd!)).toEqual({ ok: true });
    const { bytes, source } = await theirs.message(0);
    expect(bytes).toEqual(request("hi"));
    expect(source).toMatchObject({
      transport: "udp",
      address,
      port: ourEnd!.port,
      local: theirEnd,
      tlsIdentities: [],
    });
    expect(source.connection).toBeUndefined();
  },
);

test("an answer leaves by the listener that the request came to", async () => {
  const many = await station([
    { transport: "udp", address: "127.0.0.1" },
    { transport: "udp", address: "127.0.0.1" },
  ]);
  const peer = await station([{ transport: "udp", address: "127.0.0.1" }]);
  const second = many.transports.listeners()[1]!;
  await peer.transports.send(request(), second);
  const { source } = await many.message(0);
  await many.transports.reply(Buffer.from("SIP/2.0 200 OK\r\n\r\n"), source, source);
  expect((await peer.message(0)).source.port).toBe(second.port);
});

test("keep-alive datagrams are neither messages nor answered (RFC 5626 §3.5.1)", async () => {
  const ours = await station([{ transport: "udp", address: "127.0.0.1" }]);
  const { port } = ours.transports.listeners()[0]!;
  const socket = await bareSocket();
  let answers = 0;
  socket.on("message", () => answers++);
  for (const text of ["", "\r\n", "\r\n\r\n", "\0", "\0\0\0\0", "real"]) socket.send(text, port, "127.0.0.1");
  expect((await ours.message(0)).bytes.toString()).toBe("real");
  expect(ours.counters.get("sip.udp.keep-alives")).toBe(5);
  expect(answers).toBe(0);
});

test("a closed port, a far network and an oversized datagram are results, not exceptions", async () => {
  const ours = await station([{ transport: "udp", address: "127.0.0.1" }]);
  const gone = await bareSocket();
  const closed = { transport: "udp", address: "127.0.0.1", port: gone.address().port } as const;
  sockets.splice(sockets.indexOf(gone), 1);
  gone.close();
  await once(gone, "close");
  for (let round = 0; round < 5; round++)
    expect((await ours.transports.send(request(), closed)).ok).toBe(true);
  // A socket bound to loopback cannot reach any other network: the kernel says so at once.
  const far = await ours.transports.send(request(), { ...closed, address: "192.0.2.1" });
  expect(far).toMatchObject({ ok: false, why: expect.stringContaining("192.0.2.1") });
  expect(await ours.transports.send(Buffer.alloc(65_508), closed)).toMatchObject({ ok: false });
  expect(await ours.transports.send(request(), { ...closed, port: 0 })).toMatchObject({ ok: false });
  expect(await ours.transports.send(request(), { ...closed, address: "sip.example" })).toMatchObject({
    ok: false,
  });
  expect(await ours.transports.send(request(), { ...closed, address: "::1" })).toMatchObject({ ok: false });
});

test("a datagram of 60,000 octets arrives whole", async () => {
  const ours = await station([{ transport: "udp", address: "127.0.0.1" }]);
  const theirs = await station([{ transport: "udp", address: "127.0.0.1" }]);
  await ours.transports.send(request("x".repeat(60_000)), theirs.transports.listeners()[0]!);
  expect((await theirs.message(0)).bytes).toEqual(request("x".repeat(60_000)));
});

test("a burst of 2,000 datagrams in one turn is received whole: the buffers are large enough", async () => {
  const ours = await station([{ transport: "udp", address: "127.0.0.1" }]);
  const theirs = await station([{ transport: "udp", address: "127.0.0.1" }]);
  const to = theirs.transports.listeners()[0]!;
  const results = await Promise.all(
    Array.from({ length: 2000 }, () => ours.transports.send(request("hello"), to)),
  );
  expect(results.every((result) => result.ok)).toBe(true);
  await until(() => theirs.came.length === 2000);
});

test("a listener that cannot be opened is named, and the others are closed again", async () => {
  const taken = await bareSocket();
  const { port } = taken.address();
  const options = { idleCloseMs: 1, connectTimeoutMs: 1, maximumConnections: 1, maximumMessageBytes: 1 };
  const free = await bareSocket();
  const freePort = free.address().port;
  sockets.splice(sockets.indexOf(free), 1);
  free.close();
  await once(free, "close");
  const deps = {
    log: silentLog,
    clock: realClock,
    counters: { add: () => {}, get: () => 0, all: () => ({}) },
  };
  const udp = (at: number) => ({ transport: "udp", address: "127.0.0.1", port: at }) as const;
  const failing = createTransports({ listeners: [udp(freePort), udp(port)], ...options }, deps);
  await expect(failing.start(() => {})).rejects.toThrow(`udp listener 127.0.0.1:${port} cannot be opened`);
  const again = createTransports({ listeners: [udp(freePort)], ...options }, deps);
  await again.start(() => {});
  await again.stop();
});

test("after stop nothing is sent and nothing throws", async () => {
  const ours = await station([{ transport: "udp", address: "127.0.0.1" }]);
  const [end] = ours.transports.listeners();
  await ours.transports.stop();
  expect(await ours.transports.send(request(), end!)).toMatchObject({ ok: false });
  await ours.transports.stop();
});

async function bareSocket(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  sockets.push(socket);
  return socket;
}
