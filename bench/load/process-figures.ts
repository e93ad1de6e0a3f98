/** CPU seconds and peak memory of a process and its children, from /proc. */

import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

/** User and system time so far, seconds, over the process and its living children. */
export function cpuSeconds(pid: number): number {
  return family(pid).reduce((sum, member) => sum + ticks(member) / TICKS_PER_SECOND, 0);
}

/** Highest resident size so far, MiB; pages that children share with their parent are counted once. */
export function peakMemory(pid: number): number {
  const [parent = 0, ...children] = family(pid).map((member) => field(member, "VmHWM"));
  const own = family(pid)
    .slice(1)
    .map((member) => field(member, "RssAnon"));
  return (parent + (children.length > 0 ? own.reduce((sum, value) => sum + value, 0) : 0)) / 1024;
}

/** The process and all its descendants. */
function family(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(Number(name)));
  }
  const members = [pid];
  for (const member of members)
    for (const [child, parent] of parents) if (parent === member) members.push(child);
  return members;
}

function parentOf(pid: number): number {
  return Number(stat(pid)[1] ?? 0);
}

function ticks(pid: number): number {
  const fields = stat(pid);
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

/** The fields after the command name, which may hold blanks. */
function stat(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

function field(pid: number, name: string): number {
  try {
    return Number(
      new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0,
    );
  } catch {
    return 0;
  }
}
