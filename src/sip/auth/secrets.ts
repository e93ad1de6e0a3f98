/** Where digest secrets come from: a directory, or the users that the options list. RFC 7616 §3.4.2. */

import { parseSipUri } from "../../core/address/sip-uri";
import type { DigestSecret, Directory, Looked } from "../../gateway/sides";
import type { DigestUser } from "../options";
import { DIGEST_ALGORITHMS, type DigestAlgorithm } from "./digest";

/** The part of a directory that digest needs. */
export interface SecretSource {
  secretOf: Directory["secretOf"];
  /** Absent: nobody has an alias. */
  readonly bySip?: Directory["bySip"];
}

/** Users of the options, all in memory. Those of another realm are left out: their HA1 can never fit our challenges. */
export function listedSecrets(users: readonly DigestUser[], realm: string): SecretSource {
  const secrets = new Map<string, Looked<DigestSecret>>();
  for (const user of users) {
    if (user.realm !== realm) continue;
    const { username, ha1, uri } = user;
    const person = { id: username, sipUri: uri, jid: "", isAllowed: true };
    secrets.set(username, { kind: "found", value: { username, ha1, person } });
  }
  return { secretOf: (username) => secrets.get(username) ?? UNKNOWN };
}

/** SIP domains of those users, lower case. */
export function domainsOfUsers(users: readonly DigestUser[]): readonly string[] {
  return users.flatMap(({ uri }) => {
    const parsed = parseSipUri(uri);
    return parsed.ok ? [parsed.value.host] : [];
  });
}

/**
 * The algorithms that everybody can answer, the strongest first; all that somebody can, where no algorithm is everybody's.
 * Without a list of users nobody knows, and all are offered.
 */
export function offeredAlgorithms(users: readonly DigestUser[]): readonly DigestAlgorithm[] {
  if (users.length === 0) return DIGEST_ALGORITHMS;
  const has = (algorithm: DigestAlgorithm) => (user: DigestUser) => user.ha1[algorithm] !== undefined;
  const shared = DIGEST_ALGORITHMS.filter((algorithm) => users.every(has(algorithm)));
  return shared.length > 0 ? shared : DIGEST_ALGORITHMS.filter((algorithm) => users.some(has(algorithm)));
}

const UNKNOWN: { readonly kind: "unknown" } = { kind: "unknown" };
