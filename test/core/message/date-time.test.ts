import fc from "fast-check";
import { formatDateTime, formatSipDate, parseDateTime } from "../../../src/core/message/date-time";

test.each([
  ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"],
  ["2008-10-15T15:02:31-03:00", "2008-10-15T18:02:31.000Z"],
  ["2000-02-29t23:59:59.999+00:30", "2000-02-29T23:29:59.999Z"],
  ["1969-12-31T23:59:59Z", "1969-12-31T23:59:59.000Z"],
  ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
  ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"],
])("%s is %s (RFC 3339)", (text, iso) => {
  expect(parseDateTime(text)).toBe(Date.parse(iso));
});

test.each([
  "",
  "2026-01-02",
  "2026-13-01T00:00:00Z",
  "2026-00-01T00:00:00Z",
  "2026-02-29T00:00:00Z",
  "1900-02-29T00:00:00Z",
  "2026-04-31T00:00:00Z",
  "2026-01-01T24:00:00Z",
  "2026-01-01T00:60:00Z",
  "2026-01-01T00:00:61Z",
  "2026-01-01T00:00:00",
  "2026-01-01T00:00:00+24:00",
  " 2026-01-01T00:00:00Z",
  "2026-01-01T00:00:00Z\n",
])("%j is no date-time", (text) => {
  expect(parseDateTime(text)).toBeUndefined();
});

test("every second of 8,000 years is written as the platform writes it, and read back", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: Date.UTC(1, 0, 1) / 1000, max: Date.UTC(8000, 0, 1) / 1000 }),
      (seconds) => {
        const ms = seconds * 1000;
        const date = new Date(ms);
        expect(formatDateTime(ms)).toBe(date.toISOString().replace(".000Z", "Z"));
        expect(formatSipDate(ms)).toBe(date.toUTCString());
        expect(parseDateTime(formatDateTime(ms))).toBe(ms);
      },
    ),
    { numRuns: 2000 },
  );
});
