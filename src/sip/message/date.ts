/** SIP-date: always GMT, in the fixed form of RFC 1123. RFC 3261 §20.17, §25.1. */

/** Milliseconds since 1970 of a SIP-date such as "Sat, 13 Nov 2010 23:29:00 GMT"; undefined when it is none. */
export function parseSipDate(value: string): number | undefined {
  const match = SIP_DATE.exec(value);
  const month = match ? MONTHS.indexOf(match[2]!) : -1;
  if (!match || month < 0) return undefined;
  const [day, year, hour, minute, second] = [match[1], match[3], match[4], match[5], match[6]].map(
    Number,
  ) as Five;
  if (hour > 23 || minute > 59 || second > 60) return undefined; // 60: a leap second.
  const ms = Date.UTC(year, month, day, hour, minute, second);
  return new Date(Date.UTC(year, month, day)).getUTCDate() === day ? ms : undefined; // Not 31 February.
}

/** A SIP-date from milliseconds since 1970, cut to whole seconds. */
export function formatSipDate(ms: number): string {
  return new Date(ms).toUTCString();
}

type Five = [day: number, year: number, hour: number, minute: number, second: number];

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
// The weekday is redundant: it must look like one, and is not checked against the day.
const SIP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d?) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
