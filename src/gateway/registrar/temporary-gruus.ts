/** Temporary GRUUs: nobody can tell whose one is, or that two are of one device, and no table is needed. RFC 5627 §5.4, Appendix A.2. */

import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export class TemporaryGruus {
  readonly #cipherKey: Uint8Array;
  readonly #signKey: Uint8Array;

  /** @param key 32 bytes, the same as long as the GRUUs shall live */
  constructor(key: Uint8Array) {
    this.#cipherKey = derived(key, "cipher");
    this.#signKey = derived(key, "sign");
  }

  /** The user part of a new one. @param epoch names the device's generation: 16 URL-safe characters at most */
  make(epoch: string): string {
    const block = Buffer.alloc(BLOCKS);
    block.write(epoch, 0, EPOCH, "latin1");
    randomBytes(BLOCKS - EPOCH).copy(block, EPOCH);
    const vector = this.#vector(block);
    const cipher = createCipheriv("aes-256-cbc", this.#cipherKey, vector).setAutoPadding(false);
    const sealed = Buffer.concat([vector, cipher.update(block), cipher.final()]);
    return `${PREFIX}${sealed.toString("base64url")}`;
  }

  /** The epoch of one that we made; undefined for anything else. */
  epochOf(user: string): string | undefined {
    if (!user.startsWith(PREFIX) || user.length !== LENGTH) return undefined;
    const sealed = Buffer.from(user.slice(PREFIX.length), "base64url");
    if (sealed.length !== VECTOR + BLOCKS) return undefined;
    const vector = sealed.subarray(0, VECTOR);
    const decipher = createDecipheriv("aes-256-cbc", this.#cipherKey, vector).setAutoPadding(false);
    const block = Buffer.concat([decipher.update(sealed.subarray(VECTOR)), decipher.final()]);
    if (!timingSafeEqual(this.#vector(block), vector)) return undefined;
    const end = block.indexOf(0);
    return block.toString("latin1", 0, end < 0 || end > EPOCH ? EPOCH : end);
  }

  /** The vector is a signature of what is sealed: what does not fit was not made here (RFC 5297 does it so). */
  #vector(block: Uint8Array): Buffer {
    return createHmac("sha256", this.#signKey).update(block).digest().subarray(0, VECTOR);
  }
}

function derived(key: Uint8Array, use: string): Buffer {
  return createHmac("sha256", key).update(`temporary gruu ${use}`).digest();
}

const PREFIX = "tgruu.";
const VECTOR = 16;
const EPOCH = 16;
/** The epoch and 16 random bytes. */
const BLOCKS = 32;
/** 48 bytes as base64url. */
const LENGTH = PREFIX.length + 64;
