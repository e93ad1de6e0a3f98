/** Nonces that need no table, and the counts already used with them. RFC 7616 §3.3 (nonce), §3.4 (nc), §5.5 (replay). */

import { randomBytes, timingSafeEqual } from "node:crypto";
import { copied } from "../../core/copied";
import { keyedHash } from "./digest";

/** `foreign`: not made in this life of the gateway; `expired`: ours, but too old. */
export type NonceState = "good" | "expired" | "foreign";

export class Nonces {
  readonly #key = randomBytes(KEY_BYTES).toString("base64url");
  /** Two generations, of which the older is dropped whole: taken out one by one, each would be stepped over ever after. */
  #young = new Map<string, CountWindow>();
  #old: ReadonlyMap<string, CountWindow> = new Map();
  /** When the newest nonce of each was made. */
  #youngNewest = 0;
  #oldNewest = 0;
  #serial = 0;
  /** A nonce made before this had its counts forgotten, and could be replayed: it counts as expired. */
  #forgottenUntil = 0;
  readonly #expected = Buffer.alloc(SIGNATURE_LENGTH);
  readonly #given = Buffer.alloc(SIGNATURE_LENGTH);

  /** A new nonce: time and serial number, signed with a key that lives as long as the process. */
  make(now: number): string {
    this.#serial = (this.#serial + 1) >>> 0;
    const time = now.toString(36).padStart(TIME_LENGTH, "0");
    const head = time + this.#serial.toString(36).padStart(HEAD_LENGTH - TIME_LENGTH, "0");
    return head + this.#sign(head);
  }

  check(nonce: string, now: number): NonceState {
    // One whose counts are kept was found to be ours before.
    const isOurs = this.#windowOf(nonce) !== undefined || this.#isSigned(nonce);
    if (!isOurs) return "foreign";
    const made = madeAt(nonce);
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
    const window = new CountWindow();
    this.#young.set(copied(nonce), window);
    this.#youngNewest = Math.max(this.#youngNewest, madeAt(nonce));
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

  #isSigned(nonce: string): boolean {
    if (!NONCE.test(nonce)) return false;
    this.#expected.write(this.#sign(nonce.slice(0, HEAD_LENGTH)), "latin1");
    this.#given.write(nonce.slice(HEAD_LENGTH), "latin1");
    return timingSafeEqual(this.#expected, this.#given);
  }

  /** 156 bits, as text. */
  #sign(head: string): string {
    return keyedHash(this.#key + head).slice(0, SIGNATURE_LENGTH);
  }
}

/** When it was made, milliseconds since 1970; of one of ours alone. */
function madeAt(nonce: string): number {
  return Number.parseInt(nonce.slice(0, TIME_LENGTH), 36);
}

/** The highest count seen and which of the 31 before it were seen too. */
class CountWindow {
  #highest = 0;
  /** Bit n: the count `highest - n` was used. */
  #seen = 0;

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
/** Digits of base 36: a time has so many until the year 5188, and behind it stands a number of 32 bits. */
const TIME_LENGTH = 9;
const HEAD_LENGTH = TIME_LENGTH + 7;
/** Characters of six bits. */
const SIGNATURE_LENGTH = 26;
const NONCE = /^[0-9a-z]{16}[A-Za-z0-9_-]{26}$/;
/** Long enough for a conversation without a new challenge, short enough that a stolen legacy answer is soon worthless. */
const NONCE_LIFETIME_MS = 300_000;
/**
 * Nonces with counts in use, in 20 MiB at most; past this the older half is forgotten, and its users get new ones with stale=true.
 * At 12,000 sign-ins a second that is after four seconds.
 */
const MAXIMUM_WINDOWS = 100_000;
