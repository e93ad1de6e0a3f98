import { parseSettings } from "../../src/config/parse";
import { nearest, type Problem, sentence } from "../../src/config/problem";

test("an empty text gives the defaults", () => {
  const parsed = parseSettings("");
  expect(parsed.ok && parsed.value.sip.listen).toEqual([
    { transport: "udp", address: "127.0.0.1", port: 5060 },
    { transport: "tcp", address: "127.0.0.1", port: 5060 },
  ]);
});

test("a section that holds only comments is an empty one", () => {
  expect(parseSettings("sip:\n  # nothing\nlog:\n")).toMatchObject({ ok: true });
});

test("every problem is told at once, each with its key, its line, what was found and what is expected", () => {
  const text = [
    "sip:",
    "  realm: 7",
    "  timers:",
    "    t1: 500",
    "  peers:",
    "    - proxy: nowhere",
    "log:",
    "  level: loud",
  ].join("\n");
  expect(problemsOf(text)).toEqual([
    { key: "sip.realm", line: 2, found: "7", expected: "a text" },
    expect.objectContaining({ key: "sip.timers.t1", line: 4, found: "500" }),
    { key: "sip.peers[0].name", line: 6, found: "nothing", expected: "a text" },
    expect.objectContaining({ key: "sip.peers[0].proxy", line: 6, found: '"nowhere"' }),
    { key: "log.level", line: 8, found: '"loud"', expected: "debug or info or warn or error" },
  ]);
});

test("an unknown key is refused with the one that was meant", () => {
  const [problem] = problemsOf("sip:\n  lissten: []");
  expect(problem).toMatchObject({ key: "sip.lissten", line: 2, found: "an unknown key" });
  expect(problem?.expected).toMatch(/^listen \(perhaps\)/);
});

test("an unknown key that resembles nothing is refused with the list of those known", () => {
  expect(problemsOf("zzzzzzz: 1")[0]?.expected).toBe(
    "one of sip, xmpp, domains, mappings, store, log, health, presence, registrar, waiting, lists, directory, service, limits",
  );
});

test.each(["__proto__: {a: 1}", "constructor: 1", "sip: {toString: 1}"])("%s is an unknown key", (text) => {
  expect(problemsOf(text)).toHaveLength(1);
});

test.each([
  ["xmpp: {components: [{host: a.example, secret: [hunter2]}]}"],
  ["xmpp: {components: [{host: a.example, secret: 47110815}]}"],
  ["xmpp: {components: hunter2}"],
  ["xmpp: {components: [hunter2]}"],
  ["xmpp: hunter2"],
  ["xmpp: {components: [{host: a.example, secrt: hunter2}]}"],
  ['xmpp: {components: [{host: a.example, secret: "hunter2'],
  ['xmpp: {components: [{host: a.example, secret: "x" hunter2}]}'],
  ["xmpp: {components: [{host: a.example, secret: !hunter2 x}]}"],
  ["xmpp: {components: [{host: a.example, secret: *hunter2}]}"],
])("no message shows a secret: %s", (text) => {
  const told = problemsOf(text).map((problem) => sentence("isthmus.yaml", problem));
  expect(told.length).toBeGreaterThan(0);
  expect(told.join("\n")).not.toMatch(/hunter2|47110815/);
});

test.each([
  ["a: &x 1\nb: *x", "no anchors (&) and no aliases (*)"],
  ["sip: {}\nsip: {}", "each key once"],
  ["log: !!binary aGk=", "no tags (!)"],
  ["log: {level: info", "keys of one section indented alike, and brackets closed"],
  ["a: 1\n---\nb: 2", "one YAML document"],
])("%j is refused as YAML", (text, expected) => {
  expect(problemsOf(text).map((problem) => problem.expected)).toContain(expected);
});

test("a list in place of a section, and the other way round, is named", () => {
  expect(problemsOf("sip: []")[0]).toMatchObject({ key: "sip", found: "a list", expected: "keys below it" });
  expect(problemsOf("sip: {peers: {}}")[0]).toMatchObject({
    key: "sip.peers",
    found: "a section",
    expected: "a list",
  });
  expect(problemsOf("sip: {listen: 5060}")[0]).toMatchObject({ key: "sip.listen", found: "5060" });
});

test("a sentence names file, line, key, what was found and what is expected", () => {
  expect(sentence("a.yaml", { key: "sip.realm", line: 3, found: "7", expected: "a text" })).toBe(
    "a.yaml:3: sip.realm: found 7, expected a text",
  );
});

test("the nearest word is found, and none when all are far", () => {
  expect(nearest("reconect", ["reconnect", "ping"])).toBe("reconnect");
  expect(nearest("Realm", ["realm"])).toBe("realm");
  expect(nearest("xyz", ["realm", "listen"])).toBeUndefined();
});

function problemsOf(text: string): readonly Problem[] {
  const parsed = parseSettings(text);
  return parsed.ok ? [] : parsed.problems;
}
