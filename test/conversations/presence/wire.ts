/** SIP messages and stanzas as the scripts write them. */

import type { SipDialogRequest } from "../../../src/core/effect";
import type { SipDialogOutcome, SipEventInput } from "../../../src/core/input";
import { parseEvent } from "../../../src/sip/message/event";
import { parseNameAddr } from "../../../src/sip/message/name-addr";
import { parseSubscriptionState } from "../../../src/sip/message/subscription-state";
import type { Element } from "../../../src/xml/element";
import { parseXml } from "../../../src/xml/parser";

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: SipDialogRequest["headers"];
}

/** What the script leaves out: the transport's matter, and tags where there are none. */
export type RomeosRequest = Omit<SipEventInput, "rid" | "transaction">;

export function element(text: string): Element {
  const parsed = parseXml(text.replace(/^<presence /, "<presence xmlns='jabber:client' "));
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.root;
}

/** A request or an answer of ours in its usual form; of the start line only what the script has. */
export function wire(message: SipDialogRequest | Answer): string {
  if ("status" in message) {
    const fields = message.headers.map(([name, value]) => `${name}: ${value}`);
    return [`SIP/2.0 ${message.status} ${message.reason}`, ...fields].join("\n");
  }
  const { method, requestUri, fromUri, fromTag, toUri, toTag, callId, cseq, routes, headers } = message;
  return [
    `${method} ${requestUri}`,
    ...routes.map((route) => `Route: ${route}`),
    `From: <${fromUri}>;tag=${fromTag}`,
    `To: <${toUri}>${toTag === undefined ? "" : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(message.contentType === "" ? [] : [`Content-Type: ${message.contentType}`]),
    "",
    Buffer.from(message.body).toString(),
  ].join("\n");
}

export function fieldsOf(block: readonly string[]): {
  start: string;
  lines: readonly string[];
  body: string;
} {
  const blank = block.indexOf("");
  const head = blank < 0 ? block : block.slice(0, blank);
  return {
    start: (head[0] ?? "").replace(/ SIP\/2\.0$/, ""),
    lines: head.slice(1).filter((line) => !TRANSPORT.test(line)),
    body: blank < 0 ? "" : block.slice(blank + 1).join("\n"),
  };
}

/** What the SIP side makes of a request of Romeo's. */
export function requestOf(block: readonly string[]): RomeosRequest {
  const { start, lines, body } = fieldsOf(block);
  const [method, requestUri] = start.split(" ") as [SipEventInput["method"], string];
  const headers = headersOf(lines);
  const to = address(headers, "To");
  const from = address(headers, "From");
  const contact = headers.has("Contact") ? { contact: address(headers, "Contact").uri } : {};
  const event = headers.has("Event") ? parseEvent(headers.get("Event")?.[0] ?? "") : undefined;
  const state = headers.get("Subscription-State")?.[0];
  const subscriptionState = state === undefined ? undefined : parseSubscriptionState(state);
  const contentType = headers.get("Content-Type")?.[0];
  return {
    kind: "sip-event",
    method,
    requestUri,
    toUri: to.uri,
    fromUri: from.uri,
    ...(to.tag === undefined ? {} : { toTag: to.tag }),
    ...(from.tag === undefined ? {} : { fromTag: from.tag }),
    callId: headers.get("Call-ID")?.[0] ?? "",
    cseq: Number.parseInt(headers.get("CSeq")?.[0] ?? "", 10),
    ...contact,
    recordRoute: headers.get("Record-Route") ?? [],
    ...(event === undefined ? {} : { event }),
    ...(headers.has("Expires") ? { expires: Number(headers.get("Expires")?.[0]) } : {}),
    ...(subscriptionState === undefined ? {} : { subscriptionState }),
    ...(contentType === undefined ? {} : { contentType }),
    supported: [],
    body: Buffer.from(body),
    peer: "default",
    proven: true,
  };
}

/** How Romeo ends a request of ours; its CSeq is the caller's matter. */
export function outcomeOf(
  status: number,
  reason: string,
  block: readonly string[],
): Omit<SipDialogOutcome, "cseq"> {
  const headers = headersOf(block);
  const number = (name: string, key: string) =>
    headers.has(name) ? { [key]: Number(headers.get(name)?.[0]) } : {};
  const tag = headers.has("To") ? address(headers, "To").tag : undefined;
  return {
    status,
    reason,
    local: false,
    maybeDelivered: true,
    recordRoute: headers.get("Record-Route") ?? [],
    ...(tag === undefined ? {} : { toTag: tag }),
    ...(headers.has("Contact") ? { contact: address(headers, "Contact").uri } : {}),
    ...number("Expires", "expires"),
    ...number("Min-Expires", "minExpires"),
    ...number("Retry-After", "retryAfter"),
  };
}

function headersOf(lines: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const [name = "", value = ""] = line.split(/: (.*)/s);
    headers.set(name, [...(headers.get(name) ?? []), value]);
  }
  return headers;
}

function address(headers: ReadonlyMap<string, readonly string[]>, name: string) {
  const parsed = parseNameAddr(headers.get(name)?.[0] ?? "");
  if (parsed === undefined) throw new Error(`${name} cannot be read`);
  return { uri: parsed.uri, tag: parsed.parameters.get("tag") };
}

/** Fields that stand in the examples of the RFC and say nothing here. */
const TRANSPORT = /^(?:Via|Max-Forwards|Content-Length): /;
