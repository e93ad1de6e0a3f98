import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { configFile } from "./config-file";
import { folderForTests, isthmus } from "./terminal";

const folder = folderForTests();

function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function message({
  from = "sip:romeo@sip.example",
  to = "sip:juliet@xmpp.example",
  method = "MESSAGE",
  more = [] as string[],
} = {}) {
  return [
    `${method} ${to} SIP/2.0`,
    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa",
    `From: <${from}>;tag=1`,
    `To: <${to}>`,
    "Call-ID: c1",
    `CSeq: 1 ${method}`,
    ...(more.length > 0 ? more : ["Content-Type: text/plain"]),
    "",
    "Art thou not Romeo?",
  ];
}

const STANZA =
  "<message from='juliet@xmpp.example/balcony' to='romeo@sip.example' type='chat' id='a1'><body>Ay me!</body></message>";

describe("SIP to XMPP", () => {
  const expected =
    "<message from='romeo@sip.example' to='juliet@xmpp.example' id='sip-offline' type='chat'>" +
    "<body>Art thou not Romeo?</body><thread>c1</thread>" +
    "<active xmlns='http://jabber.org/protocol/chatstates'/>" +
    "<origin-id xmlns='urn:xmpp:sid:0' id='sip-offline'/></message>";

  test.each([
    ["CR LF", "\r\n"],
    ["LF alone", "\n"],
  ])("a MESSAGE whose lines end in %s becomes a stanza", async (_, end) => {
    const path = file("message.sip", message().join(end));
    expect(await isthmus(["translate", path])).toEqual({ code: 0, out: `${expected}\n`, error: "" });
    expect(await isthmus(["translate", "--json", path])).toEqual({
      code: 0,
      out: `${JSON.stringify({ output: expected })}\n`,
      error: "",
    });
  });

  test("- reads standard input", async () => {
    const call = await isthmus(["translate", "-"], { input: [message().join("\n")] });
    expect(call).toEqual({ code: 0, out: `${expected}\n`, error: "" });
  });

  test("what is refused ends with 1 and shows what the phone would get", async () => {
    const path = file("image.sip", message({ more: ["Content-Type: image/png"] }).join("\n"));
    const call = await isthmus(["translate", path]);
    expect(call).toMatchObject({ code: 1, out: "" });
    expect(call.error).toMatch(
      /^Refused: .*\(image\/png\)\nThe sender would get:\nSIP\/2\.0 415 .*\nAccept: text\/plain, /,
    );
    const json = await isthmus(["translate", "--json", path]);
    expect(json).toMatchObject({ code: 1, error: "" });
    expect(JSON.parse(json.out)).toEqual({
      refused: expect.stringContaining("image/png"),
      answer: expect.stringMatching(/^SIP\/2\.0 415 /),
    });
  });

  test("what cannot be read is a 400", async () => {
    const call = await isthmus(["translate", "-"], { input: ["MESSAGE sip:a@b SIP/2.0\nFrom: x\n\n"] });
    expect(call).toMatchObject({ code: 1, out: "" });
    expect(call.error).toMatch(/\nSIP\/2\.0 400 /);
  });

  test.each([
    [
      "a response",
      "SIP/2.0 200 OK\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>;tag=2\nCall-ID: 1\nCSeq: 1 MESSAGE\n\n",
    ],
    ["an OPTIONS", message({ method: "OPTIONS" }).join("\n")],
  ])("nothing leaves of %s, on purpose", async (_, text) => {
    const call = await isthmus(["translate", "--json", "-"], { input: [text] });
    expect(call).toMatchObject({ code: 0, error: "" });
    expect(JSON.parse(call.out)).toEqual({ nothing: expect.any(String) });
  });

  test("typing is told in words: the gateway owns its timers", async () => {
    const body =
      '<?xml version="1.0"?><isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state></isComposing>';
    const lines = message({ more: ["Content-Type: application/im-iscomposing+xml"] });
    const call = await isthmus(["translate", "-"], { input: [[...lines.slice(0, -1), body].join("\n")] });
    expect(call).toMatchObject({ code: 0, error: "" });
    expect(call.out).toMatch(/^chat state of romeo@sip\.example for juliet@xmpp\.example: /);
  });
});

describe("XMPP to SIP", () => {
  test("a stanza becomes a MESSAGE", async () => {
    const call = await isthmus(["translate", file("stanza.xml", `${STANZA}\n`)]);
    expect(call).toMatchObject({ code: 0, error: "" });
    const [head = "", body] = call.out.split("\r\n\r\n");
    expect(body).toBe("Ay me!\n");
    expect(head.split("\r\n")).toEqual(
      expect.arrayContaining([
        "MESSAGE sip:romeo@sip.example SIP/2.0",
        "From: <sip:juliet@xmpp.example;gr=balcony>;tag=offline",
        "To: <sip:romeo@sip.example>",
        "CSeq: 1 MESSAGE",
        "Content-Type: text/plain;charset=UTF-8",
        "Content-Length: 6",
      ]),
    );
  });

  test("the same stanza gives the same octets each time", async () => {
    const twice = [
      await isthmus(["translate", "-"], { input: [STANZA] }),
      await isthmus(["translate", "-"], { input: [STANZA] }),
    ];
    expect(twice[0]).toEqual(twice[1]);
  });

  test("a groupchat message does not leave", async () => {
    const call = await isthmus(["translate", "-"], { input: [STANZA.replace("'chat'", "'groupchat'")] });
    expect(call).toEqual({ code: 0, out: "Nothing leaves: groupchat\n", error: "" });
  });

  test.each(["presence", "iq"])("a <%s/> is not translated in page mode", async (name) => {
    const call = await isthmus(["translate", "-"], {
      input: [`<${name} from='a@b.example' to='c@d.example'/>`],
    });
    expect(call).toMatchObject({ code: 0, error: "" });
    expect(call.out).toContain(`<${name}/> is not translated`);
  });

  test("what is refused shows the error stanza that the sender would get", async () => {
    const call = await isthmus(["translate", "-"], { input: [STANZA.replace("romeo@", "ro meo@")] });
    expect(call).toMatchObject({ code: 1, out: "" });
    expect(call.error).toMatch(/^Refused: /);
    expect(call.error).toContain(
      "<message type='error' id='a1' from='ro meo@sip.example' to='juliet@xmpp.example/balcony'>",
    );
    expect(call.error).toContain("<jid-malformed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>");
  });

  test.each(["<message", "<!DOCTYPE a [<!ENTITY b 'c'>]><message/>", "<message><body>&amp</body></message>"])(
    "what is no stanza is refused: %s",
    async (text) => {
      const call = await isthmus(["translate", "--json", "-"], { input: [text] });
      expect(call).toMatchObject({ code: 1, error: "" });
      expect(JSON.parse(call.out)).toEqual({
        refused: expect.any(String),
        answer: expect.stringContaining("stream"),
      });
    },
  );
});

describe("with a configuration", () => {
  test("its domain rules decide, both ways", async () => {
    const config = ["--config", configFile()];
    const sip = message({ from: "sip:romeo@phones.example", to: "sip:juliet@chat.example" }).join("\n");
    const toXmpp = await isthmus(["translate", ...config, "-"], { input: [sip] });
    expect(toXmpp.out).toMatch(/^<message from='romeo@sip\.example' to='juliet@xmpp\.example' /);
    const toSip = await isthmus(["translate", ...config, "-"], { input: [STANZA] });
    expect(toSip.out).toMatch(/^MESSAGE sip:romeo@phones\.example SIP\/2\.0\r\n/);
  });

  test("the switches of the sender's peer hold", async () => {
    const peers = [{ name: "kamailio", switches: { messageType: "normal" } }];
    const config = configFile({ sip: { listen: ["udp:127.0.0.1:0"], peers } });
    const sip = message({ from: "sip:romeo@phones.example", to: "sip:juliet@chat.example" }).join("\n");
    const call = await isthmus(["translate", "--config", config, "-"], { input: [sip] });
    expect(call.code).toBe(0);
    expect(call.out).not.toContain("type='chat'");
  });

  test("a domain that no rule names is refused", async () => {
    const call = await isthmus(["translate", "--config", configFile(), "-"], {
      input: [message().join("\n")],
    });
    expect(call).toMatchObject({ code: 1, out: "" });
    expect(call.error).toMatch(/\nSIP\/2\.0 40[34] /);
  });
});

describe("the call", () => {
  test.each([[[]], [["a", "b"]]])("it takes exactly one FILE, not %j", async (files) => {
    const call = await isthmus(["translate", ...files]);
    expect(call).toMatchObject({ code: 2, out: "" });
    expect(call.error).toContain("translate takes one FILE");
  });

  test("a file that cannot be read is named", async () => {
    const call = await isthmus(["translate", join(folder, "none.sip")]);
    expect(call).toMatchObject({ code: 2, out: "" });
    expect(call.error).toContain("none.sip cannot be read: there is no such file");
  });

  test("what is larger than any test case is refused unread, from a file and from standard input", async () => {
    const large = Buffer.alloc((4 << 20) + 1, "a");
    const fromFile = await isthmus(["translate", file("large.sip", large)]);
    expect(fromFile).toMatchObject({ code: 2, out: "" });
    expect(fromFile.error).toContain("is larger than 4194304 octets");
    const fromInput = await isthmus(["translate", "-"], { input: [large] });
    expect(fromInput).toMatchObject({ code: 2, out: "" });
    expect(fromInput.error).toContain("is larger than 4194304 octets");
  });
});
