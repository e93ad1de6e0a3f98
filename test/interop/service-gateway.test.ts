/**
 * What an XMPP user meets at the running gateway: every part wired, people from a users file.
 * @jest-environment ./test/support/environment.ts
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pidf, SipContact } from "../support/presence-peer";
import { eventually, temporaryFolder } from "../support/processes";
import { needs } from "../support/requires";
import { ServiceClient } from "../support/slixmpp-service";
import { phoneDomain, startWorld, type World, XMPP_DOMAIN } from "../support/world";
import { XMPP_SERVERS } from "../support/xmpp-server";

jest.setTimeout(60_000);

const HOST = phoneDomain("tcp");

describe.each(XMPP_SERVERS)("beside %s", (kind, server) => {
  needs([kind, "python3-slixmpp", "openssl"], `service of the gateway, ${kind}`, () => {
    let world: World;
    let juliet: ServiceClient;
    let admin: ServiceClient;
    let users: string;

    beforeAll(async () => {
      users = join(temporaryFolder("service"), "users.yaml");
      writeFileSync(users, JSON.stringify([ROMEO]));
      world = await startWorld({
        server,
        users: ["juliet", "admin"],
        sip: { users },
        service: { administrators: [`admin@${XMPP_DOMAIN}`] },
      });
      [juliet, admin] = [client("juliet"), client("admin")];
      await Promise.all([juliet.online(), admin.online()]);
    });

    afterAll(async () => {
      await Promise.all([juliet?.stop(), admin?.stop()]);
      await world?.stop();
    });

    function client(name: string): ServiceClient {
      const { address: host, c2sPort: port } = world.server;
      return new ServiceClient({ jid: `${name}@${XMPP_DOMAIN}`, password: "balcony", host, port });
    }

    test("a card and a search of the users file", async () => {
      expect(await juliet.vcard(`romeo@${HOST}`)).toMatchObject({ name: "Romeo Montague" });
      expect(await juliet.search(HOST, { last: "Montague" })).toMatchObject([{ jid: `romeo@${HOST}` }]);
    });

    test("people are taken anew by command and by SIGHUP; a file with a mistake changes nothing", async () => {
      const names = async (): Promise<string[]> =>
        (await juliet.search(HOST, { nick: "mercutio" })).map(({ jid }) => `${jid}`);
      expect(await names()).toEqual([]);
      writeFileSync(users, JSON.stringify([ROMEO, MERCUTIO]));
      const reload = await admin.command(HOST, "admin#reload", ["complete", {}]);
      expect(reload.at(-1)?.notes).toEqual([["info", "People and their passwords are taken anew."]]);
      expect(await names()).toEqual([`mercutio@${HOST}`]);
      writeFileSync(users, JSON.stringify([{ ...ROMEO, uri: "nobody" }]));
      const refused = await admin.command(HOST, "admin#reload", ["complete", {}]);
      expect(refused.at(-1)?.notes[0]).toEqual(["error", expect.stringContaining("uri")]);
      expect(await names()).toEqual([`mercutio@${HOST}`]);
      writeFileSync(users, JSON.stringify([ROMEO]));
      world.gateway.kill("SIGHUP");
      await eventually("the people after SIGHUP", async () => (await names()).length === 0);
    });

    test("a subscription is shown to whom it concerns, and dropped by an administrator", async () => {
      const person = await world.client("juliet", "roster");
      await person.roster();
      const contact = new SipContact(world.phone, world.at.tcp, `sip:romeo@${HOST}`);
      person.subscription("subscribe", `romeo@${HOST}`);
      const dialog = await contact.subscribed();
      await contact.notify(dialog, "active;expires=3600");
      await person.nextPresence("subscribed", `romeo@${HOST}`);
      const document = pidf(`sip:romeo@${HOST}`, [{ id: "desk", basic: "open" }]);
      await contact.notify(dialog, "active;expires=3600", document);
      const shown = await person.nextPresence("", `romeo@${HOST}`);
      expect(shown.xml).toContain("vcard-temp:x:update");
      const [mine] = await juliet.command(HOST, "contacts");
      expect(mine?.rows).toEqual([
        { jid: `romeo@${HOST}`, sip: `sip:romeo@${HOST}`, state: expect.stringMatching(/^agreed/) },
      ]);
      const key = `x juliet@${XMPP_DOMAIN} romeo@${HOST}`;
      const pages = await admin.command(
        HOST,
        "admin#drop-subscription",
        ["next", { whom: `sip:romeo@${HOST}` }],
        ["complete", { keys: [key] }],
      );
      expect(pages.at(-1)?.notes[0]?.[0]).toBe("info");
      await person.nextPresence("unsubscribed", `romeo@${HOST}`);
    });

    test("whoever is blocked does not get through, and the diagnosis says so", async () => {
      await juliet.command(HOST, "block", ["complete", { whom: `romeo@${HOST}`, scope: "person" }]);
      const diagnosis = await juliet.command(HOST, "diagnose", ["complete", { address: `romeo@${HOST}` }]);
      expect(diagnosis[1]?.notes[0]?.[1]).toMatch(/you have blocked/);
      const answer = await world.phone.send(
        { to: `sip:juliet@${XMPP_DOMAIN}`, from: `sip:romeo@${HOST}`, body: "may I?" },
        world.at.tcp,
      );
      expect(answer.status).toBeGreaterThanOrEqual(400);
      await juliet.command(HOST, "unblock", ["complete", { entries: [`romeo@${HOST}`] }]);
    });
  });
});

const MERCUTIO = {
  username: "mercutio",
  uri: `sip:mercutio@${HOST}`,
  name: "Mercutio",
  ha1: "1123456789abcdef0123456789abcdef",
};
const ROMEO = {
  username: "romeo",
  uri: `sip:romeo@${HOST}`,
  name: "Romeo Montague",
  ha1: "0123456789abcdef0123456789abcdef",
};
