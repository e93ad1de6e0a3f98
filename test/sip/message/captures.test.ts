import { parseMessage } from "../../../src/sip/message/parse";
import { serialize } from "../../../src/sip/message/serialize";
import { capturedMessages } from "./captured-messages";

const messages = capturedMessages();

test("the captures hold the traffic of three programs", () => {
  expect(messages.length).toBe(331);
});

test.each(messages.map((message) => [message.name, message.bytes] as const))(
  "%s parses and is written again",
  (_, bytes) => {
    const message = parseMessage(bytes);
    if (message.kind === "problem") throw new Error(message.reason);
    const again = parseMessage(serialize(message));
    if (again.kind === "problem") throw new Error(again.reason);
    expect({ ...again, headers: withoutLength(again.headers.fields) }).toEqual({
      ...message,
      headers: withoutLength(message.headers.fields),
    });
    expect(again.headers.get("Content-Length")).toBe(String(message.body.length));
  },
);

function withoutLength(fields: readonly (readonly [string, string])[]) {
  return fields.filter(([name]) => name !== "Content-Length");
}
