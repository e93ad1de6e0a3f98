/** Nonces that need no table, and the counts already used with them. RFC 7616 §3.3 (nonce), §3.4 (nc), §5.5 (replay). */

import { randomBytes, timingSafeEqual } from "node:crypto";
import { keyedHash } from "./digest";

/** `foreign`: not made in this life of the gateway; `expired`: ours, but too old. */
export type NonceState = "good" | "expired" | "foreign";

export class Nonces {
  /** The key, and room behind it for what is signed. */
  readonly #keyed = Buffer.concat([randomBytes(KEY_BYTES), Buffer.alloc(HEAD_BYTES)]);
  /** Two generations, of which the older is dropped whole: taken out one by one, each would be stepped over ever after. */
  #young = new Map<string, CountWindow>();
  #old: ReadonlyMap<string, CountWindow> = new Map();
  /** When the newest nonce of each was made. */
  #youngNewest = 0;
  #oldNewest = 0;
  #serial = 0;
  /** A nonce made before this had its counts forgotten, and could be replayed: it counts as expired. */
  #forgottenUntil = 0;

  /** A new nonce: time and serial number, signed with a key that lives as long as the process. */
  make(now: number): string {
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    head.writeUIntBE(now, 0, 6);
    this.#serial = (this.#serial + 1) >>> 0;
    head.writeUInt32BE(this.#serial, 6);
    return Buffer.concat([head, this.#sign(head)]).toString("base64url");
  }

  check(nonce: string, now: number): NonceState {
    // One whose counts are kept was found to be ours before.
    const made = this.#windowOf(nonce)?.made ?? this.#madeAt(nonce);
    if (made === undefined) return "foreign";
    return made <= this.#forgottenUntil || now - made > NONCE_LIFETIME_MS ? "expired" : "good";
  }

  /**
   * Uses up a nonce count; false when it was used before or is too far behind. Call it for a proven response only, so
   * that nobody else can use up a phone's counts. Counts may come out of order: several requests are under way at once.
   */
  use(nonce: string, count: number): boolean {
    const known = this.#windowOf(nonce);
    if (known !== undefined) return known.use(count);
    if (this.#young.size >= MAXIMUM_WINDOWS / 2) this.#forgetOld();
    const window = new CountWindow(Buffer.from(nonce, "base64url").readUIntBE(0, 6));
    // A copy: the text as parsed would keep the whole header block of its request alive.
    this.#young.set(Buffer.from(nonce, "latin1").toString("latin1"), window);
    this.#youngNewest = Math.max(this.#youngNewest, window.made);
    return window.use(count);
  }

  #windowOf(nonce: string): CountWindow | undefined {
    return this.#young.get(nonce) ?? this.#old.get(nonce);
  }

  #forgetOld(): void {
    this.#forgottenUntil = Math.max(this.#forgottenUntil, this.#oldNewest);
    this.#old = this.#young;
    this.#oldNewest = this.#youngNewest;
    this.#young = new Map();
    this.#youngNewest = 0;
  }

  /** When it was made; undefined when that was not here. */
  #madeAt(nonce: string): number | undefined {
    if (!NONCE.test(nonce)) return undefined;
    const bytes = Buffer.from(nonce, "base64url");
    const head = bytes.subarray(0, HEAD_BYTES);
    if (!timingSafeEqual(this.#sign(head), bytes.subarray(HEAD_BYTES))) return undefined;
    return head.readUIntBE(0, 6);
  }

  #sign(head: Uint8Array): Buffer {
    this.#keyed.set(head, KEY_BYTES);
    return keyedHash(this.#keyed).subarray(0, SIGNATURE_BYTES);
  }
}

/** The highest count seen and which of the 31 before it were seen too. */
class CountWindow {
  #highest = 0;
  /** Bit n: the count `highest - n` was used. */
  #seen = 0;

  /** @param made when its nonce was made, milliseconds since 1970 */
  constructor(readonly made: number) {}

  use(count: number): boolean {
    if (count < 1) return false;
    const ahead = count - this.#highest;
    if (ahead > 0) {
      this.#seen = ahead > 31 ? 1 : (this.#seen << ahead) | 1;
      this.#highest = count;
      return true;
    }
    const bit = 1 << -ahead;
    if (-ahead > 31 || (this.#seen & bit) !== 0) return false;
    this.#seen |= bit;
    return true;
  }
}

const KEY_BYTES = 32;
const HEAD_BYTES = 10;
const SIGNATURE_BYTES = 20;
const NONCE = /^[A-Za-z0-9_-]{40}$/;
/** Long enough for a conversation without a new challenge, short enough that a stolen legacy answer is soon worthless. */
const NONCE_LIFETIME_MS = 300_000;
/**
 * Nonces with counts in use, in 20 MiB at most; past this the older half is forgotten, and its users get new ones with stale=true.
 * At 12,000 sign-ins a second that is after four seconds.
 */
const MAXIMUM_WINDOWS = 100_000;
