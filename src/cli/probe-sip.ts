/** The SIP side of `isthmus check`: can the listeners be bound, does each next hop answer OPTIONS (RFC 3261 §11)? */

import type { Config } from "../config/config";
import { sipOptions } from "../config/options";
import type { SipOutcome } from "../core/input";
import type { Log } from "../gateway/sides";
import { systemClock } from "../runtime/clock";
import { createCounters } from "../runtime/counters";
import { randomIds } from "../runtime/ids";
import { VERSION } from "../runtime/version";
import { createLocator } from "../sip/locate";
import type { SipPeer } from "../sip/options";
import { DEFAULT_TIMERS } from "../sip/transaction/timers";
import type { ListenerOptions } from "../sip/transport/transport";
import { createTransports } from "../sip/transport/transports";
import { createSipSide, type SipUserAgent } from "../sip/user-agent";
import type { ProbeResult } from "./probe";
import type { RunningGateway } from "./running";

/** A person waits: T1 of 100 ms gives a silent next hop 6.4 s (Timer F, 64 × T1) instead of 32. */
const PROBE_T1_MS = 100;
const SILENCE_MS = 64 * PROBE_T1_MS;
/** A name server may be slow, and several addresses may be tried one after another: no next hop takes longer than this. */
const PROBE_MS = 20_000;

export interface SipProbes {
  listener(listener: ListenerOptions): Promise<ProbeResult>;
  nextHop(peer: SipPeer): Promise<ProbeResult>;
  close(): Promise<void>;
}

/** Probes that share one user agent; it is opened for the first next hop. */
export function sipProbes(config: Config, running: RunningGateway | undefined): SipProbes {
  const taken = new Set<ListenerOptions>();
  let agent: Promise<ProbeAgent | undefined> | undefined;
  let asked: ReadonlyMap<string, Promise<ProbeResult>> | undefined;
  const askAll = async (): Promise<ReadonlyMap<string, Promise<ProbeResult>>> => {
    agent ??= openAgent(config, taken);
    const opened = await agent;
    // All at once: ten silent next hops shall not take ten times as long.
    asked ??= new Map(config.sip.peers.map((peer) => [peer.name, askNextHop(opened, config, peer)]));
    return asked;
  };
  return {
    listener: async (listener) => {
      const result = await probeListener(config, listener, running);
      if (!result.ok || isHeld(listener, running)) taken.add(listener);
      return result;
    },
    nextHop: async (peer) => (await askAll()).get(peer.name) ?? NOT_TRIED,
    close: async () => {
      await (await agent)?.side.stop();
    },
  };
}

async function probeListener(
  config: Config,
  listener: ListenerOptions,
  running: RunningGateway | undefined,
): Promise<ProbeResult> {
  if (isHeld(listener, running)) return { ok: true, detail: "held by the gateway that runs" };
  const { side } = createAgent(config, [listener]);
  try {
    await side.start(refuse);
    return { ok: true, detail: "can be bound" };
  } catch (error) {
    return {
      ok: false,
      detail: (error as Error).message,
      advice:
        "Another program holds it, maybe a gateway that runs already (`ss -lpn` tells); or sip.listen names an address " +
        "that this machine does not have, or a port below 1024 without the right to it.",
    };
  } finally {
    await side.stop();
  }
}

function isHeld({ transport, address, port }: ListenerOptions, running: RunningGateway | undefined): boolean {
  const held = running?.listeners ?? [];
  return held.some((one) => one.transport === transport && one.address === address && one.port === port);
}

interface ProbeAgent {
  readonly side: SipUserAgent;
  /** Why the next hop of this host could not be found. */
  readonly problems: ReadonlyMap<string, string>;
}

/** Where a listener is taken, next hops are asked from another port of its address. */
async function openAgent(
  config: Config,
  taken: ReadonlySet<ListenerOptions>,
): Promise<ProbeAgent | undefined> {
  const listeners = config.sip.listeners.map((one) => (taken.has(one) ? { ...one, port: 0 } : one));
  const agent = createAgent(config, listeners);
  try {
    await agent.side.start(refuse);
    return agent;
  } catch {
    await agent.side.stop();
    return undefined;
  }
}

function createAgent(config: Config, listeners: readonly ListenerOptions[]): ProbeAgent {
  const options = sipOptions(config, VERSION);
  const problems = new Map<string, string>();
  const log = problemLog(problems);
  const clock = systemClock();
  const counters = createCounters();
  const transports = createTransports({ ...options.transport, listeners }, { log, counters, clock });
  const timers = { ...DEFAULT_TIMERS, t1: Math.min(options.timers.t1, PROBE_T1_MS) };
  const side = createSipSide(
    { ...options, timers },
    { transports, locator: createLocator({ clock, log }), clock, ids: randomIds(), log, counters },
  );
  return { side, problems };
}

/** Whoever writes to a check is asked to come again. */
const refuse = () => ({ status: 503, reason: "Only A Check", headers: [["Retry-After", "5"]] as const });

const NOT_TRIED: ProbeResult = {
  ok: false,
  detail: "not tried, since the listeners did not open",
  advice: "Mend the listeners first.",
};

async function askNextHop(
  agent: ProbeAgent | undefined,
  config: Config,
  peer: SipPeer,
): Promise<ProbeResult> {
  if (agent === undefined) return NOT_TRIED;
  const domain = peer.domains[0];
  if (domain === undefined) return { ok: true, detail: "no domain is sent there" };
  const from = config.domains.xmpp.find((rule) => rule.sip !== "*")?.sip ?? domain;
  const outcome = await Promise.race([
    agent.side.probe(`sip:${domain}`, `sip:${from}`, peer.name),
    late(PROBE_MS),
  ]);
  return judge(outcome, peer, domain, agent.problems);
}

/** Any answer at all shows that somebody is there (who refuses OPTIONS may still take MESSAGEs), except to wrong credentials. */
function judge(
  outcome: SipOutcome | undefined,
  peer: SipPeer,
  domain: string,
  problems: ReadonlyMap<string, string>,
): ProbeResult {
  const where = peer.proxy ?? `DNS of ${domain}`;
  if (outcome === undefined || outcome.local) {
    const why = outcome === undefined ? `no answer in ${PROBE_MS / 1000} s` : explain(outcome, problems);
    return {
      ok: false,
      detail: `${where}: ${why}`,
      advice: peer.proxy === undefined ? DNS_ADVICE : PROXY_ADVICE,
    };
  }
  const detail = `${where} answered ${outcome.status} ${outcome.reason}`.trimEnd();
  if (outcome.status !== 401 && outcome.status !== 407) return { ok: true, detail };
  if (peer.credentials === undefined)
    return { ok: true, detail: `${detail}: if it challenges MESSAGE too, username and password are needed` };
  return { ok: false, detail, advice: "It does not take the username or the password of this peer." };
}

/** Our user agent's own words for silence and refusal, in those of an operator. RFC 3261 §8.1.3.1. */
function explain({ status, reason }: SipOutcome, problems: ReadonlyMap<string, string>): string {
  const [problem] = problems.values();
  if (status === 408) return `no answer in ${SILENCE_MS / 1000} s`;
  if (status === 502)
    return problem === undefined ? "no address was found" : `no address was found (${problem})`;
  if (status === 503)
    return "nobody takes requests there, or the connection or its TLS certificate was refused";
  return `${reason} (${status})`;
}

function late(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());
}

const PROXY_ADVICE =
  "Is the proxy running, is its address right in sip.peers, does a firewall stand between, does it answer OPTIONS?";
const DNS_ADVICE =
  "Does this domain have SRV records for SIP (_sip._udp, _sip._tcp, _sips._tcp) or an address? Else name a proxy in sip.peers.";

/** A log that keeps only why a host was not found. */
function problemLog(problems: Map<string, string>): Log {
  const ignore = (): void => undefined;
  const keep: Log["info"] = ({ host, problem }) => {
    if (typeof host === "string" && typeof problem === "string") problems.set(host, problem);
  };
  const log: Log = { debug: ignore, info: keep, warn: ignore, error: ignore, child: () => log };
  return log;
}
