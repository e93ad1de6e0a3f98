/** Who may reach whom, by the lists of people, of domains and of the operator. XEP-0191 §3.2. */

import { domainOfBare } from "../message/addresses";

export type Verdict = "allow" | "block";

/** A list as its owner has written it. */
export interface AccessList {
  /** By bare JID, or by domain for all of its people. */
  readonly entries: ReadonlyMap<string, Verdict>;
  /** May only those who are allowed reach the owner? */
  readonly onlyAllowed: boolean;
}

export type Reach =
  | "open"
  /** A list of the other side keeps him out: he must not learn that. */
  | "refused"
  /** He has blocked the other side himself. */
  | "own-block";

/** Owner of the operator's list, which holds for everybody. */
export const EVERYBODY = "*";

/**
 * May `from` reach `to`? The list of the person, that of his domain and the operator's must each let him through; in each the
 * entry of a person counts more than that of a domain.
 * @param from canonical bare JIDs, as is `to`
 * @param listOf the list of a bare JID, of a domain, or of `EVERYBODY`; undefined: it is empty
 */
export function reach(from: string, to: string, listOf: (owner: string) => AccessList | undefined): Reach {
  // Nobody is kept from himself (XEP-0191 §4).
  if (from === to) return "open";
  const [fromDomain, toDomain] = [domainOfBare(from), domainOfBare(to)];
  if (entryOf(listOf(from), to, toDomain) === "block") return "own-block";
  for (const owner of [to, toDomain, EVERYBODY]) {
    const list = listOf(owner);
    if (list === undefined) continue;
    const verdict = entryOf(list, from, fromDomain);
    if (verdict === "block" || (verdict === undefined && list.onlyAllowed)) return "refused";
  }
  return "open";
}

/** Does an owner, or an entry, stand for this person? */
export function covers(name: string, person: string): boolean {
  return name === EVERYBODY || name === person || name === domainOfBare(person);
}

function entryOf(list: AccessList | undefined, person: string, domain: string): Verdict | undefined {
  return list?.entries.get(person) ?? list?.entries.get(domain);
}
