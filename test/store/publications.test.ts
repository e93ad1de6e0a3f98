import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PublicationRow } from "../../src/gateway/sides";
import { type OpenStore, openStore } from "../../src/store/sqlite-store";

let folder: string;
let store: OpenStore;
const open = (): OpenStore =>
  openStore({ file: join(folder, "isthmus.db"), migrations: join(__dirname, "../../migrations") });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-publications-"));
  store = open();
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

function row(etag: string, more: Partial<PublicationRow> = {}): PublicationRow {
  return {
    etag,
    presentity: "romeo@sip.example",
    contentType: "application/pidf+xml",
    body: `<presence id="${etag}">ž\u0000</presence>`,
    expiresAt: 100,
    modifiedAt: 1,
    ...more,
  };
}

test("a publication is there at once, and after a restart when its promise has resolved (RFC 3903 §6)", async () => {
  const { publications } = store;
  const written = publications.putPublication(row("a"));
  expect(publications.getPublication("a")).toEqual(row("a"));
  await written;
  store.close();
  store = open();
  expect(store.publications.getPublication("a")).toEqual(row("a"));
  expect(store.publications.getPublication("b")).toBeUndefined();
});

test("a modification takes the place of what it replaces, and only of that", async () => {
  const { publications } = store;
  await Promise.all([
    publications.putPublication(row("a")),
    publications.putPublication(row("b", { modifiedAt: 2 })),
    publications.putPublication(row("c", { modifiedAt: 3 }), "a"),
    publications.putPublication(row("d", { presentity: "nurse@sip.example" }), "no such"),
  ]);
  expect(publications.publicationsOf("romeo@sip.example").map(({ etag }) => etag)).toEqual(["c", "b"]);
  await publications.removePublication("b");
  expect(publications.publicationsOf("romeo@sip.example").map(({ etag }) => etag)).toEqual(["c"]);
  expect(publications.publicationsOf("nurse@sip.example")).toHaveLength(1);
});

test("the newest comes first, also when they are of one moment", async () => {
  const { publications } = store;
  for (const etag of ["a", "b", "c"])
    await publications.putPublication(row(etag, { modifiedAt: etag === "a" ? 9 : 5 }));
  expect(publications.publicationsOf("romeo@sip.example").map(({ etag }) => etag)).toEqual(["a", "c", "b"]);
});

test("those that have expired are found, the longest expired first", async () => {
  const { publications } = store;
  expect(publications.nextPublicationExpiry()).toBeUndefined();
  for (const [etag, expiresAt] of [["a", 30] as const, ["b", 10] as const, ["c", 20] as const])
    await publications.putPublication(row(etag, { expiresAt }));
  expect(publications.nextPublicationExpiry()).toBe(10);
  expect(publications.expiredPublications(20, 10).map(({ etag }) => etag)).toEqual(["b", "c"]);
  expect(publications.expiredPublications(30, 1).map(({ etag }) => etag)).toEqual(["b"]);
  expect(publications.expiredPublications(9, 10)).toEqual([]);
});
