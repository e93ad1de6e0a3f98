import { createLog } from "../src/log";

/** Lines of a log, as they go out. */
function recorded(format: "json" | "text") {
  const lines: string[] = [];
  if (format === "text") {
    const write = jest.spyOn(process.stdout, "write").mockImplementation((line) => {
      lines.push(String(line));
      return true;
    });
    return { log: createLog({ level: "debug", format }), lines, end: () => write.mockRestore() };
  }
  const destination = { write: (line: string) => void lines.push(line) };
  return { log: createLog({ level: "debug", format, destination }), lines, end: () => undefined };
}

describe("the log (architecture E21)", () => {
  test("secrets and bodies are not in it, whoever logs them", () => {
    const { log, lines } = recorded("json");
    log.info({ password: "open sesame", request: { body: "open sesame" }, secret: "open sesame" }, "event");
    log.child({ authorization: "open sesame" }).warn({}, "event");
    expect(lines).toHaveLength(2);
    expect(lines.join()).not.toContain("open sesame");
  });

  test("an error has its message and its stack", () => {
    const { log, lines } = recorded("json");
    log.error({ error: new Error("what was wrong") }, "event");
    log.error({ error: "a word" }, "event");
    expect(JSON.parse(lines[0]!).error).toMatchObject({ message: "what was wrong" });
    expect(JSON.parse(lines[0]!).error.stack).toContain("log.test");
    expect(JSON.parse(lines[1]!).error).toBe("a word");
  });

  test("in text form nothing of a peer's begins a line, looks like a field, or moves the cursor", () => {
    const { log, lines, end } = recorded("text");
    log.info(
      {
        from: "a@b/x\n2026 error forged",
        to: "c level=fatal",
        detail: "\u001b[2J\u202eevil\u009b",
        ok: "plain",
        n: 3,
      },
      "link failed: \u001b[31m\r\nnow",
    );
    end();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[\x20-\x7e]*\n$/);
    expect(lines[0]).toContain('to="c level=fatal"');
    expect(lines[0]).toContain("ok=plain n=3");
  });
});
