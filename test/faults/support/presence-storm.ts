/** People of both sides who never rest: they change, come and go, ask, allow, refuse, revoke and give up, by seeded chance. */

import type { PresenceWorld, SipPair } from "../../../bench/load/presence-world";
import type { Watch } from "../../../bench/load/sip-watchers";
import type { Contact } from "../../../bench/load/xmpp-people";
import { Chance } from "./chance";
import { PairHistory } from "./pair-history";

export class PresenceStorm {
  readonly chance: Chance;
  readonly history: PairHistory;
  changes = 0;
  subscriptionChanges = 0;
  /** Presence stanzas about contacts that XMPP people took. */
  shown = 0;
  /** `subscribe` for a pair whose watcher had been shown everything for a while. */
  readonly askedTwice: string[] = [];
  /** SIP watchers who were told that they were refused although they were not. */
  readonly endedWrongly: string[] = [];
  /** SIP watchers whose dialog was gone although nobody had ended it. */
  readonly lostDialogs: string[] = [];
  #isSettling = false;
  readonly #world: PresenceWorld;
  readonly #pairs: number;
  readonly #byContact = new Map<Contact, SipPair>();
  readonly #activeSince = new Map<string, number>();
  readonly #decidedAt = new Map<Contact, number>();

  /** @param pairs of each direction */
  constructor(world: PresenceWorld, pairs: number, seed: number) {
    this.#world = world;
    this.#pairs = pairs;
    this.chance = new Chance(seed);
    this.history = new PairHistory(world);
    for (let n = 0; n < pairs; n++) {
      world.person(n).policy = "wait";
      world.presentity(n).policy = "pending";
    }
    this.#listen();
  }

  /** Goes on for a time, milliseconds, with so many changes a second. */
  async blowFor(ms: number, perSecond: number): Promise<void> {
    const startedAt = performance.now();
    for (let done = 0; ; ) {
      const passed = performance.now() - startedAt;
      const due = (Math.min(passed, ms) / 1000) * perSecond;
      for (; done < due; done++) this.#act();
      if (passed >= ms) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Everybody changes once more, and every SIP watcher refreshes: a dialog that only seems to live is found out. */
  settle(): void {
    this.#isSettling = true;
    const { watchers, presentities, people } = this.#world;
    for (let n = 0; n < this.#pairs; n++) {
      people.change(this.#world.person(n), "balcony", n % 2 === 0 ? "xa" : "chat");
      presentities.change(this.#world.presentity(n), "desk", n % 2 === 0 ? "chat" : "xa");
    }
    for (const watch of watchers.watches.values()) watchers.subscribe(watch, 3_600);
  }

  #act(): void {
    this.changes += 1;
    const n = this.chance.below(this.#pairs);
    const kind = this.chance.below(100);
    if (kind < 30) this.#personChanges(n);
    else if (kind < 60) this.#presentityChanges(n);
    else {
      this.subscriptionChanges += 1;
      if (kind < 70) this.#sipWatches(n);
      else if (kind < 80) this.#xmppWatches(n);
      else if (kind < 90) this.#personDecides(n);
      else this.#presentityDecides(n);
    }
  }

  #personChanges(n: number): void {
    const person = this.#world.person(n);
    const resource = this.#oneOf(["balcony", "orchard"]);
    const show = this.chance.below(5) === 0 ? undefined : this.#oneOf(SHOWS);
    this.history.note(`person ${resource} ${show ?? "leaves"}`, n);
    this.#world.people.change(person, resource, show);
  }

  #presentityChanges(n: number): void {
    const closes = this.chance.below(5) === 0;
    const device = this.#oneOf(["desk", "cell"]);
    const show = closes ? undefined : this.#oneOf(SHOWS);
    this.history.note(`presentity ${device} ${show ?? "closes"}`, n);
    this.#world.presentities.change(this.#world.presentity(n), device, show);
  }

  #sipWatches(n: number): void {
    const pair = this.#world.sipPairs.get(n);
    if (pair === undefined || pair.watch.state === "terminated") {
      this.#watchAnew(n);
      return;
    }
    // Without an answer to the first SUBSCRIBE there is nothing to refresh or to end.
    if (pair.watch.remoteTag === "") return;
    this.#world.watchers.subscribe(pair.watch, this.chance.below(3) === 0 ? 0 : 3_600);
  }

  #watchAnew(n: number): void {
    const pair = this.#world.watchFromSip(n);
    this.#byContact.set(pair.contact, pair);
  }

  #xmppWatches(n: number): void {
    const pair = this.#world.xmppPairs.get(n);
    if (pair === undefined || pair.contact.to === "none") this.#world.watchFromXmpp(n);
    else if (pair.contact.to !== "leaving" && this.chance.below(4) === 0)
      this.#world.people.unsubscribe(pair.person, pair.contact);
  }

  #personDecides(n: number): void {
    const pair = this.#world.sipPairs.get(n);
    if (pair === undefined) return;
    this.#decidedAt.set(pair.contact, performance.now());
    if (pair.contact.from === "asked")
      this.#world.people.decide(pair.person, pair.contact, this.chance.below(5) > 0);
    else if (pair.contact.from === "yes" && this.chance.below(6) === 0)
      this.#world.people.decide(pair.person, pair.contact, false);
  }

  #presentityDecides(n: number): void {
    const presentity = this.#world.presentity(n);
    if (presentity.policy === "pending")
      this.#world.presentities.decide(presentity, this.chance.below(5) > 0 ? "approve" : "reject");
    else if (presentity.policy === "reject") presentity.policy = this.#oneOf(["pending", "approve"] as const);
    else if (this.chance.below(6) === 0) this.#world.presentities.decide(presentity, "reject");
    this.history.note(`presentity's policy: ${presentity.policy}`, n);
  }

  #listen(): void {
    const { watchers, people } = this.#world;
    people.onSeen = () => {
      this.shown += 1;
    };
    people.onAsked = (_, contact) => {
      const watch = this.#byContact.get(contact)?.watch;
      const since = watch?.state === "active" ? this.#activeSince.get(watch.callId) : undefined;
      if (contact.from === "yes" && isOld(since)) this.askedTwice.push(`${contact.jid} ${watch?.callId}`);
    };
    watchers.onNotify = (watch) => {
      if (watch.state === "active" && !this.#activeSince.has(watch.callId))
        this.#activeSince.set(watch.callId, performance.now());
      if (watch.state === "terminated") this.#ended(watch);
    };
    watchers.onAnswer = (watch, status) => {
      if (this.#isSettling && status === 481)
        this.lostDialogs.push(`${watch.watcher} ${watch.callId} ${watch.state}`);
      // The dialog has gone, or its first SUBSCRIBE was not taken: the phone begins anew.
      const n = Number(/\d+/.exec(watch.watcher)?.[0]);
      const isCurrent = this.#world.sipPairs.get(n)?.watch === watch;
      if (isCurrent && (status === 481 || (isFailure(status) && watch.state === "asking")))
        this.#watchAnew(n);
    };
  }

  #ended(watch: Watch): void {
    this.#activeSince.delete(watch.callId);
    const n = Number(/\d+/.exec(watch.watcher)?.[0]);
    const pair = this.#world.sipPairs.get(n);
    if (pair?.watch !== watch) return;
    if (watch.reason === "rejected" || watch.reason === "noresource") {
      const isAllowed = pair.contact.from === "yes" && isOld(this.#decidedAt.get(pair.contact));
      if (isAllowed) this.endedWrongly.push(`${watch.watcher} ${watch.callId} ${watch.reason}`);
    } else if (watch.reason !== "timeout") this.#watchAnew(n); // RFC 6665 §4.1.3: it may be tried again at once
  }

  #oneOf<T>(values: readonly T[]): T {
    return values[this.chance.below(values.length)] as T;
  }
}

/** What is older can have crossed nothing on the way. */
function isOld(at: number | undefined): boolean {
  return at !== undefined && performance.now() - at > CROSSING_MS;
}

/** Of the moment: while the gateway was away every copy of a request may have been lost. */
function isFailure(status: number): boolean {
  return status === 408 || status >= 500;
}

const CROSSING_MS = 1_000;
const SHOWS = ["", "dnd", "away", "xa", "chat"];
