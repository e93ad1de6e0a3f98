/** SUBSCRIBE, NOTIFY and PUBLISH from SIP: who may, what is wrong, then the machine of the row. RFC 6665 §4, RFC 3903. */

import { sipSenderToJid, sipTargetToJid } from "../../core/address/domains";
import type { SipEventInput } from "../../core/input";
import { bareJid } from "../../core/message/addresses";
import type { PresenceDocument } from "../../core/presence/document";
import { PIDF_TYPE, readPresenceDocument } from "../../core/presence/read-document";
import { type Rejection, reject } from "../../core/rejection";
import { grantedExpires } from "../../core/subscription/expires";
import { type SipWatcherRecord, sipWatcherKey } from "../../core/subscription/record";
import type { RateLimiter } from "../rate/rate-limiter";
import type { SipAnswer } from "../sides";
import { closed } from "./bodies";
import type { PresenceContext } from "./context";
import type { Subject } from "./local-answers";
import type { Machines } from "./machines";
import { subscriptionRates } from "./options";
import type { PresenceBook } from "./presence-book";

type Headers = SipAnswer["headers"];

/** Further things that can be watched: lists, watchers, people whose phones publish here. */
export interface OtherSubjects {
  /** Undefined: not one of them. */
  watched(input: SipEventInput, watcher: string): Subject | Rejection | undefined;
  /** What the answer to a SUBSCRIBE carries beside the usual headers. */
  headersOf(what: Subject["what"]): Headers;
  /** Undefined: PUBLISH is not served for this person. */
  publish(input: SipEventInput): Promise<SipAnswer> | undefined;
}

export class SipEvents {
  readonly #context: PresenceContext;
  readonly #machines: Machines;
  readonly #others: OtherSubjects;
  readonly #shown: PresenceBook;
  readonly #rates: RateLimiter;

  /** @param shown SIP contacts as their XMPP watchers see them */
  constructor(context: PresenceContext, machines: Machines, others: OtherSubjects, shown: PresenceBook) {
    this.#context = context;
    this.#machines = machines;
    this.#others = others;
    this.#shown = shown;
    this.#rates = subscriptionRates(context.presence);
  }

  async handle(input: SipEventInput): Promise<SipAnswer> {
    switch (input.method) {
      case "SUBSCRIBE":
        return this.#subscribe(input);
      case "NOTIFY":
        return this.#notify(input);
      case "PUBLISH":
        return this.#publish(input);
    }
  }

  #subscribe(input: SipEventInput): SipAnswer | Promise<SipAnswer> {
    const packageName = input.event?.package;
    if (packageName === undefined || !PACKAGES.has(packageName)) {
      return this.#refuse(input, reject("EVENT_UNKNOWN", packageName, ALLOW_EVENTS));
    }
    const granted = grantedExpires(input, this.#context.presence.settings);
    if (!granted.ok) return this.#refuse(input, granted.rejection);
    return input.toTag === undefined
      ? this.#newDialog(input, granted.value)
      : this.#inDialog(input, input.toTag, granted.value);
  }

  #newDialog(input: SipEventInput, expires: number): SipAnswer | Promise<SipAnswer> {
    const { tables, clock, subscriptions, presence } = this.#context;
    const sender = sipSenderToJid(input.fromUri, tables.domains);
    if (!sender.ok) return this.#refuse(input, sender.rejection);
    const watcher = sender.value.jid;
    const watched = this.#watched(input, watcher);
    if ("code" in watched) return this.#refuse(input, watched);
    if (!accepts(input, watched.what)) return this.#refuse(input, reject("ACCEPT_EXCLUDES", undefined));
    const reach = this.#context.lists?.reach(watcher, watched.presentity) ?? "open";
    if (reach === "own-block") return this.#refuse(input, reject("OWN_BLOCK"));
    const keys = { sender: watcher, pair: `${watcher} ${watched.presentity}`, peer: input.peer };
    if (this.#rates.admit(keys, clock.now()).kind === "refuse") {
      return this.#refuse(input, reject("OVERLOADED", "too many SUBSCRIBEs"), BUSY_SECONDS);
    }
    if (
      subscriptions.count() >= presence.maximumSubscriptions ||
      subscriptions.countOfWatcher("sip-watcher", watcher) >= presence.maximumPerWatcher
    ) {
      return this.#refuse(input, reject("OVERLOADED", "too many subscriptions"), FULL_SECONDS);
    }
    const key = sipWatcherKey(input.callId, input.transaction);
    // Whom she has let in before sees her as gone; another one does not learn that there is such a person.
    if (reach === "refused" && !watched.approved) return this.#runForNobody(input, key, watched, expires);
    return this.#run(input, key, watched, expires);
  }

  /** A contact who keeps the watcher out: all goes as if her server knew no such person (XEP-0191 §3.2). */
  async #runForNobody(
    input: SipEventInput,
    key: string,
    watched: Subject,
    expires: number,
  ): Promise<SipAnswer> {
    this.#context.counters.add("sip.subscribe.barred");
    const answer = await this.#run(input, key, watched, expires);
    const { watcher, presentity } = watched;
    // After the first NOTIFY, as a server's answer would come.
    this.#context.clock.after(NOBODY_MS, () => {
      this.#machines.sipWatcher(key, watcher, presentity, { kind: "no-contact" }).catch((error: unknown) => {
        this.#context.log.error({ key, error }, "presence handler failed");
      });
    });
    return answer;
  }

  #watched(input: SipEventInput, watcher: string): Subject | Rejection {
    const other = this.#others.watched(input, watcher);
    if (other !== undefined) return other;
    if (input.event?.package !== "presence")
      return reject("EVENT_UNKNOWN", "not for this address", ALLOW_EVENTS);
    const { tables, subscriptions } = this.#context;
    const target = sipTargetToJid(input.requestUri, tables.domains);
    if (!target.ok) return target.rejection;
    // Whether she lets him is for her server to say, which knows; another dialog of the two tells that it has.
    const presentity = bareJid(target.value.jid);
    const approved = subscriptions
      .ofPair("sip-watcher", watcher, presentity)
      .some(({ state }) => state === "active");
    return { what: "presence", watcher, presentity, approved };
  }

  #inDialog(input: SipEventInput, toTag: string, expires: number): SipAnswer | Promise<SipAnswer> {
    const { subscriptions, tables } = this.#context;
    const key = sipWatcherKey(input.callId, toTag);
    const record = subscriptions.get(key);
    if (record?.direction !== "sip-watcher" || record.dialog.remoteTag !== input.fromTag) {
      return this.#refuse(input, reject("NO_DIALOG"));
    }
    const sender = sipSenderToJid(input.fromUri, tables.domains);
    // Somebody else's dialog: that it exists is none of his business.
    if (!sender.ok || sender.value.jid !== record.watcher) return this.#refuse(input, reject("NO_DIALOG"));
    const { what, watcher, presentity } = record;
    return this.#run(input, key, { what, watcher, presentity, approved: record.state === "active" }, expires);
  }

  async #run(input: SipEventInput, key: string, watched: Subject, expires: number): Promise<SipAnswer> {
    const { watcher, presentity } = watched;
    const event = { kind: "subscribe", input, expires, ...watched } as const;
    const turn = await this.#machines.sipWatcher(key, watcher, presentity, event);
    if (turn.answer === undefined) return this.#refuse(input, reject("NO_DIALOG"));
    const more = turn.answer.status < 300 ? this.#others.headersOf(watched.what) : [];
    return { ...turn.answer, headers: [...turn.answer.headers, ...more] };
  }

  async #notify(input: SipEventInput): Promise<SipAnswer> {
    const { subscriptions } = this.#context;
    const key = input.toTag === undefined ? undefined : subscriptions.keyOfDialog(input.callId, input.toTag);
    const record = key === undefined ? undefined : subscriptions.get(key);
    if (key === undefined || record?.direction !== "xmpp-watcher")
      return this.#refuse(input, reject("NO_DIALOG"));
    const packageName = input.event?.package;
    if (packageName !== undefined && packageName !== "presence") {
      return this.#refuse(input, reject("EVENT_UNKNOWN", packageName, ALLOW_EVENTS));
    }
    const document = this.#document(input, record.peer);
    const { watcher, presentity } = record;
    const last = this.#shown.get(watcher, presentity);
    const event = { kind: "notify", input, document, last } as const;
    const turn = await this.#machines.xmppWatcher(key, watcher, presentity, event);
    return turn.answer ?? this.#refuse(input, reject("NO_DIALOG"));
  }

  #document(input: SipEventInput, peer: string): PresenceDocument | "none" | "unreadable" {
    if (input.body.length === 0) {
      const isActive = input.subscriptionState?.state === "active";
      return isActive && this.#context.switchesOf(peer).emptyNotify === "closed" ? closed(undefined) : "none";
    }
    const read = readPresenceDocument(input.contentType ?? PIDF_TYPE, input.body, {
      ...(input.contentLanguage === undefined ? {} : { contentLanguage: input.contentLanguage }),
    });
    if (read.ok) return read.value;
    this.#context.counters.add("presence.document.unreadable");
    this.#context.log.info(
      { rid: input.rid, from: input.fromUri, code: read.rejection.code, detail: read.rejection.detail },
      "presence document unreadable",
    );
    return "unreadable";
  }

  #publish(input: SipEventInput): SipAnswer | Promise<SipAnswer> {
    return this.#others.publish(input) ?? this.#refuse(input, reject("PUBLISH_NOT_SERVED", undefined, ALLOW));
  }

  #refuse(input: SipEventInput, rejection: Rejection, retryAfter?: number): SipAnswer {
    this.#context.counters.add(`sip.${input.method.toLowerCase()}.refused.${rejection.code}`);
    this.#context.log.info(
      {
        rid: input.rid,
        method: input.method,
        from: input.fromUri.slice(0, LOGGED_MAXIMUM),
        to: input.requestUri.slice(0, LOGGED_MAXIMUM),
        code: rejection.code,
        detail: rejection.detail,
      },
      "event refused",
    );
    const headers: Headers = [
      ...(rejection.sipHeaders ?? []),
      ...(retryAfter === undefined ? [] : [["Retry-After", String(retryAfter)] as const]),
    ];
    return { status: rejection.sipStatus, reason: rejection.text, headers };
  }
}

/** RFC 6665 §3.1.3: without Accept the default of the package holds. */
function accepts({ accept }: SipEventInput, what: SipWatcherRecord["what"]): boolean {
  if (accept === undefined) return true;
  const wanted = BODIES[what];
  return accept.some((type) => type === "*/*" || type === "application/*" || wanted.includes(type));
}

const PACKAGES: ReadonlySet<string> = new Set(["presence", "presence.winfo"]);
const ALLOW_EVENTS: Headers = [["Allow-Events", "presence, presence.winfo"]];
const ALLOW: Headers = [["Allow", "MESSAGE, SUBSCRIBE, NOTIFY, OPTIONS"]];
const BODIES: Readonly<Record<SipWatcherRecord["what"], readonly string[]>> = {
  presence: ["application/pidf+xml"],
  list: ["multipart/related", "application/rlmi+xml", "application/pidf+xml"],
  winfo: ["application/watcherinfo+xml"],
};
/** About how long an XMPP server takes to say that there is no such person, milliseconds. */
const NOBODY_MS = 20;
/** Seconds: a bucket fills again while one waits. */
const BUSY_SECONDS = 30;
/** Seconds: others must go first. */
const FULL_SECONDS = 300;
const LOGGED_MAXIMUM = 256;
