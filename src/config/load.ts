/** Configuration file → frozen Config, or every problem at once. */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { PeerSwitches } from "../core/switches";
import { DEFAULT_SWITCHES } from "../core/switches";
import type { DomainTable } from "../core/tables";
import type { GatewayLimits } from "../gateway/limits";
import { DEFAULT_LOCAL, type LocalOptions } from "../gateway/presence/local-options";
import type { PresenceOptions } from "../gateway/presence/options";
import type { Rates } from "../gateway/rate/rate-limiter";
import type { WaitingOptions } from "../gateway/waiting/options";
import type { SipPeer } from "../sip/options";
import { timersFor } from "../sip/transaction/timers";
import type { ComponentOptions } from "../xmpp/options";
import { type Config, DEFAULT_PEER, type SipConfig, type XmppConfig } from "./config";
import { crossCheck } from "./cross-checks";
import { directoryConfig } from "./directory";
import { addressesOf } from "./directory-addresses";
import { complain, type Environment, type Loading, resolveFile, whyUnread } from "./files";
import { PACKAGED_MIGRATIONS } from "./packaged";
import { parseSettings } from "./parse";
import { ConfigError } from "./problem";
import { registrarConfig } from "./registrar";
import type { PeerSettings, Settings, SwitchSettings } from "./schema";
import { resolveSecret } from "./secret";
import { serviceOptions } from "./service";
import { loadTables } from "./tables";
import { loadTls } from "./tls";
import { type LoadedUsers, loadUsers } from "./users";

import type { RateSetting } from "./values";

/**
 * Reads a configuration and everything that it names.
 * @throws ConfigError with all problems: key, what was found (never a secret) and what is expected
 */
export function loadConfig(file: string, env: Environment): Config {
  return configFrom(readText(file), file, env);
}

/** As `loadConfig`, with the text at hand; files that it names are looked for beside `file`. */
export function configFrom(text: string, file: string, env: Environment): Config {
  const parsed = parseSettings(text);
  if (!parsed.ok) throw new ConfigError(file, parsed.problems);
  const settings = parsed.value;
  const loading: Loading = { folder: dirname(resolve(file)), env, lineOf: parsed.lineOf, problems: [] };
  const tables = loadTables(loading, settings);
  const listed = usersOf(loading, settings, tables.domains);
  const registrar = registrarConfig(loading, settings, tables.domains);
  const config: Config = {
    file: resolve(file),
    sip: sipConfig(loading, settings, tables.domains, listed),
    xmpp: xmppConfig(loading, settings),
    ...tables,
    store: { file: resolveFile(loading, settings.store.file), migrations: PACKAGED_MIGRATIONS },
    log: settings.log,
    ...(settings.health.listen === "off" ? {} : { health: settings.health.listen }),
    ...(settings.presence.enabled ? { presence: presenceOptions(settings) } : {}),
    ...(registrar === undefined ? {} : { registrar }),
    directory: directoryConfig(loading, settings, listed.people),
    service: serviceOptions(settings),
    waiting: waitingOptions(settings.waiting),
    lists: settings.lists,
    limits: gatewayLimits(settings.limits),
    registrationRates: ratesOf(settings.limits.rates.registrations),
  };
  crossCheck(loading, settings, tables.domains);
  if (loading.problems.length > 0) throw new ConfigError(file, loading.problems);
  return deepFreeze(config);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(file, [
      { key: "", expected: `a configuration file that can be read: ${whyUnread(error)}` },
    ]);
  }
}

function usersOf(loading: Loading, { sip }: Settings, domains: DomainTable): LoadedUsers {
  if (sip.users === undefined) return { users: [], people: [] };
  return loadUsers(loading, ["sip", "users"], sip.users, sip.realm, addressesOf(domains));
}

function sipConfig(
  loading: Loading,
  settings: Settings,
  domains: DomainTable,
  { users }: LoadedUsers,
): SipConfig {
  const { sip } = settings;
  const switches = mergeSwitches(DEFAULT_SWITCHES, sip.switches);
  const tls = loadTls(loading, sip);
  return {
    listeners: sip.listen.map((one) => {
      if (sip.advertise === undefined) return one;
      return { ...one, advertised: { host: sip.advertise.host, port: sip.advertise.port ?? one.port } };
    }),
    ...(tls === undefined ? {} : { tls }),
    realm: sip.realm,
    users,
    timers: sip.timers,
    limits: sip.limits,
    switches,
    peers: withDefault(
      sip.peers.map((peer, index) => sipPeer(loading, index, peer, switches, domains)),
      switches,
      domains,
    ),
  };
}

/** Domains whose rule names no peer still need one. */
function withDefault(
  peers: readonly SipPeer[],
  switches: PeerSwitches,
  domains: DomainTable,
): readonly SipPeer[] {
  const needed = domains.sip.some((rule) => rule.peer === DEFAULT_PEER);
  if (!needed || peers.some((peer) => peer.name === DEFAULT_PEER)) return peers;
  const left = {
    name: DEFAULT_PEER,
    domains: domainsOf(DEFAULT_PEER, domains),
    trustedAddresses: [],
    trustedIdentities: [],
    route: false,
    switches,
  };
  return [...peers, left];
}

function domainsOf(peer: string, domains: DomainTable): string[] {
  return domains.sip.filter((rule) => rule.peer === peer).map((rule) => rule.sip);
}

function sipPeer(
  loading: Loading,
  index: number,
  peer: PeerSettings,
  switches: PeerSwitches,
  domains: DomainTable,
): SipPeer {
  const credentials = credentialsOf(loading, index, peer);
  return {
    name: peer.name,
    domains: [...new Set([...domainsOf(peer.name, domains), ...peer.domains])],
    trustedAddresses: peer.trust.flatMap((one) => (one.kind === "address" ? [one.cidr] : [])),
    trustedIdentities: peer.trust.flatMap((one) => (one.kind === "identity" ? [one.identity] : [])),
    ...(peer.proxy === undefined ? {} : { proxy: peer.proxy }),
    route: peer.route,
    ...(credentials === undefined ? {} : { credentials }),
    switches: mergeSwitches(switches, peer.switches),
  };
}

function credentialsOf(loading: Loading, index: number, peer: PeerSettings): SipPeer["credentials"] {
  const path = ["sip", "peers", index];
  const given = peer.password ?? peer.passwordFile ?? peer.passwordEnv;
  if (peer.username === undefined) {
    if (given === undefined) return undefined;
    return complain(loading, [...path, "username"], "a name, because a password is given", "nothing");
  }
  const from = { inline: peer.password, file: peer.passwordFile, variable: peer.passwordEnv };
  const password = resolveSecret(loading, path, "password", from);
  return password === undefined ? undefined : { username: peer.username, password };
}

function xmppConfig(loading: Loading, { xmpp }: Settings): XmppConfig {
  const components = xmpp.components.map((one, index): ComponentOptions => {
    const from = { inline: one.secret, file: one.secretFile, variable: one.secretEnv };
    const secret = resolveSecret(loading, ["xmpp", "components", index], "secret", from) ?? "";
    return { host: one.host, address: one.server.host, port: one.server.port, secret };
  });
  return { ...xmpp, components };
}

function gatewayLimits(limits: Settings["limits"]): GatewayLimits {
  return {
    maximumJournal: limits.journal,
    maximumPerPair: limits.perPair,
    maximumSipInFlight: limits.sipInFlight,
    messageDeadlineMs: limits.messageDeadline,
    maximumConversations: limits.conversations,
    receiptLifetimeMs: limits.receiptLifetime,
    stopGraceMs: limits.stopGrace,
    ...messageRates(limits.rates),
  };
}

/** Nothing at all where everything is off: no message then pays for a look. */
function messageRates({ messages, slow }: Settings["limits"]["rates"]): Pick<GatewayLimits, "rates"> {
  const rates = ratesOf(messages);
  return Object.keys(rates).length === 0 ? {} : { rates: { ...rates, slowMs: slow } };
}

function ratesOf(settings: Readonly<Record<string, RateSetting | "off">>): Rates {
  return Object.fromEntries(Object.entries(settings).filter(([, rate]) => rate !== "off"));
}

function waitingOptions(waiting: Settings["waiting"]): WaitingOptions {
  return {
    domains: waiting.domains,
    maximumPerPerson: waiting.messages,
    maximumOctetsPerPerson: waiting.size,
    maximumOctets: waiting.total,
    lifetimeMs: waiting.days * 24 * 3_600_000,
    otherDevicesMs: waiting.otherDevices,
  };
}

function presenceOptions({ presence, registrar, sip, limits: { rates } }: Settings): PresenceOptions {
  const { limits, retry } = presence;
  const { pair, peer } = rates.subscriptions;
  return {
    ...(pair === "off" ? {} : { pairRate: pair }),
    ...(peer === "off" ? {} : { peerRate: peer }),
    settings: {
      expiresSeconds: Math.ceil(presence.expires / 1000),
      minimumExpiresSeconds: Math.ceil(presence.minimumExpires / 1000),
      maximumExpiresSeconds: Math.ceil(presence.maximumExpires / 1000),
      timerNMs: timersFor(sip.timers, false).f,
      probeAnswerMs: presence.probeAnswer,
      retryFirstMs: retry.first,
      retryLongestMs: retry.longest,
    },
    notifyIntervalMs: presence.notifyInterval,
    requestsPerSecond: presence.requestsPerSecond,
    maximumSubscriptions: limits.subscriptions,
    maximumPerWatcher: limits.perWatcher,
    watcherBurst: limits.burst,
    watcherPerSecond: limits.perSecond,
    maximumDevices: limits.devices,
    local: localOptions(presence, registrar.domains),
  };
}

/** @param registered SIP domains whose phones register here: nobody else can know who is there */
function localOptions(
  { limits, ...presence }: Settings["presence"],
  registered: readonly string[],
): LocalOptions {
  return {
    ...DEFAULT_LOCAL,
    publications: {
      domains: [...new Set([...presence.publish, ...registered])],
      settings: {
        expiresSeconds: Math.ceil(presence.expires / 1000),
        minimumExpiresSeconds: Math.ceil(presence.minimumExpires / 1000),
        maximumExpiresSeconds: Math.ceil(presence.maximumExpires / 1000),
        maximumPublications: limits.publications,
        maximumOctets: limits.publicationSize,
      },
      maximumDevices: limits.devices,
    },
    lists: {
      lists: presence.lists,
      contactLists: presence.contactLists,
      maximumMembers: limits.listMembers,
      maximumOctets: limits.notifySize,
    },
    winfo: { ...DEFAULT_LOCAL.winfo, enabled: presence.winfo },
    approval: presence.approval,
  };
}

function mergeSwitches(base: PeerSwitches, given: SwitchSettings): PeerSwitches {
  const named = Object.entries(given).filter(([, setting]) => setting !== undefined);
  return { ...base, ...Object.fromEntries(named) };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
