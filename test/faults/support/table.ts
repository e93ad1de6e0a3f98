/** Prints the figures of a run as one row, past jest's own reporter. */

import { writeSync } from "node:fs";

/** A row such as "| reset | 1000 | 0 |"; the first row of a table goes under its head. */
export class Table {
  #started = false;

  constructor(
    private readonly title: string,
    private readonly head: readonly string[],
  ) {}

  row(cells: readonly (string | number)[]): void {
    if (!this.#started) {
      this.#started = true;
      print(`\n${this.title}\n${line(this.head)}\n${line(this.head.map(() => "---"))}`);
    }
    print(line(cells));
  }
}

/** "3 × 503, 1 × 504", or "–". */
export function countOf(values: readonly (string | number)[]): string {
  const counts = new Map<string | number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => `${count} × ${value}`).join(", ") || "–";
}

/** Milliseconds at p50 and p99, and the longest. */
export function spread(times: readonly number[], digits = 0): string {
  if (times.length === 0) return "–";
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(digits);
  return `${at(0.5)} / ${at(0.99)} / ${at(1)}`;
}

function line(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

function print(text: string): void {
  writeSync(process.stderr.fd, `${text}\n`);
}
