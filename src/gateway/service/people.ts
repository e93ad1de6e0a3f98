/** Who asks, and may he? RFC 8048 §8.1: an XMPP user of a domain that this gateway serves. */

import { compileDomains } from "../../core/address/domains";
import { bareJid, parseJid } from "../../core/address/jid";
import type { DomainTable } from "../../core/tables";
import type { DirectoryAnswer, Looked } from "../sides";
import type { ServiceOptions } from "./options";

export interface Asker {
  /** Canonical bare JID. */
  readonly jid: string;
  /** As it stood in the stanza: where a command session belongs to. */
  readonly from: string;
  /** Is his domain named by a rule or by the configuration? A rule for "*" does not open the directory to everybody. */
  readonly isServed: boolean;
  readonly isAdministrator: boolean;
}

export class Askers {
  readonly #served: ReadonlySet<string>;
  readonly #administrators: ReadonlySet<string>;

  constructor(options: ServiceOptions, domains: DomainTable) {
    this.#served = new Set([...compileDomains(domains).xmppByDomain.keys(), ...options.domains]);
    this.#administrators = new Set(options.administrators);
  }

  /** Undefined when the address cannot be read. */
  of(from: string): Asker | undefined {
    const jid = parseJid(from);
    if (!jid.ok) return undefined;
    const bare = bareJid(jid.value);
    const isAdministrator = this.#administrators.has(bare);
    return {
      jid: bare,
      from,
      isServed: isAdministrator || this.#served.has(jid.value.domain),
      isAdministrator,
    };
  }
}

/** Goes on with what a directory says, at once or later. */
export function whenLooked<T, Result>(
  looked: Looked<T>,
  then: (answer: DirectoryAnswer<T>) => Result,
): Result | Promise<Result> {
  return looked instanceof Promise ? looked.then(then) : then(looked);
}
