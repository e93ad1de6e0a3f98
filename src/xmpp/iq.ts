/**
 * Every get and set that comes to one of our addresses gets exactly one answer (bug 18); results and errors get none.
 * RFC 6120 §8.2.3; the table below names the XEP of each row.
 */

import { childElements, type Element, element } from "../xml/element";
import { kindOf } from "./address";
import { CAPABILITIES_NODE } from "./capabilities";
import { DISCOVERED, QUERY } from "./features";
import { errorFor, resultOf } from "./stanza-error";

export interface IqContext {
  readonly software: { readonly name: string; readonly version: string };
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly startedAt: number;
}

/**
 * The answer to an IQ, or undefined where there must be none: it is itself an answer, or cannot be answered for lack of an
 * id or a sender.
 * @param iq addressed to one of our addresses
 */
export function answerIq(iq: Element, context: IqContext): Element | undefined {
  const { type, id, from, to } = iq.attrs;
  if (type === "result" || type === "error" || !id || !from || !to) return undefined;
  const content = childElements(iq);
  const query = content[0];
  if ((type !== "get" && type !== "set") || query === undefined || content.length !== 1) {
    return errorFor(iq, "modify", "bad-request");
  }
  const row = ROWS.get(query.ns);
  const whom = kindOf(to);
  if (row === undefined || type !== "get" || query.name !== row.name || !row.to.includes(whom)) {
    return errorFor(iq, "cancel", "service-unavailable");
  }
  const result = row.answer(query, whom, context);
  return result === "item-not-found" ? errorFor(iq, "cancel", result) : resultOf(iq, result);
}

type Whom = "host" | "bare" | "full";

interface Row {
  readonly name: string;
  /** Which of our addresses answer it. */
  readonly to: readonly Whom[];
  answer(query: Element, whom: Whom, context: IqContext): Element | undefined | "item-not-found";
}

const ANY: readonly Whom[] = ["host", "bare", "full"];
const HOST: readonly Whom[] = ["host"];

const ROWS: ReadonlyMap<string, Row> = new Map([
  [QUERY.info, { name: "query", to: ANY, answer: info }],
  [QUERY.items, { name: "query", to: ANY, answer: items }],
  [QUERY.ping, { name: "ping", to: ANY, answer: () => undefined }],
  [QUERY.version, { name: "query", to: HOST, answer: version }],
  // What a person last did is not ours to tell.
  [QUERY.last, { name: "query", to: HOST, answer: last }],
  [QUERY.time, { name: "time", to: HOST, answer: time }],
]);

/** XEP-0030 §3.1; §3.2 for a node, of which we have that of XEP-0115 alone. */
function info(query: Element, whom: Whom): Element | "item-not-found" {
  const { node } = query.attrs;
  if (node !== undefined && !(whom === "full" && node === CAPABILITIES_NODE)) return "item-not-found";
  const { identity, features } = DISCOVERED[whom];
  const listed = features.map((feature) => element(QUERY.info, "feature", { var: feature }));
  return element(QUERY.info, "query", { node }, element(QUERY.info, "identity", identity), ...listed);
}

/** XEP-0030 §4.1: there is nothing to list. */
function items(query: Element): Element | "item-not-found" {
  return query.attrs.node === undefined ? element(QUERY.items, "query") : "item-not-found";
}

/** XEP-0092 §3. The operating system is nobody's business. */
function version(_query: Element, _whom: Whom, { software }: IqContext): Element {
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
function last(_query: Element, _whom: Whom, { now, startedAt }: IqContext): Element {
  return element(QUERY.last, "query", { seconds: String(Math.max(0, Math.floor((now - startedAt) / 1000))) });
}

/** XEP-0202 §3, in UTC: where we stand is nobody's business either. */
function time(_query: Element, _whom: Whom, { now }: IqContext): Element {
  const utc = new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
  return element(
    QUERY.time,
    "time",
    {},
    element(QUERY.time, "tzo", {}, "+00:00"),
    element(QUERY.time, "utc", {}, utc),
  );
}
