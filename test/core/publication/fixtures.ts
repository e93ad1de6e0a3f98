/** A PUBLISH as a phone sends it, and a reader of the few documents that these tests publish. */

import type { SipEventInput } from "../../../src/core/input";
import type { DevicePresence, PresenceDocument } from "../../../src/core/presence/document";
import type { ReadDocument } from "../../../src/core/publication/publish";
import { reject } from "../../../src/core/rejection";

export const NOW = 1_800_000_000_000;
export const SETTINGS = {
  expiresSeconds: 3600,
  minimumExpiresSeconds: 60,
  maximumExpiresSeconds: 7200,
  maximumPublications: 3,
  maximumOctets: 1000,
};

/** A document as JSON; what a phone really writes is read in core/presence. */
export const readJson: ReadDocument = (contentType, body) => {
  if (contentType !== "application/pidf+xml") {
    return { ok: false, rejection: reject("CONTENT_TYPE_UNSUPPORTED", contentType) };
  }
  try {
    return { ok: true, value: JSON.parse(new TextDecoder().decode(body)) };
  } catch {
    return { ok: false, rejection: reject("BODY_MALFORMED", "not JSON") };
  }
};

export function device(id: string, more: Partial<DevicePresence> = {}): DevicePresence {
  return { id, open: true, notes: [], activities: [], ...more };
}

export function documentOf(...devices: DevicePresence[]): PresenceDocument {
  return { devices };
}

export function bodyOf(document: PresenceDocument): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}

/** A PUBLISH of romeo with a body that says that his phone is open. */
export function publishOf(more: Partial<SipEventInput> = {}): SipEventInput {
  return {
    kind: "sip-event",
    method: "PUBLISH",
    rid: "r1",
    transaction: "transaction-1",
    requestUri: "sip:romeo@sip.example",
    toUri: "sip:romeo@sip.example",
    fromUri: "sip:romeo@sip.example",
    fromTag: "f1",
    callId: "c1",
    cseq: 1,
    recordRoute: [],
    event: { package: "presence", parameters: new Map() },
    expires: 600,
    supported: [],
    contentType: "application/pidf+xml",
    body: bodyOf(documentOf(device("t1"))),
    peer: "phones",
    proven: true,
    ...more,
  };
}

/** The same without a body: a refresh or a removal. */
export function bodiless(more: Partial<SipEventInput> = {}): SipEventInput {
  const { contentType: _, ...rest } = publishOf({ body: new Uint8Array(), ...more });
  return rest;
}
