/** What a NOTIFY to a SIP watcher says, made when it goes out, so that it is never older than need be. RFC 8048 §6.2, RFC 3856 §6.7. */

import type { SipDialogRequest } from "../../core/effect";
import type { PresenceDocument } from "../../core/presence/document";
import { PIDF_TYPE } from "../../core/presence/read-document";
import { contentLanguage, writePidf } from "../../core/presence/write-pidf";
import type { SipWatcherRecord } from "../../core/subscription/record";
import type { PresenceContext } from "./context";

export interface NotifyBody {
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The body for a watcher of a person. @param document undefined: nothing is known, so there is none (RFC 8048 §5.3.2) */
export function presenceBody(
  { dialog, peer }: SipWatcherRecord,
  document: PresenceDocument | undefined,
  context: PresenceContext,
): NotifyBody {
  if (document === undefined) return NO_BODY;
  const language = contentLanguage(document);
  const text = writePidf(document, dialog.localUri, {
    switches: context.switchesOf(peer),
    table: context.tables.presence,
  });
  return {
    contentType: PIDF_TYPE,
    body: Buffer.from(text),
    headers: language === undefined ? [] : [["Content-Language", language]],
  };
}

/** The NOTIFY that carries it. */
export function withBody(
  request: SipDialogRequest,
  { contentType, body, headers }: NotifyBody,
): SipDialogRequest {
  const all = headers.length === 0 ? request.headers : [...request.headers, ...headers];
  return { ...request, contentType, body, headers: all };
}

/** The same person, gone: as the watcher's last NOTIFY says it (RFC 8048 §5.3.3). */
export function closed(document: PresenceDocument | undefined): PresenceDocument {
  const [first] = document?.devices ?? [];
  return { devices: [{ id: first?.id ?? "", open: false, notes: [], activities: [] }] };
}

const NO_BODY: NotifyBody = { contentType: "", body: new Uint8Array(), headers: [] };
