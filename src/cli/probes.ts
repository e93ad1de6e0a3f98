/** The real things that `isthmus check` tries: database, health page, SIP listeners, XMPP handshakes, next hops. */

import type { Config } from "../config/config";
import { xmppOptions } from "../config/options";
import { stanzaError } from "../core/error/stanza-error";
import { REJECTIONS } from "../core/rejection";
import { startHealth } from "../health/server";
import { createLog } from "../log";
import { systemClock } from "../runtime/clock";
import { createCounters } from "../runtime/counters";
import { randomIds } from "../runtime/ids";
import { VERSION } from "../runtime/version";
import type { ListenerOptions } from "../sip/transport/transport";
import { type ComponentSide, createXmppSide, type LinkState } from "../xmpp/component";
import type { ComponentOptions } from "../xmpp/options";
import type { Probe, ProbeResult } from "./probe";
import { directoryProbes } from "./probe-directory";
import { sipProbes } from "./probe-sip";
import { probeStore } from "./probe-store";
import { type RunningGateway, runningGateway } from "./running";

/** A server on the same network shakes hands in milliseconds; this leaves time for one that is busy. */
const HANDSHAKE_MS = 10_000;

export interface ProbeSet {
  readonly probes: readonly Probe[];
  /** Closes what the probes opened. */
  close(): Promise<void>;
}

/**
 * In the order in which a gateway would need them. What a running gateway holds is asked of it instead of opened.
 * @param person whom to look up in the directory; absent: whomever the configuration names
 */
export async function probesOf(config: Config, person?: string): Promise<ProbeSet> {
  const running = await runningGateway(config.health);
  const sip = sipProbes(config, running);
  const probes: Probe[] = [
    ...(running === undefined ? [] : [runningProbe(running)]),
    { name: `database ${config.store.file}`, run: async () => probeStore(config.store) },
    ...healthProbe(config, running),
    ...directoryProbes(config, person),
    ...config.sip.listeners.map((listener) => ({
      name: `SIP listener ${listenerName(listener)}`,
      run: () => sip.listener(listener),
    })),
    ...config.xmpp.components.map((component) => ({
      name: `XMPP component ${component.host} at ${component.address}:${component.port}`,
      run: () => probeComponent(config, component, running),
    })),
    ...config.sip.peers.map((peer) => ({
      name: `next hop of peer ${peer.name}`,
      run: () => sip.nextHop(peer),
    })),
  ];
  return { probes, close: () => sip.close() };
}

function runningProbe({ version, upSeconds, ready }: RunningGateway): Probe {
  const detail = `version ${version}, up ${upSeconds} s, ${ready ? "ready" : "not ready"}; what it holds is not opened again`;
  return { name: "a gateway runs already", run: async () => ({ ok: true, detail }) };
}

function healthProbe({ health }: Config, running: RunningGateway | undefined): Probe[] {
  if (health === undefined) return [];
  const host = health.host.includes(":") ? `[${health.host}]` : health.host;
  return [{ name: `health page ${host}:${health.port}`, run: () => probeHealth(health, running) }];
}

async function probeHealth(
  { host, port }: NonNullable<Config["health"]>,
  running: RunningGateway | undefined,
): Promise<ProbeResult> {
  if (running !== undefined) return { ok: true, detail: "served by the gateway that runs" };
  try {
    const server = await startHealth(host, port, () => ({ ready: false }));
    await server.stop();
    return { ok: true, detail: "can be bound" };
  } catch (error) {
    return {
      ok: false,
      detail: (error as Error).message,
      advice: "Name another address or port in health.listen, or off.",
    };
  }
}

/** A second connection would take the host from a running gateway, or share its messages (ejabberd): that one is asked. */
async function probeComponent(
  config: Config,
  component: ComponentOptions,
  running: RunningGateway | undefined,
): Promise<ProbeResult> {
  const held = running?.links.find((link) => link.host === component.host);
  if (held?.state === "up")
    return { ok: true, detail: "up in the gateway that runs; the secret was not tried" };
  if (held !== undefined) return linkFailure(held);
  const side = createXmppSide(
    { ...xmppOptions(config, VERSION), components: [component] },
    {
      clock: systemClock(),
      ids: randomIds(),
      log: createLog({ level: "silent" }),
      counters: createCounters(),
    },
  );
  // Who writes in this moment is told to try again, not left without an answer.
  side.start(({ stanza }) => {
    if (stanza.attrs.type !== "error") side.send(stanzaError(stanza, REJECTIONS.STOPPING));
  });
  const isUp = await upOrFailed(side, component.host);
  const link = side.links()[0];
  await side.stop();
  return isUp ? { ok: true, detail: "shook hands" } : linkFailure(link);
}

/** The first answer counts: a check does not wait through the back-off. */
async function upOrFailed(side: ComponentSide, host: string): Promise<boolean> {
  await new Promise<void>((resolve) => {
    const alarm = setTimeout(resolve, HANDSHAKE_MS);
    side.onLinkChange(({ state }) => {
      if (state === "connecting" || state === "stopped") return;
      clearTimeout(alarm);
      resolve();
    });
  });
  return side.isUp(host);
}

function linkFailure(link: LinkState | undefined): ProbeResult {
  const why = [link?.reason, link?.detail].filter((word) => word !== undefined).join(": ");
  return {
    ok: false,
    detail: why === "" ? `no answer in ${HANDSHAKE_MS / 1000} s` : why,
    advice: adviceFor(link?.reason),
  };
}

function adviceFor(reason: string | undefined): string {
  switch (reason) {
    case "not-authorized":
      return "The secret differs from the XMPP server's (component_secret, password), or it does not know this component host.";
    case "host-unknown":
      return "Tell the XMPP server of this component host (Prosody: Component, ejabberd: hosts of ejabberd_service).";
    case "conflict":
      return "Another connection holds this component host, maybe a gateway that runs already.";
    case "wrong-port":
    case "invalid-namespace":
      return "Name the port for components (Prosody: component_ports, ejabberd: ejabberd_service; often 5347), not that of clients.";
    default:
      return "Does the XMPP server listen for components there (Prosody: component_ports, ejabberd: ejabberd_service)?";
  }
}

function listenerName({ transport, address, port }: ListenerOptions): string {
  return `${transport}:${address.includes(":") ? `[${address}]` : address}:${port}`;
}
