import type { SipWatcherRecord, XmppWatcherRecord } from "../../../src/core/subscription/record";
import {
  buildWatcherInfo,
  terminated,
  type Watcher,
  watcherOf,
} from "../../../src/core/watcher-info/watcher-info";
import { needs } from "../../support/requires";
import { schemaProblems } from "../../support/schema";
import { parseXml } from "../../support/xml";

const NOW = 1_800_000_000_000;
const URI = "sip:juliet@xmpp.example";
const XMPP: XmppWatcherRecord = {
  direction: "xmpp-watcher",
  watcher: "juliet@xmpp.example",
  presentity: "romeo@sip.example",
  peer: "local",
  state: "active",
  authorized: true,
  attempts: 0,
  expires: 0,
  online: "unknown",
  shown: [],
};
const SIP: SipWatcherRecord = {
  direction: "sip-watcher",
  what: "presence",
  watcher: "mercutio@sip.example",
  presentity: "romeo@sip.example",
  peer: "phones",
  state: "active",
  dialog: {
    callId: "c1",
    localTag: "l1",
    localUri: "sip:romeo@sip.example",
    remoteUri: "sip:mercutio@sip.example",
    localCseq: 1,
    remoteTarget: "sip:mercutio@192.0.2.1",
    routes: [],
  },
  expiresAt: NOW + 1500,
  owed: false,
};

test.each<[string, XmppWatcherRecord | SipWatcherRecord, Partial<Watcher>]>([
  ["an XMPP user who may", XMPP, { status: "active", event: "approved" }],
  [
    "one who waits for leave",
    { ...XMPP, state: "pending", authorized: false },
    { status: "pending", event: "subscribe" },
  ],
  [
    "one whose dialog is being renewed",
    { ...XMPP, state: "retrying" },
    { status: "active", event: "approved" },
  ],
  ["a SIP user who may", SIP, { status: "active", event: "approved", expiration: 2 }],
  ["one who waits", { ...SIP, state: "pending" }, { status: "pending", event: "subscribe", expiration: 2 }],
  [
    "one whose dialog has run out",
    { ...SIP, expiresAt: NOW - 1 },
    { status: "active", event: "approved", expiration: 0 },
  ],
  [
    "one who was refused",
    { ...SIP, state: "ending", reason: "rejected" },
    { status: "terminated", event: "rejected" },
  ],
  ["one who has left", { ...SIP, state: "ending" }, { status: "terminated", event: "timeout" }],
])("%s (RFC 3857 §4.7.1)", (_, record, expected) => {
  expect(watcherOf(record, "id1", URI, NOW)).toEqual({ id: "id1", uri: URI, ...expected });
});

test("an authorization that is gone: refused while it waited, over when it was active", () => {
  expect(terminated({ ...XMPP, authorized: false }, "id1", URI)).toMatchObject({ event: "rejected" });
  expect(terminated(XMPP, "id1", URI)).toMatchObject({ status: "terminated", event: "timeout" });
  expect(terminated({ ...SIP, reason: "giveup" }, "id1", URI)).toMatchObject({ event: "giveup" });
});

const WATCHERS: readonly Watcher[] = [
  { id: "a-_1", uri: URI, status: "pending", event: "subscribe" },
  { id: "b", uri: "sip:mercutio@sip.example", status: "active", event: "approved", expiration: 3600 },
  { id: "c", uri: "xmpp:p%C3%A4ris@xmpp.example", status: "terminated", event: "rejected" },
];
const HEAD = { resource: "sip:romeo@sip.example", version: 0, full: true };

test("the document has one list with each watcher (RFC 3858 §3)", () => {
  const root = parseXml(buildWatcherInfo(HEAD, WATCHERS));
  expect(root).toMatchObject({
    name: "watcherinfo",
    namespace: "urn:ietf:params:xml:ns:watcherinfo",
    attributes: { version: "0", state: "full" },
  });
  expect(root.children).toMatchObject([
    {
      name: "watcher-list",
      attributes: { resource: "sip:romeo@sip.example", package: "presence" },
      children: [
        { attributes: { id: "a-_1", status: "pending", event: "subscribe" }, children: [URI] },
        { attributes: { id: "b", status: "active", event: "approved", expiration: "3600" } },
        { attributes: { id: "c", status: "terminated", event: "rejected" } },
      ],
    },
  ]);
  expect(parseXml(buildWatcherInfo({ ...HEAD, version: 7, full: false }, []))).toMatchObject({
    attributes: { version: "7", state: "partial" },
  });
});

needs(["libxml2-utils"], "xmllint finds watcher information valid", () => {
  test.each([
    ["full", buildWatcherInfo(HEAD, WATCHERS)],
    ["of nobody", buildWatcherInfo(HEAD, [])],
    ["partial", buildWatcherInfo({ ...HEAD, version: 9, full: false }, WATCHERS)],
  ])("%s", (_, document) => {
    expect(schemaProblems(document, "watcherinfo")).toBe("");
  });

  test("and would find a mistake", () => {
    const document = buildWatcherInfo(HEAD, WATCHERS).replace("pending", "patient");
    expect(schemaProblems(document, "watcherinfo")).toContain("patient");
  });
});
