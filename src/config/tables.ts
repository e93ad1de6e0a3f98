/** The mapping tables of a configuration: its own where it has them, else those that come with the package. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ContentTypeTable, DomainTable, ErrorTable } from "../core/tables";
import { complain, type Loading, type Path, resolveFile } from "./files";
import { loadContentTypes, loadDomains, loadErrorTable, parseDomainRules } from "./mappings";
import { PACKAGED_MAPPINGS } from "./packaged";
import { describeFound } from "./problem";
import type { Settings } from "./schema";

export interface LoadedTables {
  readonly domains: DomainTable;
  readonly errors: ErrorTable;
  readonly contentTypes: ContentTypeTable;
}

/** Reads every table; what cannot be read is noted and stands in as nothing. */
export function loadTables(loading: Loading, settings: Settings): LoadedTables {
  const own = settings.mappings === undefined ? undefined : resolveFile(loading, settings.mappings);
  if (own !== undefined && !existsSync(own)) {
    complain(loading, ["mappings"], "a folder that exists", describeFound(settings.mappings));
  }
  const table = <T>(name: string, load: (file: string) => T, nothing: T) => {
    const file = own === undefined ? undefined : join(own, name);
    const used = file !== undefined && existsSync(file) ? file : join(PACKAGED_MAPPINGS, name);
    return attempt(loading, ["mappings"], () => load(used), nothing);
  };
  return {
    domains: domainsOf(loading, settings.domains, () => table("domains.yaml", loadDomains, NO_DOMAINS)),
    errors: table("errors.yaml", loadErrorTable, NO_ERRORS),
    contentTypes: table("content-types.yaml", loadContentTypes, NO_CONTENT_TYPES),
  };
}

function domainsOf(loading: Loading, given: unknown, packaged: () => DomainTable): DomainTable {
  if (given === undefined || given === null) return packaged();
  if (typeof given === "string") {
    return attempt(loading, ["domains"], () => loadDomains(resolveFile(loading, given)), NO_DOMAINS);
  }
  return attempt(loading, ["domains"], () => parseDomainRules(given), NO_DOMAINS);
}

/** A table that cannot be read is one problem, in the words of whoever reads it. */
function attempt<T>(loading: Loading, path: Path, load: () => T, nothing: T): T {
  try {
    return load();
  } catch (error) {
    complain(loading, path, `tables that can be read: ${(error as Error).message}`);
    return nothing;
  }
}

const NO_DOMAINS: DomainTable = { sip: [], xmpp: [] };
const NO_CONTENT_TYPES: ContentTypeTable = { treatments: new Map(), accept: "" };
const NO_ERRORS: ErrorTable = {
  toSip: new Map(),
  toXmpp: new Map(),
  toXmppByClass: new Map(),
  toSipDefault: { full: 500, bare: 500, reason: "" },
};
