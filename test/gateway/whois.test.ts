import type { Directory, DirectoryAnswer, Looked, Person, SipAnswer } from "../../src/gateway/sides";
import { Whois } from "../../src/gateway/whois";
import { element } from "../../src/xml/element";
import { TABLES } from "./presence/tables";

const ROMEO: Person = {
  id: "uid=romeo",
  sipUri: "sip:romeo@sip.example",
  jid: "romeo@sip.example",
  isAllowed: true,
};
const JULIET: Person = {
  id: "uid=juliet",
  sipUri: "sip:juliet.capulet@xmpp.example",
  jid: "juliet@xmpp.example",
  isAllowed: true,
};
/** Has both: a phone, and an account on XMPP. */
const NURSE: Person = {
  id: "uid=nurse",
  sipUri: "sip:nurse@sip.example",
  jid: "angelica@xmpp.example",
  isAllowed: true,
};
const TYBALT: Person = { ...ROMEO, id: "uid=tybalt", sipUri: "sip:tybalt@sip.example", isAllowed: false };
const AWAY: DirectoryAnswer<Person> = { kind: "unavailable", retryAfter: 7 };
const PEOPLE: Readonly<Record<string, Person>> = {
  "sip:romeo@sip.example": ROMEO,
  "sip:r.montague@sip.example": ROMEO,
  "sip:juliet.capulet@xmpp.example": JULIET,
  "sip:juliet@xmpp.example": JULIET,
  "sip:tybalt@sip.example": TYBALT,
  "sip:nurse@sip.example": NURSE,
  "sip:the.nurse@sip.example": NURSE,
  "sip:angelica@xmpp.example": NURSE,
  "angelica@xmpp.example": NURSE,
  "the.nurse@sip.example": NURSE,
  "juliet@xmpp.example": JULIET,
  "r.montague@sip.example": ROMEO,
};

function directory(isSlow: boolean): Directory {
  const look = (key: string): Looked<Person> => {
    const person = PEOPLE[key.split(/[/;]/)[0] ?? ""];
    const answer: DirectoryAnswer<Person> = key.includes("away")
      ? AWAY
      : person === undefined
        ? { kind: "unknown" }
        : { kind: "found", value: person };
    return isSlow ? Promise.resolve(answer) : answer;
  };
  return {
    bySip: look,
    byJid: look,
    secretOf: () => ({ kind: "unknown" }),
    search: async () => ({ kind: "found", value: [] }),
    stop: async () => undefined,
  };
}

const OK: SipAnswer = { status: 200, reason: "OK", headers: [] };

describe.each([
  ["known at once", false],
  ["looked up", true],
])("people who are %s", (_how, isSlow) => {
  const whois = new Whois(directory(isSlow), TABLES);
  const sipIn = async (fromUri: string, requestUri: string, toTag?: string) => {
    const seen: { fromUri: string; requestUri: string }[] = [];
    const answer = await whois.sipIn(
      { fromUri, requestUri, ...(toTag === undefined ? {} : { toTag }) },
      (input) => {
        seen.push({ fromUri: input.fromUri, requestUri: input.requestUri });
        return OK;
      },
      (_input, { sipStatus, text }, retryAfter) => ({
        status: sipStatus,
        reason: text,
        headers: retryAfter === undefined ? [] : [["Retry-After", String(retryAfter)]],
      }),
    );
    return { answer, seen };
  };

  test("an alias of either side becomes the address that the translation maps", async () => {
    const { seen } = await sipIn("sip:r.montague@sip.example", "sip:juliet.capulet@xmpp.example");
    expect(seen).toEqual([{ fromUri: "sip:romeo@sip.example", requestUri: "sip:juliet@xmpp.example" }]);
  });

  test("whoever may not use the service is refused, and nothing is translated", async () => {
    const { answer, seen } = await sipIn("sip:tybalt@sip.example", "sip:juliet@xmpp.example");
    expect(answer.status).toBe(403);
    expect(seen).toEqual([]);
  });

  test.each([
    ["sip:away@sip.example", "sip:juliet@xmpp.example"],
    ["sip:romeo@sip.example", "sip:away@xmpp.example"],
  ])("a directory that cannot say is 503 with Retry-After, never a yes (%s → %s)", async (from, to) => {
    const { answer, seen } = await sipIn(from, to);
    expect(answer).toMatchObject({ status: 503, headers: [["Retry-After", "7"]] });
    expect(seen).toEqual([]);
  });

  test("whoever has signed is not asked for again: the directory has said who he is", async () => {
    const signer = { sipUri: ROMEO.sipUri, jid: ROMEO.jid };
    const from: string[] = [];
    const request = { fromUri: "sip:away@sip.example", requestUri: "sip:juliet@xmpp.example", signer };
    const go = ({ fromUri }: { fromUri: string }): SipAnswer => {
      from.push(fromUri);
      return OK;
    };
    expect(await whois.sipIn(request, go, () => ({ ...OK, status: 503 }))).toBe(OK);
    expect(from).toEqual(["sip:romeo@sip.example"]);
  });

  test("strangers go on as they are, and so does the Request-URI in a dialog, which is our own Contact", async () => {
    expect((await sipIn("sip:x@y.example", "sip:z@xmpp.example")).seen).toEqual([
      { fromUri: "sip:x@y.example", requestUri: "sip:z@xmpp.example" },
    ]);
    expect((await sipIn("sip:romeo@sip.example", "sip:away@192.0.2.1", "tag")).seen).toHaveLength(1);
  });

  test("a stanza to an alias goes to the person, with its resource", async () => {
    const stanza = element("jabber:client", "message", {
      from: "juliet@xmpp.example/balcony",
      to: "r.montague@sip.example/phone",
    });
    expect(await whois.stanzaIn(stanza)).toMatchObject({ attrs: { to: "romeo@sip.example/phone" } });
  });

  describe("somebody with a phone and an account on XMPP", () => {
    test("writes from the phone as the phone, whatever his JID", async () => {
      const { seen } = await sipIn("sip:the.nurse@sip.example", "sip:juliet@xmpp.example");
      expect(seen).toEqual([{ fromUri: "sip:nurse@sip.example", requestUri: "sip:juliet@xmpp.example" }]);
    });

    test("is written to on the phone by its JID, with its device", async () => {
      const to = "the.nurse@sip.example/urn:uuid:1";
      const stanza = element("jabber:client", "message", { from: "juliet@xmpp.example", to });
      expect(await whois.stanzaIn(stanza)).toMatchObject({ attrs: { to: "nurse@sip.example/urn:uuid:1" } });
      const toUri = "sip:nurse@sip.example;gr=urn:uuid:1";
      expect(await whois.sipOut({ fromUri: "sip:juliet@xmpp.example", toUri })).toMatchObject({ toUri });
    });

    test("is called by his account's address when he writes from it: an answer comes back there", async () => {
      const request = { fromUri: "sip:angelica@xmpp.example", toUri: "sip:romeo@sip.example" };
      expect(await whois.sipOut(request)).toEqual(request);
    });

    test.each([
      ["his account, where phones have another registrar", [], "sip:angelica@xmpp.example"],
      ["his phone, where phones register here", ["sip.example"], "sip:nurse@sip.example"],
    ])("the SIP address means %s", async (_, phoneDomains, expected) => {
      const here = new Whois(directory(isSlow), TABLES, phoneDomains);
      const seen: string[] = [];
      const parties = { fromUri: "sip:romeo@sip.example", requestUri: "sip:the.nurse@sip.example;gr=x" };
      await here.sipIn(
        parties,
        ({ requestUri }) => {
          seen.push(requestUri);
          return OK;
        },
        () => ({ status: 500, reason: "", headers: [] }),
      );
      expect(seen).toEqual([`${expected};gr=x`]);
    });
  });

  test("what goes out to SIP bears the canonical addresses", async () => {
    const request = { fromUri: "sip:juliet@xmpp.example", toUri: "sip:r.montague@sip.example", more: 1 };
    expect(await whois.sipOut(request)).toEqual({
      fromUri: "sip:juliet.capulet@xmpp.example",
      toUri: "sip:romeo@sip.example",
      more: 1,
    });
  });
});
