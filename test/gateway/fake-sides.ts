/** Both sides of a gateway as scripted fakes, a real store in memory, and a clock that moves when told. */

import { join } from "node:path";
import { parseDomainRules } from "../../src/config/mappings";
import type { SipMessageOut } from "../../src/core/effect";
import type { ProofOutcome, SipMessageInput, SipOutcome } from "../../src/core/input";
import { DEFAULT_SWITCHES, type PeerSwitches } from "../../src/core/switches";
import { createGateway, type Gateway } from "../../src/gateway/gateway";
import { DEFAULT_LIMITS, type GatewayLimits } from "../../src/gateway/limits";
import type { ListBook } from "../../src/gateway/lists/list-book";
import type {
  DeviceBook,
  Log,
  SipAnswer,
  SipMessageHandler,
  Store,
  XmppMessageHandler,
} from "../../src/gateway/sides";
import { DEFAULT_WAITING, type WaitingOptions } from "../../src/gateway/waiting/options";
import { createCounters } from "../../src/runtime/counters";
import { type OpenStore, openStore } from "../../src/store/sqlite-store";
import type { Element } from "../../src/xml/element";
import { parseXml, XML_LIMITS } from "../../src/xml/parser";
import { write } from "../../src/xml/writer";
import { SHIPPED } from "../support/shipped-tables";
import { quietOf } from "../support/watched-writes";

const ROOT = join(__dirname, "../..");
const DOMAINS = {
  sip: [
    { sip: "sip.example", xmpp: "sip.example", peer: "phones" },
    { sip: "other.example", xmpp: "other.example", peer: "others" },
  ],
  xmpp: [{ xmpp: "xmpp.example", sip: "xmpp.example", via: "route" }],
};

export interface Stage {
  readonly gateway: Gateway;
  readonly store: Store;
  /** What the XMPP server got, as text. */
  readonly stanzas: string[];
  /** What the SIP side was asked to send. */
  readonly requests: SipMessageOut[];
  readonly counters: ReturnType<typeof createCounters>;
  /** Fields and event of every log line. */
  readonly logged: Readonly<Record<string, unknown>>[];
  /** Component hosts whose link is down: nothing is taken for them. */
  readonly down: Set<string>;
  /** Called when a side is told to stop. */
  onStop: (side: "sip" | "xmpp") => void;
  /** How the next proofs and requests end; the last one stays. */
  proofs: ((stanza: Element) => ProofOutcome | Promise<ProofOutcome>)[];
  outcomes: ((request: SipMessageOut) => SipOutcome | Promise<SipOutcome>)[];
  fromSip(message?: Partial<SipMessageInput>): Promise<SipAnswer>;
  fromXmpp(xml: string): void;
  /** Lets everything that is under way go as far as it can. */
  quiet(): Promise<void>;
  /** Moves the clock and lets what is due happen. */
  pass(ms: number): Promise<void>;
}

export interface StageOptions {
  readonly limits?: Partial<GatewayLimits>;
  readonly switches?: Partial<PeerSwitches>;
  readonly store?: Store;
  /** Where messages wait for those whose devices register. */
  readonly lists?: ListBook;
  readonly waiting?: { readonly devices: DeviceBook; readonly options?: Partial<WaitingOptions> };
  /** For what an earlier life left: it is taken up before `setStage` returns. */
  readonly outcomes?: Stage["outcomes"];
}

export const PROVEN = (): ProofOutcome => ({ kind: "proven" });
export const ANSWERED =
  (status: number, more: Partial<SipOutcome> = {}) =>
  (): SipOutcome => ({ status, reason: `reason ${status}`, local: false, maybeDelivered: false, ...more });

/** Starts a gateway between fakes. */
export async function setStage(options: StageOptions = {}): Promise<Stage> {
  const clock = new SteppedClock();
  const store = options.store ?? openStore({ file: ":memory:", migrations: join(ROOT, "migrations") });
  const quiet = quietOf(store);
  const counters = createCounters();
  const stanzas: string[] = [];
  const requests: SipMessageOut[] = [];
  const logged: Record<string, unknown>[] = [];
  const down = new Set<string>();
  const isDown = ({ attrs }: Element): boolean =>
    down.has(/^[^@]*@([^/]*)/.exec(attrs.from ?? "")?.[1] ?? "");
  let onSip: SipMessageHandler = () => ({ status: 500, reason: "", headers: [] });
  let onXmpp: XmppMessageHandler = () => undefined;
  let id = 0;
  const stage: Stage = {
    store,
    stanzas,
    requests,
    counters,
    logged,
    down,
    onStop: () => undefined,
    proofs: [PROVEN],
    outcomes: options.outcomes ?? [ANSWERED(200)],
    fromSip: async (message = {}) => onSip({ ...HELLO, transaction: `transaction-${id++}`, ...message }),
    fromXmpp: (xml) => {
      const parsed = parseXml(xml.replace("<message", "<message xmlns='jabber:client'"), LONG);
      if (!parsed.ok) throw new Error(`the test's own stanza: ${parsed.problem}`);
      onXmpp({ kind: "xmpp-message", rid: `x${id++}`, stanza: parsed.root });
    },
    quiet,
    pass: async (ms) => {
      clock.pass(ms);
      await quiet();
    },
    gateway: createGateway({
      sip: {
        start: async (handler) => {
          onSip = handler;
        },
        send: async (request) => {
          requests.push(request);
          return next(stage.outcomes)(request);
        },
        sendInDialog: async () => {
          throw new Error("no dialog in page mode");
        },
        drain: () => undefined,
        stop: async () => {
          stage.onStop("sip");
          return 0;
        },
      },
      xmpp: {
        start: (handler) => {
          onXmpp = handler;
        },
        onUp: () => undefined,
        isUp: (host) => !down.has(host),
        settled: async () => true,
        prove: async (stanza) => {
          if (isDown(stanza)) return { kind: "link-down", retryAfter: 1 };
          stanzas.push(write(stanza, "jabber:client"));
          return next(stage.proofs)(stanza);
        },
        send: (stanza) => {
          if (isDown(stanza)) return false;
          stanzas.push(write(stanza, "jabber:client"));
          return true;
        },
        stop: async () => {
          stage.onStop("xmpp");
          return 0;
        },
      },
      store,
      ...(options.lists === undefined ? {} : { lists: options.lists }),
      ...(options.waiting === undefined
        ? {}
        : {
            waiting: {
              devices: options.waiting.devices,
              options: { ...DEFAULT_WAITING, domains: ["sip.example"], ...options.waiting.options },
              store: (store as OpenStore).waiting,
            },
          }),
      tables: {
        domains: parseDomainRules(DOMAINS),
        ...SHIPPED,
        switches: new Map([
          ["default", DEFAULT_SWITCHES],
          ["phones", { ...DEFAULT_SWITCHES, ...options.switches }],
        ]),
      },
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      clock,
      ids: { random: () => `id${id++}` },
      log: recording(logged),
      counters,
    }),
  };
  await stage.gateway.start();
  return stage;
}

/** The stream's reader takes more than a document of a phone may have. */
const LONG = { ...XML_LIMITS, bytes: 1_048_576 };

/** Romeo's message to Juliet, unless a test says otherwise. */
const HELLO: SipMessageInput = {
  kind: "sip-message",
  rid: "r1",
  transaction: "transaction",
  requestUri: "sip:juliet@xmpp.example",
  toUri: "sip:juliet@xmpp.example",
  fromUri: "sip:romeo@sip.example",
  callId: "call-1",
  contentType: "text/plain",
  body: Buffer.from("hello"),
  peer: "phones",
};

class SteppedClock {
  #now = 1_000_000;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
  }
}

/** The last of a list of answers stays for all that follows. */
function next<T>(answers: T[]): T {
  return (answers.length > 1 ? answers.shift() : answers[0]) as T;
}

function recording(lines: Record<string, unknown>[]): Log {
  const note = (fields: Readonly<Record<string, unknown>>, event: string): void => {
    lines.push({ ...fields, event });
  };
  return { debug: note, info: note, warn: note, error: note, child: () => recording(lines) };
}
