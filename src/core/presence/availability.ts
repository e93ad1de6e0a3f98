/** Which device is the most available, and what a person's activities say of that. RFC 6121 §4.7.2.1, RFC 8048 §6.2; RFC 4480 §3.2. */

import type { PresenceTable } from "../tables";
import type { DevicePresence, PersonPresence, Show } from "./document";

/** Open before closed, then by show (chat, none, away, xa, dnd), then by priority; of two alike the order stays. */
export function mostAvailableFirst(devices: readonly DevicePresence[]): DevicePresence[] {
  return [...devices].sort(
    (one, other) => rank(one) - rank(other) || (other.priority ?? 0) - (one.priority ?? 0),
  );
}

/** How the person looks at this device: what it says itself, else what the device's activities say, else the person's. */
export function effectiveShow(
  device: DevicePresence,
  person: PersonPresence | undefined,
  table: PresenceTable,
): Show | undefined {
  if (!device.open) return undefined;
  return device.show ?? showOf(device.activities, table) ?? showOf(person?.activities ?? NONE, table);
}

/** What a list of RPID activities says, whatever their order; undefined when they say nothing of it. */
export function showOf(activities: readonly string[], table: PresenceTable): Show | undefined {
  if (activities.length === 0) return undefined;
  const said = activities.map((name) => table.activities.get(name)?.show);
  return table.precedence.find((show) => said.includes(show));
}

function rank({ open, show }: DevicePresence): number {
  return open ? RANKS[show ?? "available"] : CLOSED;
}

const NONE: readonly string[] = [];
const RANKS = { chat: 0, available: 1, away: 2, xa: 3, dnd: 4 } as const;
const CLOSED = 5;
