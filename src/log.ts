/** The only logger factory: pino with redaction. Never a message body, a secret or credentials (architecture E21). */

import pino from "pino";
import type { Log, LogFields } from "./gateway/sides";

export interface LogOptions {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  /** `json` for programs; `text` for people: time, level, event, fields. */
  readonly format?: "json" | "text";
  /** Where lines go; absent: standard output. */
  readonly destination?: pino.DestinationStream;
}

/** Field names whose values never reach the log, at the top and one level down. */
const SECRET_FIELDS = [
  "body",
  "password",
  "secret",
  "ha1",
  "authorization",
  "proxyAuthorization",
  "credentials",
  "stanza",
];

/**
 * Makes the root logger: one JSON object a line, with `event` as its message.
 * Values of fields that could hold a body or a secret are replaced at construction, whoever logs them.
 */
export function createLog(options: LogOptions): Log {
  const redact = { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: "[redacted]" };
  const base = {
    level: options.level,
    base: null,
    messageKey: "event",
    timestamp: pino.stdTimeFunctions.isoTime,
    redact,
    // An Error has no fields of its own that JSON would show.
    serializers: { error: pino.stdSerializers.err },
  };
  return wrap(
    pino(
      base,
      options.destination ?? (options.format === "text" ? textOutput() : pino.destination({ sync: true })),
    ),
  );
}

/** Turns each line into words for a person at a terminal. */
function textOutput(): pino.DestinationStream {
  return {
    write: (line) => {
      const { level, time, event, ...fields } = JSON.parse(line) as Record<string, unknown>;
      const words = Object.entries(fields).map(
        ([name, value]) =>
          `${name}=${typeof value === "string" ? oneWord(value) : printable(JSON.stringify(value))}`,
      );
      process.stdout.write(
        `${time} ${pino.levels.labels[level as number]?.padEnd(5)} ${printable(String(event))} ${words.join(" ")}\n`,
      );
    },
  };
}

/** A text that a peer may have written, so that it neither looks like other fields nor moves the cursor. */
function oneWord(value: string): string {
  return printable(/^[^\s"=]+$/.test(value) ? value : JSON.stringify(value));
}

function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Controls, line ends of Unicode, and what turns the reading direction. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

function wrap(logger: pino.Logger): Log {
  return {
    debug: (fields: LogFields, event: string) => logger.debug(fields, event),
    info: (fields: LogFields, event: string) => logger.info(fields, event),
    warn: (fields: LogFields, event: string) => logger.warn(fields, event),
    error: (fields: LogFields, event: string) => logger.error(fields, event),
    child: (fields: LogFields) => wrap(logger.child(fields)),
  };
}
