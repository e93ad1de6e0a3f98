/**
 * The gateway as presence server of real phones, which publish to it (RFC 3903) through a registrar that keeps nothing: what
 * baresip, linphone and Pidgin say of themselves, juliet on XMPP sees, though no phone is ever asked.
 * @jest-environment ./test/support/environment.ts
 */

import { startBaresip } from "../support/baresip";
import { startLinphonePhone, startPurplePhone } from "../support/library-phone";
import { type ReadResource, readList } from "../support/list-body";
import { freePort, holdAddress } from "../support/ports";
import { SipWatcher } from "../support/presence-peer";
import { PresencePhone } from "../support/presence-phone";
import { type PresenceServer, startPresenceServer } from "../support/presence-server";
import { startProsody } from "../support/prosody";
import { needs } from "../support/requires";
import { header } from "../support/sip-peer";
import type { PresenceState, XmppClient } from "../support/slixmpp";
import { phoneDomain, startWorld, type World, XMPP_DOMAIN } from "../support/world";

jest.setTimeout(60_000);

const DOMAIN = "publish.test";
const PEER = phoneDomain("udp");
const JULIET = `juliet@${XMPP_DOMAIN}`;

needs(
  [
    "prosody",
    "python3-slixmpp",
    "openssl",
    "kamailio",
    "kamailio-presence-modules",
    "kamailio-sqlite-modules",
    "baresip",
    "linphone-cli",
    "libpurple0",
  ],
  "publishing phones",
  () => {
    let world: World;
    let registrar: PresenceServer;
    let juliet: XmppClient;
    const phones: { stop(): Promise<void> }[] = [];

    beforeAll(async () => {
      const address = await holdAddress();
      const sipPort = await freePort(address);
      world = await startWorld({
        server: startProsody,
        users: ["juliet"],
        domains: { [DOMAIN]: `sip:${address}:${sipPort};transport=udp` },
        presence: {
          publish: [DOMAIN, PEER],
          minimumExpires: "1 s",
          notifyInterval: "50 ms",
          lists: [
            {
              uri: `sip:friends@${PEER}`,
              owner: `sip:romeo@${PEER}`,
              members: [JULIET, `sip:paris@${PEER}`],
              name: "Friends",
            },
          ],
        },
      });
      const gateway = `sip:${world.at.udp.address}:${world.at.udp.port};transport=udp`;
      registrar = await startPresenceServer({
        domain: DOMAIN,
        presence: "none",
        address,
        sipPort,
        publishTo: gateway,
      });
      juliet = await world.client("juliet", "balcony");
      await juliet.roster(); // who has not asked for it hears nothing of subscriptions (RFC 6121 §2.2)
    });

    afterEach(() => Promise.all(phones.splice(0).map((phone) => phone.stop())));

    afterAll(async () => {
      await registrar?.stop();
      await world?.stop();
    });

    async function hold<P extends { stop(): Promise<void> }>(phone: Promise<P>): Promise<P> {
      phones.push(await phone);
      return phone;
    }

    const proxy = () => ({ address: registrar.address, port: registrar.sipPort });
    const isOpen = (all: readonly PresenceState[]) => all.some(({ available }) => available);
    const isClosed = (all: readonly PresenceState[]) => all.every(({ available }) => !available);
    const open = (all: readonly PresenceState[]) => all.filter(({ available }) => available).length;

    async function watch(jid: string): Promise<void> {
      juliet.subscription("subscribe", jid);
      await juliet.nextPresence("subscribed", jid, 20_000);
    }

    test("linphone: online, busy, away with a note, offline, online", async () => {
      const jid = `linphone@${DOMAIN}`;
      await watch(jid);
      const phone = await hold(startLinphonePhone({ aor: jid, proxy: proxy() }));
      await juliet.untilSees(jid, "online", isOpen, 20_000);
      phone.be("busy");
      await juliet.untilSees(jid, "busy", (all) => all.some(({ show }) => show === "dnd"));
      phone.be("away", "gone fishing");
      await juliet.untilSees(jid, "away", (all) =>
        all.some(({ show, status }) => show === "away" && status === "gone fishing"),
      );
      phone.be("offline");
      await juliet.untilSees(jid, "offline", isClosed);
      phone.be("online");
      await juliet.untilSees(jid, "online again", isOpen);
      // It gives its tuple another id in every document; juliet sees one device all the same.
      expect(Object.keys(juliet.resourcesOf(jid)).filter((resource) => resource !== "")).toHaveLength(1);
    });

    test("baresip: online, offline, online, and its farewell", async () => {
      const jid = `baresip@${DOMAIN}`;
      await watch(jid);
      const phone = await startBaresip({
        aor: jid,
        proxy: proxy(),
        register: true,
        presence: true,
        contacts: [],
      });
      await juliet.untilSees(jid, "online", isOpen, 20_000);
      await phone.command("presence_offline");
      await juliet.untilSees(jid, "offline", isClosed);
      await phone.command("presence_online");
      await juliet.untilSees(jid, "online again", isOpen);
      await phone.stop();
      await juliet.untilSees(jid, "gone", isClosed);
    });

    test("Pidgin", async () => {
      const jid = `pidgin@${DOMAIN}`;
      await watch(jid);
      const phone = await hold(startPurplePhone({ aor: jid, proxy: proxy() }));
      await juliet.untilSees(jid, "online", isOpen, 20_000);
      phone.be("offline");
      await juliet.untilSees(jid, "offline", isClosed, 20_000);
    });

    test("two phones of one person: both are seen, one dies and goes when its time is over", async () => {
      const jid = `twice@${DOMAIN}`;
      await watch(jid);
      const options = { aor: jid, proxy: proxy(), publish: 3 };
      const desk = await hold(startLinphonePhone(options));
      await hold(startLinphonePhone(options));
      await juliet.untilSees(jid, "two", (all) => open(all) === 2, 20_000);
      await desk.kill();
      await juliet.untilSees(jid, "one", (all) => open(all) === 1, 20_000);
    });

    test("a list by one SUBSCRIBE: juliet and paris come and go in it", async () => {
      const gateway = { address: world.at.udp.address, port: world.at.udp.port };
      const address = await holdAddress();
      const uri = `sip:paris@${PEER}`;
      const paris = await PresencePhone.open({ uri, address, port: await freePort(address), gateway });
      phones.push({ stop: () => paris.close() });
      const romeo = new SipWatcher(world.phone, world.at.udp, `sip:romeo@${PEER}`, `sip:friends@${PEER}`);
      expect((await romeo.subscribe(600)).status).toBe(421);
      const end = await romeo.subscribe(600, [
        "Supported: eventlist",
        "Accept: application/rlmi+xml, multipart/related",
      ]);
      expect(end.status).toBe(200);
      expect(end.answer && header(end.answer, "Require")).toBe("eventlist");
      const known = new Map<string, ReadResource>();
      const until = async (what: string, of: string, isSo: (resource: ReadResource) => boolean) => {
        for (;;) {
          const resource = known.get(of);
          if (resource !== undefined && isSo(resource)) return;
          const notify = await world.phone.next(({ startLine }) => startLine.startsWith("NOTIFY "), what);
          expect(header(notify, "Require")).toBe("eventlist");
          const { resources } = readList(header(notify, "Content-Type") ?? "", notify.body);
          for (const told of resources) known.set(told.uri, told);
        }
      };
      const her = `sip:${JULIET}`;
      const shows = (part: string) => (resource: ReadResource) => resource.document?.includes(part) === true;
      await until("pending", her, ({ state }) => state === "pending");
      await juliet.nextPresence("subscribe", `romeo@${PEER}`);
      juliet.subscription("subscribed", `romeo@${PEER}`);
      await until("juliet open", her, shows("<basic>open</basic>"));
      juliet.presence({ show: "dnd" });
      await until("juliet busy", her, shows("busy"));
      const document = `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${uri}"><tuple id="t"><status><basic>open</basic></status></tuple></presence>`;
      const { etag = "" } = await paris.publish(document, { expires: 600 });
      await until("paris open", uri, shows("<basic>open</basic>"));
      await paris.publish(undefined, { expires: 0, ifMatch: etag });
      await until("paris closed", uri, shows("<basic>closed</basic>"));
      juliet.presence();
      expect((await romeo.subscribe(0)).status).toBe(200);
    });
  },
);
