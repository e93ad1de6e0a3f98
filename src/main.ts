/** Start and stop: config → log → store → adapters → gateway. The only place where anything is constructed. */

import type { Config } from "./config/config";
import { addressesOf } from "./config/directory-addresses";
import { gatewayLimits, sipOptions, tables, xmppOptions } from "./config/options";
import { waitsFor, waysOf } from "./config/service";
import { createDirectory } from "./directory/directory";
import { ReplaceableDirectory } from "./directory/replaceable";
import type { PresenceParts } from "./gateway/context";
import { createGateway, type Gateway, type GatewayState, type StopReport } from "./gateway/gateway";
import { sipOfKnownPeople, xmppOfKnownPeople } from "./gateway/known-people";
import { ListBook } from "./gateway/lists/list-book";
import { RelayGuard } from "./gateway/lists/relay-guard";
import type { PresenceOptions } from "./gateway/presence/options";
import { RateLimiter } from "./gateway/rate/rate-limiter";
import { createRegistrar } from "./gateway/registrar/registrar";
import { createService, type Service } from "./gateway/service/iq-service";
import type { Directory, Log, XmppSide } from "./gateway/sides";
import { Whois } from "./gateway/whois";
import { type HealthReport, startHealth } from "./health/server";
import { createLog } from "./log";
import { createReload } from "./reload";
import { systemClock } from "./runtime/clock";
import { createCounters } from "./runtime/counters";
import { randomIds } from "./runtime/ids";
import { VERSION } from "./runtime/version";
import { createLocator } from "./sip/locate";
import type { Endpoint, Transports } from "./sip/transport/transport";
import { createTransports } from "./sip/transport/transports";
import { createSipSide } from "./sip/user-agent";
import { type OpenStore, openStore } from "./store/sqlite-store";
import { CAPABILITIES } from "./xmpp/capabilities";
import { createXmppSide, type LinkState } from "./xmpp/component";

export interface StartOptions {
  /** Lets the sandbox watch what goes over the wire. */
  readonly watchTransports?: (transports: Transports) => Transports;
  readonly watchXmpp?: (xmpp: XmppSide) => XmppSide;
  readonly log?: Log;
  /** Reads the configuration once more. Absent: it cannot be reloaded. @throws ConfigError */
  readonly read?: () => Config;
}

export interface Isthmus {
  readonly log: Log;
  listeners(): readonly Endpoint[];
  links(): readonly LinkState[];
  state(): GatewayState;
  health(): HealthReport;
  /** Resolves when every XMPP link is up (true), or false after `deadlineMs`. */
  settled(deadlineMs: number): Promise<boolean>;
  /** Takes over what has changed in the file, and says what needs a restart. Rejects with ConfigError: nothing has changed. */
  readonly reload?: () => Promise<string>;
  stop(): Promise<StopReport>;
}

/**
 * Starts the gateway that the configuration describes.
 * @throws (rejects) Error with a sentence that names the listener, the database or the health page that failed
 */
export async function startGateway(config: Config, options: StartOptions = {}): Promise<Isthmus> {
  const ground = groundOf(config, options);
  const { log, clock, store } = ground;
  const people = peopleOf(config, ground, options);
  const phones = phonesOf(config, ground, people, options);
  const { component, xmpp } = componentOf(config, ground, options);
  let gateway: Gateway | undefined;
  const service = serviceOf(config, ground, people, {
    ...{ phones, component },
    gateway: () => gateway,
  });
  component.serve(service);
  const running = gatewayOf(config, ground, people, { phones, xmpp, service });
  gateway = running;
  const { transports } = phones;
  const health = healthOf(ground, { running, component, transports, startedAt: clock.now() });
  try {
    await running.start();
  } catch (error) {
    store.close();
    await transports.stop();
    throw error;
  }
  const page =
    config.health === undefined
      ? undefined
      : await startHealth(config.health.host, config.health.port, health).catch(async (error) => {
          await running.stop();
          throw error;
        });
  log.info({ version: VERSION, listeners: transports.listeners(), health: page?.port }, "gateway started");
  const { reload } = people;
  return {
    log,
    health,
    listeners: () => transports.listeners(),
    links: () => component.links(),
    state: () => running.state(),
    settled: (deadlineMs) => component.settled(deadlineMs),
    ...(reload === undefined ? {} : { reload }),
    stop: async () => {
      const report = await running.stop();
      await page?.stop();
      await people.directory.stop();
      log.info({ ...report }, "gateway stopped");
      return report;
    },
  };
}

type Ground = ReturnType<typeof groundOf>;
type People = ReturnType<typeof peopleOf>;
type Phones = ReturnType<typeof phonesOf>;
type Component = ReturnType<typeof componentOf>;

/** What everything stands on. */
function groundOf(config: Config, options: StartOptions) {
  const log = options.log ?? createLog({ level: config.log.level, format: config.log.format });
  const clock = systemClock();
  const store = openStore(config.store);
  const lists = new ListBook({
    store: store.lists,
    clock,
    log,
    subscriptions: store.subscriptions,
    maximumEntries: config.lists.entries,
  });
  return { log, clock, ids: randomIds(), counters: createCounters(), store, lists, mapping: tables(config) };
}

/** Who is who, and how that is read anew. */
function peopleOf(config: Config, { log, clock, counters, mapping }: Ground, { read }: StartOptions) {
  const directoryLog = log.child({ side: "directory" });
  const addresses = addressesOf(config.domains);
  const made = (from: Config): Directory =>
    createDirectory(from.directory, { clock, log: directoryLog, counters, addresses });
  const directory = new ReplaceableDirectory(made(config), { clock, log: directoryLog });
  const usePeople = (next: Config): void => directory.replace(made(next));
  const reload = read && createReload({ config, read, usePeople, log });
  const whois = new Whois(directory, mapping, config.presence?.local.publications.domains);
  const known = config.directory.sources.length === 0 ? undefined : { whois, log, counters };
  return { directory, known, reload };
}

/** The SIP side, and the registrar where phones register here. */
function phonesOf(config: Config, ground: Ground, { directory, known }: People, options: StartOptions) {
  const { clock, ids, counters, store, lists, mapping } = ground;
  const log = ground.log.child({ side: "sip" });
  const sipConfig = sipOptions(config, VERSION);
  const plainTransports = createTransports(sipConfig.transport, { log, counters, clock });
  const transports = options.watchTransports?.(plainTransports) ?? plainTransports;
  const userAgent = createSipSide(sipConfig, {
    transports,
    locator: createLocator({ clock, log }),
    ...{ clock, ids, log, counters },
    directory: known && directory,
  });
  const registrar =
    config.registrar &&
    createRegistrar({
      sip: userAgent,
      options: config.registrar,
      store: store.bindings,
      tables: mapping,
      directory,
      rates: new RateLimiter(config.registrationRates, 0),
      guard: new RelayGuard({
        ...{ lists, clock, counters },
        rates: config.limits.rates,
        tables: mapping,
      }),
      ...{ clock, ids, counters },
      log: ground.log.child({ side: "registrar" }),
    });
  const sip = registrar?.sip ?? userAgent;
  return { transports, registrar, sip: known === undefined ? sip : sipOfKnownPeople(sip, known) };
}

/** The XMPP side; `xmpp` is watched by whoever watches, `component` is itself. */
function componentOf(config: Config, { log, clock, ids, counters }: Ground, options: StartOptions) {
  const component = createXmppSide(xmppOptions(config, VERSION), {
    ...{ clock, ids, counters },
    log: log.child({ side: "xmpp" }),
  });
  return { component, xmpp: options.watchXmpp?.(component) ?? component };
}

interface ServiceParts {
  readonly phones: Phones;
  readonly component: Component["component"];
  /** Undefined until it is made: nobody asks before. */
  readonly gateway: () => Gateway | undefined;
}

/** What an XMPP user meets beside messages and presence. */
function serviceOf(
  config: Config,
  { clock, ids, log, counters, store, lists, mapping }: Ground,
  { directory, known, reload }: People,
  { phones, component, gateway }: ServiceParts,
): Service {
  return createService({
    options: config.service,
    domains: mapping.domains,
    ...{ clock, ids, counters, lists },
    log: log.child({ side: "service" }),
    ...(known === undefined ? {} : { directory }),
    ...(config.presence === undefined ? {} : { subscriptions: store.subscriptions }),
    ...(phones.registrar === undefined ? {} : { devices: phones.registrar.book }),
    wayTo: waysOf(config),
    isUp: (host) => component.isUp(host),
    waits: waitsFor(config),
    figures: () => figuresOf(gateway()?.state()),
    ...(reload === undefined ? {} : { reload }),
    drop: async (key) => {
      await gateway()?.drop(key);
    },
  });
}

interface GatewayParts {
  readonly phones: Phones;
  readonly xmpp: XmppSide;
  readonly service: Service;
}

function gatewayOf(
  config: Config,
  { clock, ids, log, counters, store, lists, mapping }: Ground,
  { known }: People,
  { phones, xmpp, service }: GatewayParts,
): Gateway {
  const { registrar, sip } = phones;
  const presence = config.presence && {
    ...presenceParts(config.presence, store),
    registrations: registrar?.book,
    avatarOf: (jid: string) => service.avatarOf(jid),
  };
  const waiting = registrar && { options: config.waiting, store: store.waiting, devices: registrar.book };
  return createGateway({
    sip,
    xmpp: known === undefined ? xmpp : xmppOfKnownPeople(xmpp, known),
    ...{ store, lists, clock, ids, log, counters },
    ...(presence === undefined ? {} : { presence }),
    ...(waiting === undefined ? {} : { waiting }),
    tables: mapping,
    limits: gatewayLimits(config),
  });
}

interface HealthParts {
  readonly running: Gateway;
  readonly component: Component["component"];
  readonly transports: Transports;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

function healthOf(
  { clock, counters }: Ground,
  { running, component, transports, startedAt }: HealthParts,
): () => HealthReport {
  return () => {
    const state = running.state();
    const links = component.links();
    return {
      ready: !state.stopping && links.every((link) => component.isUp(link.host)),
      version: VERSION,
      upSeconds: Math.round((clock.now() - startedAt) / 1000),
      listeners: transports.listeners(),
      links,
      ...state,
      memory: process.memoryUsage().rss,
      counters: counters.all(),
    };
  };
}

/** What administrators see of the whole, beside the counters. */
function figuresOf(state: GatewayState | undefined): Readonly<Record<string, string | number>> {
  if (state === undefined) return {};
  const { journal, queued, owedReports, presence } = state;
  return { journal, queued, owedReports, ...presence };
}

function presenceParts(options: PresenceOptions, { subscriptions, publications }: OpenStore): PresenceParts {
  return { options, subscriptions, publications, capabilities: CAPABILITIES };
}
