import { configFile } from "./config-file";
import { isthmus } from "./terminal";

const objects = (out: string): unknown[] =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("without a configuration: RFC 7247 alone", () => {
  test("a SIP URI becomes a JID, with the rule", async () => {
    expect(await isthmus(["map", "sip:o'malley@sip.example"])).toEqual({
      code: 0,
      out: "o\\27malley@sip.example\n  by RFC 7247 §6.4: escaped by XEP-0106 (step 5)\n",
      error: "",
    });
  });

  test("a JID becomes a SIP URI; --json prints one object, wherever it stands", async () => {
    const expected = {
      input: "juliet@xmpp.example/balcony",
      output: "sip:juliet@xmpp.example;gr=balcony",
      rule: "RFC 7247 §6.5: the resource became gr (step 8)",
    };
    for (const args of [
      ["map", "--json", expected.input],
      ["map", expected.input, "--json"],
    ]) {
      expect(await isthmus(args)).toEqual({ code: 0, out: `${JSON.stringify(expected)}\n`, error: "" });
    }
  });

  test.each([
    ["im:romeo@sip.example", "romeo@sip.example"],
    ["pres:romeo@sip.example", "romeo@sip.example"],
    ["xmpp:romeo@sip.example", "romeo@sip.example"],
    ["SIP:romeo@sip.example", "romeo@sip.example"],
  ])("%s is a URI", async (input, output) => {
    const { code, out } = await isthmus(["map", "--json", input]);
    expect(code).toBe(0);
    expect(objects(out)).toEqual([{ input, output, rule: expect.stringMatching(/^RFC \d+ §/) }]);
  });

  test("what cannot be mapped ends with 1 and the reason", async () => {
    expect(await isthmus(["map", "sip:%zz@sip.example"])).toEqual({
      code: 1,
      out: "",
      error: "sip:%zz@sip.example cannot be mapped: The address cannot be read (percent-encoding)\n",
    });
    expect(await isthmus(["map", "--json", "sip:%zz@sip.example"])).toEqual({
      code: 1,
      out: '{"input":"sip:%zz@sip.example","error":"The address cannot be read (percent-encoding)"}\n',
      error: "",
    });
  });

  test.each([[[]], [["a@b.example", "c@d.example"]]])(
    "it takes exactly one address, not %j",
    async (addresses) => {
      const call = await isthmus(["map", ...addresses]);
      expect(call).toMatchObject({ code: 2, out: "" });
      expect(call.error).toContain("map takes one ADDRESS");
    },
  );

  test("an address that begins with a dash stands after --", async () => {
    const call = await isthmus(["map", "--", "-j@xmpp.example"]);
    expect(call).toMatchObject({ code: 0 });
    expect(call.out).toMatch(/^sip:-j@xmpp\.example\n/);
  });
});

describe("lines", () => {
  test("one object for each line, in order; empty lines are passed over; one that fails makes 1", async () => {
    const call = await isthmus(["map", "-"], {
      input: ["juliet@a.exa", "mple\r\n\nsip:%zz@a.example\nsip:r@b.example"],
    });
    expect(call).toMatchObject({ code: 1, error: "" });
    expect(objects(call.out)).toEqual([
      { input: "juliet@a.example", output: "sip:juliet@a.example", rule: expect.any(String) },
      { input: "sip:%zz@a.example", error: expect.any(String) },
      { input: "sip:r@b.example", output: "r@b.example", rule: expect.any(String) },
    ]);
  });

  test("nothing in, nothing out", async () => {
    expect(await isthmus(["map", "-"])).toEqual({ code: 0, out: "", error: "" });
  });

  test("an over-long line is refused without being kept, and the next one is read", async () => {
    const chunk = Buffer.alloc(1 << 20, "a");
    const call = await isthmus(["map", "-"], {
      input: [...Array<Buffer>(64).fill(chunk), "\nj@a.example\n"],
    });
    const [long, next] = objects(call.out);
    expect(long).toEqual({
      input: `${"a".repeat(80)}…`,
      error: "the address is longer than 65536 octets",
    });
    expect(next).toMatchObject({ output: "sip:j@a.example" });
    expect(call.code).toBe(1);
  });

  test("only LF ends a line: a line separator inside an address stays there", async () => {
    const call = await isthmus(["map", "-"], { input: ["j\u2028k@a.example\n"] });
    expect(objects(call.out)).toEqual([expect.objectContaining({ input: "j\u2028k@a.example" })]);
  });

  test("characters that are cut by the chunks come whole", async () => {
    const line = Buffer.from("žofie@a.example\n");
    const call = await isthmus(["map", "-"], { input: [line.subarray(0, 1), line.subarray(1)] });
    expect(objects(call.out)).toEqual([expect.objectContaining({ input: "žofie@a.example" })]);
  });
});

describe("by the domain rules of a configuration", () => {
  const file = configFile();

  test.each([
    ["sip:juliet@chat.example", "juliet@xmpp.example", "domains.xmpp: people of xmpp.example"],
    ["sip:romeo@phones.example", "romeo@sip.example", "domains.sip: people of phones.example"],
    ["sip:juliet%40far.example@gateway.example", "juliet@far.example", "via gateway gateway.example"],
    ["romeo@sip.example", "sip:romeo@phones.example", "(peer kamailio)"],
    [
      "juliet@xmpp.example/balcony",
      "sip:juliet@chat.example;gr=balcony",
      "domains.xmpp: people of xmpp.example",
    ],
  ])("%s is %s", async (input, output, rule) => {
    const call = await isthmus(["map", "--config", file, "--json", input]);
    expect(call).toMatchObject({ code: 0, error: "" });
    expect(objects(call.out)).toEqual([{ input, output, rule: expect.stringContaining(rule) }]);
  });

  test("an address of nobody's is refused with the reason", async () => {
    const call = await isthmus(["map", "--config", file, "sip:romeo@elsewhere.example"]);
    expect(call).toMatchObject({ code: 1, out: "" });
    expect(call.error).toContain("No rule serves this domain");
  });

  test("the configuration may be named by ISTHMUS_CONFIG, or lie in the folder", async () => {
    const env = { ISTHMUS_CONFIG: file };
    const folder = file.replace(/\/isthmus\.yaml$/, "");
    for (const surroundings of [{ env }, { folder }]) {
      const call = await isthmus(["map", "romeo@sip.example"], surroundings);
      expect(call.out).toMatch(/^sip:romeo@phones\.example\n/);
    }
  });

  test("a wrong configuration is told before anything else", async () => {
    const call = await isthmus(["map", "--config", "/no/such.yaml", "romeo@sip.example"]);
    expect(call).toEqual({
      code: 2,
      out: "",
      error: "/no/such.yaml: expected a configuration file that can be read: there is no such file\n",
    });
  });
});
