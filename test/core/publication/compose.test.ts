import type { DevicePresence, PresenceDocument } from "../../../src/core/presence/document";
import { compose, NOTHING_PUBLISHED, type Published } from "../../../src/core/publication/compose";
import { firstEtag, nextEtag, publicationId } from "../../../src/core/publication/publication";
import { device, documentOf, NOW } from "./fixtures";

function published(
  at: number,
  document: PresenceDocument,
  more: { readonly etag?: string; readonly modifiedAt?: number } = {},
): Published {
  const etag = more.etag ?? firstEtag(at, `random${at - NOW}xyz`, document);
  const modifiedAt = more.modifiedAt ?? at;
  return {
    publication: {
      etag,
      presentity: "romeo@sip.example",
      contentType: "application/pidf+xml",
      body: "",
      expiresAt: at + 600_000,
      modifiedAt,
    },
    document,
  };
}

const idsOf = (document: PresenceDocument): string[] => document.devices.map(({ id }: DevicePresence) => id);

test("devices of all publications stand in one document, the most available first (RFC 3856 §6.8)", () => {
  const closed = published(NOW, documentOf(device("desk", { open: false })));
  const low = published(NOW + 1, documentOf(device("phone", { priority: 1 })));
  const high = published(NOW + 2, documentOf(device("tablet", { priority: 100 })));
  expect(idsOf(compose([closed, low, high], 10))).toEqual(["tablet", "phone", "desk"]);
});

test("two phones that call their tuple the same are two devices, whatever the order of the rows", () => {
  const first = published(NOW, documentOf(device("t1", { notes: [{ text: "one" }] })));
  const second = published(NOW + 1, documentOf(device("t1", { notes: [{ text: "two" }] })));
  const composed = compose([second, first], 10);
  expect(composed).toEqual(compose([first, second], 10));
  expect(composed.devices.map(({ id, notes }) => [id, notes[0]?.text])).toEqual([
    ["t1", "one"],
    ["t1-1xyz", "two"],
  ]);
});

test("a device keeps its id when it refreshes and modifies, though its tag changes", () => {
  const first = published(NOW, documentOf(device("t1")));
  const etag = firstEtag(NOW + 1, "abcdefgh", documentOf(device("t1")));
  const before = compose([first, published(NOW + 1, documentOf(device("t1")), { etag })], 10);
  const later = nextEtag(nextEtag(etag, "other"), "third");
  const after = compose([first, published(NOW + 1, documentOf(device("t1")), { etag: later })], 10);
  expect(idsOf(after)).toEqual(idsOf(before));
});

test("a phone that names its one tuple anew in every document (linphone) stays one device", () => {
  const etag = firstEtag(NOW, "abcdefgh", documentOf(device("qustrn")));
  const later = documentOf(device("t-dti3", { show: "away" }));
  expect(compose([published(NOW, later, { etag: nextEtag(etag, "other") })], 10).devices).toMatchObject([
    { id: "qustrn", show: "away" },
  ]);
});

test.each(["u.8scg", "a b.~c", "100%", "Ἰουλία", "!'()*"])(
  "so does one whose first name is %s, and its tags are tokens (RFC 3261 §25.1)",
  (name) => {
    const etag = nextEtag(firstEtag(NOW, "Ab-_9", documentOf(device(name))), "Cd-_8");
    expect(etag).toMatch(/^[A-Za-z0-9\-.!%*_+`'~]+$/);
    expect(idsOf(compose([published(NOW, documentOf(device("later")), { etag })], 10))).toEqual([name]);
    expect(publicationId(nextEtag(etag, "third"))).toBe(publicationId(etag));
  },
);

test("of several tuples each keeps the name that the phone gives it, and so does one with an endless name", () => {
  const etag = firstEtag(NOW, "abcdefgh", documentOf(device("a"), device("b")));
  expect(idsOf(compose([published(NOW, documentOf(device("c")), { etag })], 10))).toEqual(["c"]);
  const one = firstEtag(NOW, "abcdefgh", documentOf(device("a")));
  expect(idsOf(compose([published(NOW, documentOf(device("c"), device("d")), { etag: one })], 10))).toEqual([
    "c",
    "d",
  ]);
  const endless = firstEtag(NOW, "abcdefgh", documentOf(device("a".repeat(121))));
  expect(endless).toBe(firstEtag(NOW, "abcdefgh", documentOf()));
});

test("three of the same name, and marks that end alike, are still told apart", () => {
  const devices = [1, 2, 3].map((n) =>
    published(NOW + n, documentOf(device("t1")), {
      etag: firstEtag(NOW + n, "same", documentOf(device("t1"))),
    }),
  );
  expect(new Set(idsOf(compose(devices, 10))).size).toBe(3);
});

test("one document that names a device over and over shows it a few times at most", () => {
  const many = documentOf(...Array.from({ length: 50 }, () => device("t1")));
  expect(compose([published(NOW, many)], 100).devices.length).toBeLessThanOrEqual(3);
});

test("of the person, whoever spoke last is believed", () => {
  const mood = (name: string) => ({ activities: [], moods: [name], notes: [] });
  const first = published(NOW, { ...documentOf(device("a")), person: mood("sad") }, { modifiedAt: NOW + 50 });
  const second = published(NOW + 1, { ...documentOf(device("b")), person: mood("happy") });
  const silent = published(NOW + 2, documentOf(device("c")), { modifiedAt: NOW + 99 });
  expect(compose([first, second, silent], 10).person).toEqual(mood("sad"));
});

test("nothing published is closed, in a document that still has a tuple (RFC 3922 §6.3.2)", () => {
  expect(compose([], 10)).toBe(NOTHING_PUBLISHED);
  expect(NOTHING_PUBLISHED.devices).toMatchObject([{ open: false }]);
});

test("beyond the bound the least available are left out", () => {
  const many = documentOf(
    device("away", { open: false }),
    ...[1, 2, 3].map((n) => device(`d${n}`, { priority: n })),
  );
  expect(idsOf(compose([published(NOW, many)], 2))).toEqual(["d3", "d2"]);
});

test("tags are tokens, grow with time, and tell their publication (RFC 3903 §6 step 6)", () => {
  const first = firstEtag(NOW, "Ab-_9", documentOf(device("t1")));
  expect(first).toMatch(/^[A-Za-z0-9_~-]+$/);
  expect(firstEtag(NOW + 1, "0", documentOf()) > first).toBe(true);
  const next = nextEtag(first, "zz");
  expect(next).not.toBe(first);
  expect(publicationId(next)).toBe(publicationId(first));
  expect(nextEtag(next, "yy")).toBe(nextEtag(first, "yy"));
});
