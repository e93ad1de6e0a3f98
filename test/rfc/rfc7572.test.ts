/** The seven examples of RFC 7572, both ways. */

import { parseMessage } from "../../src/sip/message/parse";
import {
  crlf,
  inputFromRequest,
  messageToSip,
  messageToXmpp,
  part,
  stanza,
  text,
  textOf,
} from "../core/message/fixtures";
import { example } from "./examples";

test("example 1 becomes example 2: XMPP user sends message (§4)", () => {
  const { request } = messageToSip(example("rfc7572-ex01-message.txt"));
  const printed = inputFromRequest(example("rfc7572-ex02-message-to-sip.txt"));
  expect(request).toMatchObject({ toUri: printed.requestUri, fromUri: printed.fromUri });
  expect(request.toUri).toBe(printed.toUri);
  expect(text(request.body)).toBe(text(printed.body));
  expect(request.contentType).toMatch(new RegExp(`^${printed.contentType}(;|$)`));
  // Subject and language are not there, Contact must not be (RFC 3428 §4).
  expect(request.headers).toEqual([]);
});

test("example 3 is an answer that ends the request of example 2", () => {
  const request = parseMessage(Buffer.from(crlf(example("rfc7572-ex02-message-to-sip.txt"))));
  const answer = parseMessage(Buffer.from(`${crlf(example("rfc7572-ex03-receipt.txt"))}\r\n\r\n`));
  if (request.kind !== "request" || answer.kind !== "response") throw new Error("not read");
  expect(answer.status).toBe(200);
  for (const name of ["Via", "Call-ID", "CSeq"])
    expect(answer.headers.get(name)).toBe(request.headers.get(name));
});

test.each([
  [
    "4 becomes example 5: SIP user sends message (§5)",
    "rfc7572-ex04-message.txt",
    "rfc7572-ex05-message-to-xmpp.txt",
  ],
  [
    "6 becomes example 7: language and characters (§8)",
    "rfc7572-ex06-czech.txt",
    "rfc7572-ex07-czech-to-xmpp.txt",
  ],
])("example %s", (_title, sip, xmpp) => {
  const made = messageToXmpp(inputFromRequest(example(sip)), { messageType: "normal" }).stanza;
  const printed = stanza(example(xmpp));
  expect(made.attrs).toMatchObject(printed.attrs);
  // No language unless one was given; "normal" is what no type means.
  expect(Object.keys(made.attrs).sort()).toEqual([...Object.keys(printed.attrs), "id", "type"].sort());
  for (const name of ["body", "thread", "subject"])
    expect(textOf(part(made, name))).toBe(textOf(part(printed, name)));
});
