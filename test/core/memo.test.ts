import { Memo } from "../../src/core/memo";

function counting(maximum: number) {
  const computed: string[] = [];
  const memo = new Memo((text) => {
    computed.push(text);
    return { text };
  }, maximum);
  return { memo, computed };
}

test("the same text is worked out once", () => {
  const { memo, computed } = counting(4);
  expect(memo.of("sip:romeo@sip.example")).toBe(memo.of("sip:romeo@sip.example"));
  expect(memo.of("sip:juliet@sip.example").text).toBe("sip:juliet@sip.example");
  expect(computed).toEqual(["sip:romeo@sip.example", "sip:juliet@sip.example"]);
});

test("what was asked for longest ago is forgotten, what is asked for often is not", () => {
  const { memo, computed } = counting(4);
  for (const text of ["often", "a", "often", "b", "often", "c", "often", "d", "often"]) memo.of(text);
  expect(computed.filter((text) => text === "often")).toHaveLength(1);
  computed.length = 0;
  memo.of("a");
  expect(computed).toEqual(["a"]);
});

test("a long text is worked out each time and takes no memory", () => {
  const { memo, computed } = counting(4);
  const long = "x".repeat(257);
  expect(memo.of(long).text).toBe(long);
  memo.of(long);
  expect(computed).toHaveLength(2);
});
