import { rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { loadConfig } from "../../src/config/load";
import {
  recordKey,
  type SipWatcherRecord,
  type SubscriptionRecord,
} from "../../src/core/subscription/record";
import { type OpenStore, openStore } from "../../src/store/sqlite-store";
import { DIALOG, keep, nthWatcher, SIP_KEY, SIP_WATCHER, XMPP_KEY, XMPP_WATCHER } from "../store/records";
import { configFile } from "./config-file";
import { type Call, isthmus } from "./terminal";

let config: string;
let database: string;
let store: OpenStore;
let isOpen: boolean;

const open = (): OpenStore => {
  isOpen = true;
  return openStore(loadConfig(config, {}).store);
};
const close = (): void => {
  store.close();
  isOpen = false;
};
const subs = (...args: string[]): Promise<Call> => isthmus(["subs", ...args, "--config", config]);
const keysOf = ({ out }: Call): string[] =>
  JSON.parse(out).subscriptions.map(({ key }: { key: string }) => key);

beforeEach(async () => {
  config = configFile();
  database = loadConfig(config, {}).store.file;
  store = open();
  await Promise.all([
    store.subscriptions.step(SIP_KEY, keep(SIP_WATCHER)),
    store.subscriptions.step(
      XMPP_KEY,
      keep({
        ...XMPP_WATCHER,
        state: "retrying",
        peer: "kamailio",
        authorized: true,
        dueAt: 1_700_000_000_000,
        due: "retry",
        attempts: 3,
      }),
    ),
    store.subscriptions.step(nthWatcher(9).key, keep({ ...nthWatcher(9).record, peer: "kamailio" })),
  ]);
});
afterEach(() => {
  if (isOpen) store.close();
});

describe("list", () => {
  test("shows a line for each in columns, also while the gateway runs", async () => {
    const call = await subs("list");
    expect(call).toEqual({
      code: 0,
      error: "",
      out: `DIRECTION     WATCHER              PRESENTITY           STATE     PEER      UNTIL
xmpp-watcher  juliet@xmpp.example  romeo@sip.example    retrying  kamailio
sip-watcher   romeo@sip.example    juliet@xmpp.example  active    default   1970-01-01T01:06:40Z
sip-watcher   user9@sip.example    juliet@xmpp.example  active    kamailio  1970-01-01T01:06:40Z
3 subscriptions
`,
    });
  });

  test.each([
    [["--watcher", "romeo@sip.example"], [SIP_KEY]],
    [["--watcher", "Romeo@SIP.example"], [SIP_KEY]],
    [
      ["--watcher", "sip.example"],
      [SIP_KEY, nthWatcher(9).key],
    ],
    [["--watcher", "ip.example"], []],
    [["--presentity", "romeo@sip.example"], [XMPP_KEY]],
    [["--presentity", "xmpp.example", "--peer", "kamailio"], [nthWatcher(9).key]],
    [["--direction", "xmpp-watcher"], [XMPP_KEY]],
    [
      ["--state", "active"],
      [SIP_KEY, nthWatcher(9).key],
    ],
    [["--state", "retrying"], [XMPP_KEY]],
    [["--peer", "default"], [SIP_KEY]],
    [["--peer", "' OR 1=1 --"], []],
    [["--watcher", "romeo@sip.example", "--state", "pending"], []],
  ])("%j", async (filters, keys) => {
    const call = await subs("list", "--json", ...filters);
    expect([call.code, keysOf(call)]).toEqual([0, keys]);
  });

  test("says how many fit when it shows fewer", async () => {
    const call = await subs("list", "--limit", "1");
    expect(call.out.split("\n").slice(1)).toEqual([
      expect.stringContaining("juliet@xmpp.example"),
      "1 of 3 subscriptions; --limit shows more",
      "",
    ]);
    const { total, subscriptions } = JSON.parse((await subs("list", "--limit", "1", "--json")).out);
    expect([total, subscriptions.length]).toEqual([3, 1]);
  });

  test("of none says so", async () => {
    expect(await subs("list", "--peer", "nobody")).toEqual({ code: 0, out: "0 subscriptions\n", error: "" });
  });
});

describe("show", () => {
  test("says all that is known, with the state in words", async () => {
    const call = await subs("show", SIP_KEY);
    expect(call).toMatchObject({ code: 0, error: "" });
    expect(
      call.out.replace(/\(\d+ min ago\)/g, "(… ago)"),
    ).toBe(`romeo@sip.example watches juliet@xmpp.example (sip-watcher)
  state    active: agreed to; presence is told
  peer     default
  until    1970-01-01T01:06:40Z (… ago)
  next     NOTIFY at 1970-01-01T01:05:00Z (… ago)
  tells    the contact's presence
  dialog   Call-ID call-1@isthmus.example, our tag l1, their tag r1
  CSeq     up to 107 ours, 3 theirs
  target   sip:romeo@192.0.2.7:5060;ob by <sip:192.0.2.8;lr>
  key      ${SIP_KEY}

1 subscription
`);
  });

  test("of an XMPP user's says what he was told and what comes next", async () => {
    const { out } = await subs("show", "--direction", "xmpp-watcher");
    expect(out).toContain(
      "retrying: the SIP side failed; it will be tried again, and what was agreed to stays so\n",
    );
    expect(out).toMatch(/next {5}try again at 2023-11-14T22:13:20Z \(\d+ min ago\)\n/);
    expect(out).toContain("agreed   yes, and the watcher was told so\n");
    expect(out).toContain("failures 3 in a row\n");
    expect(out).toContain("dialog   none\n");
  });

  test("prints the record as it is with --json", async () => {
    const { out } = await subs("show", SIP_KEY, "--json");
    // While the gateway runs the row has the number up to which NOTIFYs need no write.
    const dialog = { ...SIP_WATCHER.dialog, localCseq: 107 };
    expect(JSON.parse(out)).toEqual({
      total: 1,
      subscriptions: [{ key: SIP_KEY, dropRequested: false, ...SIP_WATCHER, dialog }],
    });
  });

  test("lets no text of a peer steer the terminal", async () => {
    const dialog = { ...DIALOG, remoteTarget: "sip:\u001b[31mred\u202e@192.0.2.7" };
    await store.subscriptions.step(SIP_KEY, keep({ ...SIP_WATCHER, dialog }));
    const { out } = await subs("show", SIP_KEY);
    expect(out).toContain("sip:\\u001b[31mred\\u202e@192.0.2.7");
  });

  test("of none fails", async () => {
    expect(await subs("show", SIP_KEY, "--state", "pending")).toMatchObject({ code: 1 });
    expect(await subs("show", "no")).toEqual({ code: 1, out: "", error: "No subscription fits.\n" });
  });
});

describe("drop", () => {
  const pair = ["--watcher", "juliet@xmpp.example", "--presentity", "romeo@sip.example"];

  test("leaves a request that the gateway takes while it runs", async () => {
    expect(await subs("drop", ...pair)).toEqual({
      code: 0,
      error: "",
      out: "1 subscription: the gateway that runs drops it within seconds; `isthmus subs list` shows when.\n",
    });
    expect((await subs("list", ...pair)).out).toContain("retrying, to be dropped");
    expect((await subs("show", ...pair)).out).toContain(
      "wish     to be dropped, as `isthmus subs drop` has asked\n",
    );
    expect(store.subscriptions.takeDropRequests(10)).toEqual([XMPP_KEY]);
    await store.subscriptions.step(XMPP_KEY, keep(undefined));
    expect(keysOf(await subs("list", "--json"))).toEqual([SIP_KEY, nthWatcher(9).key]);
    expect(store.subscriptions.takeDropRequests(10)).toEqual([]);
  });

  test("leaves it for the next one when none runs", async () => {
    close();
    const call = await subs("drop", ...pair);
    expect(call).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^1 subscription: no gateway runs .* when it starts\.\n$/),
    });
    store = open();
    expect(store.subscriptions.takeDropRequests(10)).toEqual([XMPP_KEY]);
  });

  test("a request is kept until the step that was called with it is on disk", async () => {
    await subs("drop", ...pair);
    store.subscriptions.takeDropRequests(10);
    const written = store.subscriptions.step(XMPP_KEY, keep(undefined));
    // Another process sees both or neither.
    const other = new Database(database, { readonly: true });
    const seen = () => [
      other.prepare("SELECT count(*) FROM drop_request").pluck().get(),
      other.prepare("SELECT count(*) FROM subscription").pluck().get(),
    ];
    expect(seen()).toEqual([1, 3]);
    await written;
    expect(seen()).toEqual([0, 2]);
    other.close();
  });

  test("twice is once", async () => {
    await subs("drop", ...pair);
    await subs("drop", ...pair);
    expect(store.subscriptions.takeDropRequests(10)).toEqual([XMPP_KEY]);
  });

  test("of several wants --all, and is limited to what fits", async () => {
    const call = await subs("drop", "--direction", "sip-watcher");
    expect(call).toMatchObject({
      code: 2,
      out: "",
      error: expect.stringMatching(/^2 subscriptions fit: .* --all/),
    });
    expect(store.subscriptions.takeDropRequests(10)).toEqual([]);
    const all = await subs("drop", "--direction", "sip-watcher", "--all", "--json");
    expect(JSON.parse(all.out)).toEqual({ dropRequested: [SIP_KEY, nthWatcher(9).key], gatewayRuns: true });
    expect(store.subscriptions.takeDropRequests(1)).toHaveLength(1);
    expect(store.subscriptions.takeDropRequests(9)).toHaveLength(1);
  });

  test("of none fails", async () => {
    expect(await subs("drop", "--peer", "nobody")).toEqual({
      code: 1,
      out: "",
      error: "No subscription fits.\n",
    });
  });
});

describe("a call that is wrong", () => {
  test.each([
    [[], "subs takes list, show, drop or approve"],
    [["toString"], "subs takes list, show, drop or approve"],
    [["list", "romeo"], "subs list takes no romeo"],
    [["list", "--state", "asleep"], "--state is one of requesting, pending, active"],
    [["list", "--direction", "up"], "--direction is one of xmpp-watcher, sip-watcher"],
    [["list", "--limit", "0"], "--limit takes a number from 1"],
    [["list", "--watcher", "a@b@c d"], "--watcher takes a bare JID or a domain"],
    [["list", "--all"], "--all goes with drop"],
    [["drop", "--limit", "3", "--peer", "p"], "--limit goes with list and show"],
    [["drop"], "drop wants a KEY or a filter"],
    [["drop", "--all"], "drop wants a KEY or a filter"],
  ])("%j", async (args, says) => {
    const call = await subs(...args);
    expect(call).toMatchObject({ code: 2, out: "" });
    expect(call.error).toContain(`isthmus subs: ${says}`);
  });

  test("without a configuration says how to name one", async () => {
    expect(await isthmus(["subs", "list"])).toMatchObject({
      code: 2,
      error: expect.stringContaining("--config FILE"),
    });
  });
});

describe("a database that cannot be read", () => {
  beforeEach(close);
  const remove = (): void => {
    for (const end of ["", "-wal", "-shm"]) rmSync(`${database}${end}`, { force: true });
  };

  test("because it is not there", async () => {
    remove();
    const call = await subs("list");
    expect(call).toMatchObject({ code: 1, out: "" });
    expect(call.error).toMatch(/^database .*isthmus\.db: unable to open/);
  });

  test("because it is none", async () => {
    remove();
    writeFileSync(database, "To be, or not to be, that is the question.".repeat(100));
    expect((await subs("list")).error).toMatch(/^database .*isthmus\.db: file is not a database/);
  });

  test("because it is of an older release, or a newer one", async () => {
    const other = new Database(database);
    other.pragma("user_version = 1");
    expect(await subs("list")).toMatchObject({
      code: 1,
      error: expect.stringContaining("it has schema 1, and "),
    });
    other.pragma("user_version = 9999");
    expect(await subs("drop", "--peer", "p")).toMatchObject({
      code: 1,
      error: expect.stringContaining("run a newer Isthmus"),
    });
    other.close();
  });

  test("because of one row, which is named", async () => {
    const other = new Database(database);
    other.prepare("UPDATE subscription SET record = '{' WHERE key = ?").run(SIP_KEY);
    other.close();
    const call = await subs("show", "--watcher", (SIP_WATCHER satisfies SipWatcherRecord).watcher);
    expect(call).toMatchObject({ code: 1, out: "", error: expect.stringContaining(SIP_KEY) });
  });
});

describe("approve", () => {
  const LOCAL: SubscriptionRecord = {
    direction: "xmpp-watcher",
    watcher: "nurse@xmpp.example",
    presentity: "romeo@sip.example",
    peer: "local",
    state: "pending",
    authorized: false,
    attempts: 0,
    expires: 0,
    online: "unknown",
    shown: [],
  };

  test("leaves a request for whoever waits for leave that is given here, and for nobody else", async () => {
    const key = recordKey(LOCAL);
    await store.subscriptions.step(key, keep(LOCAL));
    expect((await subs("approve", "--presentity", "romeo@sip.example")).out).toBe(
      "1 watcher is let in within seconds by the gateway that runs.\n",
    );
    expect(store.subscriptions.takeApproveRequests(10)).toEqual([key]);
    expect(store.subscriptions.takeApproveRequests(10)).toEqual([]);
    expect(store.subscriptions.takeDropRequests(10)).toEqual([]);
  });

  test("says so when nobody waits", async () => {
    expect(await subs("approve", "--watcher", "juliet@xmpp.example")).toMatchObject({ code: 1 });
  });
});
