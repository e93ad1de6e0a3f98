/**
 * People on XMPP watch SIP users. RFC 8048 §5.2 and §6.3, RFC 6665 §4.1.
 * @jest-environment ./test/support/environment.ts
 */

import { pidf, SipContact } from "../support/presence-peer";
import { needs } from "../support/requires";
import { header, type WireMessage } from "../support/sip-peer";
import type { XmppClient } from "../support/slixmpp";
import { phoneDomain, startWorld, type World, XMPP_DOMAIN } from "../support/world";
import { XMPP_SERVERS } from "../support/xmpp-server";

jest.setTimeout(60_000);

const HOME = phoneDomain("tcp");

describe.each(XMPP_SERVERS)("on %s", (kind, server) => {
  needs([kind, "python3-slixmpp", "openssl"], `XMPP people watch SIP users, ${kind}`, () => {
    let world: World;
    let juliet: XmppClient;
    let nurse: XmppClient;
    let counter = 0;

    beforeAll(async () => {
      world = await startWorld({
        server,
        users: ["juliet", "nurse"],
        presence: { notifyInterval: "50 ms", retry: { first: "200 ms", longest: "1 s" } },
      });
      juliet = await world.client("juliet", "balcony");
      await juliet.roster(); // who has not asked for it hears nothing of subscriptions (RFC 6121 §2.2)
      nurse = await world.client("nurse", "kitchen");
    });

    afterAll(() => world.stop());

    interface Watched {
      readonly jid: string;
      readonly uri: string;
      readonly contact: SipContact;
    }

    const contact = (name: string): Watched => {
      const jid = `${name}@${HOME}`;
      const uri = `sip:${jid}`;
      return { jid, uri, contact: new SipContact(world.phone, world.at.tcp, uri) };
    };

    /** juliet asks, the contact agrees at once. */
    async function watched(name: string): Promise<Watched & { readonly dialog: WireMessage }> {
      const one = contact(name);
      juliet.subscription("subscribe", one.jid);
      const dialog = await one.contact.subscribed();
      await one.contact.notify(dialog, "active;expires=3600", pidf(one.uri, [{ id: "desk", basic: "open" }]));
      await juliet.nextPresence("subscribed", one.jid);
      await juliet.untilSees(one.jid, "open", (all) => all.some(({ available }) => available));
      return { ...one, dialog };
    }

    /** Whatever the gateway had to say to juliet before this call has come. */
    async function settled(): Promise<void> {
      counter += 1;
      const body = `after all ${counter}`;
      const from = `sip:clock@${HOME}`;
      await world.phone.send({ to: `sip:juliet@${XMPP_DOMAIN}`, from, body }, world.at.tcp);
      await juliet.next((stanza) => stanza.body === body, "the message behind it");
    }

    test("pending says nothing; active says subscribed once, then presence (bug 10)", async () => {
      const romeo = contact("romeo");
      juliet.subscription("subscribe", romeo.jid);
      const dialog = await romeo.contact.subscribed();
      expect(header(dialog, "Event")).toBe("presence");
      expect(header(dialog, "Accept")).toContain("application/pidf+xml");
      expect(Number(header(dialog, "Expires"))).toBeGreaterThan(0);
      expect(header(dialog, "From")).toContain(`sip:juliet@${XMPP_DOMAIN}`);
      expect((await romeo.contact.notify(dialog, "pending;expires=3600")).status).toBe(200);
      await settled();
      expect(juliet.presences.filter(({ from }) => from.startsWith(romeo.jid))).toEqual([]);
      expect((await juliet.roster())[romeo.jid]).toEqual({ subscription: "none", asked: true });
      const open = pidf(romeo.uri, [{ id: "orchard", basic: "open", note: "in the orchard" }]);
      await romeo.contact.notify(dialog, "active;expires=3599", open);
      await juliet.nextPresence("subscribed", romeo.jid);
      await juliet.untilSees(romeo.jid, "in the orchard", (all) =>
        all.some(({ available, status }) => available && status === "in the orchard"),
      );
      await romeo.contact.notify(dialog, "active;expires=3598", open);
      await settled();
      expect(
        juliet.presences.filter(({ from, type }) => from === romeo.jid && type === "subscribed"),
      ).toHaveLength(1);
      expect((await juliet.roster())[romeo.jid]?.subscription).toBe("to");
    });

    test("two devices, their states in any language of note, and one that leaves (bugs 9 and 12)", async () => {
      const { jid, uri, contact: paris, dialog } = await watched("paris");
      const rows = [
        ["away", "Zum Essen", "away"],
        ["busy", "disponible", "dnd"],
        ["on-the-phone", "εδώ είμαι", "dnd"],
        ["vacation", "online", "xa"],
      ] as const;
      for (const [activity, note, show] of rows) {
        const document = pidf(
          uri,
          [
            { id: "desk", basic: "open", note, priority: "0.8" },
            { id: "car", basic: "open" },
          ],
          activity,
        );
        await paris.notify(dialog, "active;expires=3600", document);
        await juliet.untilSees(jid, show, (all) =>
          all.some((one) => one.show === show && one.status === note),
        );
      }
      const seen = juliet.resourcesOf(jid);
      expect(Object.keys(seen).sort()).toEqual(["car", "desk"]);
      expect(seen.desk?.priority).toBe(102);
      await paris.notify(dialog, "active;expires=3600", pidf(uri, [{ id: "car", basic: "open" }]));
      await juliet.untilSees(jid, "in the car only", (_, { desk, car }) => {
        return desk?.available === false && car?.available === true;
      });
      await paris.notify(dialog, "active;expires=3600", pidf(uri, [{ id: "car", basic: "closed" }]));
      await juliet.untilSees(jid, "offline", (all) => all.every(({ available }) => !available));
      expect((await juliet.roster())[jid]?.subscription).toBe("to");
    });

    test("an active NOTIFY without a body is unknown, not offline", async () => {
      const { jid, contact: peter, dialog } = await watched("peter");
      await peter.notify(dialog, "active;expires=3600");
      await settled();
      expect(Object.values(juliet.resourcesOf(jid)).some(({ available }) => available)).toBe(true);
    });

    test.each([403, 489, 603])("%d to SUBSCRIBE: unsubscribed, for good", async (status) => {
      const one = contact(`refuses${status}`);
      one.contact.answer = () => ({ status });
      juliet.subscription("subscribe", one.jid);
      await juliet.nextPresence("unsubscribed", one.jid);
      await settled();
      expect([...one.contact.dialogs.values()].flat()).toHaveLength(1);
    });

    test("terminated;reason=rejected: unsubscribed", async () => {
      const { jid, contact: tybalt, dialog } = await watched("tybalt");
      await tybalt.notify(dialog, "terminated;reason=rejected");
      await juliet.nextPresence("unsubscribed", jid);
      await juliet.untilSees(jid, "no more", (all) => all.every(({ available }) => !available));
    });

    test("503, then 423, then success: one dialog in the end (bug 13)", async () => {
      const one = contact("busy");
      const answers = [{ status: 503 }, { status: 423, headers: ["Min-Expires: 7200"] }];
      one.contact.answer = () => answers.shift() ?? { status: 200 };
      juliet.subscription("subscribe", one.jid);
      await one.contact.subscribed();
      await one.contact.subscribed();
      const dialog = await one.contact.subscribed();
      expect(Number(header(dialog, "Expires"))).toBeGreaterThanOrEqual(7200);
      await one.contact.notify(dialog, "active;expires=7200", pidf(one.uri, [{ id: "desk", basic: "open" }]));
      await juliet.nextPresence("subscribed", one.jid);
      await settled();
      expect([...one.contact.dialogs.values()].flat()).toHaveLength(3);
      expect(
        juliet.presences.filter(({ from, type }) => from === one.jid && type === "unsubscribed"),
      ).toEqual([]);
    });

    test("unsubscribe: Expires 0 in the dialog, and the contact is gone", async () => {
      const { jid, contact: gregory, dialog } = await watched("gregory");
      juliet.subscription("unsubscribe", jid);
      const last = await gregory.subscribed();
      expect(header(last, "Call-ID")).toBe(header(dialog, "Call-ID"));
      expect(header(last, "Expires")).toBe("0");
      expect(header(last, "To")).toContain(";tag=peer");
      await gregory.notify(dialog, "terminated;reason=timeout");
      await juliet.untilSees(jid, "no more", (all) => all.every(({ available }) => !available));
      expect((await juliet.roster())[jid]?.subscription ?? "none").toBe("none");
    });

    test("100 probes leave one dialog, and a stranger's probe opens none (bug 11)", async () => {
      const { jid, contact: sampson } = await watched("sampson");
      for (let number = 0; number < 100; number++) juliet.presence({ to: jid, type: "probe" });
      nurse.presence({ to: jid, type: "probe" });
      await nurse.settle();
      await juliet.settle();
      await settled();
      const open = [...sampson.dialogs.values()].filter(
        (all) => header(all.at(-1) as WireMessage, "Expires") !== "0",
      );
      expect(open).toHaveLength(1);
      const from = [...sampson.dialogs.values()].flat().map((one) => header(one, "From") ?? "");
      expect(from.filter((one) => one.includes("nurse"))).toEqual([]);
    });

    test("presence goes to nobody but its addressee", async () => {
      const { jid, uri, contact: abram, dialog } = await watched("abram");
      await abram.notify(
        dialog,
        "active;expires=3600",
        pidf(uri, [{ id: "desk", basic: "open", note: "for juliet" }]),
      );
      await juliet.untilSees(jid, "for juliet", (all) => all.some(({ status }) => status === "for juliet"));
      // Forged: a dialog that nobody has opened, to somebody who has not asked.
      const forged = new Map(dialog.headers)
        .set("Call-ID", "guessed")
        .set("From", "<sip:nurse@verona.test>;tag=guess");
      const end = await abram.notify(
        { ...dialog, headers: [...forged] },
        "active;expires=3600",
        pidf(uri, [{ id: "desk", basic: "open", note: "forged" }]),
      );
      expect(end.status).toBe(481);
      await nurse.settle();
      expect(nurse.presences.filter(({ from }) => from.startsWith(`abram@`))).toEqual([]);
    });

    test("she goes offline, comes back and sees the contact as he is now", async () => {
      const { jid, uri, contact: balthasar, dialog } = await watched("balthasar");
      juliet.presence({ type: "unavailable" });
      await juliet.settle();
      const now = pidf(uri, [{ id: "desk", basic: "open", note: "back from Mantua" }]);
      await balthasar.notify(dialog, "active;expires=3600", now);
      const chamber = await world.client("juliet", "chamber");
      await chamber.untilSees(jid, "back", (all) => all.some(({ status }) => status === "back from Mantua"));
      expect(chamber.presences.filter(({ type }) => type === "subscribed" || type === "subscribe")).toEqual(
        [],
      );
      await chamber.stop();
      juliet.presence();
    });
  });
});
