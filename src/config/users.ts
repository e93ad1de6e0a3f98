/** The users file: people, and the digests with which they sign their requests. HA1 by RFC 7616 §3.4.2. */

import type { z } from "zod";
import { type Addresses, sipKey } from "../directory/addresses";
import type { ListedPerson } from "../directory/options";
import type { PersonCard } from "../gateway/sides";
import type { DigestUser } from "../sip/options";
import { complain, type Loading, type Path, readNamed } from "./files";
import { option, optional, required, secret, section, sections } from "./option";
import { parseAs } from "./parse";
import { hex, JID, list, PERSON_ADDRESS, SIP_ADDRESS, TEXT, YES_NO } from "./values";

/** Keys of one user. `ha1` is a short name for `md5`. */
export const USERS = sections("Users", {
  username: required(TEXT, "romeo", "Name in the digest"),
  realm: optional(TEXT, "isthmus", "Realm that the HA1 was made for; left out: sip.realm"),
  uri: required(SIP_ADDRESS, "sip:romeo@sip.example", "SIP address that the user speaks for"),
  ha1: secret(hex(32), "0cf1…", "MD5 of username:realm:password"),
  md5: secret(hex(32), "0cf1…", "The same as ha1"),
  sha256: secret(hex(64), "79a2…", "SHA-256 of username:realm:password"),
  sha512: secret(hex(64), "b3c1…", "SHA-512/256 of username:realm:password"),
  aliases: option(
    list(PERSON_ADDRESS),
    [],
    "Further addresses of the user: SIP URIs and JIDs; what goes out is uri and jid",
  ),
  jid: optional(JID, "romeo@xmpp.example", "His own JID; left out: the one that the domain rules give uri"),
  allowed: option(YES_NO, true, "May the user use the service?"),
  name: optional(TEXT, "Romeo Montague", "Name to show"),
  card: section("What others may know of the user.", {
    givenName: optional(TEXT, "Romeo", "Given name"),
    familyName: optional(TEXT, "Montague", "Family name"),
    email: optional(TEXT, "romeo@example.org", "Address for mail"),
    telephone: optional(TEXT, "+39 045 1234567", "Telephone number"),
    organization: optional(TEXT, "House of Montague", "Organization"),
    unit: optional(TEXT, "Sons", "Unit of the organization"),
    title: optional(TEXT, "Heir", "Title"),
  }),
});

type UserSettings = z.output<typeof USERS.schema>[number];

/** The users file, as the SIP side and as the directory want it. */
export interface LoadedUsers {
  readonly users: readonly DigestUser[];
  readonly people: readonly ListedPerson[];
}

/**
 * Reads the users file that the key at `path` names.
 * @param realm realm of users that name none
 * @param addresses reads the addresses in it, so that no two people share one
 */
export function loadUsers(
  loading: Loading,
  path: Path,
  file: string,
  realm: string,
  addresses: Addresses,
): LoadedUsers {
  const text = readNamed(loading, path, file);
  if (text === undefined) return { users: [], people: [] };
  const parsed = parseAs(USERS, text);
  if (!parsed.ok) {
    const problems = parsed.problems.map(({ line, ...rest }) => ({
      ...rest,
      key: `${file}${line === undefined ? "" : `:${line}`} ${rest.key}`,
    }));
    loading.problems.push(...problems);
    return { users: [], people: [] };
  }
  const whereOf = (index: number) => `${file}:${parsed.lineOf([index]) ?? 1}`;
  const seen = new Set<string>();
  const people = parsed.value.map((user, index) => {
    const person = personOf(user, realm);
    const name = JSON.stringify([user.username, person.realm]);
    if (seen.has(name))
      complain(loading, path, `each username once in a realm (${whereOf(index)})`, `${user.username} again`);
    seen.add(name);
    if (Object.keys(person.ha1).length === 0) {
      const expected = `ha1, md5, sha256 or sha512 for each user (${whereOf(index)})`;
      complain(loading, path, expected, `${user.username} without any`);
    }
    return person;
  });
  checkAddresses(loading, path, people, whereOf, addresses);
  return { users: people.map(digestUserOf), people };
}

function personOf(user: UserSettings, realm: string): ListedPerson {
  const md5 = user.md5 ?? user.ha1;
  const card = Object.fromEntries(Object.entries(user.card).filter(([, text]) => text !== undefined));
  return {
    username: user.username,
    realm: user.realm ?? realm,
    uri: user.uri,
    ha1: {
      ...(md5 === undefined ? {} : { MD5: md5 }),
      ...(user.sha256 === undefined ? {} : { "SHA-256": user.sha256 }),
      ...(user.sha512 === undefined ? {} : { "SHA-512-256": user.sha512 }),
    },
    aliases: user.aliases,
    ...(user.jid === undefined ? {} : { jid: user.jid }),
    isAllowed: user.allowed,
    ...(user.name === undefined ? {} : { name: user.name }),
    ...(Object.keys(card).length === 0 ? {} : { card: card as PersonCard }),
  };
}

function digestUserOf({ username, realm, uri, ha1 }: ListedPerson): DigestUser {
  const { MD5: md5, "SHA-256": sha256 } = ha1;
  return {
    username,
    realm,
    uri,
    ha1: {
      ...(md5 === undefined ? {} : { MD5: md5 }),
      ...(sha256 === undefined ? {} : { "SHA-256": sha256 }),
    },
  };
}

/** An address is one person's, in whichever of its forms it stands there: else somebody would be taken for another. */
function checkAddresses(
  loading: Loading,
  path: Path,
  people: readonly ListedPerson[],
  whereOf: (index: number) => string,
  addresses: Addresses,
): void {
  const owners = new Map<string, string>();
  const claim = (address: string, owner: string, index: number): void => {
    const key = keyOf(address, addresses);
    if (key === undefined) {
      complain(
        loading,
        path,
        `SIP addresses, JIDs, or tel: where a rule of domains has tel (${whereOf(index)})`,
        address,
      );
    } else if ((owners.get(key) ?? owner) !== owner) {
      complain(loading, path, `each address with one person alone (${whereOf(index)})`, `${address} again`);
    } else owners.set(key, owner);
  };
  people.forEach(({ uri, jid, aliases }, index) => {
    const owner = keyOf(uri, addresses) ?? uri;
    for (const address of [uri, ...(jid === undefined ? [] : [jid]), ...aliases])
      claim(address, owner, index);
  });
}

/** The JID of an address where there is one, since two SIP addresses may have the same. */
function keyOf(address: string, addresses: Addresses): string | undefined {
  if (!URI.test(address)) return addresses.readJid(address);
  const sip = addresses.readSip(address);
  return sip === undefined ? undefined : (addresses.jidOfSip(sip.uri) ?? sipKey(sip));
}

const URI = /^(?:sips?|tel):/i;
