/** Event: the package that a SUBSCRIBE, NOTIFY or PUBLISH is about. RFC 6665 §8.2.1, §8.4; rates in it: RFC 6446 §9. */

import { isToken } from "./characters";
import { parseParameterized } from "./values";

export interface EventValue {
  /** Lower case, such as "presence" or "presence.winfo". */
  readonly package: string;
  readonly id?: string;
  /** By lower-case name, `id` included; "" for one without a value. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads Event; undefined when it is malformed. */
export function parseEvent(value: string): EventValue | undefined {
  const parsed = parseParameterized(value);
  if (parsed === undefined || !isToken(parsed.value)) return undefined;
  const name = parsed.value.toLowerCase();
  if (parsed.parameters.size === 0) return { package: name, parameters: NO_PARAMETERS };
  const parameters = new Map<string, string>();
  for (const [key, text] of parsed.parameters) parameters.set(key, text ?? "");
  const id = parameters.get("id");
  return { package: name, parameters, ...(id === undefined ? {} : { id }) };
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();
