/**
 * Presence over two federating XMPP servers: the gateway is a component of one, the person lives on the other. RFC 7247 §6,
 * RFC 8048, with the far domain under its own name or inside an address of the gateway.
 * @jest-environment ./test/support/environment.ts
 */

import { startEjabberd } from "../support/ejabberd";
import { type Federation, startFederation } from "../support/federation";
import { pidf, SipContact, SipWatcher } from "../support/presence-peer";
import { startProsody } from "../support/prosody";
import { needs } from "../support/requires";
import { startXmppClient, type XmppClient } from "../support/slixmpp";
import { phoneDomain, SECRET, startWorld, TRANSPORTS, type World } from "../support/world";
import type { XmppServer } from "../support/xmpp-server";

jest.setTimeout(60_000);

const FAR = "gmail.test";
const HOME = phoneDomain("tcp");
const PAIRS = [
  { near: "prosody", startNear: startProsody, far: "ejabberd", startFar: startEjabberd },
  { near: "ejabberd", startNear: startEjabberd, far: "prosody", startFar: startProsody },
] as const;
const FORMS = [
  {
    form: "its own name",
    rule: { xmpp: "*", sip: "*", via: "route" },
    address: (user: string) => `${user}@${FAR}`,
  },
  {
    form: "the gateway's name",
    rule: { xmpp: "*", sip: "gateway.test", via: "gateway" },
    address: (user: string) => `${user}%40${FAR}@gateway.test`,
  },
] as const;

describe.each(PAIRS)("component on $near, person on $far", ({ near, startNear, far, startFar }) => {
  needs([near, far, "python3-slixmpp", "openssl"], `presence of a far domain from ${near} to ${far}`, () => {
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
      await juliet.roster(); // who has not asked for it hears nothing of subscriptions (RFC 6121 §2.2)
    });

    afterAll(async () => {
      await juliet.stop();
      await federation.stop();
    });

    test.each(FORMS)(
      "they see each other, change and leave, under $form",
      async ({ rule, address, form }) => {
        const server = federation.servers[0] as XmppServer;
        const world: World = await startWorld({
          server: async () => ({ ...server, stop: () => Promise.resolve() }),
          users: [],
          xmppRules: [rule],
          presence: { notifyInterval: "50 ms" },
        });
        const name = form === "its own name" ? "romeo" : "paris";
        const jid = `${name}@${HOME}`;
        const uri = `sip:${jid}`;
        await watches(world, uri, `sip:${address("juliet")}`);
        await isWatched(world, jid);
        await world.stop();
      },
    );

    async function watches(world: World, uri: string, presentity: string): Promise<void> {
      const watcher = new SipWatcher(world.phone, world.at.tcp, uri, presentity);
      expect((await watcher.subscribe()).status).toBe(200);
      expect(await watcher.next()).toMatchObject({ state: "pending", body: "" });
      await juliet.nextPresence("subscribe", uri.slice("sip:".length));
      juliet.subscription("subscribed", uri.slice("sip:".length));
      await watcher.next(
        ({ state, tuples }) => state === "active" && tuples.some(({ open }) => open),
        "open",
      );
      juliet.presence({ show: "xa", status: "über den Bergen" });
      const far = await watcher.next(({ tuples }) => tuples.some(({ show }) => show === "xa"), "the change");
      expect(far.tuples[0]?.notes).toEqual(["über den Bergen"]);
      juliet.presence({ type: "unavailable" });
      await watcher.next(({ tuples }) => tuples.length > 0 && tuples.every(({ open }) => !open), "closed");
      juliet.presence();
      await watcher.next(({ tuples }) => tuples.some(({ open }) => open), "open again");
      await watcher.subscribe(0);
      await watcher.next(({ state }) => state === "terminated", "the end");
    }

    async function isWatched(world: World, jid: string): Promise<void> {
      const contact = new SipContact(world.phone, world.at.tcp, `sip:${jid}`);
      juliet.subscription("subscribe", jid);
      const dialog = await contact.subscribed();
      const tell = (basic: "open" | "closed") =>
        contact.notify(dialog, "active;expires=3600", pidf(`sip:${jid}`, [{ id: "desk", basic }]));
      await tell("open");
      await juliet.nextPresence("subscribed", jid);
      await juliet.untilSees(jid, "online", (all) => all.some(({ available }) => available));
      await tell("closed");
      await juliet.untilSees(jid, "offline", (all) => all.every(({ available }) => !available));
      await contact.notify(dialog, "terminated;reason=rejected");
      await juliet.nextPresence("unsubscribed", jid);
    }
  });
});
