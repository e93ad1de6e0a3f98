/** The users file: those who sign their requests with digest. HA1 by RFC 7616 §3.4.2. */

import type { DigestUser } from "../sip/options";
import { complain, type Loading, type Path, readNamed } from "./files";
import { optional, required, secret, sections } from "./option";
import { parseAs } from "./parse";
import { hex, SIP_ADDRESS, TEXT } from "./values";

/** Keys of one user. `ha1` is a short name for `md5`. */
export const USERS = sections("Users", {
  username: required(TEXT, "romeo", "Name in the digest"),
  realm: optional(TEXT, "isthmus", "Realm that the HA1 was made for; left out: sip.realm"),
  uri: required(SIP_ADDRESS, "sip:romeo@sip.example", "SIP address that the user speaks for"),
  ha1: secret(hex(32), "0cf1…", "MD5 of username:realm:password"),
  md5: secret(hex(32), "0cf1…", "The same as ha1"),
  sha256: secret(hex(64), "79a2…", "SHA-256 of username:realm:password"),
});

/**
 * Reads the users file that the key at `path` names.
 * @param realm realm of users that name none
 */
export function loadUsers(loading: Loading, path: Path, file: string, realm: string): DigestUser[] {
  const text = readNamed(loading, path, file);
  if (text === undefined) return [];
  const parsed = parseAs(USERS, text);
  if (!parsed.ok) {
    const problems = parsed.problems.map(({ line, ...rest }) => ({
      ...rest,
      key: `${file}${line === undefined ? "" : `:${line}`} ${rest.key}`,
    }));
    loading.problems.push(...problems);
    return [];
  }
  const seen = new Set<string>();
  return parsed.value.flatMap((user, index) => {
    const where = `${file}:${parsed.lineOf([index]) ?? 1}`;
    const name = JSON.stringify([user.username, user.realm ?? realm]);
    if (seen.has(name))
      complain(loading, path, `each username once in a realm (${where})`, `${user.username} again`);
    seen.add(name);
    const md5 = user.md5 ?? user.ha1;
    if (md5 === undefined && user.sha256 === undefined) {
      complain(loading, path, `ha1, md5 or sha256 for each user (${where})`, `${user.username} without any`);
    }
    return [
      {
        username: user.username,
        realm: user.realm ?? realm,
        uri: user.uri,
        ha1: {
          ...(md5 === undefined ? {} : { MD5: md5 }),
          ...(user.sha256 === undefined ? {} : { "SHA-256": user.sha256 }),
        },
      },
    ];
  });
}
