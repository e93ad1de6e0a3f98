import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { breaches } from "./support/architecture/rules";
import type { Source } from "./support/architecture/syntax";

const SRC = join(__dirname, "../src");

test("src/ keeps the rules of its tour", () => {
  expect(breaches(sourcesOf(SRC))).toEqual([]);
});

test("src/ is really read", () => {
  expect(sourcesOf(SRC).map((source) => source.path)).toContain("core/result.ts");
});

describe("the checker finds", () => {
  const HEAD = "/** What this file is about. */\n";
  const broken: [string, string, string][] = [
    ["a node module in the core", "core/a.ts", 'import { isIP } from "node:net";'],
    ["a package in the core", "core/a.ts", 'import yaml from "yaml";'],
    ["tr46 outside idna.ts", "core/address/jid.ts", 'import tr46 from "tr46";'],
    ["the core importing an adapter, types or not", "core/a.ts", 'import type { X } from "../sip/options";'],
    ["an import type in the core", "core/a.ts", 'type X = import("../store/x").X;'],
    ["a dynamic import in the core", "core/a.ts", 'export const x = () => import("node:fs");'],
    ["a require in the core", "core/a.ts", 'const fs = require("node:fs");'],
    ["a re-export in the core", "core/a.ts", 'export * from "../gateway/sides";'],
    ["a named re-export in the core", "core/a.ts", 'export { x } from "../gateway/sides";'],
    ["a computed import in the core", "core/a.ts", "export const x = (name: string) => import(name);"],
    ["the clock in the core", "core/a.ts", "export const now = () => Date.now();"],
    ["a new Date in the core", "core/a.ts", "export const now = () => new Date();"],
    ["chance in the core", "core/a.ts", "export const id = () => Math.random();"],
    ["a timer in the core", "core/a.ts", "export const wait = () => setTimeout(() => undefined, 1);"],
    ["process in the core", "core/a.ts", "export const pid = () => process.pid;"],
    ["console in the core", "core/a.ts", 'export const say = () => console.log("x");'],
    ["sip/ importing xmpp/", "sip/a.ts", 'import { x } from "../xmpp/b";'],
    ["xmpp/ importing sip/ from deeper", "xmpp/iq/a.ts", 'import type { X } from "../../sip/b";'],
    ["sip/ importing store/", "sip/a.ts", 'import { x } from "../store/b";'],
    ["sip/ importing values of the gateway", "sip/a.ts", 'import { x } from "../gateway/sides";'],
    ["store/ importing values of the core", "store/a.ts", 'import { reject } from "../core/rejection";'],
    ["gateway/ importing an adapter", "gateway/a.ts", 'import { createSipSide } from "../sip/user-agent";'],
    ["gateway/ importing the store", "gateway/a.ts", 'import type { X } from "../store/sqlite-store";'],
    ["SQL outside store/", "gateway/a.ts", 'export const q = "SELECT seq FROM journal";'],
    ["SQL in a template", "gateway/a.ts", "export const q = `delete from journal where seq = 1`;"],
    ["the driver outside store/", "gateway/a.ts", 'import type D from "better-sqlite3";'],
    ["an adapter importing main", "gateway/a.ts", 'import { startGateway } from "../main";'],
    ["a let at the top level", "sip/a.ts", "let counter = 0;\nexport const next = () => counter++;"],
    ["an exported let", "xmpp/a.ts", "export let counter = 0;"],
    ["a map that waits to be filled", "gateway/a.ts", "const seen = new Map<string, number>();"],
    ["an array that waits to be filled", "gateway/a.ts", "export const seen: string[] = [];"],
    ["a static that can be assigned", "gateway/a.ts", "export class A { static count = 0; }"],
    ["a reader of files", "gateway/a.ts", 'import { readFileSync } from "node:fs";'],
    ["a reader of the environment", "log.ts", "export const level = () => process.env.LEVEL;"],
  ];

  test.each(broken)("%s", (_, path, text) => {
    expect(breaches([{ path, text: HEAD + text }])).not.toEqual([]);
  });

  test("a file of sip/ that does not say what it does", () => {
    expect(breaches([{ path: "sip/a.ts", text: "export const x = 1;" }])).toHaveLength(1);
    expect(breaches([{ path: "sip/a.ts", text: "/** SIP. */\nexport const x = 1;" }])).toHaveLength(1);
  });

  test("a cycle, also of types, also through three files", () => {
    const cycle = [
      { path: "gateway/a.ts", text: 'import { b } from "./b";' },
      { path: "gateway/b.ts", text: 'import type { c } from "./deep/c";' },
      { path: "gateway/deep/c.ts", text: 'import { a } from "../a";' },
    ];
    expect(breaches(cycle)).toEqual([
      expect.stringContaining("a.ts → gateway/b.ts → gateway/deep/c.ts → gateway/a.ts"),
    ]);
  });
});

describe("the checker is content with", () => {
  const sound: [string, string, string][] = [
    [
      "names in comments and strings",
      "core/a.ts",
      '// Date.now() of process\nexport const h = "Date, console.log";',
    ],
    [
      "keys and members that are called like globals",
      "core/a.ts",
      "export const h = (m: { Date: string }) => m.Date;",
    ],
    ["xml/ in the core", "core/deep/a.ts", 'import { element } from "../../xml/element";'],
    ["tr46 in idna.ts", "core/address/idna.ts", 'import tr46 from "tr46";'],
    ["the interfaces of the gateway, as types", "sip/a.ts", 'import type { Clock } from "../gateway/sides";'],
    [
      "types of the core in store/",
      "store/a.ts",
      'import type { X } from "../core/effect";\nimport D from "better-sqlite3";',
    ],
    [
      "tables that are complete",
      "core/a.ts",
      'const rows: ReadonlyMap<string, number> = new Map([["a", 1]]);',
    ],
    ["empty values that nobody may fill", "core/a.ts", "const NONE: readonly string[] = [];"],
    ["prose that only sounds like SQL", "gateway/a.ts", 'export const t = "select one or delete it";'],
    ["the commands starting the gateway", "cli/a.ts", 'import { startGateway } from "../main";'],
  ];

  test.each(sound)("%s", (_, path, text) => {
    expect(breaches([{ path, text: `/** What this file is about. */\n${text}` }])).toEqual([]);
  });
});

function sourcesOf(folder: string): Source[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
    .map((name) => ({ path: name.split(sep).join("/"), text: readFileSync(join(folder, name), "utf8") }));
}
