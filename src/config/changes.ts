/** What differs between two configurations, by the names that an operator knows. */

import { isDeepStrictEqual } from "node:util";
import type { Config } from "./config";
import { sipOptions } from "./options";

export interface Changes {
  /** Are the people others, or the way to them? */
  readonly people: boolean;
  /** Top-level keys of the file that differ beside them, sorted: they take effect at the next start. */
  readonly restart: readonly string[];
}

/** Compares what the gateway runs with to what the file says now. */
export function changesBetween(running: Config, next: Config): Changes {
  const differing = SECTIONS.filter(([, of]) => !isDeepStrictEqual(of(running), of(next)));
  const restart = [...new Set(differing.map(([key]) => key))].sort();
  return { people: !isDeepStrictEqual(running.directory, next.directory), restart };
}

/** How people sign in was settled at the start: whether there is a directory at all, and what it is asked for. */
function signing(config: Config): unknown {
  const { digestAlgorithms, signingDomains } = sipOptions(config, "");
  return [config.directory.sources.length > 0, digestAlgorithms, signingDomains];
}

/** The people themselves are in the directory; `sip` holds a copy for a gateway without one. */
function sipWithoutUsers({ sip: { users: _, ...sip } }: Config): unknown {
  return sip;
}

const SECTIONS: readonly (readonly [key: string, of: (config: Config) => unknown])[] = [
  ["sip", sipWithoutUsers],
  ["xmpp", ({ xmpp }) => xmpp],
  ["domains", ({ domains }) => domains],
  ["mappings", ({ errors, contentTypes, presenceTable }) => [errors, contentTypes, presenceTable]],
  ["store", ({ store }) => store],
  ["log", ({ log }) => log],
  ["health", ({ health }) => health],
  ["presence", ({ presence }) => presence],
  ["directory", signing],
  ["service", ({ service }) => service],
  ["registrar", ({ registrar }) => registrar],
  ["waiting", ({ waiting }) => waiting],
  ["lists", ({ lists }) => lists],
  ["limits", ({ limits, registrationRates }) => [limits, registrationRates]],
];
