/** A MESSAGE request as an input of the core. RFC 3428 §4, §5. */

import type { Signer, SipMessageInput } from "../../core/input";
import type { Mutable } from "../../core/mutable";
import { parseNameAddr } from "../message/name-addr";
import type { ReceivedRequest } from "../transaction/received-request";

/** Whom the request speaks for, and whose switches apply (see `Trust`). */
export interface Speaker {
  readonly fromUri: string;
  readonly peer: string;
  readonly signer?: Signer | undefined;
}

export function messageInput(received: ReceivedRequest, speaker: Speaker): SipMessageInput {
  const { request, identity } = received;
  const { fromUri, peer, signer } = speaker;
  const input: Mutable<SipMessageInput> = {
    kind: "sip-message",
    rid: identity.transaction.slice(0, RID_LENGTH),
    transaction: identity.transaction,
    requestUri: request.uri,
    toUri: "",
    fromUri,
    callId: "",
    body: request.body,
    peer,
  };
  if (signer !== undefined) input.signer = signer;
  for (const [name, value] of request.headers.fields) {
    switch (name) {
      case "To":
        input.toUri = (request.read?.to ?? parseNameAddr(value))?.uri ?? "";
        break;
      case "Call-ID":
        input.callId = value;
        break;
      case "Expires":
        if (SECONDS.test(value)) input.expires = Number(value);
        break;
      default: {
        const key = TEXT_FIELDS.get(name);
        if (key !== undefined) input[key] ??= value;
      }
    }
  }
  return input;
}

type TextField =
  | "subject"
  | "contentType"
  | "contentEncoding"
  | "contentLanguage"
  | "contentDisposition"
  | "date";

const TEXT_FIELDS: ReadonlyMap<string, TextField> = new Map([
  ["Subject", "subject"],
  ["Content-Type", "contentType"],
  ["Content-Encoding", "contentEncoding"],
  ["Content-Language", "contentLanguage"],
  ["Content-Disposition", "contentDisposition"],
  ["Date", "date"],
]);
const SECONDS = /^\d{1,10}$/;
/** 72 bits of the transaction's hash: the log of a retransmission bears the name of the first. */
const RID_LENGTH = 12;
