/**
 * Several component hosts under one listener of ejabberd: it sends the stanzas of each over the connections of all.
 * XEP-0114; a trap for whoever follows ejabberd's own example.
 * @jest-environment ./test/support/environment.ts
 */

import { startEjabberd } from "../support/ejabberd";
import { needs } from "../support/requires";
import { phoneDomain, startWorld, TRANSPORTS, type World, XMPP_DOMAIN } from "../support/world";

jest.setTimeout(60_000);

needs(["ejabberd", "python3-slixmpp", "openssl"], "shared listener", () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld({
      server: startEjabberd,
      users: ["juliet"],
      serverOptions: { sharedListener: true },
      xmpp: { ping: { every: "1 s", deadline: "1 s" } },
    });
  });

  afterAll(() => world.stop());

  test("messages are proven and bounced, each at its own link, and back", async () => {
    const juliet = await world.client("juliet");
    const people = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? "juliet" : "nobody"));
    const ends = await Promise.all(
      people.map((to, i) =>
        world.phone.send(
          { to: `sip:${to}@${XMPP_DOMAIN}`, from: `sip:romeo@${hostOf(i)}`, body: `${i}` },
          world.at.tcp,
        ),
      ),
    );
    expect(ends.map(({ status }) => status)).toEqual(people.map((to) => (to === "juliet" ? 202 : 403)));
    for (let i = 0; i < people.length; i++) {
      const { type } = await juliet.iq("get", `romeo@${hostOf(i)}`, "<ping xmlns='urn:xmpp:ping'/>");
      expect(type).toBe("result");
      juliet.message({ to: `romeo@${hostOf(i)}`, body: `back ${i}` });
      await world.phone.next(({ body }) => body.toString() === `back ${i}`);
    }
    const down = world.gateway.lines().filter(({ event }) => event === "xmpp link down");
    expect(down).toEqual([]);
    expect(world.gateway.log()).toContain("xmpp server mixes the stanzas of several components");
  });
});

const hostOf = (i: number) => phoneDomain(TRANSPORTS[i % TRANSPORTS.length] ?? "udp");
