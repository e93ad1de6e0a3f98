/** A REGISTER as an input of the core. RFC 3261 §10.2, §20.10; RFC 3327 §4; RFC 5626 §4.1, §4.2. */

import type { SipFlow } from "../../core/effect";
import type { RegisteredContact, SipRegisterInput } from "../../core/input";
import type { Mutable } from "../../core/mutable";
import type { HeaderList } from "../message/header-list";
import { type NameAddr, parseNameAddr } from "../message/name-addr";
import { parseSeconds } from "../message/seconds";
import { splitValues } from "../message/values";
import type { ReceivedRequest } from "../transaction/received-request";
import type { Source } from "../transport/transport";

/** Whom the request speaks for (see `Trust`). */
export interface Registrant {
  readonly fromUri: string;
  readonly peer: string;
  readonly isNeighbour: boolean;
}

/** Reads what the core needs; what cannot be read is the peer's mistake: then the Reason-Phrase of a 400 comes back. */
export function registerInput(received: ReceivedRequest, registrant: Registrant): SipRegisterInput | string {
  const { request, identity, cseq, source } = received;
  const { headers } = request;
  const to = request.read?.to ?? parseNameAddr(headers.get("To") ?? "");
  if (to === undefined) return "Malformed To";
  const contacts = contactsOf(headers);
  if (typeof contacts === "string" && contacts !== "all") return contacts;
  const path = pathOf(headers);
  if (typeof path === "string") return path;
  const expiresText = headers.get("Expires");
  const expires = expiresText === undefined ? undefined : (parseSeconds(expiresText) ?? DEFAULT_EXPIRES);
  const { fromUri, peer, isNeighbour } = registrant;
  const input: Mutable<SipRegisterInput> = {
    kind: "sip-register",
    rid: identity.transaction.slice(0, RID_LENGTH),
    toUri: to.uri,
    fromUri,
    callId: headers.get("Call-ID") ?? "",
    cseq: cseq.number,
    contacts,
    path: path.map(({ uri }) => `<${uri}>`),
    supported: tagsOf(headers),
    flow: flowOf(source),
    isDirect: headers.getAll("Via").flatMap(splitValues).length === 1,
    firstHopKeepsFlows: OUTBOUND_PATH.test(path[path.length - 1]?.uri ?? ""),
    isNeighbour,
    peer,
  };
  if (expires !== undefined) input.expires = expires;
  return input;
}

function contactsOf(headers: HeaderList): readonly RegisteredContact[] | string {
  const values = headers.getAll("Contact").flatMap(splitValues);
  if (values.length === 1 && values[0] === "*") return "all";
  if (values.length > MAXIMUM_CONTACTS) return "Too Many Contacts";
  const contacts: RegisteredContact[] = [];
  for (const value of values) {
    const address = parseNameAddr(value);
    const contact = address && contactOf(address);
    if (contact === undefined) return "Malformed Contact";
    contacts.push(contact);
  }
  return contacts;
}

function contactOf({ uri, parameters }: NameAddr): RegisteredContact | undefined {
  if (uri.length > MAXIMUM_URI) return undefined;
  const q = parameters.get("q");
  const thousandths = q === undefined ? undefined : thousandthsOf(q);
  const expires = parameters.get("expires");
  const instance = instanceOf(parameters.get("+sip.instance"));
  const regId = parameters.get("reg-id");
  const number = regId === undefined ? undefined : regIdOf(regId);
  if ((q !== undefined && thousandths === undefined) || (regId !== undefined && number === undefined))
    return undefined;
  const contact: Mutable<RegisteredContact> = { uri };
  if (thousandths !== undefined) contact.q = thousandths;
  // §10.2.1.1: one that cannot be read counts as an hour.
  if (expires !== undefined) contact.expires = parseSeconds(expires) ?? DEFAULT_EXPIRES;
  if (instance !== undefined) contact.instance = instance;
  if (number !== undefined) contact.regId = number;
  return contact;
}

/** qvalue (§25.1) in thousandths. */
function thousandthsOf(q: string): number | undefined {
  return Q_VALUE.test(q) ? Math.round(Number(q) * 1000) : undefined;
}

/** RFC 5626 §4.1: a URN in angle brackets. What is none names no device. */
function instanceOf(value: string | undefined): string | undefined {
  return value === undefined ? undefined : INSTANCE.exec(value)?.[1];
}

/** RFC 5626 §11: 1 to 2^31 - 1. */
function regIdOf(text: string): number | undefined {
  return REG_ID.test(text) && Number(text) > 0 && Number(text) < 2 ** 31 ? Number(text) : undefined;
}

/** RFC 3327 §5.1: the last value is that of the first proxy. */
function pathOf(headers: HeaderList): readonly NameAddr[] | string {
  const values = headers.getAll("Path").flatMap(splitValues);
  if (values.length > MAXIMUM_PATH) return "Too Many Paths";
  const path: NameAddr[] = [];
  for (const value of values) {
    const address = parseNameAddr(value);
    if (address === undefined || address.uri.length > MAXIMUM_URI || !SIP.test(address.uri))
      return "Malformed Path";
    path.push(address);
  }
  return path;
}

function tagsOf(headers: HeaderList): readonly string[] {
  const tags = headers.getAll("Supported").flatMap(splitValues).slice(0, MAXIMUM_TAGS);
  return tags.map((tag) => tag.toLowerCase());
}

function flowOf({ transport, address, port, local, connection }: Source): SipFlow {
  const here = { address: local.address, port: local.port };
  return connection === undefined
    ? { transport, address, port, local: here }
    : { transport, address, port, local: here, connection };
}

const SIP = /^sips?:/i;
const OUTBOUND_PATH = /;ob(?:[;=?]|$)/i;
const Q_VALUE = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;
const INSTANCE = /^<(urn:[a-z0-9][a-z0-9-]{0,31}:[\x21\x23-\x3b\x3d\x3f-\x7e]{1,200})>$/i;
const REG_ID = /^\d{1,10}$/;
/** As of other events: the log of a retransmission bears the name of the first. */
const RID_LENGTH = 12;
const DEFAULT_EXPIRES = 3600;
/** A phone registers one or two; a proxy for many would do so one by one. */
const MAXIMUM_CONTACTS = 20;
/** Proxies between a phone and us. */
const MAXIMUM_PATH = 10;
/** Kept as long as the binding. The longest seen have some 200 characters. */
const MAXIMUM_URI = 1_024;
const MAXIMUM_TAGS = 50;
