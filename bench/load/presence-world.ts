/** SIP users and XMPP people who watch each other through a gateway, and what each of them ought to see. */

import { ComponentServer } from "./component-server";
import { viewOf } from "./presence-documents";
import { SipEndpoint } from "./sip-endpoint";
import { SipPresentities, type SipPresentity } from "./sip-presentities";
import { SipWatchers, type Watch } from "./sip-watchers";
import { type Contact, type Person, XmppPeople } from "./xmpp-people";

export interface WorldOptions {
  /** Domain of the SIP users, and component host at the XMPP server. */
  readonly sipHost: string;
  readonly xmppHost: string;
  readonly address?: string;
  /** Of the SIP users; any free one unless given. */
  readonly sipPort?: number;
}

/** SIP user number n watches XMPP person number n. */
export interface SipPair {
  watch: Watch;
  readonly person: Person;
  readonly contact: Contact;
}

/** XMPP person number n watches SIP user number n. */
export interface XmppPair {
  readonly person: Person;
  readonly contact: Contact;
  readonly presentity: SipPresentity;
}

export class PresenceWorld {
  readonly watchers: SipWatchers;
  readonly presentities: SipPresentities;
  readonly people: XmppPeople;
  readonly sipPairs = new Map<number, SipPair>();
  readonly xmppPairs = new Map<number, XmppPair>();
  /** How the SIP side names an XMPP person. */
  personUri = (n: number): string => `sip:juliet${n}@${this.options.xmppHost}`;

  private constructor(
    readonly options: WorldOptions,
    readonly endpoint: SipEndpoint,
    readonly server: ComponentServer,
  ) {
    this.watchers = new SipWatchers(endpoint);
    this.presentities = new SipPresentities(endpoint);
    this.people = new XmppPeople(server);
    endpoint.onRequest = (request, reply) =>
      this.watchers.take(request, reply) || this.presentities.take(request, reply);
  }

  /** Opens both sides; the gateway's SIP address is told later. */
  static async open(options: WorldOptions): Promise<PresenceWorld> {
    const address = options.address ?? "127.0.0.1";
    const endpoint = await SipEndpoint.open(address, options.sipPort ?? 0, { address, port: 9 });
    return new PresenceWorld(options, endpoint, await ComponentServer.open(options.sipHost, address));
  }

  sipUri(n: number): string {
    return `sip:romeo${n}@${this.options.sipHost}`;
  }

  /** The XMPP person with this number; made, with one resource, when there is none. */
  person(n: number): Person {
    const jid = `juliet${n}@${this.options.xmppHost}`;
    return this.people.people.get(jid) ?? this.people.add(jid, new Map([["balcony", ""]]));
  }

  /** The SIP user with this number as one who is watched. */
  presentity(n: number): SipPresentity {
    const uri = this.sipUri(n);
    return (
      this.presentities.presentities.get(uri.slice(4)) ?? this.presentities.add(uri, new Map([["desk", ""]]))
    );
  }

  /** SIP user n begins to watch person n, with a new dialog. */
  watchFromSip(n: number): SipPair {
    const person = this.person(n);
    const contact = this.people.contact(person, this.sipUri(n).slice(4));
    const watch = this.watchers.watch(this.sipUri(n), this.personUri(n));
    const known = this.sipPairs.get(n);
    if (known !== undefined) {
      known.watch = watch;
      return known;
    }
    const pair = { watch, person, contact };
    this.sipPairs.set(n, pair);
    return pair;
  }

  /** Person n asks to watch SIP user n. */
  watchFromXmpp(n: number): XmppPair {
    const person = this.person(n);
    const presentity = this.presentity(n);
    const contact = this.people.subscribe(person, this.sipUri(n).slice(4));
    const pair = { person, contact, presentity };
    this.xmppPairs.set(n, pair);
    return pair;
  }

  /** Sentences about the pairs that do not see what is so; at most `limit`. */
  wrong(limit = Number.POSITIVE_INFINITY): string[] {
    const wrong: string[] = [];
    for (const [n, pair] of this.sipPairs) {
      if (wrong.length >= limit) return wrong;
      const problem = sipPairProblem(pair);
      if (problem !== undefined) wrong.push(`SIP ${n} watches XMPP ${n}: ${problem}`);
    }
    for (const [n, pair] of this.xmppPairs) {
      if (wrong.length >= limit) return wrong;
      const problem = xmppPairProblem(pair);
      if (problem !== undefined) wrong.push(`XMPP ${n} watches SIP ${n}: ${problem}`);
    }
    return wrong;
  }

  async close(): Promise<void> {
    this.endpoint.close();
    await this.server.goAway();
  }
}

/** What is wrong with what the SIP watcher sees; undefined when it is the truth. */
export function sipPairProblem({ watch, person, contact }: SipPair): string | undefined {
  if (watch.state === "terminated") return undefined; // nobody watches; whether that is right is judged when it ends
  const truth = viewOf(person.resources);
  if (watch.state === "asking")
    return `no NOTIFY yet${watch.remoteTag === "" ? ", no answer" : ""}${watch.refusal === 0 ? "" : `, last refused ${watch.refusal}`}`;
  if (contact.from === "none") return `${watch.state}, though nobody has allowed it`;
  if (contact.from === "asked")
    return watch.state === "pending" ? undefined : `${watch.state}, not decided yet`;
  if (watch.state !== "active") return `${watch.state}, though allowed`;
  return (watch.view ?? "") === truth ? undefined : `sees "${watch.view}" instead of "${truth}"`;
}

/** What is wrong with what the XMPP watcher sees; undefined when it is the truth, or when he is not there to see it. */
export function xmppPairProblem({ person, contact, presentity }: XmppPair): string | undefined {
  if (contact.to === "none" || contact.to === "leaving") return undefined;
  const policy = presentity.policy;
  if (policy === "approve" && contact.to !== "yes") return "waits, though allowed";
  if (policy !== "approve" && contact.to === "yes") return `watches, though the policy is ${policy}`;
  if (policy === "reject") return "waits, though refused";
  if (contact.to === "asked" || person.resources.size === 0) return undefined;
  const [seen, truth] = [viewOf(contact.seen), viewOf(presentity.devices)];
  return seen === truth ? undefined : `sees "${seen}" instead of "${truth}"`;
}
