/** The mapping tables of a configuration: its own where it has them, else those that come with the package. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ContentTypeTable, DomainTable, ErrorTable, PresenceTable } from "../core/tables";
import { complain, type Loading, type Path, readNamed, resolveFile } from "./files";
import {
  loadContentTypes,
  loadDomains,
  loadErrorTable,
  loadPresenceTable,
  parseDomainRules,
} from "./mappings";
import { PACKAGED_MAPPINGS } from "./packaged";
import { ConfigError, describeFound, type Problem } from "./problem";
import type { Settings } from "./schema";

export interface LoadedTables {
  readonly domains: DomainTable;
  readonly errors: ErrorTable;
  readonly contentTypes: ContentTypeTable;
  readonly presenceTable: PresenceTable;
}

/** Reads every table; what cannot be read is noted and stands in as nothing. */
export function loadTables(loading: Loading, settings: Settings): LoadedTables {
  const own = settings.mappings === undefined ? undefined : resolveFile(loading, settings.mappings);
  if (own !== undefined && !existsSync(own)) {
    complain(loading, ["mappings"], "a folder that exists", describeFound(settings.mappings));
  }
  const table = <T>(name: string, load: (text: string, file: string) => T, nothing: T): T => {
    const file = own === undefined ? undefined : join(own, name);
    const used = file !== undefined && existsSync(file) ? file : join(PACKAGED_MAPPINGS, name);
    return fromFile(loading, ["mappings"], used, load, nothing);
  };
  return {
    domains: domainsOf(loading, settings.domains, () => table("domains.yaml", loadDomains, NO_DOMAINS)),
    errors: table("errors.yaml", loadErrorTable, NO_ERRORS),
    contentTypes: table("content-types.yaml", loadContentTypes, NO_CONTENT_TYPES),
    presenceTable: table("presence.yaml", loadPresenceTable, NO_PRESENCE),
  };
}

function domainsOf(loading: Loading, given: unknown, packaged: () => DomainTable): DomainTable {
  if (given === undefined || given === null) return packaged();
  if (typeof given === "string") return fromFile(loading, ["domains"], given, loadDomains, NO_DOMAINS);
  return attempt(
    loading,
    () => parseDomainRules(given),
    NO_DOMAINS,
    (problem) => {
      const key = problem.key === "" ? "domains" : `domains.${problem.key}`;
      const line = loading.lineOf(pathOf(key));
      return { ...problem, key, ...(line === undefined ? {} : { line }) };
    },
  );
}

function fromFile<T>(
  loading: Loading,
  path: Path,
  file: string,
  load: (text: string, file: string) => T,
  nothing: T,
): T {
  const text = readNamed(loading, path, file);
  if (text === undefined) return nothing;
  return attempt(
    loading,
    () => load(text, file),
    nothing,
    ({ line, ...problem }) => ({
      ...problem,
      key: `${file}${line === undefined ? "" : `:${line}`} ${problem.key}`,
    }),
  );
}

/** Takes over the problems of a table, placed where the operator finds them. */
function attempt<T>(loading: Loading, load: () => T, nothing: T, place: (problem: Problem) => Problem): T {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    loading.problems.push(...error.problems.map(place));
    return nothing;
  }
}

/** The path that a key such as `domains.sip[0].peer` names. */
function pathOf(key: string): PropertyKey[] {
  return key
    .split(/[.[\]]+/)
    .filter((part) => part !== "")
    .map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part));
}

const NO_DOMAINS: DomainTable = { sip: [], xmpp: [] };
const NO_CONTENT_TYPES: ContentTypeTable = { treatments: new Map(), accept: "" };
const NO_PRESENCE: PresenceTable = {
  shows: new Map(),
  activities: new Map(),
  precedence: [],
  userActivities: new Map(),
  moods: new Map(),
};
const NO_ERRORS: ErrorTable = {
  toSip: new Map(),
  toXmpp: new Map(),
  toXmppByClass: new Map(),
  toSipDefault: { full: 500, bare: 500, reason: "" },
};
