import { HTML_LIMITS, parseHtml } from "../../src/xml/html";

test("elements, attributes and text, with entities read", () => {
  expect(parseHtml("<P Class=x>a&nbsp;&eacute;<br>b</p>")?.children).toEqual([
    {
      name: "p",
      ns: "http://www.w3.org/1999/xhtml",
      attrs: { class: "x" },
      children: [
        "a\u00A0é",
        { name: "br", ns: "http://www.w3.org/1999/xhtml", attrs: {}, children: [] },
        "b",
      ],
    },
  ]);
});

test.each([
  "",
  "plain",
  "<",
  "</p>",
  "<p",
  "<p><b></p>",
  "<!doctype html><!-- x --><?php x?>",
  "<![CDATA[x]]>",
  "a<b>c</i>d",
])("%j is read somehow", (text) => expect(parseHtml(text)?.name).toBe("html"));

test("limits are kept", () => {
  expect(parseHtml("<div>".repeat(HTML_LIMITS.depth))).toBeDefined();
  expect(parseHtml("<div>".repeat(HTML_LIMITS.depth + 1))).toBeUndefined();
  expect(parseHtml("<br>".repeat(HTML_LIMITS.elements + 1))).toBeUndefined();
});

test("a name that means something to JavaScript is a name", () => {
  expect(parseHtml("<x __proto__=y constructor=z>")?.children).toHaveLength(1);
  expect(({} as { y?: unknown }).y).toBeUndefined();
});
