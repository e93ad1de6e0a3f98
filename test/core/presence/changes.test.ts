/** What a watcher is told of a new document: RFC 3922 §6.3.1, RFC 3856 §6.8. */

import { documentChanges } from "../../../src/core/presence/changes";
import type { DevicePresence, PersonPresence, PresenceDocument } from "../../../src/core/presence/document";
import { device, person } from "./fixtures";

const A = device({ id: "a" });
const B = device({ id: "b" });
const CLOSED = (id: string): DevicePresence => device({ id, open: false });
const of = (devices: DevicePresence[], whose?: PersonPresence): PresenceDocument =>
  whose === undefined ? { devices } : { devices, person: whose };

function told(shown: string[], last: PresenceDocument | undefined, next: PresenceDocument) {
  const { changed, gone, shown: now } = documentChanges(shown, last, next);
  return [changed.map(({ id, open }) => `${id}${open ? "" : " closed"}`), gone, now];
}

test("the first document: everything", () => {
  expect(told([], undefined, of([A, CLOSED("b")]))).toEqual([["a", "b closed"], [], ["a"]]);
});

test("the same again: nothing", () => {
  expect(told(["a"], of([A]), of([A]))).toEqual([[], [], ["a"]]);
});

test("a new time alone is no news", () => {
  expect(told(["a"], of([A]), of([{ ...A, since: 5 }]))).toEqual([[], [], ["a"]]);
});

test.each<[string, Partial<DevicePresence>]>([
  ["show", { show: "away" }],
  ["words", { notes: [{ text: "x" }] }],
  ["language of the words", { notes: [{ text: "x", language: "fr" }] }],
  ["priority", { priority: 1 }],
  ["idle time", { idleSince: 1 }],
  ["activities", { activities: ["busy"] }],
])("one device, and only that, when its %s changes", (_, fields) => {
  expect(told(["a", "b"], of([A, B]), of([A, { ...B, ...fields }]))).toEqual([["b"], [], ["a", "b"]]);
  expect(told(["a", "b"], of([A, { ...B, ...fields }]), of([A, B]))).toEqual([["b"], [], ["a", "b"]]);
});

test("one that is missing has gone, also when what it looked like is not remembered", () => {
  expect(told(["a", "b"], of([A, B]), of([A]))).toEqual([[], ["b"], ["a"]]);
  expect(told(["a", "b"], undefined, of([A]))).toEqual([["a"], ["b"], ["a"]]);
});

test("one that closes is told once", () => {
  expect(told(["a", "b"], of([A, B]), of([A, CLOSED("b")]))).toEqual([["b closed"], [], ["a"]]);
  expect(told(["a"], of([A, CLOSED("b")]), of([A, CLOSED("b")]))).toEqual([[], [], ["a"]]);
  expect(told(["a"], of([A]), of([A, CLOSED("c")]))).toEqual([[], [], ["a"]]);
});

test("one that was not shown is, although it looks as before", () => {
  expect(told([], of([A]), of([A]))).toEqual([["a"], [], ["a"]]);
});

test("what the person says changes all that is open", () => {
  const busy = person({ activities: ["busy"] });
  expect(told(["a"], of([A]), of([A, CLOSED("b")], busy))).toEqual([["a"], [], ["a"]]);
  expect(told(["a"], of([A], busy), of([A], busy))).toEqual([[], [], ["a"]]);
  expect(told(["a"], of([A], busy), of([A]))).toEqual([["a"], [], ["a"]]);
});

test("mood and place of the person change no presence", () => {
  const rich = person({ moods: ["happy"], location: { lat: "1", lon: "2" } });
  expect(told(["a"], of([A]), of([A], rich))).toEqual([[], [], ["a"]]);
});
