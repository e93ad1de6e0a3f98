/** What one writes the other reads: texts as properties, through the whole gateway. RFC 7572 §4, §5; XML 1.0 §2.2, §2.11. */

import fc from "fast-check";
import { text as textOf } from "../../src/xml/element";
import { parseXml } from "../../src/xml/parser";
import { write } from "../../src/xml/writer";
import { anyText } from "../support/any-text";
import { setStage } from "./fake-sides";

/** Any characters, controls among them; halves of surrogate pairs are none. */
const texts = anyText({ maxLength: 200 });
/** What XML cannot hold. */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

test("a text from SIP arrives as it was, but for what XML forbids and for the line breaks of MIME, or is refused", async () => {
  const stage = await setStage();
  await fc.assert(
    fc.asyncProperty(texts, async (sent) => {
      stage.stanzas.length = 0;
      const body = Buffer.from(sent);
      // A lone surrogate cannot be written in UTF-8: what stands for it is a character like any other.
      const expected = body
        .toString()
        .replace(/^\ufeff/, "")
        .replace(/\r\n?/g, "\n")
        .replace(FORBIDDEN, "");
      const { status } = await stage.fromSip({ body, subject: sent.replace(/[\r\n]/g, " ") });
      if (expected === "") {
        expect(status).toBe(400);
        expect(stage.stanzas).toEqual([]);
        return;
      }
      expect(status).toBe(202);
      const stanza = parseXml(stage.stanzas[0]!.replace("<message", "<message xmlns='jabber:client'"));
      const read = stanza.ok
        ? stanza.root.children.find((node) => typeof node !== "string" && node.name === "body")
        : "";
      expect(typeof read === "object" ? textOf(read) : read).toBe(expected);
    }),
    { numRuns: 300 },
  );
});

test("a text from XMPP arrives octet for octet; no subject, thread or id of hers forges a header", async () => {
  const stage = await setStage();
  await fc.assert(
    fc.asyncProperty(texts, texts, async (sent, other) => {
      stage.requests.length = 0;
      const body = sent.replace(FORBIDDEN, "");
      if (!/\S/.test(body)) return;
      const leaf = (name: string, value: string) => ({
        name,
        ns: "jabber:client",
        attrs: {},
        children: [value],
      });
      stage.fromXmpp(
        write(
          {
            name: "message",
            ns: "jabber:client",
            attrs: { from: "juliet@xmpp.example/b", to: "romeo@sip.example", type: "chat", id: other },
            children: [leaf("body", body), leaf("subject", other), leaf("thread", other)],
          },
          "jabber:client",
        ),
      );
      await stage.quiet();
      const request = stage.requests[0]!;
      expect(Buffer.from(request.body).toString()).toBe(body);
      for (const value of [request.callId, request.toUri, request.fromUri, ...request.headers.flat()]) {
        expect(value).not.toMatch(/[\r\n\u0000]/);
      }
      expect(request.callId).toMatch(/^[!-~]+$/);
    }),
    { numRuns: 300 },
  );
});
