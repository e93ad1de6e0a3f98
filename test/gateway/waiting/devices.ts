/** A registrar's book of devices, moved by hand. */

import type { DeviceBook } from "../../../src/gateway/sides";

export class FakeDevices implements DeviceBook {
  readonly #registered = new Set<string>();
  #callback: (device: string) => void = () => undefined;

  /** A device registers or refreshes. */
  register(device: string): void {
    this.#registered.add(device);
    this.#callback(device);
  }

  unregister(device: string): void {
    this.#registered.delete(device);
  }

  serves(person: string): boolean {
    return person.endsWith("@sip.example");
  }

  devicesOf(person: string): readonly string[] {
    return [...this.#registered].filter((device) => device.startsWith(`${person}/`));
  }

  onRegistered(callback: (device: string) => void): void {
    this.#callback = callback;
  }
}
