/** A SIP side on fake transports and a fixed clock, with the messages that tests send to it. */

import { DEFAULT_SWITCHES } from "../../src/core/switches";
import type { Counters, SipAnswer, SipEventHandler, SipMessageHandler } from "../../src/gateway/sides";
import { createCounters } from "../../src/runtime/counters";
import type { LocateRequest } from "../../src/sip/locate";
import type { SipOptions, SipPeer } from "../../src/sip/options";
import { DEFAULT_TIMERS } from "../../src/sip/transaction/timers";
import type { Target } from "../../src/sip/transport/transport";
import { createSipSide, type SipUserAgent } from "../../src/sip/user-agent";
import { countedIds } from "./counted-ids";
import { type FakeTransports, fakeTransports } from "./fake-transports";
import { type FixedClock, fixedClock } from "./fixed-clock";
import { type NullLog, nullLog } from "./null-log";

export const PROXY: SipPeer = {
  name: "proxy",
  domains: ["sip.test"],
  trustedAddresses: ["192.0.2.0/28"],
  trustedIdentities: ["proxy.sip.test"],
  route: false,
  switches: DEFAULT_SWITCHES,
};

export const OPTIONS: SipOptions = {
  transport: {
    listeners: [],
    idleCloseMs: 1000,
    connectTimeoutMs: 1000,
    maximumConnections: 10,
    maximumMessageBytes: 65_536,
  },
  timers: DEFAULT_TIMERS,
  peers: [PROXY],
  domains: ["xmpp.test", "sip.test"],
  users: [],
  realm: "xmpp.test",
  accept: "text/plain",
  software: "test",
  maximumServerTransactions: 100,
  maximumClientTransactions: 100,
};

export const ACCEPTED: SipAnswer = { status: 202, reason: "Accepted", headers: [] };

export interface TestSide {
  readonly side: SipUserAgent;
  readonly transports: FakeTransports;
  readonly clock: FixedClock;
  readonly counters: Counters;
  readonly log: NullLog;
  readonly located: {
    targets: readonly Target[];
    readonly failed: [Target, number | undefined][];
    /** Told what is looked up. */
    asked: (request: LocateRequest) => void;
  };
}

export async function startSide(
  options: Partial<SipOptions> = {},
  handler: SipMessageHandler = () => ACCEPTED,
  onEvent?: SipEventHandler,
  ids = countedIds(),
): Promise<TestSide> {
  const transports = fakeTransports();
  const clock = fixedClock();
  const counters = createCounters();
  const log = nullLog();
  const located: TestSide["located"] = {
    targets: [{ transport: "udp", address: "192.0.2.1", port: 5060 }],
    failed: [],
    asked: () => {},
  };
  const locator = {
    locate: (request: LocateRequest) => {
      located.asked(request);
      return Promise.resolve(located.targets);
    },
    failed: (target: Target, ms?: number) => {
      located.failed.push([target, ms]);
    },
    succeeded: () => {},
  };
  const side = createSipSide({ ...OPTIONS, ...options }, { transports, locator, clock, ids, log, counters });
  await side.start(handler, onEvent);
  return { side, transports, clock, counters, log, located };
}

export interface RequestParts {
  method?: string;
  uri?: string;
  via?: string;
  branch?: string;
  from?: string;
  to?: string;
  callId?: string;
  cseq?: number;
  maxForwards?: number;
  extra?: readonly string[];
  body?: string;
  /** "text/plain" when absent. */
  contentType?: string;
}

/** A request as a phone of sip.test would send it. */
export function requestText(parts: RequestParts = {}): string {
  const method = parts.method ?? "MESSAGE";
  const body = parts.body ?? "Art thou not Romeo?";
  const lines = [
    `${method} ${parts.uri ?? "sip:juliet@xmpp.test"} SIP/2.0`,
    `Via: ${parts.via ?? `SIP/2.0/UDP 192.0.2.1:5060;branch=${parts.branch ?? "z9hG4bK-one"}`}`,
    `Max-Forwards: ${parts.maxForwards ?? 70}`,
    `From: ${parts.from ?? "<sip:romeo@sip.test>;tag=r1"}`,
    `To: ${parts.to ?? "<sip:juliet@xmpp.test>"}`,
    `Call-ID: ${parts.callId ?? "call-1"}`,
    `CSeq: ${parts.cseq ?? 1} ${method}`,
    ...(parts.extra ?? []),
    ...(body === "" ? [] : [`Content-Type: ${parts.contentType ?? "text/plain"}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** Status of a response text. */
export function statusOf(text: string): number {
  return Number(text.slice(8, 11));
}

/** First value of a header in a message text. */
export function headerOf(text: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, "mi").exec(text)?.[1]?.trim();
}

/** A response to a request text that was sent. */
export function responseText(request: string, status: number, extra: readonly string[] = []): string {
  const copied = request.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
  return `SIP/2.0 ${status} Test\r\n${[...copied, ...extra].join("\r\n")}\r\nContent-Length: 0\r\n\r\n`;
}

/** Lets promises that are ready go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}
