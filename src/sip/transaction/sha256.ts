/** SHA-256 of one piece, as fast as Node can: `crypto.hash` (Node 20.12) takes half the time of `createHash`. */

import * as crypto from "node:crypto";

/** The digest as 43 characters of base64url. */
export const sha256: (data: string | Uint8Array) => string =
  typeof crypto.hash === "function"
    ? (data) => crypto.hash("sha256", data, "base64url")
    : (data) => crypto.createHash("sha256").update(data).digest("base64url");
