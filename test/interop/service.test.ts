/**
 * What an XMPP user meets, with slixmpp's own plugins for discovery, cards, search and commands, on real servers.
 * @jest-environment ./test/support/environment.ts
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { compileDomains } from "../../src/core/address/domains";
import { recordKey } from "../../src/core/subscription/record";
import { ListBook } from "../../src/gateway/lists/list-book";
import { createService, type Service } from "../../src/gateway/service/iq-service";
import { DEFAULT_SERVICE } from "../../src/gateway/service/options";
import { systemClock } from "../../src/runtime/clock";
import { createCounters } from "../../src/runtime/counters";
import { randomIds } from "../../src/runtime/ids";
import { type OpenStore, openStore } from "../../src/store/sqlite-store";
import { type ComponentSide, createXmppSide } from "../../src/xmpp/component";
import { type FakeDirectory, fakeDirectory, ROMEO } from "../gateway/service/stage";
import { nthWatcher, SIP_WATCHER, XMPP_WATCHER } from "../store/records";
import { onFailure } from "../support/failure";
import { nullLog } from "../support/null-log";
import { needs } from "../support/requires";
import { ServiceClient } from "../support/slixmpp-service";
import { XMPP_SERVERS, type XmppServer } from "../support/xmpp-server";

jest.setTimeout(60_000);

const HOST = "sip.example";
const SECRET = "s";
const COMMANDS = "http://jabber.org/protocol/commands";
const PEOPLE = ["contacts", "watchers", "block", "allow", "unblock", "only-allowed", "diagnose"];
const ADMINISTRATION = ["admin#counts", "admin#subscriptions", "admin#drop-subscription", "admin#reload"];

describe.each(XMPP_SERVERS)("on %s", (kind, start) => {
  needs([kind, "python3-slixmpp"], `service on ${kind}`, () => {
    let server: XmppServer;
    let side: ComponentSide;
    let service: Service;
    let store: OpenStore;
    let directory: FakeDirectory;
    let juliet: ServiceClient;
    let admin: ServiceClient;
    const log = nullLog();
    const dropped: string[] = [];

    beforeAll(async () => {
      server = await start({
        domain: "xmpp.example",
        components: [{ host: HOST, secret: SECRET }],
        users: ["juliet", "admin"].map((name) => ({ name, password: "p" })),
      });
      onFailure(() => JSON.stringify(log.lines, undefined, 1));
      store = openStore({ file: ":memory:", migrations: join(__dirname, "../../migrations") });
      directory = fakeDirectory(ROMEO);
      side = sideAt(server);
      service = createService(parts());
      side.serve(service);
      side.start(
        () => undefined,
        () => undefined,
      );
      expect(await side.settled(10_000)).toBe(true);
      [juliet, admin] = [client("juliet"), client("admin")];
      await Promise.all([juliet.online(), admin.online()]);
    });

    afterAll(async () => {
      await Promise.all([juliet?.stop(), admin?.stop()]);
      await side?.stop();
      store?.close();
      await server?.stop();
    });

    beforeEach(() => {
      directory.state = "up";
    });

    function sideAt({ address, componentPort }: XmppServer): ComponentSide {
      const deps = { clock: systemClock(), ids: randomIds(), log, counters: createCounters() };
      const components = [{ host: HOST, address, port: componentPort, secret: SECRET }];
      return createXmppSide({ ...XMPP, components }, deps);
    }

    function parts(): Parameters<typeof createService>[0] {
      const clock = systemClock();
      const { subscriptions } = store;
      return {
        options: { ...DEFAULT_SERVICE, administrators: ["admin@xmpp.example"], sessionLifetimeMs: 60_000 },
        domains: compileDomains({
          sip: [{ sip: HOST, xmpp: HOST, peer: "phones", tel: true }],
          xmpp: [{ xmpp: "xmpp.example", sip: "xmpp.example", via: "route" }],
        }),
        clock,
        ids: randomIds(),
        log,
        counters: createCounters(),
        directory,
        subscriptions,
        lists: new ListBook({ store: store.lists, clock, log, subscriptions, maximumEntries: 100 }),
        wayTo: () => "its proxy",
        isUp: (host) => side.isUp(host),
        drop: (key) => void dropped.push(key),
      };
    }

    function client(name: string): ServiceClient {
      const { address: host, c2sPort: port } = server;
      return new ServiceClient({ jid: `${name}@xmpp.example`, password: "p", host, port });
    }

    test("discovery: a gateway and a directory, with what it does (xep_0030)", async () => {
      const { identities, features } = await juliet.info(HOST);
      expect(identities.map(([category, type]) => `${category}/${type}`)).toEqual([
        "directory/user",
        "gateway/simple",
      ]);
      for (const feature of [COMMANDS, "jabber:iq:search", "jabber:iq:gateway", "vcard-temp"])
        expect(features).toContain(feature);
      expect(await juliet.items(HOST)).toEqual([[HOST, COMMANDS, "Commands"]]);
      expect((await juliet.info(`romeo@${HOST}`)).features).toContain("vcard-temp");
    });

    test("cards (xep_0054)", async () => {
      const { photo, ...card } = ROMEO.card ?? {};
      expect(await juliet.vcard(`romeo@${HOST}`)).toEqual({
        name: ROMEO.name,
        family: card.familyName,
        photo: photo?.type,
        octets: [...(photo?.octets ?? [])],
      });
      const sha1 = createHash("sha1")
        .update(photo?.octets ?? "")
        .digest("hex");
      expect(await service.avatarHash(`romeo@${HOST}`)).toBe(sha1);
      expect(await juliet.vcard(`nobody@${HOST}`)).toMatchObject({ name: "", octets: [] });
    });

    test("search (xep_0055)", async () => {
      expect(await juliet.searchForm(HOST)).toEqual(
        expect.arrayContaining(["first", "last", "nick", "email"]),
      );
      expect(await juliet.search(HOST, { last: "Montague" })).toMatchObject([
        { jid: `romeo@${HOST}`, first: "Romeo", last: "Montague", nick: "Romeo Montague" },
      ]);
      await expect(juliet.search(HOST, { last: "M" })).rejects.toMatchObject({ condition: "not-acceptable" });
    });

    test("the address prompt (XEP-0100 §6)", async () => {
      expect(await juliet.prompt(HOST, "sip:o'malley@sip.example")).toBe(`o\\27malley@${HOST}`);
      expect(await juliet.prompt(HOST, "+49 (30) 12")).toBe(`+493012@${HOST}`);
      await expect(juliet.prompt(HOST, "x@nowhere.example")).rejects.toMatchObject({
        condition: "item-not-found",
        text: expect.stringContaining("sip.example"),
      });
    });

    test("a directory that is away, or hangs, is an error within a second (bug 18)", async () => {
      directory.state = "away";
      const away = { condition: "resource-constraint", type: "wait" };
      await expect(juliet.search(HOST, { last: "Montague" })).rejects.toMatchObject(away);
      directory.state = "hangs";
      const late = { condition: "remote-server-timeout", type: "wait" };
      const begun = Date.now();
      await Promise.all([
        expect(juliet.vcard(`romeo@${HOST}`)).rejects.toMatchObject(late),
        expect(juliet.search(HOST, { last: "Montague" })).rejects.toMatchObject(late),
      ]);
      // Not more than a busy machine may add to the 900 ms.
      expect(Date.now() - begun).toBeLessThan(3_000);
    });

    test("everybody sees his own commands (xep_0050)", async () => {
      const nodes = async (who: ServiceClient) => (await who.commands(HOST)).map(([node]) => node).sort();
      expect(await nodes(juliet)).toEqual([...PEOPLE].sort());
      expect(await nodes(admin)).toEqual([...PEOPLE, ...ADMINISTRATION].sort());
      for (const node of ADMINISTRATION)
        await expect(juliet.command(HOST, node)).rejects.toMatchObject({ condition: "forbidden" });
    });

    test("contacts and watchers", async () => {
      await put(XMPP_WATCHER, SIP_WATCHER);
      const [contacts] = await juliet.command(HOST, "contacts");
      expect(contacts).toMatchObject({
        status: "completed",
        rows: [{ jid: `romeo@${HOST}`, sip: `sip:romeo@${HOST}` }],
      });
      const [watchers] = await juliet.command(HOST, "watchers");
      expect(watchers?.rows).toMatchObject([{ jid: `romeo@${HOST}`, state: "sees you, with 1 device" }]);
    });

    async function put(...records: readonly Parameters<typeof recordKey>[0][]): Promise<void> {
      for (const record of records)
        await store.subscriptions.step(recordKey(record), () => ({ record, effects: [] }));
    }

    test("block, diagnose and unblock", async () => {
      const [form, blocked] = await juliet.command(HOST, "block", [
        "complete",
        { whom: "sip:tybalt@sip.example", scope: "person" },
      ]);
      expect(form).toMatchObject({ status: "executing", actions: ["complete"] });
      expect(form?.fields).toMatchObject({ whom: "text-single", scope: "list-single" });
      expect(blocked?.notes).toEqual([["info", `tybalt@${HOST} is blocked.`]]);
      const diagnosis = await juliet.command(HOST, "diagnose", ["complete", { address: "tybalt" }]);
      expect(diagnosis[1]?.notes[0]?.[1]).toMatch(/you have blocked this contact/);
      const unblock = await juliet.command(HOST, "unblock", ["complete", { entries: [`tybalt@${HOST}`] }]);
      expect(unblock[1]?.notes).toEqual([["info", `Taken off: tybalt@${HOST}.`]]);
      const after = await juliet.command(HOST, "diagnose", ["complete", { address: "tybalt" }]);
      expect(after[1]?.notes[0]?.[0]).toBe("info");
    });

    test("a form that is wrong is shown again; cancel ends it", async () => {
      const pages = await juliet.command(
        HOST,
        "block",
        ["complete", { whom: "x@nowhere.example", scope: "person" }],
        ["cancel", {}],
      );
      expect(pages.map(({ status }) => status)).toEqual(["executing", "executing", "canceled"]);
      expect(pages[1]?.notes[0]?.[0]).toBe("error");
    });

    test("live subscriptions page by page, and dropping one", async () => {
      await put(...Array.from({ length: 30 }, (_, n) => nthWatcher(n).record), XMPP_WATCHER);
      const pages = await admin.command(
        HOST,
        "admin#subscriptions",
        ["next", { whom: "" }],
        ["next", {}],
        ["prev", {}],
        ["complete", {}],
      );
      expect(pages.map(({ status }) => status)).toEqual([
        ...Array.from({ length: 4 }, () => "executing"),
        "completed",
      ]);
      expect(pages[1]?.actions).toEqual(["complete", "next", "prev"]);
      const key = recordKey(XMPP_WATCHER);
      const drop = await admin.command(
        HOST,
        "admin#drop-subscription",
        ["next", { whom: "juliet@xmpp.example" }],
        ["next", {}],
        ["complete", { keys: [key] }],
      );
      expect([drop[3]?.notes[0]?.[0], dropped]).toEqual(["info", [key]]);
    });

    test("counts and reload", async () => {
      const [counts] = await admin.command(HOST, "admin#counts");
      expect(counts?.rows.some(({ name }) => name === "subscriptions")).toBe(true);
      const [reload] = await admin.command(HOST, "admin#reload");
      expect(reload?.notes[0]?.[1]).toMatch(/restart/);
    });
  });
});

const XMPP = {
  reconnectMs: { first: 50, longest: 200 },
  pingEveryMs: 30_000,
  pingDeadlineMs: 10_000,
  proofDeadlineMs: 10_000,
  maximumInFlight: 1_000,
  maximumQueuedBytes: 1_048_576,
  maximumStanzaBytes: 1_048_576,
  maximumDepth: 64,
  software: { name: "Isthmus", version: "test" },
};
