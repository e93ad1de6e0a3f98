/** Whom a URI of a registrar's domain names: a person, or one device of his. RFC 3261 §16.5, RFC 5627 §5.5; RFC 7247 §6.4 step 8. */

import { jidTargetToSip, sipSenderToJid } from "../../core/address/domains";
import { percentDecode, percentEncodeGr } from "../../core/address/percent";
import { parseSipUri, type SipUri } from "../../core/address/sip-uri";
import { Memo } from "../../core/memo";
import { bareJid } from "../../core/message/addresses";
import type { Result } from "../../core/result";
import type { Tables } from "../../core/tables";
import type { TemporaryGruus } from "./temporary-gruus";

export interface Addressed {
  /** Bare JID; "" for a temporary GRUU, which names a device alone. */
  readonly person: string;
  /** Value of `gr`, decoded, in lower case. */
  readonly device?: string;
  /** What a temporary GRUU stands for; "" for one that we have not made. */
  readonly epoch?: string;
  /** Peer of the domain. */
  readonly peer: string;
}

export class RegistrarAddresses {
  readonly #domains: ReadonlySet<string>;
  readonly #tables: Pick<Tables, "domains">;
  readonly #gruus: TemporaryGruus;
  readonly #uris = new Memo(parseSipUri, REMEMBERED_URIS);

  constructor(domains: readonly string[], tables: Pick<Tables, "domains">, gruus: TemporaryGruus) {
    this.#domains = new Set(domains);
    this.#tables = tables;
    this.#gruus = gruus;
  }

  read(text: string): Result<SipUri> {
    return this.#uris.of(text);
  }

  /** Is this a domain whose phones register here? */
  servesHost(host: string): boolean {
    return this.#domains.has(host);
  }

  /** Undefined: no address of a domain that is registered here. */
  of(text: string): Addressed | undefined {
    const uri = this.#uris.of(text);
    if (!uri.ok || !this.#domains.has(uri.value.host) || uri.value.user === undefined) return undefined;
    const person = sipSenderToJid(text, this.#tables.domains);
    const { parameters, user } = uri.value;
    const gr = parameters.get("gr");
    if (parameters.has("gr") && (gr === undefined || gr === "")) {
      const peer = person.ok ? person.value.rule.peer : "";
      return { person: "", epoch: this.#gruus.epochOf(user) ?? "", peer };
    }
    if (!person.ok) return undefined;
    const { jid, rule } = person.value;
    const device = gr === undefined ? undefined : percentDecode(gr);
    return {
      person: bareJid(jid),
      ...(device?.ok === true ? { device: device.value.toLowerCase() } : {}),
      peer: rule.peer,
    };
  }

  /** Public GRUU of a device (RFC 5627 §5.4); undefined for somebody without an address here. */
  publicGruu(person: string, resource: string): string | undefined {
    const uri = jidTargetToSip(person, this.#tables.domains);
    return uri.ok ? `${uri.value.uri};gr=${percentEncodeGr(resource)}` : undefined;
  }

  /** A new temporary GRUU of a device. */
  temporaryGruu(person: string, epoch: string): string | undefined {
    const uri = jidTargetToSip(person, this.#tables.domains);
    const host = uri.ok ? this.#uris.of(uri.value.uri) : undefined;
    return host?.ok ? `sip:${this.#gruus.make(epoch)}@${host.value.host};gr` : undefined;
  }
}

/** The same few thousand people write nearly all messages. */
const REMEMBERED_URIS = 4_096;
