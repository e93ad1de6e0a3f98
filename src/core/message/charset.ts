/** Octets of a text → characters. RFC 3261 §7.4.1 (UTF-8 when nothing is said), RFC 2046 §4.1.2, RFC 2781 §3.3. */

import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";

/**
 * Decodes a text.
 * @param charset value of the charset parameter; absent means UTF-8
 * @param accept value of Accept for a 415
 * Errors: CHARSET_UNSUPPORTED, BODY_MALFORMED when the octets are none of that charset.
 */
export function decodeText(bytes: Uint8Array, charset: string | undefined, accept: string): Result<string> {
  const decoder = charset === undefined ? UTF8 : decoderFor(charset, bytes);
  if (decoder === undefined) {
    return refuse(reject("CHARSET_UNSUPPORTED", `charset ${charset}`, [["Accept", accept]]));
  }
  try {
    return ok(decoder.decode(bytes));
  } catch {
    return refuse(reject("BODY_MALFORMED", `not ${charset ?? "UTF-8"}`));
  }
}

function decoderFor(charset: string, bytes: Uint8Array): Decoder | undefined {
  const name = charset.toLowerCase();
  if (name !== "utf-16") return DECODERS.get(name);
  // RFC 2781 §4.3: without a byte order mark it is big-endian.
  return DECODERS.get(bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-16be");
}

interface Decoder {
  /** Throws when the octets are none of its charset. */
  decode(bytes: Uint8Array): string;
}

/** A charset of single octets: ISO 8859-1 but for the listed octets. Undefined ones stand for themselves. */
function singleOctets(differences: Readonly<Record<number, string>>): Decoder {
  const characters = Array.from({ length: 256 }, (_, code) => differences[code] ?? String.fromCharCode(code));
  return {
    decode(bytes) {
      let text = "";
      for (const octet of bytes) text += characters[octet] as string;
      return text;
    },
  };
}

const UTF8: Decoder = new TextDecoder("utf-8", { fatal: true });

/** By octet from 0x80 on; a blank stands for an octet that is not assigned. */
const WINDOWS_1252 = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";
// Node's own decoder for it reads ISO 8859-1, and the others depend on how Node was built.
const WESTERN = singleOctets(
  Object.fromEntries(
    Array.from(WINDOWS_1252, (character, index) => [0x80 + index, character] as const).filter(
      ([, character]) => character !== " ",
    ),
  ),
);
const LATIN_9 = singleOctets({
  164: "€",
  166: "Š",
  168: "š",
  180: "Ž",
  184: "ž",
  188: "Œ",
  189: "œ",
  190: "Ÿ",
});

const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ["utf-8", UTF8],
  ["utf8", UTF8],
  // ASCII is part of UTF-8, and who says ASCII and writes more writes UTF-8.
  ["us-ascii", UTF8],
  ["ascii", UTF8],
  // Differs from windows-1252 in 32 control characters only, which nobody means.
  ["iso-8859-1", WESTERN],
  ["windows-1252", WESTERN],
  ["iso-8859-15", LATIN_9],
  ["utf-16le", new TextDecoder("utf-16le", { fatal: true }) as Decoder],
  ["utf-16be", new TextDecoder("utf-16be", { fatal: true }) as Decoder],
]);
