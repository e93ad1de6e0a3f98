/** What a real server will not show on demand: the link against a server that misbehaves as told. */

import type { ProofOutcome } from "../../../src/core/input";
import { element } from "../../../src/xml/element";
import {
  answerPings,
  chat,
  type FakeBehaviour,
  type FakeServer,
  HEADER,
  HOST,
  handshake,
  kinds,
  type Rig,
  startFakeServer,
  startSide,
} from "./rig";

let server: FakeServer;
let rig: Rig;

afterEach(async () => {
  await rig?.side.stop();
  await server?.stop();
});

async function begin(
  behaviour: FakeBehaviour = {},
  more: Parameters<typeof startSide>[1] = {},
): Promise<void> {
  server = await startFakeServer(behaviour);
  rig = startSide(server, more);
}

const JULIET = "juliet@xmpp.test";

describe("the stream ends while stanzas are under way", () => {
  const ENDS: readonly (readonly [string, (index: number) => void, string])[] = [
    ["an orderly close", (i) => server.connections[i]?.socket.end("</stream:stream>"), "closed"],
    ["a closed connection", (i) => server.connections[i]?.socket.end(), "closed"],
    ["a reset", (i) => server.connections[i]?.socket.resetAndDestroy(), "ECONNRESET"],
    [
      "a stream error",
      (i) =>
        server.connections[i]?.send(
          "<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
        ),
      "system-shutdown",
    ],
    ["what is no XML", (i) => server.connections[i]?.send("<message><<<"), "not-well-formed"],
    [
      "a document type",
      (i) => server.connections[i]?.send("<!DOCTYPE a [<!ENTITY b 'c'>]>"),
      "not-well-formed",
    ],
  ];

  test.each(ENDS)(
    "%s: each is told so, the log has one line, and the link comes back",
    async (_name, end, reason) => {
      await begin({ answersPings: false });
      await rig.reaches("up");
      const outcomes = Array.from({ length: 100 }, (_, i) => rig.side.prove(chat(`${i}`, JULIET, "?")));
      await server.connections[0]?.until("id='99'");
      const up = rig.comes("up");
      end(0);
      for (const outcome of await Promise.all(outcomes)) {
        expect(outcome).toEqual({ kind: "link-down", retryAfter: expect.any(Number) });
      }
      expect(rig.states.find(({ state }) => state === "down")?.reason).toBe(reason);
      await up;
      expect(rig.lines.map(({ event }) => event)).toEqual(["xmpp link up", "xmpp link down", "xmpp link up"]);
      expect(rig.lines[1]?.fields).toMatchObject({ host: HOST, reason, unproven: 100 });
    },
  );
});

describe("connecting", () => {
  test("nobody listens: told once, tried again with growing pauses, then up", async () => {
    const gone = await startFakeServer();
    await gone.stop();
    rig = startSide(gone, { reconnectMs: { first: 4, longest: 16 } });
    for (let i = 0; i < 5; i++) await rig.comes("down");
    expect(rig.lines.map(({ level }) => level)).toEqual(["warn", "debug", "debug", "debug", "debug"]);
    const pauses = rig.lines.map(({ fields }) => fields.retryMs as number);
    [4, 8, 16, 16, 16].forEach((longest, i) => {
      expect(pauses[i]).toBeGreaterThanOrEqual(longest / 2);
      expect(pauses[i]).toBeLessThanOrEqual(longest);
    });
    expect(await rig.side.prove(chat("x", JULIET, "?"))).toEqual({
      kind: "link-down",
      retryAfter: expect.any(Number),
    });
    expect(rig.side.send(chat("y", JULIET, "?"))).toBe(false);
  });

  test("a name that cannot be resolved", async () => {
    rig = startSide({ address: "no-such-host.invalid", port: 5347 });
    expect((await rig.reaches("down")).reason).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
    expect(rig.lines).toHaveLength(1);
  });

  test("a server that accepts and says nothing is given up", async () => {
    await begin({ onConnection: () => undefined }, { connectTimeoutMs: 50 });
    expect((await rig.reaches("down")).reason).toBe("connect-timeout");
  });

  test("a handshake that is never answered is given up, and nothing was written before it", async () => {
    await begin(
      {
        onConnection: async (connection) => {
          await connection.until("<stream:stream");
          connection.send(HEADER);
        },
      },
      { connectTimeoutMs: 100 },
    );
    await server.connections[0]?.until("</handshake>");
    const early = await rig.side.prove(chat("early", JULIET, "?"));
    expect(early.kind).toBe("link-down");
    expect((await rig.reaches("down")).reason).toBe("connect-timeout");
    expect(server.connections[0]?.received).not.toContain("early");
  });

  test.each([
    ["a web server", "HTTP/1.1 400 Bad Request\r\n\r\n"],
    ["TLS", Buffer.from("15030300020228", "hex")],
    ["another XML", "<?xml version='1.0'?><html><body/></html>"],
  ])("%s on this port is told as such", async (_name, answer) => {
    await begin({ onConnection: (connection) => connection.send(answer) });
    expect((await rig.reaches("down")).detail).toContain("does not speak XMPP");
    expect(rig.lines).toHaveLength(1);
  });

  test("a conflict is tried again", async () => {
    await begin({
      onConnection: async (connection, index) => {
        if (index > 0) return handshake(connection);
        await connection.until("<stream:stream");
        connection.send(
          `${HEADER}<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`,
        );
      },
    });
    await rig.reaches("up");
    expect(rig.states.map(({ state }) => state)).toEqual(["connecting", "down", "connecting", "up"]);
  });

  test("a wrong secret is tried once, however long one waits", async () => {
    await begin({}, { secret: "wrong", reconnectMs: { first: 1, longest: 1 } });
    expect(await rig.side.settled(5_000)).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.connections).toHaveLength(1);
    expect(rig.lines).toHaveLength(1);
  });
});

describe("a link that looks up", () => {
  test("half open: noticed within the ping's deadline, and a new one made (bug 8)", async () => {
    await begin(
      { onConnection: (connection, index) => handshake(connection, index > 0) },
      { pingEveryMs: 40, pingDeadlineMs: 80 },
    );
    const { since } = await rig.reaches("up");
    const down = await rig.comes("down");
    expect(down.reason).toBe("ping-timeout");
    expect(down.since - since).toBeLessThan(2_000);
    await rig.comes("up");
    expect(rig.side.isUp(HOST)).toBe(true);
  });

  test("an idle link that answers stays up", async () => {
    await begin({}, { pingEveryMs: 10, pingDeadlineMs: 5_000 });
    await rig.reaches("up");
    const connection = server.connections[0];
    for (let i = 0; i < 5; i++) await connection?.until("urn:xmpp:ping");
    expect(rig.states.filter(({ state }) => state === "down")).toEqual([]);
  });

  test("stalled with stanzas under way: first late, then found dead", async () => {
    await begin({ answersPings: false }, { proofDeadlineMs: 100, pingEveryMs: 300, pingDeadlineMs: 300 });
    await rig.reaches("up");
    const down = rig.comes("down");
    expect((await rig.side.prove(chat("late", JULIET, "?"))).kind).toBe("late");
    expect((await down).reason).toBe("ping-timeout");
  });
});

describe("proof", () => {
  test("a domain that answers no pings is proven through our own host, and not asked again", async () => {
    await begin(
      {
        onConnection: async (connection) => {
          await handshake(connection, false);
          let rest = "";
          connection.socket.on("data", (data) => {
            rest += data.toString("utf8");
            const pings = [
              ...rest.matchAll(/<iq type='get' from='[^']*' to='sip.xmpp.test' id='([^']*)'.*?<\/iq>/g),
            ];
            // As the servers do: our own ping comes back to us.
            for (const [whole] of pings) connection.send(whole);
            if (pings.length > 0) rest = "";
          });
        },
      },
      { domainAnswerMs: 50 },
    );
    await rig.reaches("up");
    expect(await rig.side.prove(chat("1", "a@far.test", "?"))).toEqual({ kind: "proven" });
    const asked = () => server.connections[0]?.received.split("to='far.test' id=").length;
    const before = asked();
    expect(await rig.side.prove(chat("2", "a@far.test", "?"))).toEqual({ kind: "proven" });
    expect(asked()).toBe(before);
  });

  test("an error that bounces nothing under way is an ordinary message", async () => {
    await begin();
    await rig.reaches("up");
    const connection = server.connections[0];
    const outcome = rig.side.prove(chat("mine", JULIET, "?"));
    connection?.send(`<message type='error' from='${JULIET}' to='romeo@${HOST}' id='older'/>`);
    // Somebody elsewhere who guessed the id.
    connection?.send(`<message type='error' from='x@evil.test' to='romeo@${HOST}' id='mine'/>`);
    expect((await outcome).kind).toBe("proven");
    expect(rig.messages.map(({ attrs }) => attrs.id)).toEqual(["older", "mine"]);
  });

  test("limits: stanzas under way, and octets that the server does not take", async () => {
    await begin(
      {
        onConnection: async (connection) => {
          await handshake(connection, false);
          connection.socket.pause();
        },
      },
      { maximumInFlight: 50, maximumQueuedBytes: 1_000_000 },
    );
    await rig.reaches("up");
    const many = Array.from({ length: 60 }, (_, i) => rig.side.prove(chat(`${i}`, JULIET, "?")));
    expect(await many[55]).toEqual({ kind: "full", retryAfter: 1 });
    let sent = 0;
    while (rig.side.send(chat("big", JULIET, "x".repeat(100_000))) && sent < 1_000) {
      sent += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    // What the kernel's own buffers take comes on top of what we allow.
    expect(sent).toBeGreaterThan(9);
    expect(sent).toBeLessThan(1_000);
    await rig.side.stop();
    expect(kinds(await Promise.all(many))).toEqual({ "link-down": 50, full: 10 });
  });

  test("stopping waits for the last proofs and closes in order", async () => {
    await begin();
    await rig.reaches("up");
    const outcomes = [rig.side.prove(chat("1", JULIET, "?")), rig.side.prove(chat("2", JULIET, "?"))];
    expect(await rig.side.stop()).toBe(0);
    expect(kinds(await Promise.all(outcomes))).toEqual({ proven: 2 });
    expect(server.connections[0]?.received.endsWith("</stream:stream>")).toBe(true);
    expect(rig.side.links()[0]?.state).toBe("stopped");
  });

  test("stopping does not wait for ever, and says how many were left", async () => {
    await begin({ answersPings: false });
    await rig.reaches("up");
    const outcomes = [1, 2, 3].map((i) => rig.side.prove(chat(`${i}`, JULIET, "?")));
    expect(await Promise.all([rig.side.stop(), rig.side.stop()])).toEqual([3, 3]);
    expect(kinds(await Promise.all(outcomes))).toEqual({ "link-down": 3 });
  });

  test("stopping while nobody listens", async () => {
    await begin(
      { onConnection: ({ socket }) => void socket.destroy() },
      { reconnectMs: { first: 9_000, longest: 9_000 } },
    );
    await rig.reaches("down");
    expect(await rig.side.stop()).toBe(0);
    expect(server.connections).toHaveLength(1);
  });

  test("stanzas and their pings of one turn leave in one write", async () => {
    await begin();
    await rig.reaches("up");
    const chunks: string[] = [];
    server.connections[0]?.socket.on("data", (data) => chunks.push(data.toString()));
    await Promise.all(Array.from({ length: 100 }, (_, i) => rig.side.prove(chat(`${i}`, JULIET, "?"))));
    expect(chunks[0]?.match(/<message/g)).toHaveLength(100);
    expect(chunks[0]?.match(/<iq/g)).toHaveLength(1);
  });
});

describe("what comes in", () => {
  test("a stanza in the same packet as the handshake's answer is not lost", async () => {
    await begin({
      onConnection: async (connection) => {
        await connection.until("<stream:stream");
        connection.send(HEADER);
        await connection.until("</handshake>");
        connection.send(
          `<handshake/><message from='${JULIET}' to='romeo@${HOST}' id='first'><body>hi</body></message>`,
        );
        answerPings(connection);
      },
    });
    await rig.reaches("up");
    expect(rig.messages.map(({ attrs }) => attrs.id)).toEqual(["first"]);
  });

  test("text cut between packets in the middle of a character is whole", async () => {
    await begin();
    await rig.reaches("up");
    const stanza = Buffer.from(
      `<message from='${JULIET}' to='romeo@${HOST}' id='cut'><body>Ἰουλία 🌹</body></message>`,
    );
    for (const byte of stanza) {
      server.connections[0]?.send(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await rig.side.prove(chat("after", JULIET, "?"));
    expect(rig.messages[0]?.children).toContainEqual(element("jabber:client", "body", {}, "Ἰουλία 🌹"));
  });

  test("too long and too deep are refused alone; the link carries on (bug 6)", async () => {
    await begin({}, { maximumStanzaBytes: 10_000, maximumDepth: 20 });
    await rig.reaches("up");
    const connection = server.connections[0];
    const head = (id: string) => `<message from='${JULIET}' to='romeo@${HOST}' id='${id}'>`;
    connection?.send(`${head("long")}<body>${"x".repeat(60_000)}</body></message>`);
    connection?.send(`${head("deep")}${"<a>".repeat(20_000)}${"</a>".repeat(20_000)}</message>`);
    connection?.send(
      `<iq type='get' from='${JULIET}' to='${HOST}' id='iq'><q xmlns='x'>${"<b/>".repeat(9_000)}</q></iq>`,
    );
    connection?.send(`${head("good")}<body>still here</body></message>`);
    for (const id of ["long", "deep", "iq"]) {
      const answer = await connection?.until("</error>");
      expect(answer).toContain(`id='${id}'`);
      expect(answer).toContain("policy-violation");
    }
    expect((await rig.side.prove(chat("after", JULIET, "?"))).kind).toBe("proven");
    expect(rig.messages.map(({ attrs }) => attrs.id)).toEqual(["good"]);
  });

  test("a stanza without an end does not fill the memory", async () => {
    await begin({}, { maximumStanzaBytes: 1_000 });
    await rig.reaches("up");
    server.connections[0]?.send(`<message><body>${"x".repeat(20_000)}`);
    expect((await rig.comes("down")).detail).toContain("no end");
  });

  test("random octets, at the handshake and after it, never end the process (bug 1)", async () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed >>> 16;
    };
    const noise = () => Buffer.from(Array.from({ length: 400 }, () => random() & 0xff));
    await begin(
      {
        onConnection: async (connection, index) => {
          if (index % 2 === 0) await handshake(connection);
          connection.send(Buffer.concat([Buffer.from(index % 3 === 0 ? "<message><a b='" : ""), noise()]));
          connection.socket.end();
        },
      },
      { reconnectMs: { first: 1, longest: 1 } },
    );
    while (server.connections.length < 200) await rig.comes("down");
    expect(rig.counters.get("xmpp.link.down")).toBeGreaterThanOrEqual(199);
  });

  test("a mistake of ours with one message costs neither the process nor the stream", async () => {
    await begin(
      {},
      {
        onMessage: () => {
          throw new Error("ours");
        },
      },
    );
    await rig.reaches("up");
    server.connections[0]?.send(
      `<message from='${JULIET}' to='romeo@${HOST}' id='bad'><body>x</body></message>`,
    );
    expect(await server.connections[0]?.until("</error>")).toContain("internal-server-error");
    expect((await rig.side.prove(chat("after", JULIET, "?"))).kind).toBe("proven");
  });

  test("a flood of IQs at a server that reads nothing stops our reading, not our memory; then all are answered", async () => {
    const COUNT = 20_000;
    await begin({}, { maximumQueuedBytes: 100_000 });
    await rig.reaches("up");
    const { socket, send } = server.connections[0] as (typeof server.connections)[0];
    socket.pause();
    for (let i = 0; i < COUNT; i++) {
      send(`<iq type='get' from='${JULIET}' to='${HOST}' id='f${i}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.resume();
    const connection = server.connections[0];
    await connection?.until(`id='f${COUNT - 1}'`);
    expect(connection?.received.match(/type='result'/g)).toHaveLength(COUNT);
  });
});

test("500 stanzas while the server goes and comes: each is proven once or told (bug 7)", async () => {
  await begin({});
  await rig.reaches("up");
  const outcomes: PromiseLike<ProofOutcome>[] = [];
  for (let i = 0; i < 500; i++) {
    outcomes.push(rig.side.prove(chat(`n${i}`, JULIET, "?")));
    if (i === 200) server.connections[0]?.socket.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await rig.reaches("up");
  outcomes.push(rig.side.prove(chat("n500", JULIET, "?")));
  const settled = await Promise.all(outcomes);
  const received = server.connections.map((connection) => connection.received).join("");
  const arrived = [...received.matchAll(/<message [^>]*id='n(\d+)'/g)].map(([, number]) => Number(number));
  expect(new Set(arrived).size).toBe(arrived.length);
  expect(arrived).toEqual([...arrived].sort((a, b) => a - b));
  settled.forEach(({ kind }, i) => {
    if (kind === "proven") expect(arrived).toContain(i);
    else expect(kind).toBe("link-down");
  });
  expect(settled[0]?.kind).toBe("proven");
  expect(settled[500]?.kind).toBe("proven");
});
