import {
  isOtherTag,
  isOutOfOrder,
  isRepeat,
  newDialog,
  nextRequest,
  withAnswer,
  withRequest,
} from "../../../src/core/subscription/in-dialog";
import { eventInput, firstDialog, julietsDialog, outcome } from "./fixtures";

const PARTS = { branch: "b", headers: [["Event", "presence"]], peer: "default" } as const;

test("the first request goes to the address of record, without a tag or a route, with CSeq 1 (RFC 3261 §8.1.1)", () => {
  const dialog = newDialog({ callId: "c", tag: "t" }, "sip:juliet@example.com", "sip:romeo@example.net");
  const { request, dialog: after } = nextRequest(dialog, "SUBSCRIBE", PARTS);
  expect(request).toEqual({
    method: "SUBSCRIBE",
    requestUri: "sip:romeo@example.net",
    toUri: "sip:romeo@example.net",
    fromUri: "sip:juliet@example.com",
    fromTag: "t",
    callId: "c",
    cseq: 1,
    branch: "b",
    routes: [],
    headers: [["Event", "presence"]],
    contentType: "",
    body: new Uint8Array(0),
    peer: "default",
  });
  expect(nextRequest(after, "SUBSCRIBE", PARTS).request.cseq).toBe(2);
});

test("a 2xx gives tag, remote target and the route set in reverse (RFC 3261 §12.1.2)", () => {
  const answered = withAnswer(firstDialog(), outcome(200, { recordRoute: ["<sip:a;lr>", "<sip:b;lr>"] }));
  expect(answered).toMatchObject({
    remoteTag: "theirs",
    remoteTarget: "sip:romeo@192.0.2.1",
    routes: ["<sip:b;lr>", "<sip:a;lr>"],
  });
});

test("a later 2xx refreshes the target and leaves the routes (RFC 3261 §12.2.1.2)", () => {
  const dialog = julietsDialog({ routes: ["<sip:a;lr>"] });
  const answered = withAnswer(
    dialog,
    outcome(200, { contact: "sip:romeo@192.0.2.9", recordRoute: ["<sip:z;lr>"] }),
  );
  expect(answered).toMatchObject({ remoteTarget: "sip:romeo@192.0.2.9", routes: ["<sip:a;lr>"] });
});

test("the first NOTIFY brings the subscriber's route set (RFC 6665 §4.4.1); one without keeps that of the 2xx", () => {
  const answered = withAnswer(firstDialog(), outcome(200, { recordRoute: ["<sip:a;lr>"] }));
  const routed = withRequest(answered, eventInput({ recordRoute: ["<sip:n1;lr>", "<sip:n2;lr>"] }));
  expect(routed.routes).toEqual(["<sip:n1;lr>", "<sip:n2;lr>"]);
  expect(withRequest(answered, eventInput({ recordRoute: [] })).routes).toEqual(["<sip:a;lr>"]);
  expect(withRequest(routed, eventInput({ cseq: 9, recordRoute: ["<sip:late;lr>"] }))).toMatchObject({
    remoteCseq: 9,
    routes: ["<sip:n1;lr>", "<sip:n2;lr>"],
  });
});

test("tags and numbers of the far side (RFC 3261 §12.2.2)", () => {
  expect(isOtherTag(firstDialog(), "anybody")).toBe(false);
  expect(isOtherTag(julietsDialog(), "anybody")).toBe(true);
  expect(isOtherTag(julietsDialog(), undefined)).toBe(true);
  expect(isOutOfOrder(firstDialog(), 0)).toBe(false);
  expect([0, 1, 2].map((cseq) => isOutOfOrder(julietsDialog(), cseq))).toEqual([true, false, false]);
  expect([0, 1, 2].map((cseq) => isRepeat(julietsDialog(), cseq))).toEqual([false, true, false]);
  expect(isRepeat(firstDialog(), 0)).toBe(false);
});
