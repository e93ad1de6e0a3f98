/** What is compared before a subscription's row is written again: a field that was forgotten would never reach the disk. */

import type { Dialog } from "../../src/core/subscription/dialog";
import type { SipWatcherRecord } from "../../src/core/subscription/record";
import { standingOf, standsAsBefore } from "../../src/store/subscription-row";

const DIALOG: Required<Dialog> = {
  callId: "c",
  localTag: "l",
  remoteTag: "r",
  localUri: "sip:juliet@xmpp.test",
  remoteUri: "sip:romeo@sip.test",
  localCseq: 7,
  remoteCseq: 2,
  remoteTarget: "sip:romeo@192.0.2.1",
  routes: [],
};

/** "Required": the compiler asks for a field that is added. */
const RECORD: Required<SipWatcherRecord> = {
  direction: "sip-watcher",
  what: "presence",
  watcher: "romeo@sip.test",
  presentity: "juliet@xmpp.test",
  peer: "default",
  state: "active",
  reason: "timeout",
  dialog: DIALOG,
  eventId: "1",
  expiresAt: 1,
  dueAt: 2,
  intervalMs: 3,
  owed: false,
  failures: 4,
  finalContent: "state",
  waits: true,
};

/** They have columns of their own, or are no field that a row of this direction can change. */
const ELSEWHERE = new Set(["direction", "expiresAt", "dueAt", "owed", "dialog"]);
const NUMBERED = new Set(["localCseq", "remoteCseq"]);

test("a copy stands as before", () => {
  expect(standsAsBefore(RECORD, { ...RECORD, dialog: { ...DIALOG } })).toBe(true);
});

test.each(Object.keys(RECORD).filter((name) => !ELSEWHERE.has(name)))("another %s is written", (name) => {
  const other = { ...RECORD, [name]: "another" } as unknown as SipWatcherRecord;
  expect(standsAsBefore(RECORD, other)).toBe(false);
  expect(standingOf(other)).not.toEqual(standingOf(RECORD));
});

test.each(Object.keys(DIALOG).filter((name) => !NUMBERED.has(name)))(
  "another %s of the dialog is written",
  (name) => {
    const other = { ...RECORD, dialog: { ...DIALOG, [name]: "another" } as unknown as Dialog };
    expect(standsAsBefore(RECORD, other)).toBe(false);
    expect(standingOf(other)).not.toEqual(standingOf(RECORD));
  },
);

test("what is counted in columns of its own is no reason to write the rest", () => {
  const other = {
    ...RECORD,
    owed: true,
    expiresAt: 9,
    dueAt: 9,
    dialog: { ...DIALOG, localCseq: 8, remoteCseq: 3 },
  };
  expect(standsAsBefore(RECORD, other)).toBe(true);
  expect(standingOf(other)).toEqual(standingOf(RECORD));
});
