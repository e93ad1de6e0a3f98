/** Record-Route: the proxies that want to stay between. RFC 3261 §12.1.1, §20.30. */

import type { HeaderList } from "./header-list";
import { parseNameAddr } from "./name-addr";
import { splitValues } from "./values";

/**
 * The URIs of every Record-Route, in the order of the message, each in angle brackets.
 * @returns "malformed" when one cannot be read, "too-many" beyond `MAXIMUM_ROUTES` or `MAXIMUM_ROUTE_CHARACTERS`
 */
export function recordRoutes(headers: HeaderList): readonly string[] | "malformed" | "too-many" {
  const values = headers.getAll("Record-Route");
  if (values.length === 0) return NO_ROUTES;
  const routes: string[] = [];
  let characters = 0;
  for (const value of values) {
    for (const element of splitValues(value)) {
      const uri = parseNameAddr(element)?.uri;
      if (uri === undefined || !SIP.test(uri)) return "malformed";
      characters += uri.length;
      if (routes.length >= MAXIMUM_ROUTES || characters > MAXIMUM_ROUTE_CHARACTERS) return "too-many";
      routes.push(`<${uri}>`);
    }
  }
  return routes;
}

const SIP = /^sips?:/i;
const NO_ROUTES: readonly string[] = [];
/** A route set is kept as long as its dialog and stands in each request of it. A proxy writes one or two, a few are between. */
const MAXIMUM_ROUTES = 20;
const MAXIMUM_ROUTE_CHARACTERS = 4_096;
