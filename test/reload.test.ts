import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changesBetween } from "../src/config/changes";
import type { Config } from "../src/config/config";
import { loadConfig } from "../src/config/load";
import { nobody } from "../src/directory/directory";
import { ReplaceableDirectory } from "../src/directory/replaceable";
import type { Directory } from "../src/gateway/sides";
import { createReload } from "../src/reload";
import { nullLog } from "./support/null-log";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-reload-"));
  users("romeo");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function users(...names: string[]): void {
  const people = names.map((name) => ({ username: name, uri: `sip:${name}@sip.example`, ha1: HA1 }));
  writeFileSync(join(folder, "users.yaml"), JSON.stringify(people));
}

function configWith(more: object = {}): Config {
  const file = join(folder, "isthmus.yaml");
  writeFileSync(file, JSON.stringify({ ...SMALL, ...more }));
  return loadConfig(file, {});
}

describe("what differs between two configurations", () => {
  test("nothing, when the same file is read twice", () => {
    expect(changesBetween(configWith(), configWith())).toEqual({ people: false, restart: [] });
  });

  test("people, and nothing else, when only the users file has changed", () => {
    const before = configWith();
    users("romeo", "mercutio");
    expect(changesBetween(before, configWith())).toEqual({ people: true, restart: [] });
  });

  test.each<[string, object, string[]]>([
    ["a listener", { sip: { ...SIP(), listen: ["udp:127.0.0.1:5070"] } }, ["sip"]],
    ["the level of the log", { log: { level: "debug" } }, ["log"]],
    [
      "a limit and the health page",
      { limits: { journal: 7 }, health: { listen: "127.0.0.1:1" } },
      ["health", "limits"],
    ],
    ["no presence", { presence: { enabled: false } }, ["presence"]],
    ["a rate of registrations", { limits: { rates: { registrations: { sender: "off" } } } }, ["limits"]],
  ])("%s needs a restart", (_, more, restart) => {
    expect(changesBetween(configWith(), configWith(more))).toMatchObject({ restart });
  });

  test("the first people of all need a restart: who may sign was settled at the start", () => {
    const before = configWith({ sip: { ...SIP(), users: undefined } });
    expect(changesBetween(before, configWith())).toEqual({ people: true, restart: ["directory"] });
  });
});

describe("reload", () => {
  function reloading() {
    const used: Config[] = [];
    const config = configWith();
    let more: object = {};
    const reload = createReload({
      config,
      read: () => configWith(more),
      usePeople: (next) => used.push(next),
      log: nullLog(),
    });
    return { reload, used, change: (next: object) => (more = next) };
  }

  test("takes people at once, once, and names what needs a restart until that is done", async () => {
    const { reload, used, change } = reloading();
    expect(await reload()).toBe("Nothing has changed.");
    users("romeo", "mercutio");
    change({ log: { level: "debug" } });
    expect(await reload()).toBe(
      "People and their passwords are taken anew. These parts have changed and need a restart of the gateway: log.",
    );
    expect(await reload()).toBe("These parts have changed and need a restart of the gateway: log.");
    expect(used).toHaveLength(1);
  });

  test("a file with a mistake changes nothing, and says what is wrong", async () => {
    const { reload, used } = reloading();
    users("no body");
    await expect(reload()).rejects.toThrow(/uri/);
    expect(used).toEqual([]);
  });
});

test("a replaced directory is asked no more, and stopped after its last answers", async () => {
  const timers: (() => void)[] = [];
  const clock = {
    after: (_: number, callback: () => void) => {
      timers.push(callback);
      return () => undefined;
    },
  };
  const stopped: string[] = [];
  const named = (name: string): Directory => ({
    ...nobody(),
    search: async () => ({ kind: "found", value: [{ name } as never] }),
    stop: async () => void stopped.push(name),
  });
  const directory = new ReplaceableDirectory(named("first"), { clock, log: nullLog() });
  directory.replace(named("second"));
  expect(await directory.search("*", 1)).toEqual({ kind: "found", value: [{ name: "second" }] });
  expect(stopped).toEqual([]);
  timers[0]?.();
  expect(stopped).toEqual(["first"]);
  await directory.stop();
  expect(stopped).toEqual(["first", "second"]);
});

const HA1 = "0123456789abcdef0123456789abcdef";
function SIP() {
  return { listen: ["udp:127.0.0.1:5060"], users: "users.yaml", realm: "sip.example" };
}
const SMALL = {
  sip: SIP(),
  xmpp: { components: [{ host: "sip.example", server: "127.0.0.1:5347", secret: "between us" }] },
  domains: { sip: [{ sip: "sip.example", xmpp: "sip.example" }] },
};
