/** Bounds of what waits, each with its reason (architecture E18). main.ts fills them from the configuration. */

import type { DeviceBook, WaitingStore } from "../sides";

export interface WaitingParts {
  readonly options: WaitingOptions;
  readonly store: WaitingStore;
  readonly devices: DeviceBook;
}

export interface WaitingOptions {
  /** SIP domains whose people's messages wait while no device of theirs is registered here. */
  readonly domains: readonly string[];
  /** Messages and octets for one person; beyond: what a message to an absent person gets where nothing waits. */
  readonly maximumPerPerson: number;
  readonly maximumOctetsPerPerson: number;
  /** Octets in all: nobody's flood may fill the disk. */
  readonly maximumOctets: number;
  /** A message that has waited so long is given up, and its sender is told. Milliseconds. */
  readonly lifetimeMs: number;
  /** A person's other devices get a message too when they register within this time after the first one got it. Milliseconds. */
  readonly otherDevicesMs: number;
}

export const DEFAULT_WAITING: WaitingOptions = {
  domains: [],
  maximumPerPerson: 500,
  maximumOctetsPerPerson: 1024 ** 2,
  maximumOctets: 256 * 1024 ** 2,
  lifetimeMs: 14 * 24 * 3_600_000,
  otherDevicesMs: 60_000,
};

/** Devices that get their messages at once: after an outage everybody registers again, and the present must not wait behind the past. */
export const DEVICES_AT_ONCE = 100;
/** The longest that the alarm is set for: a clock that was put back must not stop everything. Milliseconds. */
export const LONGEST_ALARM_MS = 3_600_000;
/** How soon something is tried again that the disk did not take, milliseconds. */
export const DISK_PAUSE_MS = 10_000;
/** Given up at once. */
export const DUE_AT_ONCE = 100;
