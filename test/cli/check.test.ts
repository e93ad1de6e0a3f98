import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { runProbes } from "../../src/cli/check";
import type { Probe, ProbeResult } from "../../src/cli/probe";
import { probesOf } from "../../src/cli/probes";
import { loadConfig } from "../../src/config/load";
import { openStore } from "../../src/store/sqlite-store";
import { configFile } from "./config-file";
import { isthmus, recordingTerminal } from "./terminal";

const probe = (name: string, result: ProbeResult): Probe => ({ name, run: async () => result });
const GOOD = probe("database", { ok: true, detail: "writable" });
const BAD = probe("next hop", { ok: false, detail: "no answer", advice: "Start it." });

describe("what the probes found", () => {
  test("all is well: a line each, exit code 0", async () => {
    const { terminal, said } = recordingTerminal();
    expect(
      await runProbes("/etc/isthmus.yaml", [GOOD, probe("listener", { ok: true })], false, terminal),
    ).toBe(0);
    expect(said).toEqual({
      out: "✓ configuration /etc/isthmus.yaml\n✓ database: writable\n✓ listener\n",
      error: "",
    });
  });

  test("a failure says what and what to do, the others are tried all the same, exit code 1", async () => {
    const { terminal, said } = recordingTerminal();
    expect(await runProbes("f", [BAD, GOOD], false, terminal)).toBe(1);
    expect(said.out).toBe("✓ configuration f\n✗ next hop: no answer\n    Start it.\n✓ database: writable\n");
  });

  test("they run one after another", async () => {
    const order: string[] = [];
    const slow = (name: string): Probe => ({
      name,
      run: async () => {
        order.push(`${name} begins`);
        await Promise.resolve();
        order.push(`${name} ends`);
        return { ok: true };
      },
    });
    await runProbes("f", [slow("a"), slow("b")], true, recordingTerminal().terminal);
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  test("--json is one object", async () => {
    const { terminal, said } = recordingTerminal();
    expect(await runProbes("f", [GOOD, BAD], true, terminal)).toBe(1);
    expect(JSON.parse(said.out)).toEqual({
      config: "f",
      probes: [
        { name: "database", ok: true, detail: "writable" },
        { name: "next hop", ok: false, detail: "no answer", advice: "Start it." },
      ],
    });
  });
});

describe("a configuration that is wrong", () => {
  test.each([
    ["an unknown key", { log: { levle: "info" } }, "log.levle", "level (perhaps)"],
    ["a port that is none", { sip: { listen: ["udp:127.0.0.1:99999"] } }, "sip.listen[0]", "udp, tcp or tls"],
    ["a time without a unit", { xmpp: { proofDeadline: 10 } }, "xmpp.proofDeadline", "a time"],
    [
      "a component without a secret",
      { xmpp: { components: [{ host: "sip.example" }] } },
      "xmpp.components[0]",
      "exactly one of secret",
    ],
    [
      "a peer that is not there",
      { sip: { listen: ["udp:127.0.0.1:0"] } },
      "domains.sip[0].peer",
      "the name of one of sip.peers",
    ],
  ])("%s: the key and what is expected, exit code 2", async (_, parts, key, expected) => {
    const file = configFile(parts);
    const call = await isthmus(["check", "--config", file]);
    expect(call).toMatchObject({ code: 2, out: "" });
    expect(call.error).toContain(`${key}: `);
    expect(call.error).toContain(expected);
    const json = await isthmus(["check", "--config", file, "--json"]);
    expect(json).toMatchObject({ code: 2, error: "" });
    const { problems } = JSON.parse(json.out);
    expect(problems).toContainEqual(
      expect.objectContaining({ key, expected: expect.stringContaining(expected) }),
    );
  });

  test("the secret itself is never shown", async () => {
    const file = configFile({ xmpp: { components: [{ host: "sip.example", secret: "hush\nhush" }] } });
    const call = await isthmus(["check", "--config", file]);
    expect(call.code).toBe(2);
    expect(call.error).not.toContain("hush");
  });
});

describe("beside a gateway that runs already", () => {
  const report = {
    ready: true,
    version: "0.1.0",
    upSeconds: 312,
    listeners: [{ transport: "udp", address: "127.0.0.1", port: 5060 }],
    links: [{ host: "sip.example", state: "up", since: 0 }],
  };
  const listen = { listen: ["udp:127.0.0.1:5060"], peers: [{ name: "kamailio" }] };

  test("what it holds is asked of it and not opened again", async () => {
    const page = await serve(JSON.stringify(report));
    const file = configFile({ sip: listen, health: { listen: page.listen } });
    expect(await results(file, /runs already|health|listener|component/)).toEqual({
      "a gateway runs already": {
        ok: true,
        detail: "version 0.1.0, up 312 s, ready; what it holds is not opened again",
      },
      [`health page ${page.listen}`]: { ok: true, detail: "served by the gateway that runs" },
      "SIP listener udp:127.0.0.1:5060": { ok: true, detail: "held by the gateway that runs" },
      "XMPP component sip.example at 127.0.0.1:5347": {
        ok: true,
        detail: "up in the gateway that runs; the secret was not tried",
      },
    });
    page.server.close();
  });

  test("a link that is down there says why", async () => {
    const links = [
      { host: "sip.example", state: "down", since: 0, reason: "conflict", detail: "connected twice" },
    ];
    const page = await serve(JSON.stringify({ ...report, ready: false, links }));
    const found = await results(configFile({ health: { listen: page.listen } }), /runs already|component/);
    expect(Object.values(found)).toEqual([
      { ok: true, detail: expect.stringContaining("not ready") },
      {
        ok: false,
        detail: "conflict: connected twice",
        advice: expect.stringContaining("Another connection"),
      },
    ]);
    page.server.close();
  });

  test.each(["<html>", "{}", "null", '{"version":"1","upSeconds":1,"listeners":{},"links":[]}'])(
    "a page of something else (%s) is a port that is taken",
    async (body) => {
      const page = await serve(body);
      const found = await results(configFile({ health: { listen: page.listen } }), /runs already|health/);
      expect(Object.values(found)).toEqual([
        {
          ok: false,
          detail: expect.stringContaining("EADDRINUSE"),
          advice: expect.stringContaining("health.listen"),
        },
      ]);
      page.server.close();
    },
  );
});

describe("the database", () => {
  test("one that was not there is not left behind, for it would belong to whoever ran the check", async () => {
    const file = configFile();
    expect(Object.values(await results(file, /database/))).toEqual([{ ok: true, detail: "can be made" }]);
    expect(readdirSync(dirname(file))).toEqual(["isthmus.yaml"]);
  });

  test("one that is there is written to and stays", async () => {
    const file = configFile();
    const { store } = loadConfig(file, {});
    openStore(store).close();
    expect(Object.values(await results(file, /database/))).toEqual([
      { ok: true, detail: "undamaged and writable" },
    ]);
    expect(existsSync(store.file)).toBe(true);
  });

  test("a file that is no database stays as it is", async () => {
    const file = configFile();
    const database = join(dirname(file), "isthmus.db");
    writeFileSync(database, "To be, or not to be, that is the question.".repeat(100));
    const before = readFileSync(database);
    expect(Object.values(await results(file, /database/))).toEqual([
      {
        ok: false,
        detail: expect.stringContaining("not a database"),
        advice: expect.stringContaining("store.file"),
      },
    ]);
    expect(readFileSync(database)).toEqual(before);
  });
});

/** Results of the probes whose name fits, by name. */
async function results(file: string, fits: RegExp): Promise<Record<string, ProbeResult>> {
  const { probes, close } = await probesOf(loadConfig(file, {}));
  const found: Record<string, ProbeResult> = {};
  for (const one of probes) if (fits.test(one.name)) found[one.name] = await one.run();
  await close();
  return found;
}

async function serve(body: string): Promise<{ server: Server; listen: string }> {
  const server = createServer((_, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, listen: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}
