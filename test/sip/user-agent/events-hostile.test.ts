/** What a hostile watcher or notifier may send: limits hold, answers come, and time grows with the octets only. */

import type { SipEventInput } from "../../../src/core/input";
import {
  headerOf,
  type RequestParts,
  requestText,
  settle,
  startSide,
  statusOf,
} from "../../support/sip-side";

async function world() {
  const seen: SipEventInput[] = [];
  const side = await startSide({}, undefined, (event) => {
    seen.push(event);
    return { status: 200, reason: "OK", headers: [["Expires", "60"]] };
  });
  const ask = async (parts: RequestParts, source: object = {}) => {
    side.transports.receive(requestText({ method: "SUBSCRIBE", body: "", ...parts }), source);
    await settle();
    return side.transports.take().map(({ text }) => statusOf(text))[0];
  };
  return { ...side, seen, ask };
}

const CONTACT = "Contact: <sip:romeo@192.0.2.1>";
const GARBAGE = [
  "",
  ";",
  ";;;;",
  "=",
  '"',
  '"unclosed',
  "active;",
  "active;=",
  "active;expires",
  "active;expires=-1",
  "active;expires=99999999999999999999999999",
  "presence;id=",
  'presence;id="\\"',
  "presence/x",
  "présence",
  "<>",
  "a,b",
  "\u0000",
  ";id=1",
  `x${";p".repeat(2_000)}`,
  `x;p=${'"\\'.repeat(2_000)}`,
  "x".repeat(8_000),
];

test.each([
  "Event",
  "Subscription-State",
  "Expires",
  "Min-Expires",
  "Accept",
  "Supported",
  "SIP-If-Match",
  "Contact",
])("garbage in %s: 200 or 400, never an exception, never a made-up number", async (name) => {
  const { ask, seen, log } = await world();
  for (const [at, value] of GARBAGE.entries()) {
    for (const method of ["SUBSCRIBE", "NOTIFY", "PUBLISH"]) {
      const extra = [...(name === "Contact" ? [] : [CONTACT]), `${name}: ${value}`];
      const status = await ask({ method, cseq: at + 1, extra });
      expect([200, 400]).toContain(status);
    }
  }
  expect(log.lines).toEqual([]);
  for (const { expires, subscriptionState } of seen) {
    for (const seconds of [expires, subscriptionState?.expires, subscriptionState?.retryAfter]) {
      if (seconds !== undefined) expect(seconds).toBeGreaterThanOrEqual(0);
      if (seconds !== undefined) expect(seconds).toBeLessThanOrEqual(0xffff_ffff);
    }
  }
});

test("a NOTIFY of 1 MB is refused as too large and nobody above sees it", async () => {
  const { ask, seen, transports } = await world();
  const parts = { method: "NOTIFY", body: "x".repeat(1 << 20), contentType: "application/pidf+xml" };
  expect(await ask(parts, { transport: "tcp" })).toBe(513);
  transports.receive(
    requestText({ method: "NOTIFY" }),
    { transport: "tcp" },
    { status: 513, reason: "Message Too Large" },
  );
  expect(transports.take().map(({ text }) => statusOf(text))).toEqual([513]);
  expect(seen).toEqual([]);
});

test("1,000 Record-Routes are refused, in many fields or in one; 20 are taken", async () => {
  const { ask, seen } = await world();
  const route = (n: number) => `<sip:p${n}.sip.test;lr>`;
  const fields = (count: number) => Array.from({ length: count }, (_, n) => `Record-Route: ${route(n)}`);
  const inOne = (count: number) =>
    `Record-Route: ${Array.from({ length: count }, (_, n) => route(n)).join(", ")}`;
  const extra = ["Event: presence", CONTACT];
  expect(await ask({ extra: [...extra, ...fields(1_000)] })).toBe(513);
  expect(await ask({ extra: [...extra, ...fields(150)], cseq: 2 })).toBe(400);
  expect(await ask({ extra: [...extra, inOne(300)], cseq: 3 })).toBe(400);
  expect(await ask({ extra: [...extra, `Record-Route: <sip:${"p".repeat(5_000)};lr>`], cseq: 4 })).toBe(400);
  expect(seen).toEqual([]);
  expect(await ask({ extra: [...extra, inOne(20)], cseq: 5 })).toBe(200);
  expect(seen[0]?.recordRoute).toHaveLength(20);
});

test("a route set that is too long in an answer to us is none", async () => {
  const { side, transports } = await world();
  const ended = side.sendInDialog({
    method: "SUBSCRIBE",
    requestUri: "sip:romeo@sip.test",
    toUri: "sip:romeo@sip.test",
    fromUri: "sip:juliet@xmpp.test",
    fromTag: "j",
    callId: "c",
    cseq: 1,
    branch: "b",
    routes: [],
    headers: [],
    contentType: "",
    body: new Uint8Array(),
    peer: "proxy",
  });
  await settle();
  const via = headerOf(transports.take()[0]?.text ?? "", "Via");
  const routes = "Record-Route: <sip:p.test;lr>\r\n".repeat(100);
  const contact = `Contact: <sip:${"x".repeat(5_000)}@192.0.2.1>\r\n`;
  transports.receive(
    `SIP/2.0 200 OK\r\nVia: ${via}\r\nFrom: <sip:j@x>;tag=j\r\nTo: <sip:r@x>;tag=t\r\nCall-ID: c\r\nCSeq: 1 SUBSCRIBE\r\n${routes}${contact}\r\n`,
  );
  expect(await ended).toMatchObject({ status: 200, recordRoute: [], toTag: "t" });
  expect(await ended).not.toHaveProperty("contact");
});

test("a huge Contact is refused, a long one is taken; in a NOTIFY it changes nothing", async () => {
  const { ask, seen } = await world();
  const contact = (length: number) => `Contact: <sip:${"r".repeat(length - 14)}@192.0.2.1>`;
  expect(await ask({ extra: [contact(1_024)] })).toBe(200);
  expect(await ask({ extra: [contact(1_025)], cseq: 2 })).toBe(400);
  expect(await ask({ method: "NOTIFY", extra: [contact(1_025)], cseq: 3 })).toBe(200);
  expect(seen.map((input) => input.contact?.length)).toEqual([1_024, undefined]);
});

test("10,000 SUBSCRIBEs that nobody answers: a bound holds for one source, others are served", async () => {
  const waiting = new Promise<never>(() => {});
  const { transports } = await startSide({}, undefined, () => waiting);
  const statuses = new Map<number, number>();
  for (let n = 0; n < 10_000; n++) {
    const parts = { method: "SUBSCRIBE", callId: `c${n}`, body: "", extra: [CONTACT] };
    transports.receive(requestText(parts));
  }
  for (const { text } of transports.take())
    statuses.set(statusOf(text), (statuses.get(statusOf(text)) ?? 0) + 1);
  expect([...statuses]).toEqual([[503, 9_950]]);
  transports.receive(requestText({ method: "SUBSCRIBE", body: "", extra: [CONTACT] }), {
    address: "192.0.2.2",
  });
  expect(transports.take()).toEqual([]);
});

test("long lists in Accept and Supported are cut, and Event with many parameters costs no more than its length", async () => {
  const { ask, seen } = await world();
  const many = (count: number) => Array.from({ length: count }, (_, n) => `a/t${n}`).join(",");
  const extra = [CONTACT, `Accept: ${many(500)}`, `Supported: ${many(500).replaceAll("/", "-")}`];
  expect(
    await ask({
      extra: [...extra, `Event: presence${Array.from({ length: 1_500 }, (_, n) => `;p${n}`).join("")}`],
    }),
  ).toBe(200);
  expect(seen[0]?.accept).toHaveLength(50);
  expect(seen[0]?.supported).toHaveLength(50);
});
