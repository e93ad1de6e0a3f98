/** Every MESSAGE in the captures of real phones becomes what its sender meant. */

import { compileDomains } from "../../../src/core/address/domains";
import { sipMessageToStanza } from "../../../src/core/message/sip-to-xmpp";
import { parseMessage } from "../../../src/sip/message/parse";
import { capturedMessages } from "../../sip/message/captured-messages";
import { inputFromSip, part, tables, textOf } from "./fixtures";

/** Both domains of the captures are SIP and XMPP in turn: the scripted peer wrote as juliet, the phone as romeo. */
const TABLES = {
  ...tables(),
  domains: compileDomains({
    sip: ["p1.test", "sip.test"].map((name) => ({
      sip: name,
      xmpp: `${name}.gw`,
      peer: "default",
      tel: false,
    })),
    xmpp: ["p1.test", "sip.test", "127.0.0.1"].map((name) => ({
      xmpp: `x.${name}`,
      sip: name,
      via: "route",
    })),
  }),
};

const messages = capturedMessages().flatMap(({ name, bytes }) => {
  const parsed = parseMessage(bytes);
  return parsed.kind === "request" && parsed.method === "MESSAGE" ? [{ name, parsed }] : [];
});

test("there are many", () => {
  expect(messages.length).toBeGreaterThan(30);
});

test.each(messages.map(({ name, parsed }) => [name, parsed] as const))("%s", (_, request) => {
  const input = inputFromSip(request);
  const result = sipMessageToStanza(input, TABLES);
  if (!result.ok) throw new Error(`${result.rejection.code}: ${result.rejection.detail}`);
  if (result.value.kind !== "message") throw new Error(result.value.kind);
  const wire = request.body.toString();
  const inside = input.contentType === "message/cpim" ? wire.slice(wire.lastIndexOf("\r\n\r\n") + 4) : wire;
  expect(textOf(part(result.value.stanza, "body"))).toBe(inside.replaceAll("\r\n", "\n"));
  expect(result.value.imdn?.messageId).toBe(/^imdn\.Message-ID: (\S+)/m.exec(wire)?.[1]);
});
