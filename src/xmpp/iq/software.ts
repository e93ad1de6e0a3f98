/** What we tell of ourselves as a program: version, running time, clock. XEP-0092, XEP-0012, XEP-0202. */

import { type Element, element } from "../../xml/element";
import { QUERY, type Whom } from "../features";

export interface AboutUs {
  readonly software: { readonly name: string; readonly version: string };
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly startedAt: number;
}

/** XEP-0092 §3. The operating system is nobody's business. */
export function version(_query: Element, _whom: Whom, { software }: AboutUs): Element {
  const field = (name: string, value: string) => element(QUERY.version, name, {}, value);
  return element(
    QUERY.version,
    "query",
    {},
    field("name", software.name),
    field("version", software.version),
  );
}

/** XEP-0012 §5: for a service, how long it has been running. */
export function last(_query: Element, _whom: Whom, { now, startedAt }: AboutUs): Element {
  return element(QUERY.last, "query", { seconds: String(Math.max(0, Math.floor((now - startedAt) / 1000))) });
}

/** XEP-0202 §3, in UTC: where we stand is nobody's business either. */
export function time(_query: Element, _whom: Whom, { now }: AboutUs): Element {
  const utc = new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
  return element(
    QUERY.time,
    "time",
    {},
    element(QUERY.time, "tzo", {}, "+00:00"),
    element(QUERY.time, "utc", {}, utc),
  );
}
