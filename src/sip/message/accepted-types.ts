/** Accept as a list of media types. RFC 3261 §20.1. */

import { parseMediaType } from "./media-type";
import { splitValues } from "./values";

/**
 * The media ranges that are welcome, lower case, in their order and without parameters; those with `q=0` and what
 * cannot be read are left out.
 * @param values of every Accept in the message: linphone sends three
 * @param maximum ranges at most
 */
export function acceptedTypes(values: readonly string[], maximum: number): readonly string[] {
  const types: string[] = [];
  for (const value of values) {
    for (const element of splitValues(value)) {
      if (types.length >= maximum) return types;
      const range = parseMediaType(element);
      if (range === undefined || ZERO.test(range.parameters.get("q") ?? "1")) continue;
      types.push(`${range.type}/${range.subtype}`);
    }
  }
  return types;
}

const ZERO = /^0(?:\.0*)?$/;
