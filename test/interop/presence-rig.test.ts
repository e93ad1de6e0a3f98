/**
 * The rig itself: phones that publish and watch, a presence server, XMPP clients; without the gateway. What each program
 * shows here is what the presence tests with the gateway may expect of it.
 * @jest-environment ./test/support/environment.ts
 */

import { type Baresip, startBaresip } from "../support/baresip";
import {
  type LibraryPhone,
  type Shown,
  startLinphonePhone,
  startPurplePhone,
} from "../support/library-phone";
import { type PresenceServer, startPresenceServer } from "../support/presence-server";
import { needs } from "../support/requires";
import { startXmppClient, type XmppClient } from "../support/slixmpp";
import { XMPP_SERVERS, type XmppServer } from "../support/xmpp-server";

jest.setTimeout(60_000);

const DOMAIN = "sip.test";
const ROMEO = `sip:romeo@${DOMAIN}`;
const PARIS = `sip:paris@${DOMAIN}`;
const TYBALT = `sip:tybalt@${DOMAIN}`;
const aor = (uri: string) => uri.slice("sip:".length);

needs(
  [
    "kamailio",
    "kamailio-presence-modules",
    "kamailio-sqlite-modules",
    "baresip",
    "linphone-cli",
    "libpurple0",
  ],
  "phones",
  () => {
    let server: PresenceServer;
    let proxy: { address: string; port: number };
    const phones: (Baresip | LibraryPhone)[] = [];
    const start = async <Phone extends Baresip | LibraryPhone>(phone: Promise<Phone>): Promise<Phone> => {
      phones.push(await phone);
      return phone;
    };
    const home = async (presence: "open" | "rules" | "none") => {
      server = await startPresenceServer({ domain: DOMAIN, presence });
      proxy = { address: server.address, port: server.sipPort };
    };

    afterEach(async () => {
      await Promise.all(phones.splice(0).map((phone) => phone.stop()));
      await server.stop();
    });

    test.each(["open", "none"] as const)(
      "see what linphone says of itself, presence server: %s",
      async (presence) => {
        await home(presence);
        const linphone = await start(startLinphonePhone({ aor: aor(ROMEO), proxy }));
        const [pidgin, baresip, other] = await Promise.all([
          start(startPurplePhone({ aor: aor(PARIS), proxy, contacts: [ROMEO] })),
          start(startBaresip({ aor: aor(TYBALT), proxy, register: true, presence: true, contacts: [ROMEO] })),
          start(startLinphonePhone({ aor: `nurse@${DOMAIN}`, proxy, contacts: [ROMEO] })),
        ]);
        const shown = async (l: Partial<Shown>, p: string, b: string) => {
          await other.untilShows(ROMEO, l);
          await pidgin.untilShows(ROMEO, { state: p });
          await baresip.untilShows(ROMEO, b);
        };
        await shown({ state: "online" }, "available", "Online");
        await linphone.be("busy");
        await shown({ state: "busy", activity: "busy" }, "available", "Busy");
        await linphone.be("away", "gone fishing");
        await shown({ state: "busy", activity: "away", note: "gone fishing" }, "available", "Offline");
        await linphone.be("offline");
        await shown({ state: "offline" }, "offline", "Offline");
        await linphone.be("online");
        await shown({ state: "online" }, "available", "Online");
      },
    );

    test("show what baresip and Pidgin say of themselves, and of two phones of one person the one that is left", async () => {
      await home("open");
      const [linphone, pidgin, baresip] = await Promise.all([
        start(startLinphonePhone({ aor: aor(ROMEO), proxy, contacts: [PARIS, TYBALT] })),
        start(startPurplePhone({ aor: aor(PARIS), proxy })),
        start(startBaresip({ aor: aor(TYBALT), proxy, register: true, presence: true, contacts: [PARIS] })),
      ]);
      const second = await start(startLinphonePhone({ aor: aor(TYBALT), proxy }));
      await linphone.untilShows(PARIS, { state: "online", note: "available" });
      await linphone.untilShows(TYBALT, { state: "online" });
      await baresip.untilShows(PARIS, "Online");
      await pidgin.stop();
      await linphone.untilShows(PARIS, { state: "offline" });
      await baresip.untilShows(PARIS, "Offline");
      await baresip.be("offline");
      await linphone.until("the closed tuple", () =>
        /<basic>closed<[\s\S]*<basic>open</.test(notified(linphone)),
      );
      expect(linphone.shows(TYBALT)).toMatchObject({ state: "online" });
      await second.be("offline");
      await linphone.untilShows(TYBALT, { state: "offline" });
    });

    test("are shown to nobody before the presence server may tell, and not after it may not any more", async () => {
      await home("rules");
      const [linphone, baresip] = await Promise.all([
        start(startLinphonePhone({ aor: aor(ROMEO), proxy, contacts: [TYBALT] })),
        start(startBaresip({ aor: aor(TYBALT), proxy, register: true, presence: true, contacts: [] })),
      ]);
      await linphone.until("pending", () => linphone.log().includes("Subscription-State: pending"));
      await linphone.untilShows(TYBALT, { state: "offline" });
      await server.decide("tybalt", ROMEO, "allow");
      await linphone.untilShows(TYBALT, { state: "online" });
      await server.decide("tybalt", ROMEO, "block");
      await linphone.until("the end", () => linphone.log().includes("terminated;reason=rejected"));
      await baresip.be("offline");
    });

    test("linphone says nothing to a watcher while its user thinks, then decides", async () => {
      await home("none");
      const [linphone, nurse] = await Promise.all([
        start(startLinphonePhone({ aor: aor(ROMEO), proxy, asks: true })),
        start(startLinphonePhone({ aor: `nurse@${DOMAIN}`, proxy })),
      ]);
      nurse.watch(ROMEO);
      await linphone.askedBy(`sip:nurse@${DOMAIN}`);
      expect(nurse.shows(ROMEO)).toBeUndefined();
      linphone.decide(`sip:nurse@${DOMAIN}`, "accept");
      await nurse.untilShows(ROMEO, { state: "online" });
      linphone.decide(`sip:nurse@${DOMAIN}`, "deny");
      await nurse.until("the end", () => nurse.log().includes("Subscription-State: terminated"));
    });
  },
);

/** Bodies of the last NOTIFYs. */
function notified(phone: LibraryPhone): string {
  return phone.log().slice(-6_000);
}

describe.each(XMPP_SERVERS)("%s", (kind, start) => {
  needs([kind, "python3-slixmpp"], `${kind} and slixmpp`, () => {
    let server: XmppServer;
    const client = (name: string, resource: string): Promise<XmppClient> =>
      startXmppClient({
        jid: `${name}@verona.test`,
        password: "balcony",
        host: server.address,
        port: server.c2sPort,
        resource,
      });

    test("one sees the other's resources come, change and go once he was let", async () => {
      server = await start({
        domain: "verona.test",
        users: ["juliet", "romeo"].map((name) => ({ name, password: "balcony" })),
      });
      const juliet = await client("juliet", "balcony");
      const chamber = await client("juliet", "chamber");
      const romeo = await client("romeo", "orchard");
      romeo.subscription("subscribe", "juliet@verona.test");
      await juliet.nextPresence("subscribe", "romeo@verona.test");
      expect(await romeo.roster()).toEqual({ "juliet@verona.test": { subscription: "none", asked: true } });
      // Prosody acknowledges a request by `unavailable` from the bare JID.
      expect(Object.values(romeo.resourcesOf("juliet@verona.test")).filter((r) => r.available)).toEqual([]);
      juliet.subscription("subscribed", "romeo@verona.test");
      await romeo.nextPresence("subscribed", "juliet@verona.test");
      chamber.presence({ show: "away", status: "at the ball", priority: -1 });
      await romeo.untilSees("juliet@verona.test", "twice", (_, { balcony, chamber: other }) => {
        return balcony?.available === true && other?.show === "away";
      });
      expect(romeo.resourcesOf("juliet@verona.test").chamber).toEqual({
        available: true,
        show: "away",
        status: "at the ball",
        priority: -1,
      });
      await chamber.stop();
      await romeo.untilSees(
        "juliet@verona.test",
        "once",
        (_, { chamber: other }) => other?.available === false,
      );
      expect(romeo.resourcesOf("juliet@verona.test").balcony?.available).toBe(true);
      juliet.subscription("unsubscribed", "romeo@verona.test");
      await romeo.nextPresence("unsubscribed", "juliet@verona.test");
      await romeo.untilSees("juliet@verona.test", "no more", (all) => all.every((one) => !one.available));
      await Promise.all([juliet.stop(), romeo.stop()]);
      await server.stop();
    });
  });
});
