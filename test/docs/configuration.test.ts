import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configFrom } from "../../src/config/load";
import type { Entry, Shape, Yaml } from "../../src/config/option";
import { parseSettings } from "../../src/config/parse";
import { SCHEMA } from "../../src/config/schema";
import { USERS } from "../../src/config/users";
import { expectPage, filesOf, readPage } from "./pages";

const PAGE = "docs/configuration.md";
const ENVIRONMENT = { ISTHMUS_SECRET: "change-me" };

test("the tables of keys are those of the schema", () => {
  const withKeys = between(readPage(PAGE), "reference", table(rowsOf(SCHEMA.shape, "")));
  expectPage(PAGE, between(withKeys, "users", table(rowsOf(USERS.shape, ""))));
});

test("the recipes load", () => {
  const page = readPage(PAGE);
  const recipes = [...page.matchAll(/<!-- recipe(: certificates)? -->\n```yaml\n(.*?)```/gs)];
  expect(recipes).toHaveLength(5);
  const folder = mkdtempSync(join(tmpdir(), "isthmus-docs-"));
  for (const [name, text] of filesOf(page)) writeFileSync(join(folder, name), text);
  try {
    for (const [, certificates, text = ""] of recipes) {
      // Whoever reads has certificates of their own.
      if (certificates !== undefined) expect(parseSettings(text)).toMatchObject({ ok: true });
      else expect(configFrom(text, join(folder, "isthmus.yaml"), ENVIRONMENT).domains.sip).not.toEqual([]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the hashes of users.yaml are those of the commands beside it", () => {
  const page = readPage(PAGE);
  const [, secret = ""] = /printf '%s' '([^']+)' \| md5sum/.exec(page) ?? [];
  const users = filesOf(page).get("users.yaml") ?? "";
  expect(secret).toBe("romeo:sip.example:moonlight");
  for (const algorithm of ["md5", "sha256"])
    expect(users).toContain(`${algorithm}: ${createHash(algorithm).update(secret).digest("hex")}\n`);
});

test("every switch and every phone that has one stands in the table of phones or beside it", () => {
  const page = readPage(PAGE);
  for (const name of ["cpimScheme", "plainAsHtml", "digestWithoutQop", "receiptOn200", "imdn"])
    expect(page.split("## Every key")[0]).toContain(`\`${name}`);
});

interface Row {
  readonly key: string;
  readonly required?: boolean;
  readonly fallback?: Yaml;
  readonly meaning: string;
  readonly takes: string;
}

function rowsOf(shape: Shape, parent: string): Row[] {
  return Object.entries(shape).flatMap(([name, entry]) => entryRows(`${parent}${name}`, entry));
}

function entryRows(key: string, entry: Entry): Row[] {
  const { meaning } = entry;
  if (key === "sip.peers[].switches") return [{ key, meaning, takes: "the keys of sip.switches" }];
  switch (entry.kind) {
    case "section":
      return rowsOf(entry.shape, `${key}.`);
    case "sections":
      return [
        { key, fallback: [], meaning, takes: "a list of sections" },
        ...rowsOf(entry.shape, `${key}[].`),
      ];
    case "foreign":
      return [{ key, meaning, takes: entry.expects }];
    case "option": {
      // A switch may be left out in two places, so that its default is shown as its example (test/config/sample.test.ts).
      const fallback = key.startsWith("sip.switches.") ? entry.example : entry.fallback;
      const row = { key, required: entry.required, meaning, takes: entry.expects };
      return [fallback === undefined ? row : { ...row, fallback }];
    }
  }
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ key, required, fallback, meaning, takes }) => {
    const name = required === true ? `**\`${key}\`**` : `\`${key}\``;
    const value =
      fallback === undefined
        ? "—"
        : `\`${typeof fallback === "string" ? fallback : JSON.stringify(fallback)}\``;
    return `| ${name} | ${value} | ${meaning} | ${takes} |`;
  });
  return ["| Key | Default | Meaning | Takes |", "| --- | --- | --- | --- |", ...lines].join("\n");
}

/** The page with this text between the marks of that name. */
function between(page: string, mark: string, text: string): string {
  const [head, rest] = page.split(`<!-- ${mark} -->\n`);
  const [, tail] = rest?.split(`<!-- /${mark} -->`) ?? [];
  if (tail === undefined) throw new Error(`${PAGE} lacks the marks ${mark}`);
  return `${head}<!-- ${mark} -->\n\n${text}\n\n<!-- /${mark} -->${tail}`;
}
