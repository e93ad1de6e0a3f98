/** Times as text: RFC 3339 (CPIM DateTime, XEP-0082) and the SIP-date of RFC 3261 §25.1. Proleptic Gregorian, UTC. */

/** RFC 3339 date-time → milliseconds since 1970; undefined when it is none. A leap second counts as the next one. */
export function parseDateTime(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Fields;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const offset = offsetMinutes(match[8]!);
  if (offset === undefined) return undefined;
  const fraction = match[7] === undefined ? 0 : Math.floor(Number(match[7]) * 1000);
  const minutes = (daysFromCivil(year, month, day) * 24 + hour) * 60 + minute - offset;
  return minutes * 60_000 + second * 1000 + fraction;
}

/** Milliseconds since 1970 → `2026-01-02T03:04:05Z`, cut to whole seconds. */
export function formatDateTime(ms: number): string {
  const time = civilFromMs(ms);
  return `${pad4(time.year)}-${pad(time.month)}-${pad(time.day)}T${pad(time.hour)}:${pad(time.minute)}:${pad(time.second)}Z`;
}

/** Milliseconds since 1970 → `Fri, 02 Jan 2026 03:04:05 GMT`, cut to whole seconds. */
export function formatSipDate(ms: number): string {
  const time = civilFromMs(ms);
  const clock = `${pad(time.hour)}:${pad(time.minute)}:${pad(time.second)}`;
  return `${WEEKDAYS[time.weekday]}, ${pad(time.day)} ${MONTHS[time.month - 1]} ${pad4(time.year)} ${clock} GMT`;
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === "Z" || zone === "z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone[0] === "-" ? -1 : 1) * (hours * 60 + minutes);
}

function daysInMonth(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** Days since 1970-01-01. The year is counted from March, so that a leap day is its last. */
function daysFromCivil(year: number, month: number, day: number): number {
  const fromMarch = month > 2 ? month - 3 : month + 9;
  const y = month > 2 ? year : year - 1;
  const days = 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return days + Math.floor((153 * fromMarch + 2) / 5) + day - 1 - DAYS_TO_1970;
}

interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly weekday: number;
}

function civilFromMs(ms: number): Civil {
  const seconds = Math.floor(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  const sinceMarch0 = days + DAYS_TO_1970;
  const era = Math.floor(sinceMarch0 / DAYS_PER_ERA);
  const dayOfEra = sinceMarch0 - era * DAYS_PER_ERA;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
    hour: Math.floor(rest / 3600),
    minute: Math.floor((rest % 3600) / 60),
    second: rest % 60,
    weekday: (((days + 4) % 7) + 7) % 7, // 1970 began on a Thursday.
  };
}

function pad(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}

function pad4(year: number): string {
  return String(year).padStart(4, "0");
}

type Fields = [year: number, month: number, day: number, hour: number, minute: number, second: number];

/** From 1 March of year 0. */
const DAYS_TO_1970 = 719_468;
const DAYS_PER_ERA = 146_097;
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;
