/** The real things that `isthmus check` tries: database, SIP listeners, XMPP handshakes, next hops. */

import type { Config } from "../config/config";
import { sipOptions, xmppOptions } from "../config/options";
import { createLog } from "../log";
import { systemClock } from "../runtime/clock";
import { createCounters } from "../runtime/counters";
import { randomIds } from "../runtime/ids";
import { VERSION } from "../runtime/version";
import { createLocator } from "../sip/locate";
import type { SipPeer } from "../sip/options";
import { createTransports } from "../sip/transport/transports";
import { createSipSide, type SipUserAgent } from "../sip/user-agent";
import { openStore } from "../store/sqlite-store";
import { createXmppSide } from "../xmpp/component";
import type { ComponentOptions } from "../xmpp/options";
import type { Probe, ProbeResult } from "./probe";

const HANDSHAKE_MS = 10_000;

/** In the order in which a gateway would need them. The SIP listeners stay open until the last next hop has answered. */
export async function probesOf(config: Config): Promise<readonly Probe[]> {
  const sip = openableSip(config);
  return [
    { name: `database ${config.store.file}`, run: async () => probeStore(config) },
    { name: `SIP listeners ${config.sip.listeners.map(listenerName).join(", ")}`, run: () => sip.open() },
    ...config.xmpp.components.map((component) => ({
      name: `XMPP component ${component.host} at ${component.address}:${component.port}`,
      run: () => probeComponent(config, component),
    })),
    ...config.sip.peers.map((peer) => ({
      name: `next hop of peer ${peer.name}`,
      run: () => sip.probe(peer),
    })),
    { name: "SIP listeners close", run: () => sip.close() },
  ];
}

function probeStore(config: Config): ProbeResult {
  try {
    const store = openStore(config.store);
    const waiting = store.journalSize();
    store.nextSeq();
    store.close();
    return {
      ok: true,
      detail: waiting === 0 ? "writable" : `writable, ${waiting} messages wait in the journal`,
    };
  } catch (error) {
    return {
      ok: false,
      detail: (error as Error).message,
      advice: "Mend what the brackets say, or name another store.file.",
    };
  }
}

interface OpenableSip {
  open(): Promise<ProbeResult>;
  probe(peer: SipPeer): Promise<ProbeResult>;
  close(): Promise<ProbeResult>;
}

function openableSip(config: Config): OpenableSip {
  let side: SipUserAgent | undefined;
  return {
    open: async () => {
      const opened = createProbeSide(config);
      try {
        await opened.start(() => ({ status: 503, reason: "Only a check", headers: [] }));
        side = opened;
        return { ok: true, detail: "can be bound" };
      } catch (error) {
        await opened.stop();
        const advice =
          "Another program holds it, maybe a gateway that runs already; or the address is not this machine's.";
        return { ok: false, detail: (error as Error).message, advice };
      }
    },
    probe: async (peer) => (side === undefined ? NOT_TRIED : probePeer(side, config, peer)),
    close: async () => {
      await side?.stop();
      return { ok: true };
    },
  };
}

const NOT_TRIED: ProbeResult = {
  ok: false,
  detail: "not tried, since the listeners did not open",
  advice: "Mend the listeners first.",
};

function createProbeSide(config: Config): SipUserAgent {
  const options = sipOptions(config, VERSION);
  const log = createLog({ level: "silent" });
  const clock = systemClock();
  const counters = createCounters();
  const transports = createTransports(options.transport, { log, counters, clock });
  return createSipSide(options, {
    transports,
    locator: createLocator({ clock, log }),
    clock,
    ids: randomIds(),
    log,
    counters,
  });
}

/** Any answer at all shows that somebody is there; who refuses OPTIONS may still take MESSAGEs. */
async function probePeer(side: SipUserAgent, config: Config, peer: SipPeer): Promise<ProbeResult> {
  const domain = peer.domains[0] ?? config.domains.sip.find((rule) => rule.peer === peer.name)?.sip;
  const from = config.domains.xmpp.find((rule) => rule.sip !== "*")?.sip ?? domain;
  if (domain === undefined) return { ok: true, detail: "no domain is sent there" };
  const outcome = await side.probe(`sip:${domain}`, `sip:${from}`, peer.name);
  const where = peer.proxy ?? `DNS of ${domain}`;
  if (!outcome.local) return { ok: true, detail: `${where} answered ${outcome.status} ${outcome.reason}` };
  return {
    ok: false,
    detail: `${where}: ${outcome.reason} (${outcome.status})`,
    advice: "Is the proxy running, is its address right in sip.peers, does a firewall stand between?",
  };
}

async function probeComponent(config: Config, component: ComponentOptions): Promise<ProbeResult> {
  const side = createXmppSide(
    { ...xmppOptions(config, VERSION), components: [component] },
    {
      clock: systemClock(),
      ids: randomIds(),
      log: createLog({ level: "silent" }),
      counters: createCounters(),
    },
  );
  side.start(() => undefined);
  const up = await upOrFailed(side, component.host);
  const link = side.links()[0];
  await side.stop();
  if (up) return { ok: true, detail: "shook hands" };
  return {
    ok: false,
    detail: [link?.reason, link?.detail].filter((word) => word !== undefined).join(": ") || "no answer",
    advice: adviceFor(link?.reason),
  };
}

/** The first answer counts: a check does not wait through the back-off. */
async function upOrFailed(side: ReturnType<typeof createXmppSide>, host: string): Promise<boolean> {
  const ended = new Promise<void>((resolve) => {
    side.onLinkChange((link) => {
      if (link.state === "up" || link.state === "failed" || link.state === "down") resolve();
    });
  });
  const late = new Promise<void>((resolve) => setTimeout(resolve, HANDSHAKE_MS).unref());
  const stayUp = setInterval(() => undefined, 1_000);
  await Promise.race([ended, late]);
  clearInterval(stayUp);
  return side.isUp(host);
}

function adviceFor(reason: string | undefined): string {
  if (reason === "not-authorized")
    return "The secret differs from the XMPP server's, or it does not know this component host.";
  if (reason === "conflict")
    return "Another connection holds this component host, maybe a gateway that runs already.";
  return "Does the XMPP server listen for components there (Prosody: component_ports, ejabberd: ejabberd_service)?";
}

function listenerName(listener: {
  readonly transport: string;
  readonly address: string;
  readonly port: number;
}): string {
  const host = listener.address.includes(":") ? `[${listener.address}]` : listener.address;
  return `${listener.transport}:${host}:${listener.port}`;
}
