/** Base 64 both ways. RFC 4648 §4 (base64) and §5 (base64url). */

/** Octets → base64url text without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  let out = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    out += URL_ALPHABET[group >> 18]! + URL_ALPHABET[(group >> 12) & 63]!;
    if (left > 1) out += URL_ALPHABET[(group >> 6) & 63]!;
    if (left > 2) out += URL_ALPHABET[group & 63]!;
  }
  return out;
}

/**
 * Text in either alphabet → octets; line ends and blanks are skipped, as MIME asks (RFC 2045 §6.8).
 * @returns undefined for a character of neither alphabet, data after the padding, or a lone last character
 */
export function decodeBase64(text: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(Math.ceil((text.length * 3) / 4));
  let length = 0;
  let bits = 0;
  let held = 0;
  let padded = false;
  for (const code of text) {
    if (code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a) continue;
    if (code === PADDING) {
      padded = true;
      continue;
    }
    const value = VALUES[code] as number;
    if (value === NONE || padded) return undefined;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[length++] = (held >> bits) & 0xff;
    }
  }
  return bits === 6 ? undefined : out.subarray(0, length);
}

const URL_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PADDING = 0x3d;
const NONE = 255;
const VALUES = valuesByCode();

function valuesByCode(): Uint8Array {
  const values = new Uint8Array(256).fill(NONE);
  for (let value = 0; value < 64; value += 1) values[URL_ALPHABET.charCodeAt(value)] = value;
  values["+".charCodeAt(0)] = 62;
  values["/".charCodeAt(0)] = 63;
  return values;
}
