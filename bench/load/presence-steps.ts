/** One step of presence load each: subscriptions set up at a rate, changes told at a rate, in either direction. */

import type { PresenceWorld, SipPair, XmppPair } from "./presence-world";
import { cpuTimes } from "./process-figures";

export interface PresenceStep {
  readonly good: boolean;
  readonly detail: string;
  readonly count: number;
  /** From the first to the last event's end, seconds. */
  readonly seconds: number;
  /** Of the gateway, per 1,000 events, seconds. */
  readonly cpuPer1000: number;
  /** From each event to its effect at the far side, milliseconds. */
  readonly times: readonly number[];
}

/** A step counts as sustained with at most this share of retransmissions. */
const RETRANSMISSIONS_ALLOWED = 0.001;
const TICK_MS = 2;
/** After the last event so long a wait for its effect, milliseconds. */
const PATIENCE_MS = 6_000;

/**
 * SIP users begin to watch numbers `first` onward; the effect is a NOTIFY that says open.
 * @param window no more than so many are begun and not open yet
 */
export async function setUpFromSip(
  world: PresenceWorld,
  pid: number,
  first: number,
  rate: number,
  count: number,
  window = Number.POSITIVE_INFINITY,
): Promise<PresenceStep> {
  const asked = new Map<string, number>();
  const times: number[] = [];
  let refused = 0;
  world.watchers.onAnswer = (_, status) => {
    if (status >= 300) refused += 1;
  };
  world.watchers.onNotify = (watch) => {
    const at = asked.get(watch.callId);
    if (at === undefined || watch.state !== "active" || (watch.view ?? "") === "") return;
    asked.delete(watch.callId);
    times.push(performance.now() - at);
  };
  return measured(world, pid, rate, count, times, {
    act: (n) => asked.set(world.watchFromSip(first + n).watch.callId, performance.now()),
    trouble: () => (refused === 0 ? "" : `${refused} refused`),
    window,
  });
}

/** XMPP people begin to watch numbers `first` onward; the effect is the presence of the contact's device. */
export async function setUpFromXmpp(
  world: PresenceWorld,
  pid: number,
  first: number,
  rate: number,
  count: number,
  window = Number.POSITIVE_INFINITY,
): Promise<PresenceStep> {
  const asked = new Map<object, number>();
  const times: number[] = [];
  world.people.onSeen = (_, contact) => {
    const at = asked.get(contact);
    if (at === undefined) return;
    asked.delete(contact);
    times.push(performance.now() - at);
  };
  return measured(world, pid, rate, count, times, {
    act: (n) => asked.set(world.watchFromXmpp(first + n).contact, performance.now()),
    trouble: () => "",
    window,
  });
}

/** XMPP people change their show, one after another; the effect is the NOTIFY at their watcher. */
export async function changesToSip(
  world: PresenceWorld,
  pid: number,
  rate: number,
  count: number,
): Promise<PresenceStep> {
  const pairs = [...world.sipPairs.values()].filter(({ watch }) => watch.state === "active");
  const changed = new Map<string, number>();
  const times: number[] = [];
  world.watchers.onNotify = (watch) => {
    const at = changed.get(watch.callId);
    if (at === undefined) return;
    changed.delete(watch.callId);
    times.push(performance.now() - at);
  };
  return measured(world, pid, rate, count, times, {
    act: (n) => {
      const { person, watch } = pairs[n % pairs.length] as SipPair;
      changed.set(watch.callId, performance.now());
      world.people.change(person, "balcony", other(person.resources.get("balcony")));
    },
    trouble: () => "",
  });
}

/** SIP users change their show by NOTIFY; the effect is the presence stanza at their watcher. */
export async function changesToXmpp(
  world: PresenceWorld,
  pid: number,
  rate: number,
  count: number,
): Promise<PresenceStep> {
  const pairs = [...world.xmppPairs.values()];
  const changed = new Map<object, number>();
  const times: number[] = [];
  world.people.onSeen = (_, contact) => {
    const at = changed.get(contact);
    if (at === undefined) return;
    changed.delete(contact);
    times.push(performance.now() - at);
  };
  return measured(world, pid, rate, count, times, {
    act: (n) => {
      const { contact, presentity } = pairs[n % pairs.length] as XmppPair;
      changed.set(contact, performance.now());
      world.presentities.change(presentity, "desk", other(presentity.devices.get("desk")));
    },
    trouble: () => "",
  });
}

interface Work {
  /** Does the event with this number. */
  readonly act: (n: number) => void;
  /** What went wrong; "" for nothing. */
  readonly trouble: () => string;
  /** No more than so many events without their effect; any number unless given. */
  readonly window?: number;
}

async function measured(
  world: PresenceWorld,
  pid: number,
  rate: number,
  count: number,
  times: readonly number[],
  work: Work,
): Promise<PresenceStep> {
  const { endpoint } = world;
  await atRest(world);
  const sent = endpoint.retransmissions;
  const before = cpuTimes(pid);
  const startedAt = performance.now();
  for (let done = 0; done < count; ) {
    const open = times.length + (work.window ?? Number.POSITIVE_INFINITY);
    const due = Math.min(count, open, Math.floor(((performance.now() - startedAt) / 1000) * rate));
    for (; done < due; done++) work.act(done);
    await pause(TICK_MS);
  }
  const until = performance.now() + PATIENCE_MS;
  while (times.length < count && performance.now() < until) await pause(10);
  const seconds = (performance.now() - startedAt) / 1000;
  await pause(300); // answers to the last requests: their work belongs to this step
  const after = cpuTimes(pid);
  const retransmissions = endpoint.retransmissions - sent;
  const trouble = work.trouble();
  const inTime = (count / rate) * 1.3 + 1;
  return {
    good:
      times.length >= count &&
      trouble === "" &&
      retransmissions <= count * RETRANSMISSIONS_ALLOWED &&
      seconds < inTime,
    detail: [`${times.length} of ${count}`, `${retransmissions} retransmitted`, trouble]
      .filter((part) => part !== "")
      .join(", "),
    count,
    seconds,
    cpuPer1000: ((after.user + after.system - before.user - before.system) / count) * 1000,
    times,
  };
}

/** What an overloaded step has left behind is over when nothing has come for a second, or after a while. */
async function atRest({ endpoint, server }: PresenceWorld): Promise<void> {
  let last = -1;
  for (let waited = 0; waited < LONGEST_REST_MS; waited += REST_MS) {
    const now = endpoint.received + server.received;
    // Pings keep a quiet link alive.
    if (now - last <= 2) return;
    last = now;
    await pause(REST_MS);
  }
}

const REST_MS = 500;
const LONGEST_REST_MS = 20_000;

function other(show: string | undefined): string {
  return show === "dnd" ? "away" : "dnd";
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
