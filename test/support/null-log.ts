/** A log that keeps what it is told, for tests that ask. */

import type { Log, LogFields } from "../../src/gateway/sides";

export interface KeptLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly fields: LogFields;
}

export interface NullLog extends Log {
  readonly lines: readonly KeptLine[];
}

export function nullLog(lines: KeptLine[] = [], bound: LogFields = {}): NullLog {
  const at = (level: KeptLine["level"]) => (fields: LogFields, event: string) => {
    lines.push({ level, event, fields: { ...bound, ...fields } });
  };
  return {
    lines,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => nullLog(lines, { ...bound, ...fields }),
  };
}
