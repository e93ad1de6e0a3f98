/** CPU seconds and peak memory of a process and its children, from /proc. */

import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

/** User and system time so far, seconds, over the process and its living children. */
export function cpuTimes(pid: number): { readonly user: number; readonly system: number } {
  let [user, system] = [0, 0];
  for (const fields of family(pid).map(stat)) {
    user += Number(fields[11] ?? 0) / TICKS_PER_SECOND;
    system += Number(fields[12] ?? 0) / TICKS_PER_SECOND;
  }
  return { user, system };
}

/**
 * Highest resident size so far, MiB. Of a family of processes the present one, with shared pages counted once: the kernel
 * keeps no highest of that.
 */
export function peakMemory(pid: number): number {
  const members = family(pid);
  if (members.length === 1) return field(pid, "status", "VmHWM") / 1024;
  return members.reduce((sum, member) => sum + field(member, "smaps_rollup", "Pss"), 0) / 1024;
}

/** Resident size now, MiB, of one process. */
export function memory(pid: number): number {
  return field(pid, "status", "VmRSS") / 1024;
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

/** The fields after the command name, which may hold blanks. */
function stat(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

/** Kilobytes. */
function field(pid: number, file: string, name: string): number {
  try {
    const text = readFileSync(`/proc/${pid}/${file}`, "utf8");
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
