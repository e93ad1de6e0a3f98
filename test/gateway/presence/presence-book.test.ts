import type { DevicePresence } from "../../../src/core/presence/document";
import { PresenceBook } from "../../../src/gateway/presence/presence-book";

const ROMEO = "romeo@sip.example";
const JULIET = "juliet@xmpp.example";

function device(id: string, open = true, more: Partial<DevicePresence> = {}): DevicePresence {
  return { id, open, notes: [], activities: [], ...more };
}

const ids = (book: PresenceBook) => book.get(ROMEO, JULIET)?.devices.map(({ id, open }) => [id, open]);

test("nothing known is not offline", () => {
  expect(new PresenceBook(10).get(ROMEO, JULIET)).toBeUndefined();
});

test("bug 9: one of two resources goes and the other stays; when both have gone, one closed device is left", () => {
  const book = new PresenceBook(10);
  book.putDevice(ROMEO, JULIET, device("balcony"));
  book.putDevice(ROMEO, JULIET, device("orchard"));
  book.putDevice(ROMEO, JULIET, device("balcony", false));
  expect(ids(book)).toEqual([["orchard", true]]);
  book.putDevice(ROMEO, JULIET, device("orchard", false));
  expect(ids(book)).toEqual([["orchard", false]]);
  book.putDevice(ROMEO, JULIET, device("chamber"));
  expect(ids(book)).toEqual([["chamber", true]]);
});

test("what is known already is no change", () => {
  const book = new PresenceBook(10);
  expect(book.putDevice(ROMEO, JULIET, device("balcony", true, { show: "away" })).isChanged).toBe(true);
  expect(book.putDevice(ROMEO, JULIET, device("balcony", true, { show: "away" })).isChanged).toBe(false);
  expect(book.putDevice(ROMEO, JULIET, device("balcony", true, { show: "dnd" })).isChanged).toBe(true);
});

test("two watchers of one person may see different things", () => {
  const book = new PresenceBook(10);
  book.putDevice(ROMEO, JULIET, device("balcony"));
  expect(book.get("benvolio@sip.example", JULIET)).toBeUndefined();
});

test("a person with a thousand devices shows as many as are allowed", () => {
  const book = new PresenceBook(10);
  for (let index = 0; index < 1000; index++) book.putDevice(ROMEO, JULIET, device(`r${index}`));
  expect(book.get(ROMEO, JULIET)?.devices).toHaveLength(10);
  expect(book.putDevice(ROMEO, JULIET, device("r3", false)).isChanged).toBe(true);
});
