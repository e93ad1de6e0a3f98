/** Who is registered, and by which flows; what changes is on disk before anybody hears of it. RFC 3261 §10.3. */

import type { SipDestination } from "../../core/effect";
import { type Binding, destinationOf } from "../../core/registrar/binding";
import type { Tables } from "../../core/tables";
import type { BindingStore, Clock, Counters, DeviceBook, Log } from "../sides";

export interface BindingBookParts {
  readonly store: BindingStore;
  /** SIP domains whose phones register here. */
  readonly domains: readonly string[];
  readonly tables: Pick<Tables, "domains">;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/** Somebody has one device more, or one less. @param isRegistered has he any? */
export type PresenceListener = (person: string, isRegistered: boolean) => void;

export class BindingBook implements DeviceBook {
  readonly #parts: BindingBookParts;
  /** Component hosts of the domains. */
  readonly #hosts: ReadonlySet<string>;
  /** The connections of stream flows, by person and key: they are of this process, so they are not kept on disk. */
  readonly #connections = new Map<string, number>();
  readonly #onRegistered: ((device: string) => void)[] = [];
  readonly #onPresence: PresenceListener[] = [];
  #alarmAt = Number.POSITIVE_INFINITY;
  #cancelAlarm: (() => void) | undefined;
  #isStopped = false;

  constructor(parts: BindingBookParts) {
    this.#parts = parts;
    const served = new Set(parts.domains);
    const rules = parts.tables.domains.sip.filter(({ sip }) => served.has(sip));
    this.#hosts = new Set(rules.map(({ xmpp }) => xmpp));
  }

  serves(person: string): boolean {
    return this.#hosts.has(person.slice(person.indexOf("@") + 1));
  }

  devicesOf(person: string): readonly string[] {
    return [...resourcesOf(this.bindingsOf(person))].map((resource) => `${person}/${resource}`);
  }

  /** Has this person (a bare JID) any device? */
  isRegistered(person: string): boolean {
    return this.bindingsOf(person).length > 0;
  }

  onRegistered(callback: (device: string) => void): void {
    this.#onRegistered.push(callback);
  }

  /** Calls back when a device has come or gone, after it is on disk. */
  onPresence(callback: PresenceListener): void {
    this.#onPresence.push(callback);
  }

  /** Those that are in force. */
  bindingsOf(person: string): readonly Binding[] {
    const now = this.#parts.clock.now();
    return this.#parts.store.bindingsOf(person).filter(({ expiresAt }) => expiresAt > now);
  }

  /** The device whose temporary GRUUs have this epoch, if it is registered. */
  bindingOfEpoch(epoch: string): Binding | undefined {
    const binding = epoch === "" ? undefined : this.#parts.store.bindingOfEpoch(epoch);
    return binding !== undefined && binding.expiresAt > this.#parts.clock.now() ? binding : undefined;
  }

  destinationOf(binding: Binding): SipDestination {
    return destinationOf(binding, this.#connections.get(nameOf(binding.person, binding.key)));
  }

  /** @param most bindings of one address: is it at its bound? */
  isFull(address: string, most: number): boolean {
    return this.#parts.store.countBindingsFrom(address, most) >= most;
  }

  get size(): number {
    return this.#parts.store.countBindings();
  }

  /** Begins to look for what expires. */
  start(): void {
    this.#arm(this.#parts.store.nextBindingExpiry());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelAlarm?.();
  }

  /**
   * Writes and removes bindings of one person; resolves when that is on disk. Rejects when the store did not take it.
   * @param before his bindings that are in force, as they were read in the same turn
   * @param connection by which the new ones came
   */
  async change(
    person: string,
    before: readonly Binding[],
    { puts, removes }: { readonly puts: readonly Binding[]; readonly removes: readonly string[] },
    connection?: number,
  ): Promise<void> {
    const written = this.#parts.store.changeBindings(person, puts, removes);
    for (const key of removes) this.#connections.delete(nameOf(person, key));
    for (const { key } of puts) this.#connect(person, key, connection);
    await written;
    for (const { expiresAt } of puts) this.#arm(expiresAt);
    const gone = new Set([...removes, ...puts.map(({ key }) => key)]);
    const after = [...before.filter(({ key }) => !gone.has(key)), ...puts];
    if (!isSameSet(resourcesOf(before), resourcesOf(after))) this.#tell(person);
    for (const resource of resourcesOf(puts)) {
      for (const listener of this.#onRegistered) this.#guard(() => listener(`${person}/${resource}`));
    }
  }

  /** A device has gone without saying so; a registration that it has renewed meanwhile stays. */
  drop(gone: Binding): void {
    const { person, key, registeredAt, callId, cseq } = gone;
    const rows = this.bindingsOf(person);
    const now = rows.find((row) => row.key === key);
    if (now?.registeredAt !== registeredAt || now.callId !== callId || now.cseq !== cseq) return;
    this.#parts.counters.add("registrar.dropped");
    this.#parts.log.info({ person, contact: gone.contact }, "device vanished, registration dropped");
    this.change(person, rows, { puts: [], removes: [key] }).catch((error: unknown) => {
      this.#parts.log.error({ person, error }, "bindings not removed");
    });
  }

  #connect(person: string, key: string, connection: number | undefined): void {
    const name = nameOf(person, key);
    if (connection === undefined) this.#connections.delete(name);
    else this.#connections.set(name, connection);
  }

  #tell(person: string): void {
    const isRegistered = this.isRegistered(person);
    for (const listener of this.#onPresence) this.#guard(() => listener(person, isRegistered));
  }

  /** A listener's mistake must not cost a phone its answer. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#parts.log.error({ error }, "listener of registrations failed");
    }
  }

  #arm(at: number | undefined): void {
    if (at === undefined || at >= this.#alarmAt || this.#isStopped) return;
    this.#cancelAlarm?.();
    this.#alarmAt = at;
    const { clock } = this.#parts;
    const wait = Math.min(Math.max(0, at - clock.now()), LONGEST_ALARM_MS);
    this.#cancelAlarm = clock.after(wait, () => this.#expire());
  }

  #expire(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    const { store, clock, counters, log } = this.#parts;
    try {
      const byPerson = new Map<string, string[]>();
      for (const { person, key } of store.expiredBindings(clock.now(), EXPIRED_AT_ONCE)) {
        const keys = byPerson.get(person);
        if (keys === undefined) byPerson.set(person, [key]);
        else keys.push(key);
      }
      for (const [person, keys] of byPerson) {
        counters.add("registrar.expired", keys.length);
        this.#expired(person, keys);
      }
      this.#arm(store.nextBindingExpiry());
    } catch (error) {
      log.error({ error }, "expired registrations cannot be read");
      this.#arm(clock.now() + RETRY_MS);
    }
  }

  /** It was in force until this moment: the reads have left it out since it expired, its watchers have not been told. */
  #expired(person: string, keys: readonly string[]): void {
    const { store, log, clock } = this.#parts;
    const written = store.changeBindings(person, [], keys);
    for (const key of keys) this.#connections.delete(nameOf(person, key));
    written.then(
      () => this.#tell(person),
      (error: unknown) => {
        log.error({ person, error }, "expired bindings not removed");
        this.#arm(clock.now() + RETRY_MS);
      },
    );
  }
}

function resourcesOf(bindings: readonly Binding[]): ReadonlySet<string> {
  return new Set(bindings.map(({ resource }) => resource));
}

function isSameSet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((each) => other.has(each));
}

function nameOf(person: string, key: string): string {
  return `${person}\n${key}`;
}

/** One group of writes. */
const EXPIRED_AT_ONCE = 500;
/** A timer of Node holds 24 days; the alarm only looks and sets itself again. */
const LONGEST_ALARM_MS = 24 * 3_600_000;
/** A disk that fails now may do so for a while. */
const RETRY_MS = 5_000;
