/** The mapping tables (mappings/*.yaml): text → frozen tables. Errors name the file, the line, the key and what is expected. */

import type * as z from "zod";
import { ANY } from "../core/address/domain-index";
import { compileDomains } from "../core/address/domains";
import type { Show } from "../core/presence/document";
import type {
  ActivityRow,
  ConditionRow,
  ContentTypeTable,
  DomainTable,
  ErrorTable,
  PresenceTable,
  SipDomainRule,
  StatusRow,
  XmppDomainRule,
} from "../core/tables";
import { type CONDITION_ROW, CONTENT_TYPES, DOMAINS, ERRORS, type STATUS_ROW } from "./mapping-schema";
import { type ACTIVITY_ROW, PRESENCE } from "./presence-schema";
import { ConfigError, describeFound, type Problem } from "./problem";
import { readYaml, type YamlText } from "./yaml";

/**
 * mappings/errors.yaml.
 * @param file its name, for messages
 * @throws ConfigError
 */
export function loadErrorTable(yamlText: string, file: string): ErrorTable {
  const { "xmpp-to-sip": toSip, "sip-to-xmpp": toXmpp } = checked(ERRORS, yamlText, file);
  const { default: toSipDefault, ...conditions } = toSip;
  const statuses = Object.entries(toXmpp);
  const classes = statuses.filter(([key]) => key.endsWith("xx"));
  return Object.freeze({
    toSip: new Map(
      Object.entries<z.output<typeof CONDITION_ROW>>(conditions).map(([name, row]) => [
        name,
        conditionRow(row),
      ]),
    ),
    toXmpp: new Map(
      statuses.filter(([key]) => !key.endsWith("xx")).map(([key, row]) => [Number(key), statusRow(row)]),
    ),
    toXmppByClass: new Map(classes.map(([key, row]) => [Number(key[0]), statusRow(row)])),
    toSipDefault: conditionRow(toSipDefault),
  });
}

/** mappings/content-types.yaml; like `loadErrorTable`. */
export function loadContentTypes(yamlText: string, file: string): ContentTypeTable {
  const { "content-types": rows } = checked(CONTENT_TYPES, yamlText, file);
  return Object.freeze({
    treatments: new Map(rows.map((row) => [row.type, row.treatment])),
    accept: rows.map((row) => row.type).join(", "),
  });
}

/** mappings/presence.yaml; like `loadErrorTable`. */
export function loadPresenceTable(yamlText: string, file: string): PresenceTable {
  const table = checked(PRESENCE, yamlText, file);
  const shows = Object.entries(table.shows).flatMap(([show, { activity }]) =>
    activity === NONE ? [] : [[show as Show, activity] as const],
  );
  const activities = Object.entries(table.activities).map(([name, row]) => [name, activityRow(row)] as const);
  return Object.freeze({
    shows: new Map(shows),
    activities: new Map(activities),
    precedence: Object.freeze(table.precedence.shows),
    userActivities: wordsOf(table["user-activities"].rows),
    moods: new Map(Object.entries(table.moods.rows).filter(([, mood]) => mood !== NONE)),
  });
}

function activityRow({ show, userActivity, writtenAs }: z.output<typeof ACTIVITY_ROW>): ActivityRow {
  return Object.freeze({
    ...(show === NONE ? undefined : { show }),
    ...(userActivity === undefined ? undefined : { userActivity }),
    ...(writtenAs === undefined ? undefined : { writtenAs }),
  });
}

function wordsOf(rows: Readonly<Record<string, string>>): ReadonlyMap<string, string | undefined> {
  return new Map(Object.entries(rows).map(([name, word]) => [name, word === NONE ? undefined : word]));
}

/** mappings/domains.yaml; like `loadErrorTable`. The table has its look-ups (`compileDomains`). */
export function loadDomains(yamlText: string, file: string): DomainTable {
  const yaml = readYaml(yamlText);
  if (yaml.problems.length > 0) throw new ConfigError(file, yaml.problems);
  return domainTable(yaml.value, file, yaml);
}

/** The same from a value that has been read already, such as the `domains` of isthmus.yaml. */
export function parseDomainRules(plain: unknown, file = "domains"): DomainTable {
  return domainTable(plain, file, undefined);
}

function domainTable(plain: unknown, file: string, yaml: YamlText | undefined): DomainTable {
  const table = valid(DOMAINS, plain ?? {}, file, yaml);
  const problems = conflicts(table);
  if (problems.length > 0)
    throw new ConfigError(
      file,
      problems.map((found) => withLine(found, yaml)),
    );
  for (const rule of [...table.sip, ...table.xmpp]) Object.freeze(rule);
  return Object.freeze(compileDomains({ sip: Object.freeze(table.sip), xmpp: Object.freeze(table.xmpp) }));
}

/** Names that two rules claim: an address must have one meaning in each direction. */
function conflicts(table: { sip: SipDomainRule[]; xmpp: XmppDomainRule[] }): Located[] {
  const routes = table.xmpp.map((rule) => (rule.via === "route" ? rule.sip : undefined));
  const components = table.sip.map((rule) => rule.xmpp);
  return [
    ...repeated(
      "sip",
      "sip",
      table.sip.map((rule) => rule.sip),
    ),
    ...repeated("sip", "xmpp", components),
    ...repeated(
      "sip",
      "tel",
      table.sip.map((rule) => (rule.tel ? "true" : undefined)),
    ),
    ...repeated(
      "xmpp",
      "xmpp",
      table.xmpp.map((rule) => (rule.xmpp === ANY ? `${ANY} via ${rule.via}` : rule.xmpp)),
    ),
    ...repeated("xmpp", "sip", routes),
    ...table.xmpp.flatMap((rule, index) => [
      ...(components.includes(rule.xmpp) ? [located("xmpp", index, "xmpp", rule.xmpp, NOT_A_COMPONENT)] : []),
      ...(rule.via === "gateway" && routes.includes(rule.sip)
        ? [located("xmpp", index, "sip", rule.sip, "a name that no rule via route has")]
        : []),
    ]),
  ];
}

function repeated(list: string, key: string, values: readonly (string | undefined)[]): Located[] {
  return values.flatMap((value, index) =>
    value !== undefined && values.indexOf(value) < index
      ? [located(list, index, key, value, `${key === "tel" ? "tel: true" : "each name"} in one rule only`)]
      : [],
  );
}

interface Located {
  readonly path: readonly PropertyKey[];
  readonly found: string;
  readonly expected: string;
}

function located(list: string, index: number, key: string, found: string, expected: string): Located {
  return { path: [list, index, key], found, expected };
}

function checked<Schema extends z.ZodType>(schema: Schema, yamlText: string, file: string): z.output<Schema> {
  const yaml = readYaml(yamlText);
  if (yaml.problems.length > 0) throw new ConfigError(file, yaml.problems);
  return valid(schema, yaml.value, file, yaml);
}

function valid<Schema extends z.ZodType>(
  schema: Schema,
  plain: unknown,
  file: string,
  yaml: YamlText | undefined,
): z.output<Schema> {
  const parsed = schema.safeParse(plain);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const unknown = issue.code === "unrecognized_keys" ? issue.keys : [];
    const path = [...issue.path, ...unknown.slice(0, 1)];
    const expected = unknown.length > 0 ? "no such key" : issue.message;
    return withLine({ path, found: describeFound(valueAt(plain, path)), expected }, yaml);
  });
  throw new ConfigError(file, problems);
}

function withLine({ path, found, expected }: Located, yaml: YamlText | undefined): Problem {
  const line = yaml?.lineOf(path);
  return { key: keyOf(path), found, expected, ...(line === undefined ? undefined : { line }) };
}

function keyOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((key, step) => {
    if (typeof step === "number") return `${key}[${step}]`;
    return key === "" ? String(step) : `${key}.${String(step)}`;
  }, "");
}

function valueAt(plain: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined,
    plain,
  );
}

function conditionRow(row: z.output<typeof CONDITION_ROW>): ConditionRow {
  const { full, bare, withAddress, reason } = row;
  return Object.freeze({ full, bare, reason, ...(withAddress === undefined ? undefined : { withAddress }) });
}

function statusRow({ condition, type }: z.output<typeof STATUS_ROW>): StatusRow {
  return Object.freeze({ condition, type });
}

const NONE = "none";
const NOT_A_COMPONENT = "a domain that is no component host: nobody lives on both sides";
