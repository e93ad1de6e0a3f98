/** The dependency rules of the tour (src/README.md) as functions from sources to complaints. */

import { dirname, join } from "node:path/posix";
import { type Facts, factsOf, type Import, type Source } from "./syntax";

/** Every breach of the rules, one sentence each; none is an empty list. */
export function breaches(sources: readonly Source[]): string[] {
  const facts = sources.map(factsOf);
  return [...facts.flatMap((one) => RULES.flatMap((rule) => rule(one))), ...cycles(facts)];
}

type Rule = (facts: Facts) => string[];

/** Rule 1: the core imports core/ and xml/ only, and touches neither clock nor chance nor process. */
const coreIsPure: Rule = (facts) => {
  const folder = folderOf(facts.path);
  if (folder !== "core" && folder !== "xml") return [];
  const packages = PURE_PACKAGES[facts.path] ?? PURE_PACKAGES[folder] ?? [];
  const foreign = facts.imports.filter((one) => {
    const target = folderOf(targetOf(facts.path, one));
    return target === undefined ? !packages.includes(one.specifier) : target !== "xml" && target !== folder;
  });
  const impure = IMPURE.filter((name) => facts.uses.has(name));
  return [
    ...foreign.map((one) => `${facts.path} imports ${one.specifier}: ${folder}/ is pure (rule 1)`),
    ...impure.map((name) => `${facts.path} uses ${name}: ${folder}/ is pure (rule 1)`),
  ];
};

/** Rules 2 to 4: who may import which folder of src/. */
const foldersKeepApart: Rule = (facts) => {
  const allowed = MAY_IMPORT[folderOf(facts.path) ?? ""];
  if (allowed === undefined) return [];
  return facts.imports.flatMap((one) => {
    const target = targetOf(facts.path, one);
    if (target === undefined) return [];
    const folder = folderOf(target) ?? target;
    if (allowed.values.includes(folder) || (one.typeOnly && allowed.types.includes(folder))) return [];
    if (one.typeOnly && target === INTERFACES) return [];
    return [`${facts.path} imports ${one.specifier}: ${folderOf(facts.path)}/ may not (rules 2 to 4)`];
  });
};

/** Rule 3: SQL and its driver, LDAP and its driver, each in one folder. */
const driversStayHome: Rule = (facts) => {
  const folder = folderOf(facts.path) ?? "";
  const drivers = facts.imports.filter(
    (one) => Object.hasOwn(DRIVERS, one.specifier) && DRIVERS[one.specifier] !== folder,
  );
  const sql = folder === "store" ? [] : facts.strings.filter((text) => SQL.test(text));
  return [
    ...drivers.map(
      (one) => `${facts.path} imports ${one.specifier}: only ${DRIVERS[one.specifier]}/ may (rule 3)`,
    ),
    ...sql.map(() => `${facts.path} holds SQL: only store/ may (rule 3)`),
  ];
};

/** Rule 5: main.ts constructs; whoever else imports it, or constructs, is at the very top. */
const mainConstructs: Rule = (facts) => {
  const top = TOP.includes(folderOf(facts.path) ?? facts.path);
  const broken = facts.imports.filter((one) => targetOf(facts.path, one) === "main.ts" && !top);
  return [
    ...broken.map(() => `${facts.path} imports main: only ${TOP.join(", ")} may (rule 5)`),
    ...facts.mutable
      .filter((what) => !FILLED_ONCE.includes(`${facts.path}: ${what}`))
      .map((what) => `${facts.path} keeps state at its top level: ${what} (rule 5)`),
  ];
};

/** Rule 6: files and environment are read in few places. */
const configReads: Rule = (facts) => {
  const where = folderOf(facts.path) ?? facts.path;
  if (READERS.includes(where) || READERS.includes(facts.path)) return [];
  const files = facts.imports.filter((one) => /^(node:)?fs(\/promises)?$/.test(one.specifier));
  return [
    ...files.map(() => `${facts.path} reads files: config/ does that (rule 6)`),
    ...(facts.uses.has("process.env")
      ? [`${facts.path} reads the environment: config/ does that (rule 6)`]
      : []),
  ];
};

/** Style E1: a file of core/ or sip/ begins by saying what it does. */
const filesSayWhatTheyDo: Rule = (facts) => {
  const folder = folderOf(facts.path);
  if (folder !== "core" && folder !== "sip") return [];
  const words = facts.firstLine.split(/\s+/).filter((word) => /\w/.test(word));
  const isComment = /^(\/\*\*|\/\/)/.test(facts.firstLine);
  return isComment && words.length >= 3
    ? []
    : [`${facts.path} does not begin with a comment on its matter (E1)`];
};

const RULES = [
  coreIsPure,
  foldersKeepApart,
  driversStayHome,
  mainConstructs,
  configReads,
  filesSayWhatTheyDo,
];

/** Rule 7: no import cycles; types count, since a cycle of types is one of thoughts. */
function cycles(facts: readonly Facts[]): string[] {
  const known = new Set(facts.map((one) => one.path));
  const edges = new Map(
    facts.map((one) => [
      one.path,
      one.imports.map((i) => targetOf(one.path, i, known)).filter((t) => t !== undefined),
    ]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, above: readonly string[]): void => {
    const start = above.indexOf(path);
    if (start >= 0) {
      found.push(`import cycle: ${[...above.slice(start), path].join(" → ")} (rule 7)`);
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) walk(next, [...above, path]);
    done.add(path);
  };
  for (const path of known) walk(path, []);
  return found;
}

/** The file of src/ that an import means; undefined for packages and node modules. */
function targetOf(from: string, { specifier }: Import, known?: ReadonlySet<string>): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const path = join(dirname(from), specifier).replace(/\.js$/, "");
  const file = path.endsWith(".ts") ? path : `${path}.ts`;
  return known !== undefined && !known.has(file) && known.has(`${path}/index.ts`) ? `${path}/index.ts` : file;
}

/** `core` of `core/address/jid.ts`; undefined for a file at the top. */
function folderOf(path: string | undefined): string | undefined {
  const slash = path?.indexOf("/") ?? -1;
  return slash < 0 ? undefined : path?.slice(0, slash);
}

/** Packages that the pure folders may use: IDNA tables for addresses, parsers for XML and HTML. None of them reads a clock. */
const PURE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "core/address/idna.ts": ["tr46"],
  xml: ["saxes", "htmlparser2"],
};
const IMPURE = [
  "Date",
  "Math.random",
  "process",
  "console",
  "performance",
  "crypto",
  "fetch",
  "globalThis",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
];
/** Interfaces of the sides, for types alone: the adapters implement them. */
const INTERFACES = "gateway/sides.ts";
const MAY_IMPORT: Readonly<Record<string, { values: readonly string[]; types: readonly string[] }>> = {
  sip: { values: ["sip", "core", "xml"], types: [] },
  xmpp: { values: ["xmpp", "core", "xml"], types: [] },
  msrp: { values: ["msrp", "core", "xml"], types: [] },
  store: { values: ["store"], types: ["core", "xml"] },
  directory: { values: ["directory", "core"], types: [] },
  gateway: { values: ["gateway", "core", "xml"], types: [] },
};
const DRIVERS: Readonly<Record<string, string>> = { "better-sqlite3": "store", ldapts: "directory" };
const SQL =
  /\b(?:select\s[^;]*\sfrom\s|insert\s+(?:or\s+\w+\s+)?into\s|update\s+\w+\s+set\s|delete\s+from\s|create\s+table\s|pragma\s)/i;
const TOP = ["main.ts", "cli", "sandbox"];
/** Tables of a state machine, filled row by row while the module loads and never after. */
const FILLED_ONCE = ["core/message/composing.ts: const TABLE"];
/**
 * Readers of files and environment: the configuration; commands and sandbox, which work for a person; the store, whose
 * migrations, log and lock are files; the version, which is a line of package.json.
 */
const READERS = [
  "config",
  "cli",
  "sandbox",
  "store/migrations.ts",
  "store/disk-sync.ts",
  "store/instance-lock.ts",
  "runtime/version.ts",
];
