/** Body of a NOTIFY or PUBLISH → presence document. RFC 3863 §4; what is older than it is read leniently. */

import { parseXml, type XmlLimits } from "../../xml/parser";
import { firstLanguage } from "../message/language";
import { parseMediaType } from "../message/media-type";
import { type Rejection, reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import type { PresenceDocument } from "./document";
import { DOCUMENT_LIMITS } from "./limits";
import { readPidf } from "./read-pidf";
import { readXpidf, withoutDoctype } from "./read-xpidf";

export const PIDF_TYPE = "application/pidf+xml";

export interface ReadOptions {
  readonly limits?: XmlLimits;
  /** Value of the Content-Language header: the language of notes that name none (RFC 8048 §6.3). */
  readonly contentLanguage?: string;
}

/**
 * Reads a document. There is always at least one device: a document without any says that the person is closed (RFC 3922 §6.3.2).
 * Nothing is concluded from the words of a note.
 * @param contentType as received, with its parameters
 * Errors: CONTENT_TYPE_UNSUPPORTED, TOO_LONG, BODY_MALFORMED.
 */
export function readPresenceDocument(
  contentType: string,
  body: Uint8Array,
  { limits = DOCUMENT_LIMITS, contentLanguage }: ReadOptions = {},
): Result<PresenceDocument> {
  const type = parseMediaType(contentType)?.type;
  if (type === undefined || !TYPES.has(type)) {
    return refuse(reject("CONTENT_TYPE_UNSUPPORTED", contentType, [["Accept", PIDF_TYPE]]));
  }
  const isOld = type === XPIDF_TYPE;
  const parsed = parseXml(isOld ? withoutDoctype(body) : body, limits);
  if (!parsed.ok) return refuse(unreadable(type, parsed.problem));
  const { root } = parsed;
  if (root.name !== "presence") return refuse(unreadable(type, `root ${root.name}`));
  const language = firstLanguage(contentLanguage);
  return ok(isOld ? readXpidf(root) : readPidf(root, language));
}

function unreadable(type: string, problem: string): Rejection {
  return reject(problem === "too-long" ? "TOO_LONG" : "BODY_MALFORMED", `${type}: ${problem}`);
}

const XPIDF_TYPE = "application/xpidf+xml";
/** `cpim-pidf` is PIDF as its drafts had it, in other namespaces. */
const TYPES: ReadonlySet<string> = new Set([PIDF_TYPE, XPIDF_TYPE, "application/cpim-pidf+xml"]);
