/** Content-Type and Accept values. RFC 3261 §20.15, §20.1, §25.1 (media-type). */

import { SLASH, skipSpace, tokenEnd } from "./characters";
import { type Parameters, parseParameters } from "./values";

export interface MediaType {
  /** Lower case, such as "text". */
  readonly type: string;
  /** Lower case, such as "plain". */
  readonly subtype: string;
  readonly parameters: Parameters;
}

/** Reads one media type, or media range (`text/*`); undefined when malformed. */
export function parseMediaType(value: string): MediaType | undefined {
  const typeStart = skipSpace(value, 0);
  const typeEnd = tokenEnd(value, typeStart);
  const slash = skipSpace(value, typeEnd);
  if (typeEnd === typeStart || value.charCodeAt(slash) !== SLASH) return undefined;
  const subtypeStart = skipSpace(value, slash + 1);
  const subtypeEnd = tokenEnd(value, subtypeStart);
  if (subtypeEnd === subtypeStart) return undefined;
  const parameters = parseParameters(value, subtypeEnd);
  if (!parameters) return undefined;
  return {
    type: value.slice(typeStart, typeEnd).toLowerCase(),
    subtype: value.slice(subtypeStart, subtypeEnd).toLowerCase(),
    parameters,
  };
}
