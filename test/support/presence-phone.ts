/**
 * A SIP phone with presence for tests, on the gateway's own SIP side: it watches others (SUBSCRIBE), tells those who watch
 * it (NOTIFY), publishes (PUBLISH), and says lines. UDP and TCP on one port, digest where it has a password.
 *
 * ```ts
 * const romeo = await PresencePhone.open({ uri: "sip:romeo@sip.test", address: "127.0.0.52", gateway });
 * const watch = await romeo.subscribe("sip:juliet@xmpp.test", { expires: 600 });
 * expect(watch.outcome.status).toBe(200);
 * await watch.next("pending", ({ state }) => state === "pending");
 * await watch.next("open", ({ body }) => body.includes("open"));
 * await watch.unsubscribe();
 *
 * romeo.onSubscribe = () => ({ notify: { state: "pending" } }); // the default answers 200 and tells `romeo.document`
 * const juliet = await romeo.watched();
 * await juliet.notify({ state: "active", pidf });
 *
 * const { etag = "" } = await romeo.publish(pidf, { expires: 600 });
 * await romeo.publish(undefined, { expires: 600, ifMatch: etag }); // refresh
 * await romeo.close();
 * ```
 */

import type { SipDialogOutcome, SipEventInput, SipMessageInput, SipOutcome } from "../../src/core/input";
import { DEFAULT_SWITCHES } from "../../src/core/switches";
import type { Ids, SipAnswer } from "../../src/gateway/sides";
import { systemClock } from "../../src/runtime/clock";
import { createCounters } from "../../src/runtime/counters";
import { randomIds } from "../../src/runtime/ids";
import { createLocator } from "../../src/sip/locate";
import { DEFAULT_TIMERS, type TimerOptions } from "../../src/sip/transaction/timers";
import type { TransportName } from "../../src/sip/transport/transport";
import { createTransports } from "../../src/sip/transport/transports";
import { createSipSide, type SipUserAgent } from "../../src/sip/user-agent";
import type { PublishOutcome } from "../../src/sip/user-agent/outcome";
import { nullLog } from "./null-log";
import { PhoneSubscription } from "./phone-subscription";
import { PhoneWatcher } from "./phone-watcher";
import { Waiters } from "./waiters";

export interface PresencePhoneOptions {
  /** Address of record, such as `sip:romeo@sip.test`. */
  readonly uri: string;
  /** Loopback address to listen on, and port for UDP and TCP. */
  readonly address: string;
  readonly port: number;
  /** Where everything outside a dialog goes, and whom the phone believes. */
  readonly gateway: {
    readonly address: string;
    readonly port: number;
    /** "udp" when absent. */
    readonly transport?: TransportName;
  };
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly timers?: TimerOptions;
}

export interface SubscribeOptions {
  /** Seconds; 600 when absent, 0 fetches once. */
  readonly expires?: number;
  /** Event with its parameters; "presence" when absent. */
  readonly event?: string;
  /** "application/pidf+xml" when absent. */
  readonly accept?: string;
  /** Option tags, such as "eventlist". */
  readonly supported?: string;
  /** Further headers. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** What the phone does with a SUBSCRIBE: the status (200 when absent), and the NOTIFY that follows a 2xx. */
export interface SubscribeDecision {
  readonly status?: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Seconds granted; what was asked for when absent. */
  readonly expires?: number;
  /** Absent: no NOTIFY until the test sends one. */
  readonly notify?: NotifyContent;
}

export interface NotifyContent {
  readonly state: "pending" | "active" | "terminated";
  readonly reason?: string;
  /** Seconds; for pending and active what is left when absent. */
  readonly expires?: number;
  readonly retryAfter?: number;
  /** Body; none when absent. */
  readonly pidf?: string;
  /** "application/pidf+xml" when absent. */
  readonly contentType?: string;
  /** Leave out Subscription-State, as libpurple does? */
  readonly stateless?: boolean;
}

export class PresencePhone {
  /** What it tells its watchers unless `onSubscribe` says otherwise: a PIDF document, or undefined for a NOTIFY without a body. */
  document: string | undefined;
  /** Decides on each SUBSCRIBE, also on one that refreshes (`watcher.subscribes` has more than one then). */
  onSubscribe: (watcher: PhoneWatcher, request: SipEventInput) => SubscribeDecision = () => ({
    notify: { state: "active", ...(this.document === undefined ? {} : { pidf: this.document }) },
  });
  /** Every SUBSCRIBE, NOTIFY and PUBLISH that came, in order; a retransmission is not a new one. */
  readonly events: SipEventInput[] = [];
  /** Every MESSAGE that came. */
  readonly messages: SipMessageInput[] = [];
  /** Who watches the phone, also those who have left. */
  readonly watchers: PhoneWatcher[] = [];
  readonly #side: SipUserAgent;
  readonly #ids: Ids = randomIds();
  readonly #waiters = new Waiters();
  readonly #subscriptions = new Map<string, PhoneSubscription>();

  private constructor(
    readonly options: PresencePhoneOptions,
    side: SipUserAgent,
  ) {
    this.#side = side;
  }

  static async open(options: PresencePhoneOptions): Promise<PresencePhone> {
    const clock = systemClock();
    const deps = { clock, ids: randomIds(), log: nullLog(), counters: createCounters() };
    const sipOptions = sipOptionsOf(options);
    const transports = createTransports(sipOptions.transport, deps);
    const side = createSipSide(sipOptions, { ...deps, transports, locator: createLocator(deps) });
    const phone = new PresencePhone(options, side);
    await side.start(
      (message) => {
        phone.messages.push(message);
        phone.#waiters.look();
        return OK;
      },
      (event) => phone.#take(event),
    );
    return phone;
  }

  get uri(): string {
    return this.options.uri;
  }

  /**
   * Sends a SUBSCRIBE and resolves when it has its final answer (`outcome`), whatever that is. NOTIFYs are recorded from the
   * start, also those that overtake the answer.
   */
  async subscribe(to: string, options: SubscribeOptions = {}): Promise<PhoneSubscription> {
    const subscription = new PhoneSubscription(to, options, {
      from: this.uri,
      callId: this.#ids.random(128),
      tag: this.#ids.random(96),
      branch: () => this.#ids.random(128),
      send: (request) => this.#side.sendInDialog(request),
    });
    this.#subscriptions.set(subscription.callId, subscription);
    await subscription.refresh(options.expires ?? DEFAULT_EXPIRES);
    return subscription;
  }

  /** Resolves with the first watcher that fits, now or when it comes. */
  async watched(fits: (watcher: PhoneWatcher) => boolean = () => true, ms?: number): Promise<PhoneWatcher> {
    await this.#waiters.until(`a watcher at ${this.uri}`, () => this.watchers.some(fits), ms);
    return this.watchers.find(fits) as PhoneWatcher;
  }

  /** Resolves when the check holds; looked at whenever something comes. */
  until(what: string, check: () => boolean, ms?: number): Promise<void> {
    return this.#waiters.until(`${what} at ${this.uri}`, check, ms);
  }

  /**
   * Publishes a document (RFC 3903): first without `ifMatch`; then with the `etag` of the outcome, with a body to change it,
   * without one to refresh it, with `expires` 0 to remove it.
   */
  publish(
    pidf: string | undefined,
    options: {
      readonly expires?: number;
      readonly ifMatch?: string;
      readonly event?: string;
      readonly contentType?: string;
    } = {},
  ): Promise<PublishOutcome> {
    const { expires = DEFAULT_EXPIRES, ifMatch, event = "presence", contentType = PIDF } = options;
    return this.#side.publish({
      ...this.#outside(this.uri),
      contentType: pidf === undefined ? "" : contentType,
      headers: [
        ["Event", event],
        ["Expires", String(expires)],
        ...(ifMatch === undefined ? [] : [["SIP-If-Match", ifMatch] as const]),
      ],
      body: Buffer.from(pidf ?? ""),
    });
  }

  /** Sends a MESSAGE and resolves with its end. */
  say(to: string, text: string): PromiseLike<SipOutcome> {
    const body = Buffer.from(text);
    return this.#side.send({
      ...this.#outside(to),
      contentType: "text/plain;charset=utf-8",
      headers: [],
      body,
    });
  }

  /** Hangs up without a word, as a phone that lost its power. May be called again. */
  async close(): Promise<void> {
    await this.#side.stop();
  }

  #outside(toUri: string) {
    return {
      toUri,
      fromUri: this.uri,
      fromTag: this.#ids.random(96),
      callId: this.#ids.random(128),
      cseq: 1,
      branch: this.#ids.random(128),
      peer: "gateway",
    };
  }

  #take(event: SipEventInput): SipAnswer {
    this.events.push(event);
    try {
      if (event.method === "NOTIFY") return this.#subscriptions.get(event.callId)?.take(event) ?? NO_DIALOG;
      return event.method === "SUBSCRIBE" ? this.#watch(event) : { status: 405, reason: "No", headers: [] };
    } finally {
      this.#waiters.look();
    }
  }

  #watch(request: SipEventInput): SipAnswer {
    const watcher = this.#watcherOf(request);
    if (watcher === undefined) return NO_DIALOG;
    watcher.take(request);
    const decision = this.onSubscribe(watcher, request);
    const { status = 200, headers = [], notify } = decision;
    if (status >= 300) return { status, reason: "As told", headers };
    if (request.toTag === undefined) this.watchers.push(watcher);
    const expires = watcher.granted(request, decision.expires);
    const content: NotifyContent | undefined =
      expires === 0 ? { ...notify, state: "terminated", reason: "timeout" } : notify;
    // After the answer, which is on its way when this turn ends.
    if (content !== undefined) setImmediate(() => void watcher.notify(content));
    return { status, reason: "OK", headers: [["Expires", String(expires)], ...headers] };
  }

  #watcherOf(request: SipEventInput): PhoneWatcher | undefined {
    if (request.toTag !== undefined) {
      return this.watchers.find(
        (one) => one.callId === request.callId && one.tag === request.toTag && one.state !== "terminated",
      );
    }
    return new PhoneWatcher(request, {
      branch: () => this.#ids.random(128),
      send: (notify): Promise<SipDialogOutcome> => this.#side.sendInDialog(notify),
    });
  }
}

function sipOptionsOf({ address, port, gateway, credentials, timers }: PresencePhoneOptions) {
  const transport = gateway.transport === undefined ? "" : `;transport=${gateway.transport}`;
  return {
    transport: {
      listeners: [
        { transport: "udp", address, port },
        { transport: "tcp", address, port },
      ],
      idleCloseMs: 600_000,
      connectTimeoutMs: 5_000,
      maximumConnections: MANY,
      maximumMessageBytes: 1 << 20,
    },
    timers: timers ?? DEFAULT_TIMERS,
    peers: [
      {
        name: "gateway",
        domains: ["*"],
        trustedAddresses: [gateway.address],
        trustedIdentities: [],
        proxy: `sip:${gateway.address}:${gateway.port}${transport}`,
        route: false,
        switches: DEFAULT_SWITCHES,
        ...(credentials === undefined ? {} : { credentials }),
      },
    ],
    domains: ["*"],
    users: [],
    realm: "phone",
    accept: "text/plain, application/pidf+xml",
    software: "Isthmus-test-phone",
    maximumServerTransactions: MANY,
    maximumClientTransactions: MANY,
  } as const;
}

const PIDF = "application/pidf+xml";
const DEFAULT_EXPIRES = 600;
const MANY = 10_000;
const OK: SipAnswer = { status: 200, reason: "OK", headers: [] };
const NO_DIALOG: SipAnswer = { status: 481, reason: "Subscription does not exist", headers: [] };
