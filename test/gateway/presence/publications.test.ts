import type { PresenceDocument } from "../../../src/core/presence/document";
import { Publications } from "../../../src/gateway/presence/publications";
import type { SipAnswer } from "../../../src/gateway/sides";
import { createCounters } from "../../../src/runtime/counters";
import {
  bodiless,
  bodyOf,
  device,
  documentOf,
  publishOf,
  readJson,
  SETTINGS,
} from "../../core/publication/fixtures";
import { countedIds } from "../../support/counted-ids";
import { fixedClock } from "../../support/fixed-clock";
import { nullLog } from "../../support/null-log";
import { fakePublications } from "./fake-stores";
import { TABLES } from "./tables";

const ROMEO = "romeo@sip.example";
const CLOSED = documentOf(device("", { open: false }));

function stage(store = fakePublications(), clock = fixedClock()) {
  const changes: { presentity: string; before: PresenceDocument; after: PresenceDocument }[] = [];
  const publications = new Publications({
    context: { clock, ids: countedIds(), tables: TABLES, log: nullLog(), counters: createCounters() },
    store,
    options: { domains: ["sip.example"], settings: SETTINGS, maximumDevices: 10 },
    read: readJson,
  });
  publications.onChange((presentity, before, after) => changes.push({ presentity, before, after }));
  return { publications, store, clock, changes };
}

function header(answer: SipAnswer | undefined, name: string): string {
  return answer?.headers.find(([one]) => one === name)?.[1] ?? "no such header";
}

test("a publication is seen, refreshed, changed and removed", async () => {
  const { publications, changes } = stage();
  const first = await publications.handle(publishOf());
  expect(first).toMatchObject({ status: 200 });
  expect(header(first, "Expires")).toBe("600");
  expect(publications.documentOf(ROMEO)).toEqual(documentOf(device("t1")));
  expect(changes).toEqual([{ presentity: ROMEO, before: CLOSED, after: documentOf(device("t1")) }]);

  const refreshed = await publications.handle(bodiless({ ifMatch: header(first, "SIP-ETag") }));
  expect(refreshed).toMatchObject({ status: 200 });
  expect(changes).toHaveLength(1);

  const dnd = documentOf(device("t1", { show: "dnd" }));
  const modified = await publications.handle(
    publishOf({ ifMatch: header(refreshed, "SIP-ETag"), body: bodyOf(dnd) }),
  );
  expect(changes[1]?.after).toEqual(dnd);

  const removed = await publications.handle(bodiless({ ifMatch: header(modified, "SIP-ETag"), expires: 0 }));
  expect(removed).toMatchObject({ status: 200 });
  expect(header(removed, "Expires")).toBe("0");
  expect(changes[2]).toEqual({ presentity: ROMEO, before: dnd, after: CLOSED });
});

test("an old tag is worth nothing once it was used (RFC 3903 §6 step 3)", async () => {
  const { publications } = stage();
  const ifMatch = header(await publications.handle(publishOf()), "SIP-ETag");
  await publications.handle(bodiless({ ifMatch }));
  expect(await publications.handle(bodiless({ ifMatch }))).toMatchObject({ status: 412 });
});

test("two phones: one leaves, the other is still seen", async () => {
  const { publications } = stage();
  const first = await publications.handle(publishOf());
  await publications.handle(publishOf({ body: bodyOf(documentOf(device("t1", { show: "away" }))) }));
  expect(publications.documentOf(ROMEO)?.devices).toHaveLength(2);
  await publications.handle(bodiless({ ifMatch: header(first, "SIP-ETag"), expires: 0 }));
  expect(publications.documentOf(ROMEO)?.devices).toMatchObject([{ id: "t1", show: "away" }]);
});

test("two requests with one tag that come together: the first wins (RFC 3903 §6: one after another)", async () => {
  const { publications } = stage();
  const ifMatch = header(await publications.handle(publishOf()), "SIP-ETag");
  const answers = await Promise.all([
    publications.handle(bodiless({ ifMatch })),
    publications.handle(bodiless({ ifMatch })),
  ]);
  expect(answers.map((answer) => answer?.status)).toEqual([200, 412]);
});

test("nobody publishes for somebody else, and not for whom we do not serve", async () => {
  const { publications, store } = stage();
  expect(await publications.handle(publishOf({ fromUri: "sip:paris@sip.example" }))).toMatchObject({
    status: 403,
  });
  expect(publications.handle(publishOf({ requestUri: "sip:romeo@other.example" }))).toBeUndefined();
  expect(publications.handle(publishOf({ requestUri: "sip:juliet@xmpp.example" }))).toBeUndefined();
  expect(store.rows.size).toBe(0);
});

test("who is served: by the component host of the domain, under any of the forms of the address", () => {
  const { publications } = stage();
  expect(publications.serves(ROMEO)).toBe(true);
  expect(publications.serves("romeo@other.example")).toBe(false);
  expect(publications.presentityOf("sip:Romeo@sip.example;gr=x")).toBe(ROMEO);
  expect(publications.documentOf("juliet@xmpp.example")).toBeUndefined();
  expect(publications.documentOf("nobody@sip.example")).toEqual(CLOSED);
});

test("what expires is told once, at its time", async () => {
  const { publications, clock, changes, store } = stage();
  await publications.handle(publishOf({ expires: 60 }));
  expect(publications.nextExpiry()).toBe(clock.now() + 60_000);
  await publications.expire(clock.now() + 59_999);
  expect(changes).toHaveLength(1);
  clock.advance(60_000);
  // Nobody has been told yet, so it is still what everybody sees.
  expect(publications.documentOf(ROMEO)).toEqual(documentOf(device("t1")));
  await publications.expire(clock.now());
  expect(changes[1]).toMatchObject({ presentity: ROMEO, after: CLOSED });
  expect(store.rows.size).toBe(0);
  expect(publications.nextExpiry()).toBeUndefined();
});

test("a thousand that expire together go in groups, and all go", async () => {
  const { publications, clock, store } = stage();
  for (let n = 0; n < 1000; n += 1) {
    const uri = `sip:user${n}@sip.example`;
    await publications.handle(publishOf({ requestUri: uri, fromUri: uri }));
  }
  expect(store.rows.size).toBe(1000);
  clock.advance(600_000);
  await publications.expire(clock.now());
  expect(store.rows.size).toBe(0);
});

test("a restart forgets nothing: the rows are in the store", async () => {
  const { publications, store, clock } = stage();
  const ifMatch = header(await publications.handle(publishOf()), "SIP-ETag");
  const next = stage(store, clock);
  expect(next.publications.documentOf(ROMEO)).toEqual(documentOf(device("t1")));
  expect(await next.publications.handle(bodiless({ ifMatch }))).toMatchObject({ status: 200 });
});

test("what the disk did not take is not answered by 200 and not told (RFC 3903 §6: whole or not at all)", async () => {
  const { publications, store, changes } = stage();
  store.broken = true;
  await expect(publications.handle(publishOf())).rejects.toThrow("disk full");
  expect(changes).toEqual([]);
  expect(publications.documentOf(ROMEO)).toEqual(CLOSED);
  store.broken = false;
  expect(await publications.handle(publishOf())).toMatchObject({ status: 200 });
});

test("a phone that crashes and publishes anew each time does not fill the store", async () => {
  const { publications, store } = stage();
  for (let n = 0; n < 20; n += 1)
    await publications.handle(publishOf({ body: bodyOf(documentOf(device(`t${n}`))) }));
  expect(store.rows.size).toBe(SETTINGS.maximumPublications);
});
