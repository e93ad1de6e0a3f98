/** What baresip, linphone and Kamailio's presence server really sent, as inputs. phones.md's findings that concern events. */

import type { SipEventInput } from "../../../src/core/input";
import { parseMessage } from "../../../src/sip/message/parse";
import { headerOf, PROXY, settle, startSide, statusOf } from "../../support/sip-side";
import { capturedMessages } from "../message/captured-messages";

const EVENT = /^(SUBSCRIBE|NOTIFY|PUBLISH) /;
const captured = capturedMessages().filter(({ bytes }) => EVENT.test(bytes.toString("latin1", 0, 12)));

async function take(bytes: Buffer): Promise<{ text: string; input: SipEventInput | undefined }> {
  let input: SipEventInput | undefined;
  const { transports } = await startSide(
    { domains: ["*"], peers: [{ ...PROXY, domains: ["*"] }] },
    undefined,
    (event) => {
      input = event;
      return { status: 200, reason: "OK", headers: [["Expires", "600"]] };
    },
  );
  transports.receive(bytes);
  await settle();
  return { text: transports.take()[0]?.text ?? "", input };
}

test("there are all three methods, from all three programs", () => {
  const kinds = captured.map(
    ({ name, bytes }) => `${name.split("-")[0]} ${EVENT.exec(bytes.toString())?.[1]}`,
  );
  expect([...new Set(kinds)].sort()).toEqual([
    "baresip NOTIFY",
    "baresip PUBLISH",
    "baresip SUBSCRIBE",
    "kamailio NOTIFY",
    "kamailio SUBSCRIBE",
    "linphone NOTIFY",
    "linphone PUBLISH",
    "linphone SUBSCRIBE",
  ]);
});

test.each(captured.map(({ name, bytes }) => [name, bytes] as const))("%s is understood", async (_, bytes) => {
  const { text, input } = await take(bytes);
  const message = parseMessage(bytes);
  if (message.kind !== "request") throw new Error("not a request");
  expect(statusOf(text)).toBe(200);
  expect(input).toMatchObject({
    method: message.method,
    cseq: message.read?.cseq.number,
    fromTag: message.read?.from.parameters.get("tag"),
    body: message.body,
    event: { package: expect.stringMatching(/^presence(\.winfo)?$|^reg$/) },
  });
  if (message.method === "SUBSCRIBE") expect(input?.contact).toMatch(/^sip:/);
  if (message.method === "NOTIFY")
    expect(input?.subscriptionState?.state).toMatch(/^(active|pending|terminated)$/);
  if (message.method === "PUBLISH") expect(input?.expires).toEqual(expect.any(Number));
});

function firstOf(file: string, method: string, holds = ""): Buffer {
  const found = captured.find(
    ({ name, bytes }) =>
      name.startsWith(file) && bytes.toString().startsWith(method) && bytes.includes(holds),
  );
  if (found === undefined) throw new Error(`no ${method} in ${file}`);
  return found.bytes;
}

test("linphone: three Accept headers are one list, and a To without brackets gets its tag behind", async () => {
  const text = firstOf("linphone-udp", "SUBSCRIBE").toString();
  const accept = ["application/pidf+xml", "application/rlmi+xml", "multipart/related"];
  const lines = accept.map((type) => `Accept: ${type}\r\n`).join("");
  const to = /^To: .*$/m.exec(text)?.[0] ?? "";
  const { input, text: answer } = await take(
    Buffer.from(text.replace(`${to}\r\n`, `To: sip:juliet@p1.test\r\n${lines}`)),
  );
  expect(input).toMatchObject({ accept, toUri: "sip:juliet@p1.test" });
  expect(input).not.toHaveProperty("toTag");
  expect(headerOf(answer, "To")).toBe(`sip:juliet@p1.test;tag=${input?.transaction}`);
});

test("linphone: a datagram without Content-Length is read to its end (RFC 3261 §18.3)", async () => {
  const farewell = firstOf("linphone-udp", "PUBLISH", "Expires: 0");
  expect(farewell.toString()).not.toMatch(/^Content-Length/im);
  expect((await take(farewell)).input).toMatchObject({ expires: 0, body: Buffer.alloc(0) });
  const text = firstOf("linphone-udp", "PUBLISH", "<presence").toString();
  const { input } = await take(Buffer.from(text.replace(/^Content-Length.*\r\n/m, "")));
  expect(Buffer.from(input?.body ?? []).toString()).toBe(text.slice(text.indexOf("\r\n\r\n") + 4));
});

test("libpurple: a NOTIFY without Subscription-State and Contact is the gateway's to judge", async () => {
  const bytes = Buffer.from(
    [
      "NOTIFY sip:juliet@p1.test SIP/2.0",
      "Via: SIP/2.0/UDP 127.0.0.51:5060;branch=z9hG4bK29BE18BE",
      "From: <sip:romeo@sip.test>;tag=42ba1ec7",
      "To: <sip:juliet@p1.test>;tag=ours",
      "Call-ID: 9B84I1d6a5a29i7054t1f41b413s5d6a3ce8x",
      "CSeq: 4 NOTIFY",
      "Max-Forwards: 70",
      "Event: presence",
      "Content-Type: application/pidf+xml",
      "Content-Length: 11",
      "",
      "<presence/>",
    ].join("\r\n"),
  );
  const { input, text } = await take(bytes);
  expect(statusOf(text)).toBe(200);
  expect(input).toMatchObject({ method: "NOTIFY", toTag: "ours", body: Buffer.from("<presence/>") });
  for (const key of ["subscriptionState", "contact"]) expect(input).not.toHaveProperty(key);
});
