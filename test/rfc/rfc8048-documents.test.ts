/** Examples 18 to 21 of RFC 8048: what presence says, both ways (§6). */

import { deviceToPresence } from "../../src/core/presence/to-stanza";
import { parseXml } from "../../src/xml/parser";
import { fromStanza, JULIET, ROMEO, read, stanza, TABLE, written } from "../core/presence/fixtures";
import { example } from "./examples";

test("example 18 becomes example 19: XMPP to SIP (§6.2)", () => {
  const made = written({ devices: [fromStanza(example("rfc8048-ex18-presence.txt"))] });
  expect(elementsOf(made)).toEqual(elementsOf(example("rfc8048-ex19-notify.txt")));
});

test("example 20 becomes example 21: SIP to XMPP (§6.3)", () => {
  const { devices, person } = read(example("rfc8048-ex20-notify.txt"));
  const made = devices.map((device) => deviceToPresence(device, person, ROMEO, JULIET, TABLE));
  expect(made).toEqual([stanza(example("rfc8048-ex21-presence.txt"))]);
});

/** The document as it is read, without the white space between its elements. */
function elementsOf(document: string) {
  const parsed = parseXml(document.replace(/>\s+</g, "><"));
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.root;
}
