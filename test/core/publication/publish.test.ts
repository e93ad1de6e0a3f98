import type { SipEventInput } from "../../../src/core/input";
import type { Publication } from "../../../src/core/publication/publication";
import { type PublishDecision, publish } from "../../../src/core/publication/publish";
import { bodiless, bodyOf, device, documentOf, NOW, publishOf, readJson, SETTINGS } from "./fixtures";

const ROMEO = "romeo@sip.example";
const HELD = row("e1");

function row(etag: string, more: Partial<Publication> = {}): Publication {
  const body = JSON.stringify(documentOf(device("t1")));
  const contentType = "application/pidf+xml";
  return {
    etag,
    presentity: ROMEO,
    contentType,
    body,
    expiresAt: NOW + 100_000,
    modifiedAt: NOW - 5000,
    ...more,
  };
}

function decide(input: SipEventInput, rows: readonly Publication[] = [HELD]): PublishDecision {
  return publish(input, ROMEO, rows, { now: NOW, random: "RANDOM", settings: SETTINGS, read: readJson });
}

function refusalOf(decision: PublishDecision) {
  if (decision.kind !== "refuse") throw new Error(`not refused: ${decision.kind}`);
  return decision.rejection;
}

function stored(decision: PublishDecision) {
  if (decision.kind !== "store") throw new Error(`not stored: ${decision.kind}`);
  return decision;
}

test("an initial publication is kept under a tag of its own (RFC 3903 §4.2, §6)", () => {
  const decision = stored(decide(publishOf(), []));
  expect(decision).toMatchObject({ operation: "initial", isNews: true, answer: { expiresSeconds: 600 } });
  expect(decision.replaces).toBeUndefined();
  expect(decision.row).toMatchObject({
    presentity: ROMEO,
    body: JSON.stringify(documentOf(device("t1"))),
    expiresAt: NOW + 600_000,
    modifiedAt: NOW,
  });
  expect(decision.row.etag).toBe(decision.answer.etag);
  expect(decision.row.etag).toContain("RANDOM");
});

test("a second phone does not touch what the first has published (RFC 3903 §4.1)", () => {
  const decision = stored(decide(publishOf()));
  expect(decision.replaces).toBeUndefined();
  expect(decision.evicts).toBeUndefined();
});

test("the same document as if for the first time, within seconds, is the same phone once more (baresip 1.0)", () => {
  const twin = row("e1", { modifiedAt: NOW - 10 });
  expect(stored(decide(publishOf(), [twin]))).toMatchObject({
    operation: "modify",
    replaces: "e1",
    isNews: false,
  });
  const other = row("e1", { modifiedAt: NOW - 10, body: JSON.stringify(documentOf(device("t2"))) });
  expect(stored(decide(publishOf(), [other])).replaces).toBeUndefined();
});

test("a refresh keeps the document and its time, under a new tag (RFC 3903 §4.3)", () => {
  const decision = stored(decide(bodiless({ ifMatch: "e1" })));
  expect(decision).toMatchObject({ operation: "refresh", replaces: "e1", isNews: false });
  expect(decision.row).toEqual({ ...HELD, etag: decision.answer.etag, expiresAt: NOW + 600_000 });
  expect(decision.answer.etag).not.toBe("e1");
});

test("a modification takes the place of the document (RFC 3903 §4.4)", () => {
  const document = documentOf(device("t1", { open: false }));
  const decision = stored(decide(publishOf({ ifMatch: "e1", body: bodyOf(document) })));
  expect(decision).toMatchObject({ operation: "modify", replaces: "e1", isNews: true });
  expect(decision.row).toMatchObject({ body: JSON.stringify(document), modifiedAt: NOW });
});

test("the same document once more is no news to anybody", () => {
  expect(stored(decide(publishOf({ ifMatch: "e1" }))).isNews).toBe(false);
});

test.each([
  ["without a body (RFC 3903 §4.5)", bodiless({ ifMatch: "e1", expires: 0 })],
  ["with one, though it must not have it", publishOf({ ifMatch: "e1", expires: 0 })],
])("Expires 0 removes: %s", (_, input) => {
  const decision = decide(input);
  expect(decision).toMatchObject({ kind: "remove", removes: "e1", answer: { expiresSeconds: 0 } });
});

test("an initial publication that expires at once is answered and not kept (RFC 3903 §6 step 5)", () => {
  const decision = decide(publishOf({ expires: 0 }));
  expect(decision).toMatchObject({ kind: "remove", answer: { expiresSeconds: 0 } });
  expect(decision).not.toHaveProperty("removes");
});

test.each([
  ["that nobody gave", "e9", [HELD]],
  ["of a publication that has expired", "e1", [row("e1", { expiresAt: NOW })]],
])("a tag %s: 412 (RFC 3903 §6 step 3)", (_, ifMatch, rows) => {
  expect(refusalOf(decide(bodiless({ ifMatch }), rows)).sipStatus).toBe(412);
});

test("too brief: 423 with what is long enough (RFC 3903 §6 step 4)", () => {
  const rejection = refusalOf(decide(publishOf({ expires: 59 })));
  expect(rejection).toMatchObject({ sipStatus: 423, sipHeaders: [["Min-Expires", "60"]] });
  expect(decide(publishOf({ expires: 60 })).kind).toBe("store");
});

test("a lifetime is shortened to the longest that is given, and chosen where none is asked for", () => {
  expect(stored(decide(publishOf({ expires: 100_000 }))).answer.expiresSeconds).toBe(7200);
  const { expires: _, ...unspoken } = publishOf();
  expect(stored(decide(unspoken)).answer.expiresSeconds).toBe(3600);
});

test("another event package: 489 with those that are served (RFC 3903 §6 step 2)", () => {
  const event = { package: "dialog", parameters: new Map<string, string>() };
  const rejection = refusalOf(decide(publishOf({ event })));
  expect(rejection).toMatchObject({ sipStatus: 489, sipHeaders: [["Allow-Events", "presence"]] });
  const { event: _, ...without } = publishOf();
  expect(refusalOf(decide(without)).sipStatus).toBe(489);
});

test("the order of the steps: package, tag, lifetime, body (RFC 3903 §6)", () => {
  const event = { package: "dialog", parameters: new Map<string, string>() };
  const wrong = { ifMatch: "e9", expires: 1, contentType: "text/plain" };
  expect(refusalOf(decide(publishOf({ ...wrong, event }))).sipStatus).toBe(489);
  expect(refusalOf(decide(publishOf(wrong))).sipStatus).toBe(412);
  expect(refusalOf(decide(publishOf({ ...wrong, ifMatch: "e1" }))).sipStatus).toBe(423);
  expect(refusalOf(decide(publishOf({ ...wrong, ifMatch: "e1", expires: 60 }))).sipStatus).toBe(415);
});

test("an initial publication says something: 400 without a body (RFC 3903 §6 step 5)", () => {
  expect(refusalOf(decide(bodiless())).code).toBe("BODY_EMPTY");
});

test("a body that cannot be read: 400, and nothing is changed", () => {
  const body = new TextEncoder().encode("{");
  expect(refusalOf(decide(publishOf({ body }))).sipStatus).toBe(400);
  expect(refusalOf(decide(publishOf({ body, ifMatch: "e1" }))).sipStatus).toBe(400);
});

test("another content type: 415 with Accept; an encoding: 415 with Accept-Encoding (RFC 3261 §8.2.3)", () => {
  expect(refusalOf(decide(publishOf({ contentType: "text/plain" })))).toMatchObject({
    sipStatus: 415,
    sipHeaders: [["Accept", "application/pidf+xml"]],
  });
  expect(refusalOf(decide(publishOf({ contentEncoding: "gzip" })))).toMatchObject({
    sipStatus: 415,
    sipHeaders: [["Accept-Encoding", "identity"]],
  });
  expect(decide(publishOf({ contentEncoding: "identity" })).kind).toBe("store");
});

test("a document that is too long: 513, before anybody reads it", () => {
  const body = new Uint8Array(SETTINGS.maximumOctets + 1);
  expect(refusalOf(decide(publishOf({ body }))).code).toBe("TOO_LONG");
});

test("one publication too many takes the place of the one that would end first", () => {
  const rows = [
    row("e1"),
    row("e2", { expiresAt: NOW + 50_000 }),
    row("e3"),
    row("e0", { expiresAt: NOW - 1 }),
  ];
  expect(stored(decide(publishOf(), rows)).evicts).toBe("e2");
  expect(stored(decide(publishOf({ ifMatch: "e1" }), rows)).evicts).toBeUndefined();
});
