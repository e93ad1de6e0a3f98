/** A whole gateway that is the presence server of sip.example: phones publish to it, and watch each other, lists, their watchers. */

import type { SipDialogRequest } from "../../../src/core/effect";
import type { SipEventInput } from "../../../src/core/input";
import { xmppWatcherKey } from "../../../src/core/subscription/record";
import { DEFAULT_LOCAL, type LocalOptions } from "../../../src/gateway/presence/local-options";
import type { SipAnswer } from "../../../src/gateway/sides";
import { readList } from "../../support/list-body";
import { presenceStage } from "./stage";

const LOCAL: LocalOptions = {
  ...DEFAULT_LOCAL,
  publications: { ...DEFAULT_LOCAL.publications, domains: ["sip.example"] },
  lists: {
    ...DEFAULT_LOCAL.lists,
    lists: [
      {
        uri: "sip:friends@sip.example",
        owner: "sip:romeo@sip.example",
        members: ["juliet@xmpp.example", "sip:mercutio@sip.example"],
      },
    ],
  },
};

const open = (options: Partial<LocalOptions> = {}, more = {}) =>
  presenceStage({ presence: { local: { ...LOCAL, ...options } }, ...more });
type Stage = Awaited<ReturnType<typeof open>>;

const pidf = (basic: string, note = "") =>
  Buffer.from(
    `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:romeo@sip.example"><tuple id="t4109">` +
      `<status><basic>${basic}</basic></status>${note && `<note>${note}</note>`}</tuple></presence>`,
  );

const publish = (stage: Stage, user: string, event: Partial<SipEventInput> = {}) =>
  stage.sip({
    method: "PUBLISH",
    requestUri: `sip:${user}@sip.example`,
    toUri: `sip:${user}@sip.example`,
    fromUri: `sip:${user}@sip.example`,
    contentType: "application/pidf+xml",
    body: pidf("open"),
    ...event,
  });

const header = (from: SipAnswer | SipDialogRequest | undefined, name: string) =>
  from?.headers.find(([one]) => one.toLowerCase() === name.toLowerCase())?.[1];
const text = (request: SipDialogRequest | undefined) => Buffer.from(request?.body ?? []).toString("utf8");
const listOf = (request: SipDialogRequest | undefined) =>
  readList(request?.contentType ?? "", request?.body ?? new Uint8Array());

test("an XMPP user sees what a phone publishes, its change and its end; the phone never gets a SUBSCRIBE", async () => {
  const stage = await open();
  const answer = await publish(stage, "romeo");
  expect(answer).toMatchObject({ status: 200 });
  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribe'/>");
  expect(stage.stanzas()).toEqual([
    expect.stringMatching(/type='subscribed'/),
    expect.stringMatching(/^<presence from='romeo@sip.example\/t4109' to='juliet@xmpp.example'>/),
  ]);
  const changed = await publish(stage, "romeo", {
    ifMatch: header(answer, "SIP-ETag") ?? "",
    body: pidf("open", "in Mantua"),
  });
  expect(stage.stanzas()).toEqual([expect.stringContaining("<status>in Mantua</status>")]);
  await publish(stage, "romeo", {
    ifMatch: header(changed, "SIP-ETag") ?? "",
    expires: 0,
    body: new Uint8Array(),
  });
  expect(stage.stanzas().join()).toMatch(
    /from='romeo@sip.example\/t4109' to='juliet@xmpp.example' type='unavailable'/,
  );
  expect(stage.requests()).toEqual([]);
  await stage.stop();
});

test("what a phone has published ends by itself, and is told within the minute", async () => {
  const stage = await open();
  await publish(stage, "romeo", { expires: 60 });
  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribe'/>");
  stage.stanzas();
  await stage.pass(90_000, 5_000);
  expect(stage.stanzas().join()).toMatch(
    /romeo@sip.example\/t4109' to='juliet@xmpp.example' type='unavailable'/,
  );
  await stage.stop();
});

test("PUBLISH for whom is not served is refused by 405", async () => {
  const stage = await open();
  expect(await publish(stage, "romeo", { requestUri: "sip:romeo@other.example" })).toMatchObject({
    status: 405,
  });
  expect(await publish(stage, "romeo", { fromUri: "sip:paris@sip.example" })).toMatchObject({ status: 403 });
  await stage.stop();
});

test("a SIP user watches another one: active at once, closed until he publishes", async () => {
  const stage = await open();
  const requestUri = "sip:mercutio@sip.example";
  expect(await stage.sip({ requestUri, toUri: requestUri })).toMatchObject({ status: 200 });
  const [first] = stage.requests();
  expect(header(first, "Subscription-State")).toMatch(/^active/);
  expect(text(first)).toContain("<basic>closed</basic>");
  await publish(stage, "mercutio");
  await stage.pass(2000);
  expect(stage.requests().map(text)).toEqual([expect.stringContaining("<basic>open</basic>")]);
  expect(stage.stanzas()).toEqual([]);
  await stage.stop();
});

test("approval by asking: pending, until the person watches the asker", async () => {
  const stage = await open({ approval: "ask" });
  await publish(stage, "romeo");
  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribe'/>");
  expect(stage.stanzas()).toEqual([]);
  const requestUri = "sip:romeo@sip.example";
  await stage.sip({ fromUri: "sip:mercutio@sip.example", requestUri, toUri: requestUri, callId: "mercutio" });
  const [pending] = stage.requests();
  expect(header(pending, "Subscription-State")).toMatch(/^pending/);
  expect(text(pending)).toBe("");
  await stage.sip({ callId: "to-juliet" });
  expect(stage.stanzas().join()).toMatch(/type='subscribed'/);
  await stage.sip({ callId: "to-mercutio", requestUri: "sip:mercutio@sip.example" });
  await stage.pass(2000);
  const active = stage.requests().find((request) => request.callId === "mercutio");
  expect(header(active, "Subscription-State")).toMatch(/^active/);
  expect(text(active)).toContain("<basic>open</basic>");
  await stage.stop();
});

const FRIENDS = {
  requestUri: "sip:friends@sip.example",
  toUri: "sip:friends@sip.example",
  supported: ["eventlist"],
  callId: "list",
};

test("a list: one SUBSCRIBE, everything at first, then what changes (RFC 4662)", async () => {
  const stage = await open();
  expect(await stage.sip({ ...FRIENDS, supported: [] })).toMatchObject({ status: 421 });
  const answer = await stage.sip({ ...FRIENDS, transaction: "list-dialog" });
  expect(answer.status).toBe(200);
  expect(header(answer, "Require")).toBe("eventlist");
  const [first] = stage.requests();
  expect(header(first, "Require")).toBe("eventlist");
  expect(header(first, "Subscription-State")).toMatch(/^active/);
  expect(listOf(first)).toMatchObject({
    version: 0,
    full: true,
    resources: [
      { uri: "sip:juliet@xmpp.example", state: "pending" },
      { uri: "sip:mercutio@sip.example", state: "active" },
    ],
  });
  expect(stage.stanzas()).toEqual([
    expect.stringMatching(/from='romeo@sip.example' to='juliet@xmpp.example' type='subscribe'/),
  ]);

  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribed'/>");
  await stage.xmpp("<presence from='juliet@xmpp.example/balcony' to='romeo@sip.example'/>");
  await publish(stage, "mercutio");
  await stage.pass(3000);
  const later = stage.requests().map(listOf);
  expect(later.map(({ full }) => full)).not.toContain(true);
  expect(later.map(({ version }) => version)).toEqual(later.map((_, index) => index + 1));
  const told = later.flatMap(({ resources }) => resources);
  expect(told.filter(({ uri }) => uri === "sip:juliet@xmpp.example").at(-1)?.document).toContain(
    "ID-balcony",
  );
  expect(told.filter(({ uri }) => uri === "sip:mercutio@sip.example").at(-1)?.document).toContain(
    "<basic>open",
  );

  await stage.sip({ ...FRIENDS, toTag: "list-dialog", cseq: 2 });
  await stage.pass(2000);
  expect(stage.requests().map(listOf)).toMatchObject([{ full: true, resources: [{}, {}] }]);
  await stage.stop();
});

test("a list: she refuses", async () => {
  const stage = await open();
  await stage.sip(FRIENDS);
  stage.requests();
  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='unsubscribed'/>");
  await stage.pass(2000);
  expect(stage.requests().map(listOf)).toMatchObject([
    { full: false, resources: [{ uri: "sip:juliet@xmpp.example", state: "terminated", reason: "rejected" }] },
  ]);
  await stage.stop();
});

test("a list survives a restart: everything again in a later version, and a probe instead of a question", async () => {
  const before = await open();
  await before.sip(FRIENDS);
  const [first] = before.requests();
  const after = await open({}, { store: before.store, clock: before.clock });
  await after.linkUp();
  await after.pass(3000);
  const lists = after.requests().map(listOf);
  expect(lists[0]).toMatchObject({ full: true });
  expect(lists[0]!.version).toBeGreaterThan(listOf(first).version);
  expect(after.stanzas().join()).toMatch(/to='juliet@xmpp.example' type='probe'/);
  await after.xmpp("<presence from='juliet@xmpp.example/balcony' to='romeo@sip.example'/>");
  await after.pass(3000);
  expect(after.requests().map(listOf).at(-1)?.resources).toMatchObject([{ state: "active" }]);
  await after.stop();
});

test("presence.winfo: who waits and what becomes of it, no oftener than every five seconds (RFC 3857 §4.10)", async () => {
  const stage = await open({ approval: "ask" });
  const winfo = {
    requestUri: "sip:romeo@sip.example",
    toUri: "sip:romeo@sip.example",
    callId: "winfo",
    event: { package: "presence.winfo", parameters: new Map<string, string>() },
  };
  expect(await stage.sip({ ...winfo, fromUri: "sip:mercutio@sip.example" })).toMatchObject({ status: 403 });
  expect(await stage.sip(winfo)).toMatchObject({ status: 200 });
  const [first] = stage.requests();
  expect(header(first, "Event")).toBe("presence.winfo");
  expect(first?.contentType).toBe("application/watcherinfo+xml");
  expect(text(first)).toContain("version='0' state='full'");
  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribe'/>");
  await stage.pass(4000);
  expect(stage.requests()).toEqual([]);
  await stage.pass(1500);
  expect(stage.requests().map(text)).toEqual([
    expect.stringMatching(
      /version='1' state='partial'.*status='pending' event='subscribe'>sip:juliet@xmpp.example</s,
    ),
  ]);
  await stage.stop();
});

test("after a restart a publication is still there, under its tag", async () => {
  const before = await open();
  const answer = await publish(before, "romeo");
  const after = await open({}, { store: before.store, clock: before.clock });
  await after.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribe'/>");
  expect(after.stanzas().join()).toContain("romeo@sip.example/t4109");
  const ifMatch = header(answer, "SIP-ETag") ?? "";
  expect(await publish(after, "romeo", { ifMatch, body: new Uint8Array() })).toMatchObject({ status: 200 });
  await after.stop();
});

test("`isthmus subs approve` lets in a watcher who waits", async () => {
  const stage = await open({ approval: "ask" });
  await stage.xmpp("<presence from='nurse@xmpp.example' to='romeo@sip.example' type='subscribe'/>");
  expect(stage.stanzas()).toEqual([]);
  const key = xmppWatcherKey("nurse@xmpp.example", "romeo@sip.example");
  jest.spyOn(stage.store.subscriptions, "takeApproveRequests").mockReturnValueOnce([key]);
  await stage.pass(2_000);
  expect(stage.stanzas()[0]).toMatch(/to='nurse@xmpp.example'[^>]*type='subscribed'/);
  await stage.stop();
});

test("presence of an XMPP user who watches a person here opens no dialog and fails nothing", async () => {
  const stage = await open();
  await publish(stage, "romeo");
  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribe'/>");
  await stage.xmpp("<presence from='juliet@xmpp.example/balcony' to='romeo@sip.example'/>");
  await stage.xmpp(
    "<presence from='juliet@xmpp.example/balcony' to='romeo@sip.example' type='unavailable'/>",
  );
  await stage.pass(1_000);
  expect(stage.requests()).toEqual([]);
  expect(stage.counters.get("presence.failed")).toBe(0);
  await stage.stop();
});

test("a phone that is registered and publishes nothing is there, until it is registered no more", async () => {
  let devices: readonly string[] = ["romeo@sip.example/phone"];
  let changed: (person: string) => void = () => undefined;
  const registrations = {
    devicesOf: () => devices,
    onPresence: (callback: (person: string) => void) => {
      changed = callback;
    },
  };
  const stage = await open({}, { registrations });
  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribe'/>");
  expect(stage.stanzas().at(-1)).toMatch(/^<presence from='romeo@sip.example\/phone'/);
  devices = [];
  changed("romeo@sip.example");
  await stage.pass(1_000);
  expect(stage.stanzas()).toEqual([expect.stringMatching(/romeo@sip.example\/phone.*type='unavailable'/)]);
  await stage.stop();
});

test("what the last phone leaves behind is not shown once it is registered no more, until there is one again or it publishes", async () => {
  let devices: readonly string[] = ["romeo@sip.example/phone"];
  let changed: (person: string) => void = () => undefined;
  const registrations = {
    devicesOf: () => devices,
    onPresence: (callback: (person: string) => void) => {
      changed = callback;
    },
  };
  const stage = await open({}, { registrations });
  const answer = await publish(stage, "romeo");
  await stage.xmpp("<presence from='juliet@xmpp.example' to='romeo@sip.example' type='subscribe'/>");
  stage.stanzas();
  const now = async (some: readonly string[]) => {
    devices = some;
    changed("romeo@sip.example");
    await stage.pass(1_000);
    return stage.stanzas().join();
  };
  expect(await now([])).toMatch(/romeo@sip.example\/t4109.*type='unavailable'/);
  expect(await now(["romeo@sip.example/phone"])).toMatch(
    /<presence from='romeo@sip.example\/t4109'(?!.*unavail)/,
  );
  expect(await now([])).toMatch(/romeo@sip.example\/t4109.*type='unavailable'/);
  const ifMatch = header(answer, "SIP-ETag") ?? "";
  expect(await publish(stage, "romeo", { ifMatch, body: new Uint8Array() })).toMatchObject({ status: 200 });
  expect(stage.stanzas().join()).toMatch(/<presence from='romeo@sip.example\/t4109'(?!.*unavail)/);
  await stage.stop();
});
