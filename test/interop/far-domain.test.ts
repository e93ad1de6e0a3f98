/**
 * A far XMPP domain: the gateway is a component of one server, the contact lives on another, the two federate. RFC 7247 §6,
 * with the far domain under its own name or inside an address of the gateway (the Google Talk case).
 * @jest-environment ./test/support/environment.ts
 */

import { startEjabberd } from "../support/ejabberd";
import { type Federation, startFederation } from "../support/federation";
import { startProsody } from "../support/prosody";
import { needs } from "../support/requires";
import { header } from "../support/sip-peer";
import { startXmppClient, type XmppClient } from "../support/slixmpp";
import { phoneDomain, SECRET, startWorld, TRANSPORTS, type World } from "../support/world";
import type { XmppServer } from "../support/xmpp-server";

jest.setTimeout(60_000);

const FAR = "gmail.test";
const ROMEO = phoneDomain("tcp");
const PAIRS = [
  { near: "prosody", startNear: startProsody, far: "ejabberd", startFar: startEjabberd },
  { near: "ejabberd", startNear: startEjabberd, far: "prosody", startFar: startProsody },
] as const;
const FORMS = [
  { form: "its own name", rule: { xmpp: "*", sip: "*", via: "route" }, juliet: `juliet@${FAR}` },
  {
    form: "the gateway's name",
    rule: { xmpp: "*", sip: "gateway.test", via: "gateway" },
    juliet: `juliet%40${FAR}@gateway.test`,
  },
] as const;

describe.each(PAIRS)("component on $near, contact on $far", ({ near, startNear, far, startFar }) => {
  needs([near, far, "python3-slixmpp", "openssl"], `far domain from ${near} to ${far}`, () => {
    let federation: Federation;
    let juliet: XmppClient;

    beforeAll(async () => {
      federation = await startFederation([
        [
          startNear,
          {
            domain: "near.test",
            components: TRANSPORTS.map((transport) => ({ host: phoneDomain(transport), secret: SECRET })),
          },
        ],
        [startFar, { domain: FAR, users: [{ name: "juliet", password: "balcony" }] }],
      ]);
      const { address: host, c2sPort: port } = federation.servers[1] as XmppServer;
      juliet = await startXmppClient({ jid: `juliet@${FAR}`, password: "balcony", host, port });
    });

    afterAll(async () => {
      await juliet.stop();
      await federation.stop();
    });

    test.each(FORMS)("message both ways and a bounce, under $form", async ({ rule, juliet: address }) => {
      const server = federation.servers[0] as XmppServer;
      const world = await startWorld({
        server: async () => ({ ...server, stop: () => Promise.resolve() }),
        users: [],
        xmppRules: [rule],
      });
      await crossBothWays(world, juliet, address);
      const nobody = address.replace("juliet", "nobody");
      const bounce = await world.phone.send(
        { to: `sip:${nobody}`, from: `sip:romeo@${ROMEO}`, body: "anybody?" },
        world.at.tcp,
      );
      expect(bounce.status).toBe(403);
      await world.stop();
    });
  });
});

async function crossBothWays(world: World, juliet: XmppClient, address: string): Promise<void> {
  const end = await world.phone.send(
    { to: `sip:${address}`, from: `sip:romeo@${ROMEO}`, body: "ist da jemand? 🌹" },
    world.at.tcp,
  );
  expect(end.status).toBe(202);
  expect(await juliet.nextMessage()).toMatchObject({ from: `romeo@${ROMEO}`, body: "ist da jemand? 🌹" });
  const id = juliet.message({ to: `romeo@${ROMEO}`, body: "ναί" });
  const request = await world.phone.next();
  expect(request.body.toString()).toBe("ναί");
  expect(header(request, "From")).toContain(`<sip:${address};gr=test>`);
  world.phone.answer = () => ({ status: 404 });
  const refused = juliet.message({ to: `romeo@${ROMEO}`, body: "και τώρα;" });
  expect((await juliet.nextError(refused)).error?.condition).toBe("item-not-found");
  await juliet.settle();
  expect(juliet.stanzas.filter((stanza) => stanza.name === "message" || stanza.id === id)).toEqual([]);
}
