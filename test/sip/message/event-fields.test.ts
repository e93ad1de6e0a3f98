import { acceptedTypes } from "../../../src/sip/message/accepted-types";
import { parseEvent } from "../../../src/sip/message/event";
import { HeaderList } from "../../../src/sip/message/header-list";
import { recordRoutes } from "../../../src/sip/message/record-route";
import { parseSeconds } from "../../../src/sip/message/seconds";
import { parseSubscriptionState } from "../../../src/sip/message/subscription-state";

test("Event: package without case, id and further parameters (RFC 6665 §8.2.1)", () => {
  expect(parseEvent("Presence.WInfo")).toEqual({ package: "presence.winfo", parameters: new Map() });
  const event = parseEvent(' presence ; ID="a;b" ; max-rate=0.5 ');
  expect(event).toMatchObject({ package: "presence", id: "a;b" });
  expect(event?.parameters.get("max-rate")).toBe("0.5");
  for (const malformed of ["", ";id=1", "two words", "presence;", "pre/sence"]) {
    expect(parseEvent(malformed)).toBeUndefined();
  }
});

test("Subscription-State: numbers that are none are left out (RFC 6665 §8.2.3)", () => {
  expect(parseSubscriptionState("active;expires=60")).toEqual({ state: "active", expires: 60 });
  expect(parseSubscriptionState("TERMINATED;reason=NoResource;retry-after=x")).toEqual({
    state: "terminated",
    reason: "noresource",
  });
  expect(parseSubscriptionState("x-vendor")).toEqual({ state: "x-vendor" });
  for (const malformed of ["", ";expires=60", "active expires=60"]) {
    expect(parseSubscriptionState(malformed)).toBeUndefined();
  }
});

test("seconds: digits only; more than 32 bits is as good as for ever (RFC 3261 §20.19)", () => {
  expect(["0", "3600", "007", "4294967295", "4294967296", "99999999999999999999"].map(parseSeconds)).toEqual([
    0, 3600, 7, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff,
  ]);
  for (const malformed of ["", "-1", "1.5", "1s", " 1", "9".repeat(21)]) {
    expect(parseSeconds(malformed)).toBeUndefined();
  }
});

test("Accept: all fields together, without what is not wanted or cannot be read (RFC 3261 §20.1)", () => {
  const values = ["application/PIDF+xml;q=0.5, text/plain;q=0.0", "garbage", "*/*, a/b;q=0"];
  expect(acceptedTypes(values, 10)).toEqual(["application/pidf+xml", "*/*"]);
  expect(acceptedTypes(["a/b, c/d, e/f"], 2)).toEqual(["a/b", "c/d"]);
});

test("Record-Route: URIs in order, with their parameters and without those of the header (RFC 3261 §12.1.1)", () => {
  const list = (...values: string[]) => new HeaderList(values.map((value) => ["Record-Route", value]));
  expect(recordRoutes(list('"P" <sip:p1;lr;r2=on>;x=y, <sips:p2:5061;lr>', "<sip:p3>"))).toEqual([
    "<sip:p1;lr;r2=on>",
    "<sips:p2:5061;lr>",
    "<sip:p3>",
  ]);
  expect(recordRoutes(new HeaderList([]))).toEqual([]);
  expect(recordRoutes(list("<tel:+1>"))).toBe("malformed");
  expect(recordRoutes(list(...Array(21).fill("<sip:p;lr>")))).toBe("too-many");
});
