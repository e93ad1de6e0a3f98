/** A whole gateway with presence between scripted fakes: what comes in, what goes out, a clock that moves when told. */

import { join } from "node:path";
import type { SipDialogRequest } from "../../../src/core/effect";
import type { ProofOutcome, SipDialogOutcome, SipEventInput } from "../../../src/core/input";
import { DEFAULT_SWITCHES, type PeerSwitches } from "../../../src/core/switches";
import type { Registrations } from "../../../src/gateway/context";
import { createGateway, type Gateway } from "../../../src/gateway/gateway";
import { DEFAULT_LIMITS } from "../../../src/gateway/limits";
import type { ListBook } from "../../../src/gateway/lists/list-book";
import { DEFAULT_PRESENCE, type PresenceOptions } from "../../../src/gateway/presence/options";
import type { SipAnswer, SipEventHandler, XmppPresenceHandler } from "../../../src/gateway/sides";
import { createCounters } from "../../../src/runtime/counters";
import { type OpenStore, openStore } from "../../../src/store/sqlite-store";
import { parseXml, XML_LIMITS } from "../../../src/xml/parser";
import { write } from "../../../src/xml/writer";
import { CAPABILITIES } from "../../../src/xmpp/capabilities";
import { type FixedClock, fixedClock } from "../../support/fixed-clock";
import { nullLog } from "../../support/null-log";
import { quietOf } from "../../support/watched-writes";
import { TABLES } from "./tables";

export interface PresenceStage {
  readonly gateway: Gateway;
  readonly store: OpenStore;
  readonly clock: FixedClock;
  readonly counters: ReturnType<typeof createCounters>;
  /** What the XMPP server got since the last look. */
  stanzas(): string[];
  /** What the SIP side was asked to send since the last look. */
  requests(): SipDialogRequest[];
  /** How the next requests of ours end; the last one stays. */
  outcomes: ((request: SipDialogRequest) => Partial<SipDialogOutcome> | Promise<Partial<SipDialogOutcome>>)[];
  /** What becomes of a stanza that must arrive; what is proven counts as seen. */
  onProve: (xml: string) => ProofOutcome;
  /** An event from SIP: by default romeo's SUBSCRIBE for juliet. */
  sip(event: Partial<SipEventInput>): Promise<SipAnswer>;
  xmpp(xml: string): Promise<void>;
  linkUp(): Promise<void>;
  linkDown(): void;
  /** @param step in pieces of so many milliseconds, so that what is due can be carried out in between */
  pass(ms: number, step?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface PresenceStageOptions {
  readonly presence?: Partial<PresenceOptions>;
  readonly switches?: Partial<PeerSwitches>;
  readonly registrations?: Registrations;
  readonly store?: OpenStore;
  readonly clock?: FixedClock;
  /** Made of the stage's store and clock. */
  readonly lists?: (store: OpenStore, clock: FixedClock) => ListBook;
}

const MIGRATIONS = join(__dirname, "../../../migrations");
const HOST = "sip.example";

export async function presenceStage(options: PresenceStageOptions = {}): Promise<PresenceStage> {
  const clock = options.clock ?? fixedClock();
  const store = options.store ?? openStore({ file: ":memory:", migrations: MIGRATIONS });
  const counters = createCounters();
  const quiet = quietOf(store);
  let stanzas: string[] = [];
  let requests: SipDialogRequest[] = [];
  let onEvent: SipEventHandler = () => ({ status: 500, reason: "", headers: [] });
  let onPresence: XmppPresenceHandler = () => undefined;
  const onUp: ((host: string) => void)[] = [];
  let isUp = true;
  let id = 0;
  const stage: PresenceStage = {
    store,
    clock,
    counters,
    outcomes: [() => ({ status: 200 })],
    onProve: (xml) => {
      stanzas.push(xml);
      return { kind: "proven" };
    },
    stanzas: () => {
      const seen = stanzas;
      stanzas = [];
      return seen;
    },
    requests: () => {
      const seen = requests;
      requests = [];
      return seen;
    },
    sip: async (event) => {
      const answer = await onEvent({ ...SUBSCRIBE, transaction: `transaction-${id++}`, ...event });
      await quiet();
      return answer;
    },
    xmpp: async (xml) => {
      const parsed = parseXml(xml.replace(/<(presence|message)/, "<$1 xmlns='jabber:client'"), XML_LIMITS);
      if (!parsed.ok) throw new Error(`the test's own stanza: ${parsed.problem}`);
      onPresence({ kind: "xmpp-presence", rid: `x${id++}`, stanza: parsed.root });
      await quiet();
    },
    linkUp: async () => {
      isUp = true;
      for (const callback of onUp) callback(HOST);
      await quiet();
    },
    linkDown: () => {
      isUp = false;
    },
    pass: async (ms, step = STEP_MS) => {
      for (let left = ms; left > 0; left -= step) {
        clock.advance(Math.min(left, step));
        await quiet();
      }
    },
    stop: async () => {
      const stopped = stage.gateway.stop();
      for (let turn = 0; turn < 20; turn++) {
        await quiet();
        clock.advance(1000);
      }
      await stopped;
    },
    gateway: createGateway({
      sip: {
        start: async (_onMessage, handler) => {
          if (handler !== undefined) onEvent = handler;
        },
        send: async () => ({ status: 200, reason: "OK", local: false, maybeDelivered: false }),
        sendInDialog: async (request) => {
          requests.push(request);
          const { outcomes } = stage;
          const next = (outcomes.length > 1 ? outcomes.shift() : outcomes[0]) as (typeof outcomes)[number];
          const outcome = await next(request);
          return { ...ANSWERED, cseq: request.cseq, ...outcome };
        },
        drain: () => undefined,
        stop: async () => 0,
      },
      xmpp: {
        start: (_onMessage, handler) => {
          if (handler !== undefined) onPresence = handler;
        },
        onUp: (callback) => {
          onUp.push(callback);
        },
        isUp: () => isUp,
        settled: async () => true,
        prove: async (stanza) => stage.onProve(write(stanza, "jabber:client")),
        send: (stanza) => {
          if (isUp) stanzas.push(write(stanza, "jabber:client"));
          return isUp;
        },
        stop: async () => 0,
      },
      store,
      ...(options.lists === undefined ? {} : { lists: options.lists(store, clock) }),
      presence: {
        // Scripts see each NOTIFY at once; what waits is in first-notify.test.ts.
        options: { ...DEFAULT_PRESENCE, firstNotifyMs: 0, ...options.presence },
        subscriptions: store.subscriptions,
        publications: store.publications,
        capabilities: CAPABILITIES,
        registrations: options.registrations,
      },
      tables: {
        ...TABLES,
        switches: new Map([
          ["default", DEFAULT_SWITCHES],
          ["phones", { ...DEFAULT_SWITCHES, ...options.switches }],
        ]),
      },
      limits: DEFAULT_LIMITS,
      clock,
      ids: { random: () => `id${id++}` },
      log: nullLog(),
      counters,
    }),
  };
  await stage.gateway.start();
  return stage;
}

const STEP_MS = 500;

const ANSWERED: SipDialogOutcome = {
  status: 200,
  reason: "OK",
  local: false,
  maybeDelivered: false,
  cseq: 1,
  recordRoute: [],
};

/** Romeo's phone subscribes to Juliet. */
export const SUBSCRIBE: SipEventInput = {
  kind: "sip-event",
  method: "SUBSCRIBE",
  rid: "r",
  transaction: "t",
  requestUri: "sip:juliet@xmpp.example",
  toUri: "sip:juliet@xmpp.example",
  fromUri: "sip:romeo@sip.example",
  fromTag: "phone",
  callId: "call-1",
  cseq: 1,
  contact: "sip:romeo@192.0.2.7:5060",
  recordRoute: [],
  event: { package: "presence", parameters: new Map() },
  expires: 3600,
  supported: [],
  body: new Uint8Array(),
  peer: "phones",
  proven: true,
};
