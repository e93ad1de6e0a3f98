/**
 * `isthmus check` against real servers: all is well, everything is wrong, and a gateway that runs already.
 * @jest-environment ./test/support/environment.ts
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCli } from "../support/cli";
import { startGateway } from "../support/gateway";
import { startKamailio } from "../support/kamailio";
import { freePort, holdAddress } from "../support/ports";
import { temporaryFolder } from "../support/processes";
import { needs } from "../support/requires";
import { SipPeer } from "../support/sip-peer";
import { XMPP_SERVERS, type XmppServer } from "../support/xmpp-server";

jest.setTimeout(90_000);

interface Result {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: string;
  readonly advice?: string;
}

const HOST = "sip.example";
const SECRET = "between us";

describe.each(XMPP_SERVERS)("beside %s", (kind, start) => {
  needs([kind], "check", () => {
    let server: XmppServer;
    let neighbour: SipPeer;
    let address: string;

    beforeAll(async () => {
      address = await holdAddress();
      server = await start({ domain: "xmpp.example", components: [{ host: HOST, secret: SECRET }] });
      neighbour = await SipPeer.open({ address, port: await freePort(address) });
    });

    afterAll(async () => {
      await neighbour.close();
      await server.stop();
    });

    const component = (more: object = {}) => ({
      host: HOST,
      server: `${server.address}:${server.componentPort}`,
      secret: SECRET,
      ...more,
    });
    const proxied = (proxy: string) => [{ name: "kamailio", trust: ["127.0.0.1"], proxy, route: false }];
    const right = async () => ({
      sip: {
        listen: [`udp:${address}:${await freePort(address)}`, `tcp:${address}:${await freePort(address)}`],
        peers: proxied(`sip:${address}:${neighbour.port}`),
      },
      xmpp: { components: [component()] },
      domains: {
        sip: [{ sip: HOST, xmpp: HOST, peer: "kamailio" }],
        xmpp: [{ xmpp: "xmpp.example", sip: "xmpp.example" }],
      },
      health: { listen: `${address}:${await freePort(address)}` },
    });

    test("all is well: every probe is green, for a person and for a program, exit code 0", async () => {
      const file = configFile(await right());
      const person = await runCli(["check", "--config", file]);
      expect(person.lines.filter((line) => !line.startsWith("✓ "))).toEqual([]);
      expect(person.log).toContain(
        `XMPP component ${HOST} at ${server.address}:${server.componentPort}: shook hands`,
      );
      expect(person.log).toContain(`sip:${address}:${neighbour.port} answered 200`);
      expect(person.code).toBe(0);
      const { code, results } = await check(file);
      expect(results.filter(({ ok }) => !ok)).toEqual([]);
      expect(results).toHaveLength(person.lines.length - 1);
      expect(code).toBe(0);
    });

    test("everything is wrong: each part says what failed and what to do, exit code 1, within its bounds", async () => {
      const config = await right();
      const [taken] = config.sip.listen as [string, string];
      const holder = await SipPeer.open({ address, port: Number(taken.split(":")[2]) });
      const silent = await SipPeer.open({ address, port: await freePort(address) });
      silent.answer = () => undefined;
      const nobody = await freePort(address);
      const { code, results } = await check(
        configFile({
          ...config,
          sip: { ...config.sip, peers: proxied(`sip:${address}:${silent.port}`) },
          xmpp: { components: [component({ secret: "another" })] },
          store: { file: "/proc/isthmus.db" },
        }),
      );
      const elsewhere = async (port: number) =>
        (
          await check(
            configFile({
              ...config,
              xmpp: { components: [component({ server: `${server.address}:${port}` })] },
            }),
          )
        ).results.find(({ name }) => name.startsWith("XMPP"));
      expect(code).toBe(1);
      expect(failed(results)).toEqual({
        "database /proc/isthmus.db": [
          expect.stringContaining("/proc/isthmus.db"),
          expect.stringContaining("store.file"),
        ],
        [`SIP listener ${taken}`]: [
          expect.stringContaining("EADDRINUSE"),
          expect.stringContaining("Another program"),
        ],
        [`XMPP component ${HOST} at ${server.address}:${server.componentPort}`]: [
          expect.stringContaining("not-authorized"),
          expect.stringContaining("secret"),
        ],
        "next hop of peer kamailio": [
          `sip:${address}:${silent.port}: no answer in 6.4 s`,
          expect.stringContaining("Is the proxy running"),
        ],
      });
      // Asked although the listener is taken, and given up early: T1 of 100 ms gives seven sends in 6.4 s, T1 of 500 ms
      // eleven in 32 s.
      const [copies] = silent.copies.values();
      expect(silent.copies.size).toBe(1);
      expect(copies).toBeGreaterThan(3);
      expect(copies).toBeLessThanOrEqual(7);

      await Promise.all([holder.close(), silent.close()]);
      expect(await elsewhere(nobody)).toMatchObject({
        ok: false,
        detail: expect.stringContaining("ECONNREFUSED"),
      });
      expect(await elsewhere(server.c2sPort)).toMatchObject({
        ok: false,
        advice: expect.stringContaining("port for components"),
      });
    });

    test("a folder for the database that is not there", async () => {
      const { results } = await check(
        configFile({ ...(await right()), store: { file: "/no/such/folder/isthmus.db" } }),
      );
      expect(failed(results)).toEqual({
        "database /no/such/folder/isthmus.db": [
          expect.stringContaining("directory does not exist"),
          expect.stringContaining("folder must exist"),
        ],
      });
    });

    test("beside a gateway that runs, its link and its listeners are left alone and count as well", async () => {
      const gateway = await startGateway(await right());
      const { code, results } = await check(join(gateway.folder, "isthmus.yaml"));
      expect(results.filter(({ ok }) => !ok)).toEqual([]);
      expect(results[0]).toMatchObject({ name: "a gateway runs already" });
      expect(code).toBe(0);
      expect(gateway.log()).not.toContain("xmpp link down");
      expect(await gateway.health()).toMatchObject({ ready: true });
      await gateway.stop();
    });
  });
});

needs(["kamailio"], "check through Kamailio", () => {
  test("whatever a proxy answers to OPTIONS shows that it is there", async () => {
    const kamailio = await startKamailio({ routes: [] }); // it knows no domain: 404
    const file = configFile({
      sip: {
        listen: [`udp:${kamailio.address}:${await freePort(kamailio.address)}`],
        peers: [{ name: "kamailio", proxy: `sip:${kamailio.address}:${kamailio.sipPort}` }],
      },
      xmpp: { components: [{ host: HOST, server: `${kamailio.address}:1`, secret: SECRET }] },
      domains: { sip: [{ sip: HOST, xmpp: HOST, peer: "kamailio" }] },
      health: { listen: "off" },
    });
    const { results } = await check(file);
    expect(results).toContainEqual({
      name: "next hop of peer kamailio",
      ok: true,
      detail: `sip:${kamailio.address}:${kamailio.sipPort} answered 404 Not Here`,
    });
    await kamailio.stop();
  });
});

function configFile(config: object): string {
  const file = join(temporaryFolder("check"), "isthmus.yaml");
  writeFileSync(file, JSON.stringify(config)); // JSON is YAML
  return file;
}

async function check(file: string): Promise<{ code: number | null; results: readonly Result[] }> {
  const { code, lines } = await runCli(["check", "--json", "--config", file]);
  const { config, probes } = JSON.parse(lines.join("\n"));
  expect(config).toBe(file);
  return { code, results: probes };
}

/** Name → detail and advice of what failed. */
function failed(
  results: readonly Result[],
): Record<string, readonly [string | undefined, string | undefined]> {
  return Object.fromEntries(
    results.filter(({ ok }) => !ok).map(({ name, detail, advice }) => [name, [detail, advice] as const]),
  );
}
