/** The people of an XMPP server with their rosters: what RFC 6121 §3 and §4 make of presence between them and SIP contacts. */

import type { ComponentServer, WireStanza } from "./component-server";
import { type Devices, viewOf } from "./presence-documents";

/** One line of a roster: the SIP contact, whether he may see this person, and whether this person sees him. */
export interface Contact {
  /** Bare JID at the gateway. */
  readonly jid: string;
  /** May the contact see this person? "asked": the person has not decided. */
  from: "none" | "asked" | "yes";
  /** "asked": `subscribe` was sent and nothing came back; "leaving": `unsubscribe` was. */
  to: "none" | "asked" | "yes" | "leaving";
  /** Resources of the contact that are available. */
  readonly seen: Map<string, string>;
}

export interface Person {
  /** Bare JID. */
  readonly jid: string;
  readonly resources: Map<string, string>;
  readonly contacts: Map<string, Contact>;
  /** What is done with who asks to see this person. */
  policy: "approve" | "wait" | "deny";
}

export class XmppPeople {
  readonly people = new Map<string, Person>();
  /** `subscribe` stanzas from SIP contacts, by "contact person". */
  readonly asked = new Map<string, number>();
  /** Those of them that the server answered itself, since they were approved before. */
  autoAnswered = 0;
  /** Those that a person had to decide about. */
  prompts = 0;
  probes = 0;
  /** Presence from contacts that this person does not watch. */
  strays = 0;
  errors = 0;
  /** `unsubscribed` for those who watched with leave. */
  revoked = 0;
  /** Presence of a device, or its end, was taken. */
  onSeen: (person: Person, contact: Contact) => void = () => undefined;
  /** A contact asks for leave; the roster is as it was before. */
  onAsked: (person: Person, contact: Contact) => void = () => undefined;
  onSubscribed: (person: Person, contact: Contact) => void = () => undefined;
  onRevoked: (person: Person, contact: Contact) => void = () => undefined;
  onProbe: (person: Person, contact: Contact) => void = () => undefined;

  constructor(readonly server: ComponentServer) {
    server.onStanza = (stanza) => this.#take(stanza);
    server.onUp = () => this.#repeatUnanswered();
  }

  add(jid: string, resources: Devices, policy: Person["policy"] = "approve"): Person {
    const person = { jid, resources: new Map(resources), contacts: new Map<string, Contact>(), policy };
    this.people.set(jid, person);
    return person;
  }

  contact(person: Person, jid: string): Contact {
    const known = person.contacts.get(jid);
    if (known !== undefined) return known;
    const contact: Contact = { jid, from: "none", to: "none", seen: new Map() };
    person.contacts.set(jid, contact);
    return contact;
  }

  /** Asks to see a SIP contact. */
  subscribe(person: Person, jid: string): Contact {
    const contact = this.contact(person, jid);
    if (contact.to !== "yes") contact.to = "asked";
    this.#send(person.jid, jid, "subscribe");
    return contact;
  }

  unsubscribe(person: Person, contact: Contact): void {
    contact.to = "leaving";
    contact.seen.clear();
    this.#send(person.jid, contact.jid, "unsubscribe");
  }

  /** Decides about a contact who asked, or changes the mind. */
  decide(person: Person, contact: Contact, isApproved: boolean): void {
    contact.from = isApproved ? "yes" : "none";
    this.#send(person.jid, contact.jid, isApproved ? "subscribed" : "unsubscribed");
    if (isApproved) this.#tellAll(person, contact);
  }

  /** A resource comes, changes its show or leaves (undefined); those who may see it are told (RFC 6121 §4.2, §4.4, §4.5). */
  change(person: Person, resource: string, show: string | undefined): void {
    const wasHere = person.resources.size > 0;
    if (show === undefined) person.resources.delete(resource);
    else person.resources.set(resource, show);
    for (const contact of person.contacts.values()) {
      if (contact.from === "yes") this.#tell(person, contact, resource, show);
      if (person.resources.size === 0) contact.seen.clear();
      else if (!wasHere && contact.to === "yes") this.#send(person.jid, contact.jid, "probe");
    }
  }

  viewOf(contact: Contact): string {
    return viewOf(contact.seen);
  }

  #take(stanza: WireStanza): void {
    if (stanza.name !== "presence") return;
    const person = this.people.get(bare(stanza.to));
    if (stanza.type === "error") this.errors += 1;
    if (person === undefined || stanza.type === "error") return;
    const contact = this.contact(person, bare(stanza.from));
    if (stanza.type === "subscribe") this.#askedBy(person, contact);
    else if (stanza.type === "probe") this.#probedBy(person, contact);
    else if (stanza.type === "unsubscribe") contact.from = "none";
    else if (stanza.type === "subscribed") this.#grantedBy(person, contact);
    else if (stanza.type === "unsubscribed") this.#revokedBy(person, contact);
    else this.#shownBy(person, contact, stanza);
  }

  #askedBy(person: Person, contact: Contact): void {
    this.onAsked(person, contact);
    const pair = `${contact.jid} ${person.jid}`;
    this.asked.set(pair, (this.asked.get(pair) ?? 0) + 1);
    if (contact.from === "yes") {
      this.autoAnswered += 1;
      this.#send(person.jid, contact.jid, "subscribed");
      return;
    }
    if (contact.from === "none") this.prompts += 1;
    contact.from = "asked";
    if (person.policy !== "wait") this.decide(person, contact, person.policy === "approve");
  }

  #probedBy(person: Person, contact: Contact): void {
    this.probes += 1;
    if (contact.from === "yes") this.#tellAll(person, contact);
    else this.#send(person.jid, contact.jid, "unsubscribed");
    this.onProbe(person, contact);
  }

  #grantedBy(person: Person, contact: Contact): void {
    if (contact.to === "none" || contact.to === "leaving") return;
    contact.to = "yes";
    this.onSubscribed(person, contact);
  }

  #revokedBy(person: Person, contact: Contact): void {
    const had = contact.to;
    contact.to = "none";
    contact.seen.clear();
    if (had === "yes") {
      this.revoked += 1;
      this.onRevoked(person, contact);
    }
  }

  #shownBy(person: Person, contact: Contact, stanza: WireStanza): void {
    if (contact.to !== "yes" && stanza.type === "") this.strays += 1;
    if (contact.to !== "yes" || person.resources.size === 0) return;
    const resource = stanza.from.slice(contact.jid.length + 1);
    if (stanza.type !== "unavailable") contact.seen.set(resource, SHOW.exec(stanza.text)?.[1] ?? "");
    else if (resource === "") contact.seen.clear();
    else contact.seen.delete(resource);
    this.onSeen(person, contact);
  }

  #tellAll(person: Person, contact: Contact): void {
    for (const [resource, show] of person.resources) this.#tell(person, contact, resource, show);
    if (person.resources.size === 0) this.#send(person.jid, contact.jid, "unavailable");
  }

  #tell(person: Person, contact: Contact, resource: string, show: string | undefined): void {
    const head = `<presence from='${person.jid}/${resource}' to='${contact.jid}'`;
    if (show === undefined) this.server.send(`${head} type='unavailable'/>`);
    else if (show === "") this.server.send(`${head}/>`);
    else this.server.send(`${head}><show>${show}</show></presence>`);
  }

  #send(from: string, to: string, type: string): void {
    this.server.send(`<presence from='${from}' to='${to}' type='${type}'/>`);
  }

  // While the gateway is away a server bounces what is sent to it; the person tries again when that works.
  #repeatUnanswered(): void {
    for (const person of this.people.values()) {
      for (const contact of person.contacts.values()) {
        if (contact.to === "asked") this.#send(person.jid, contact.jid, "subscribe");
        if (contact.to === "leaving") this.#send(person.jid, contact.jid, "unsubscribe");
      }
    }
  }
}

function bare(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}

const SHOW = /<show[^>]*>\s*([a-z]+)/;
