/**
 * What is known of people's presence: by pair, since a server may show one watcher more than another (architecture §5).
 * Kept as text, which is a fifth of the objects: there may be hundreds of thousands of pairs.
 */

import { BoundedMap } from "../../core/bounded-map";
import type { DevicePresence, PersonPresence, PresenceDocument } from "../../core/presence/document";

/** Documents that are kept as they are too: what a stanza has brought goes out as a NOTIFY a moment later. */
const RECENT = 256;

export class PresenceBook {
  readonly #documents = new Map<string, string>();
  readonly #recent = new BoundedMap<Kept>(RECENT);
  readonly #maximumDevices: number;

  /** @param maximumDevices of one person; further ones are not taken */
  constructor(maximumDevices: number) {
    this.#maximumDevices = maximumDevices;
  }

  get size(): number {
    return this.#documents.size;
  }

  /** Undefined: nothing is known, which is not the same as offline. */
  get(watcher: string, presentity: string): PresenceDocument | undefined {
    return this.#get(bookKey(watcher, presentity));
  }

  #get(key: string, text = this.#documents.get(key)): PresenceDocument | undefined {
    if (text === undefined) return undefined;
    const recent = this.#recent.get(key);
    return recent?.text === text ? recent.document : JSON.parse(text);
  }

  has(watcher: string, presentity: string): boolean {
    return this.#documents.has(bookKey(watcher, presentity));
  }

  /** False when that was known already. */
  put(watcher: string, presentity: string, document: PresenceDocument): boolean {
    return this.#put(bookKey(watcher, presentity), document);
  }

  /** @param before its text so far */
  #put(key: string, document: PresenceDocument, before = this.#documents.get(key)): boolean {
    const text = JSON.stringify(document);
    if (before === text) return false;
    this.#documents.set(key, text);
    this.#recent.set(key, { text, document });
    return true;
  }

  /** One device of a person has changed: did that change what is known, and was anything known before? */
  putDevice(watcher: string, presentity: string, device: DevicePresence): DevicePut {
    const key = bookKey(watcher, presentity);
    const text = this.#documents.get(key);
    const wasKnown = text !== undefined;
    const before = this.#get(key, text);
    // The bare address speaks for the whole person: she has gone.
    const isEverybody = device.id === "" && !device.open;
    const others = isEverybody
      ? []
      : (before?.devices.filter(({ id, open }) => id !== device.id && open) ?? []);
    if (others.length >= this.#maximumDevices) return { isChanged: false, wasKnown };
    // A device that has gone is told only as long as it is the last: a document never lacks a tuple.
    const devices = device.open || others.length === 0 ? [...others, device] : others;
    const document = before === undefined ? { devices } : { ...before, devices };
    return { isChanged: this.#put(key, document, text), wasKnown };
  }

  /** Only these devices are there still. False when no other was known as open. */
  retain(watcher: string, presentity: string, devices: ReadonlySet<string>): boolean {
    const before = this.get(watcher, presentity);
    const gone = before?.devices.filter(({ id, open }) => open && !devices.has(id)) ?? [];
    if (before === undefined || gone.length === 0) return false;
    const left = before.devices.filter(({ id }) => devices.has(id));
    const [first] = gone as [DevicePresence];
    return this.put(watcher, presentity, {
      ...before,
      devices: left.length > 0 ? left : [{ ...first, open: false }],
    });
  }

  /** What the person publishes beside her devices' presence. False when that was known, or nothing is known of her. */
  putPerson(watcher: string, presentity: string, person: PersonPresence): boolean {
    const before = this.get(watcher, presentity);
    return before === undefined ? false : this.put(watcher, presentity, { ...before, person });
  }

  forget(watcher: string, presentity: string): void {
    this.#documents.delete(bookKey(watcher, presentity));
  }

  clear(): void {
    this.#documents.clear();
  }
}

export interface DevicePut {
  readonly isChanged: boolean;
  readonly wasKnown: boolean;
}

interface Kept {
  /** Another one means that the document is old. */
  readonly text: string;
  readonly document: PresenceDocument;
}

function bookKey(watcher: string, presentity: string): string {
  return `${watcher} ${presentity}`;
}
