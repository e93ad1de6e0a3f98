/**
 * Every get and set that comes to one of our addresses gets exactly one answer (bug 18); results and errors get none.
 * RFC 6120 §8.2.3; the table below names the XEP of each row.
 */

import { refusalOf, resultOf } from "../../core/service/answer";
import { childElements, type Element } from "../../xml/element";
import { kindOf } from "../address";
import { type Offered, QUERY, type Whom } from "../features";
import { info, items } from "./discovery";
import { type AboutUs, last, time, version } from "./software";

export interface IqContext extends AboutUs, Offered {}

/**
 * The answer to an IQ, now or later (a promise never rejects, but may hang); undefined where there must be none: it is
 * itself an answer, or cannot be answered for lack of an id or a sender.
 * @param iq addressed to one of our addresses
 */
export function answerIq(iq: Element, context: IqContext): Element | Promise<Element> | undefined {
  const { type, id, from, to } = iq.attrs;
  if (type === "result" || type === "error" || !id || !from || !to) return undefined;
  const content = childElements(iq);
  const query = content[0];
  if ((type !== "get" && type !== "set") || query === undefined || content.length !== 1)
    return refusalOf(iq, { type: "modify", condition: "bad-request" });
  const row = ROWS.get(query.ns);
  const own = row === undefined ? undefined : byRow(iq, query, row, kindOf(to), context);
  return own ?? context.service?.answer(iq) ?? refusalOf(iq, NOT_HERE);
}

interface Row {
  readonly name: string;
  /** Which of our addresses answer it. */
  readonly to: readonly Whom[];
  /** `elsewhere`: it is not one of ours. */
  answer(query: Element, whom: Whom, context: IqContext, to: string): Element | undefined | "elsewhere";
}

function byRow(iq: Element, query: Element, row: Row, whom: Whom, context: IqContext): Answer {
  if (iq.attrs.type !== "get" || query.name !== row.name || !row.to.includes(whom))
    return refusalOf(iq, NOT_HERE);
  const content = row.answer(query, whom, context, iq.attrs.to ?? "");
  if (content !== "elsewhere") return resultOf(iq, content);
  return context.service?.answer(iq) ?? refusalOf(iq, { type: "cancel", condition: "item-not-found" });
}

type Answer = Element | Promise<Element>;

const ANY: readonly Whom[] = ["host", "bare", "full"];
const HOST: readonly Whom[] = ["host"];
const NOT_HERE = { type: "cancel", condition: "service-unavailable" } as const;

const ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  [QUERY.info, { name: "query", to: ANY, answer: info }],
  [QUERY.items, { name: "query", to: ANY, answer: items }],
  [QUERY.ping, { name: "ping", to: ANY, answer: () => undefined }],
  [QUERY.version, { name: "query", to: HOST, answer: version }],
  // What a person last did is not ours to tell.
  [QUERY.last, { name: "query", to: HOST, answer: last }],
  [QUERY.time, { name: "time", to: HOST, answer: time }],
]);
