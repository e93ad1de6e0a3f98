/** Every presence document in the captures of real phones and of a presence server reads as people would expect. */

import { parseMessage } from "../../../src/sip/message/parse";
import { capturedMessages } from "../../sip/message/captured-messages";
import { device, person, read } from "./fixtures";

const documents = capturedMessages().flatMap(({ name, bytes }) => {
  const parsed = parseMessage(bytes);
  if (
    parsed.kind !== "request" ||
    !parsed.body.includes("<presence") ||
    !/^(?:NOTIFY|PUBLISH)$/.test(parsed.method)
  )
    return [];
  return [{ name, text: parsed.body.toString() }];
});

test("there are many", () => {
  expect(documents.length).toBeGreaterThan(15);
});

test.each(documents.map(({ name, text }) => [name, text] as const))("%s", (_, text) => {
  const { devices, person: whose } = read(text);
  const said = [...text.matchAll(/<tuple[^>]* id="([^"]+)"[\s\S]*?<basic>(\w+)</g)].map((match) => [
    match[1],
    match[2] === "open",
  ]);
  expect(Object.fromEntries(devices.map(({ id, open }) => [id, open]))).toEqual(Object.fromEntries(said));
  expect(devices.map(({ open }) => open)).toEqual(
    devices.map(({ open }) => open).sort((a, b) => Number(b) - Number(a)),
  );
  const activities = [...text.matchAll(/<rpid:(busy|away|on-the-phone)\/>/g)].map((match) => match[1]);
  expect(whose ?? person()).toEqual(person({ activities: activities as string[] }));
  for (const shown of devices.filter(({ priority }) => priority !== undefined)) {
    expect(shown).toMatchObject({ open: true, priority: 102 });
    expect(shown.since).toBeGreaterThan(Date.UTC(2026, 10, 20));
  }
});

test("libpurple's", () => {
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<presence
xmlns="urn:ietf:params:xml:ns:pidf"
xmlns:im="urn:ietf:params:xml:ns:pidf:im"
entity="sip:romeo@sip.test">
<tuple id="bs35r9f">
<status>
<basic>open</basic>
</status>
<note>Wooing &amp; waiting</note>
</tuple>
</presence>`;
  expect(read(text)).toEqual({ devices: [device({ id: "bs35r9f", notes: [{ text: "Wooing & waiting" }] })] });
});
