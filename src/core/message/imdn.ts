/** Disposition notifications: the IMDN document and the MESSAGE that carries it. RFC 5438 §7.2, §11. */

import { child, childElements, element, text } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { parseXml } from "../../xml/parser";
import { write } from "../../xml/writer";
import type { SipMessageOut } from "../effect";
import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import { writeCpim } from "./cpim";
import { formatDateTime } from "./date-time";

export type ImdnKind = "delivery" | "display" | "processing";

export interface ImdnReport {
  /** Message-ID of the message that it is about. */
  readonly messageId: string;
  readonly kind: ImdnKind;
  /** `delivered`, `failed`, `displayed`, `processed`, `stored`, `forbidden`, `error`, or an extension's own word. */
  readonly status: string;
}

export const IMDN_TYPE = "message/imdn+xml";

/** Reads an IMDN document. Errors: BODY_MALFORMED when it is none. */
export function parseImdn(body: Uint8Array): Result<ImdnReport> {
  const parsed = parseXml(body);
  if (!parsed.ok) return refuse(reject("BODY_MALFORMED", `IMDN: ${parsed.problem}`));
  const { root } = parsed;
  const id = child(root, NS.imdn, "message-id");
  const messageId = id === undefined ? "" : text(id).trim();
  if (root.name !== "imdn" || root.ns !== NS.imdn || messageId === "" || messageId.length > ID_MAXIMUM) {
    return refuse(reject("BODY_MALFORMED", "no imdn with a message-id"));
  }
  for (const kind of KINDS) {
    const notification = child(root, NS.imdn, `${kind}-notification`);
    const status = notification && child(notification, NS.imdn, "status");
    const word = status && childElements(status)[0];
    if (word !== undefined) return ok({ messageId, kind, status: word.name });
  }
  return refuse(reject("BODY_MALFORMED", "an imdn without a status"));
}

/** What an IMDN says of the message that it is about, beside the report. RFC 5438 §11.1. */
export interface ImdnAbout {
  /** DateTime of the message; it is mandatory in the document. */
  readonly dateTime: string;
  /** To of the message, as its CPIM had it. */
  readonly recipientUri: string;
  /** Original-To of the message, where it had one. */
  readonly originalRecipientUri?: string;
}

/** Writes an IMDN document. */
export function imdnDocument(report: ImdnReport, about: ImdnAbout): Uint8Array {
  const field = (name: string, value: string | undefined) =>
    value === undefined ? undefined : element(NS.imdn, name, {}, value);
  const status = element(NS.imdn, "status", {}, element(NS.imdn, report.status));
  const root = element(
    NS.imdn,
    "imdn",
    {},
    field("message-id", report.messageId),
    field("datetime", about.dateTime),
    field("recipient-uri", about.recipientUri),
    field("original-recipient-uri", about.originalRecipientUri),
    element(NS.imdn, `${report.kind}-notification`, {}, status),
  );
  return UTF8.encode(`<?xml version="1.0" encoding="UTF-8"?>\r\n${write(root)}`);
}

/** Everything that an IMDN request needs and the message that it is about does not say. */
export interface ImdnEnvelope {
  readonly callId: string;
  readonly fromTag: string;
  readonly branch: string;
  readonly cseq: number;
  /** Message-ID of the IMDN itself: at least 64 random bits (RFC 5438 §6.3). */
  readonly messageId: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The addresses that an IMDN goes between, and where. */
export interface ImdnRoute {
  /** SIP URIs of From and To of the request. */
  readonly fromUri: string;
  readonly toUri: string;
  /** URIs of From and To inside. */
  readonly cpimFrom: string;
  readonly cpimTo: string;
  readonly peer: string;
  /** IMDN-Record-Route of the message, in order. */
  readonly recordRoutes: readonly string[];
}

/** The MESSAGE that carries a report. It asks for no notification itself: there is no IMDN for an IMDN (§7.2.1). */
export function imdnRequest(
  report: ImdnReport,
  about: ImdnAbout,
  route: ImdnRoute,
  envelope: ImdnEnvelope,
): SipMessageOut {
  const content = imdnDocument(report, about);
  const body = writeCpim({
    fromUri: route.cpimFrom,
    toUri: route.cpimTo,
    dateTime: formatDateTime(envelope.now),
    imdn: { messageId: envelope.messageId, routes: route.recordRoutes },
    contentHeaders: [
      ["Content-Type", IMDN_TYPE],
      ["Content-Disposition", "notification"],
      ["Content-Length", String(content.length)],
    ],
    content,
  });
  const { callId, fromTag, branch, cseq } = envelope;
  const { toUri, fromUri, peer } = route;
  return {
    toUri,
    fromUri,
    fromTag,
    callId,
    cseq,
    branch,
    contentType: "message/cpim",
    headers: [],
    body,
    peer,
  };
}

/** RFC 5438 §10 sets none; Message-IDs seen have 8 to 60 characters, and ours are keys in the store. */
const ID_MAXIMUM = 256;
const KINDS: readonly ImdnKind[] = ["delivery", "display", "processing"];
const UTF8 = new TextEncoder();
