/**
 * Proof of stanzas that go beyond the server's present users: to other domains, or into store for later.
 * @jest-environment ./test/support/environment.ts
 */

import { type Federation, startFederation } from "../../support/federation";
import { needs } from "../../support/requires";
import { startXmppClient, type XmppClient } from "../../support/slixmpp";
import { XMPP_SERVERS } from "../../support/xmpp-server";
import { chat, HOST, kinds, type Rig, SECRET, startSide } from "./rig";

jest.setTimeout(90_000);

const PAIRS = XMPP_SERVERS.flatMap(([near, startNear]) =>
  XMPP_SERVERS.map(([far, startFar]) => ({ near, far, startNear, startFar })),
);

describe.each(PAIRS)("component on $near, people on $far", ({ near, far, startNear, startFar }) => {
  needs([near, far, "python3-slixmpp"], `proof from ${near} to ${far}`, () => {
    let federation: Federation;
    let juliet: XmppClient;
    let rig: Rig;

    beforeAll(async () => {
      federation = await startFederation([
        [
          startNear,
          {
            domain: "xmpp.test",
            components: [{ host: HOST, secret: SECRET }],
            users: [{ name: "nurse", password: "p" }],
          },
        ],
        [startFar, { domain: "far.test", users: [{ name: "juliet", password: "p" }] }],
      ]);
      const [nearServer, farServer] = federation.servers as [
        Federation["servers"][0],
        Federation["servers"][0],
      ];
      juliet = await startXmppClient({
        jid: "juliet@far.test",
        password: "p",
        host: farServer.address,
        port: farServer.c2sPort,
      });
      rig = startSide({ address: nearServer.address, port: nearServer.componentPort });
      expect(await rig.side.settled(10_000)).toBe(true);
    });

    afterAll(async () => {
      await rig?.side.stop();
      await juliet?.stop();
      await federation?.stop();
    });

    test("good and missing people of the far domain are told apart, from the first message on", async () => {
      const prove = (i: number) =>
        rig.side.prove(chat(`far-${i}`, i % 2 === 0 ? "juliet@far.test" : "nobody@far.test", `f${i}`));
      const outcomes = await Promise.all(Array.from({ length: 40 }, (_, i) => prove(i)));
      expect(kinds(outcomes.filter((_, i) => i % 2 === 0))).toEqual({ proven: 20 });
      expect(kinds(outcomes.filter((_, i) => i % 2 === 1))).toEqual({ bounced: 20 });
      for (let i = 0; i < 40; i += 2) expect((await juliet.nextMessage()).body).toBe(`f${i}`);
    });

    test("a domain that does not exist bounces the message itself", async () => {
      const outcome = await rig.side.prove(chat("nowhere", "juliet@nowhere.test", "?"));
      expect(outcome.kind).toBe("bounced");
      expect(JSON.stringify(outcome)).toContain("remote-server-not-found");
    });

    test("a far person's block is told too", async () => {
      await juliet.block(`tybalt@${HOST}`);
      for (let i = 0; i < 10; i++) {
        const outcome = await rig.side.prove(chat(`block-${i}`, "juliet@far.test", "?", `tybalt@${HOST}`));
        expect(outcome.kind).toBe("bounced");
      }
    });

    test("a far domain holds up nobody near", async () => {
      const slow = rig.side.prove(chat("dead", "juliet@dead.test", "?"));
      const quick = await rig.side.prove(chat("near", "nobody@xmpp.test", "?"));
      expect(quick.kind).toBe("bounced");
      await slow;
    });
  });
});

// Prosody stores for the absent; ejabberd does only with mod_offline, and bounces without.
test.each(XMPP_SERVERS.filter(([kind]) => kind === "prosody"))(
  "%s: what is proven to somebody absent is there when she comes",
  async (_kind, start) => {
    const server = await start({
      domain: "xmpp.test",
      components: [{ host: HOST, secret: SECRET }],
      users: [{ name: "nurse", password: "p" }],
    });
    const rig = startSide({ address: server.address, port: server.componentPort });
    await rig.side.settled(10_000);
    const outcomes = await Promise.all(
      [1, 2, 3].map((i) => rig.side.prove(chat(`s${i}`, "nurse@xmpp.test", `stored ${i}`))),
    );
    expect(kinds(outcomes)).toEqual({ proven: 3 });
    await rig.side.stop();
    const nurse = await startXmppClient({
      jid: "nurse@xmpp.test",
      password: "p",
      host: server.address,
      port: server.c2sPort,
    });
    for (const i of [1, 2, 3]) expect((await nurse.nextMessage()).body).toBe(`stored ${i}`);
    await nurse.stop();
    await server.stop();
  },
);
