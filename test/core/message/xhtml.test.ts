import { toXhtmlIm } from "../../../src/core/message/xhtml";
import { parseHtml } from "../../../src/xml/html";
import { parseXml } from "../../../src/xml/parser";
import { write } from "../../../src/xml/writer";

function translate(html: string) {
  const { plain, html: made } = toXhtmlIm(parseHtml(html)!);
  const markup = made === undefined ? undefined : write(made);
  return [
    plain,
    markup?.replace(/^<html xmlns='[^']*'><body xmlns='[^']*'>/, "").replace(/<\/body><\/html>$/, ""),
  ];
}

test.each([
  [
    "<b>a</b> <i>b</i> <u>c</u>",
    "a b c",
    "<p><strong>a</strong> <em>b</em> <span style='text-decoration: underline'>c</span></p>",
  ],
  ["<p>a</p><p>b <em>c</em></p>", "a\nb c", "<p>a</p><p>b <em>c</em></p>"],
  ["<ul><li>a<li>b</ul>", "- a\n- b", "<ul><li>a</li><li>b</li></ul>"],
  ["<a href='https://x.test/'>x</a>", "x <https://x.test/>", "<p><a href='https://x.test/'>x</a></p>"],
  [
    "<a href='https://x.test'>https://x.test</a>",
    "https://x.test",
    "<p><a href='https://x.test'>https://x.test</a></p>",
  ],
  ["<a href='mailto:a@b.test'>a@b.test</a>", "a@b.test", "<p><a href='mailto:a@b.test'>a@b.test</a></p>"],
  ["<div><div><b>x</b></div>y</div>", "x\ny", "<p><strong>x</strong></p><p>y</p>"],
  [
    "<font color=red style='color: red; background: url(http://x)'>x</font>",
    "x",
    "<p><span style='color: red'>x</span></p>",
  ],
  ["<table><tr><td>a<td><b>b</b></table>", "a b", "<p>a<strong>b</strong></p>"],
  ["<pre>a\n  <b>b</b></pre>", "a\n  b", "<p>a\n  <strong>b</strong></p>"],
  ["a<br>b &lt;i&gt; <i>c</i>", "a\nb <i> c", "<p>a<br/>b &lt;i&gt; <em>c</em></p>"],
])("%s", (html, plain, markup) => expect(translate(html)).toEqual([plain, markup]));

test.each([
  ["a  \n b", "a b"],
  ["<p>a</p><br>b", "a\n\nb"],
  ["<html><head><title>t</title><style>s</style></head><body>b</body></html>", "b"],
])("%s is only text", (html, plain) => expect(translate(html)).toEqual([plain, undefined]));

describe("what could run, fetch or mislead is dropped (XEP-0071 §12)", () => {
  test.each([
    "<b onclick='x()' class=c id=i>t</b>",
    "<b>t</b><script>x()</script><style>x</style>",
    "<b>t<iframe src=x></iframe></b><object data=x></object><svg><script>x()</script></svg>",
    "<b><a href='javascript:x()'>t</a></b>",
    "<b><a href=' java\nscript:x()'>t</a></b>",
    "<b><a href='JAVASCRIPT&colon;x()'>t</a></b>",
    "<b><a href='data:text/html,x'>t</a></b>",
    "<b><a href='//x.test'>t</a></b>",
    "<b><a href='vbscript:x'>t</a></b>",
    "<b><img src='https://x.test/pixel.png'>t</b>",
    "<b style='behavior: url(x); width: expression(x())'>t</b>",
    "<b><form action=x><input value=x>t</form></b>",
    "<b><x:y xmlns:x=z>t</x:y></b>",
  ])("%s", (html) =>
    expect(translate(html)).toEqual(["t", expect.stringMatching(/^<p>(<strong>t<\/strong>)<\/p>$/)]),
  );

  test.each([
    "color: red",
    "font-weight: bold; text-align: center",
    "margin-left: -2em",
    "font-family: Arial, sans-serif",
  ])("style %s stays", (style) =>
    expect(translate(`<span style='${style}'>t</span>`)[1]).toBe(`<p><span style='${style}'>t</span></p>`),
  );

  test.each([
    "color: url(x)",
    "color: expression(x)",
    "color: \\72 ed",
    "position: fixed",
    "color",
    "background-image: none",
    "color: red/**/",
  ])("style %s goes", (style) =>
    expect(translate(`<b>t</b><span style='${style}'>u</span>`)[1]).toBe("<p><strong>t</strong>u</p>"),
  );
});

test("the text of an image and the address of a wordless link stay", () => {
  expect(translate("<b>a</b><img alt=smile src=x><a href='xmpp:a@b.test'></a>")[0]).toBe(
    "asmilexmpp:a@b.test",
  );
});

test("whatever comes in, what goes out is well-formed and within the profile", () => {
  const nasty =
    "<p><ul><li><b><a href='https://x.test/?a=1&b=\"2\"'><i>x</p></li></ul></td>&#0;&#xFFFE;\u0001<q cite='javascript:x'>y";
  const made = toXhtmlIm(parseHtml(nasty)!).html!;
  expect(parseXml(write(made)).ok).toBe(true);
});
