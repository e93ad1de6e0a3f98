/** Data forms. XEP-0004. */

import { type Form, textOf } from "../../../src/core/forms/form";
import { checkSubmission, isYes, readSubmission } from "../../../src/core/forms/read-form";
import { formElement, tableElement } from "../../../src/core/forms/write-form";
import { element } from "../../../src/xml/element";
import { write } from "../../../src/xml/writer";

const X = "jabber:x:data";
const field = (name: string, ...values: readonly string[]) =>
  element(X, "field", { var: name }, ...values.map((value) => element(X, "value", {}, value)));
const submit = (...fields: Parameters<typeof element>[3][]) => element(X, "x", { type: "submit" }, ...fields);

const FORM: Form = {
  title: "T",
  instructions: "I",
  fields: [
    { type: "fixed", values: ["just text"] },
    { name: "text", type: "text-single", label: "Text", description: "D", isRequired: true, values: ["v"] },
    { name: "yes", type: "boolean" },
    { name: "one", type: "list-single", options: [{ label: "A", value: "a" }] },
    {
      name: "many",
      type: "list-multi",
      options: [
        { label: "B", value: "b" },
        { label: "C", value: "c" },
      ],
    },
  ],
};

const checked = (...fields: Parameters<typeof submit>) => {
  const submission = readSubmission(submit(...fields));
  if (submission === undefined) throw new Error("unreadable");
  return checkSubmission(FORM, submission);
};

test("a form in the order of the schema (§3.1, §3.2)", () => {
  expect(write(formElement(FORM))).toBe(
    "<x xmlns='jabber:x:data' type='form'><title>T</title><instructions>I</instructions>" +
      "<field type='fixed'><value>just text</value></field>" +
      "<field var='text' type='text-single' label='Text'><desc>D</desc><required/><value>v</value></field>" +
      "<field var='yes' type='boolean'/>" +
      "<field var='one' type='list-single'><option label='A'><value>a</value></option></field>" +
      "<field var='many' type='list-multi'><option label='B'><value>b</value></option>" +
      "<option label='C'><value>c</value></option></field></x>",
  );
});

test("a table: what is reported, then the items (§3.4)", () => {
  const columns = [
    { name: "jid", label: "J", type: "jid-single" as const },
    { name: "n", label: "N" },
  ];
  expect(write(tableElement({ title: "T", columns, rows: [["a@b", "c"], ["d@e"]] }))).toBe(
    "<x xmlns='jabber:x:data' type='result'><title>T</title>" +
      "<reported><field var='jid' label='J' type='jid-single'/><field var='n' label='N' type='text-single'/></reported>" +
      "<item><field var='jid'><value>a@b</value></field><field var='n'><value>c</value></field></item>" +
      "<item><field var='jid'><value>d@e</value></field><field var='n'><value></value></field></item></x>".replace(
        "<value></value>",
        "<value/>",
      ),
  );
});

test("what is filled in comes back by field, without what the form does not have", () => {
  const result = checked(
    field("text", " hello "),
    field("yes", "true"),
    field("many", "b", "c"),
    field("x", "y"),
  );
  if (!result.ok) throw new Error(result.problem);
  expect(textOf(result.values, "text")).toBe("hello");
  expect(isYes(result.values, "yes")).toBe(true);
  expect(result.values.get("many")).toEqual(["b", "c"]);
  expect(result.values.get("x")).toBeUndefined();
  expect(textOf(result.values, "none")).toBe("");
});

test.each([
  ["nothing where something must be", [], "Text: this must be filled in."],
  ["two values for one", [field("text", "a", "b")], "Text: only one value can be given."],
  ["neither yes nor no", [field("text", "a"), field("yes", "maybe")], "yes: this is yes or no."],
  ["no choice of one", [field("text", "a"), field("one", "b")], "one: this is none of the choices."],
  ["no choice of many", [field("text", "a"), field("many", "b", "x")], "many: this is none of the choices."],
])("%s", (_, fields, problem) => {
  expect(checked(...fields)).toEqual({ ok: false, problem });
});

test("a cancelled form counts as submitted; another type does not (XEP-0050 §3.6.1)", () => {
  expect(readSubmission(element(X, "x", { type: "cancel" }))).toEqual(new Map());
  for (const type of ["form", "result", undefined, ""])
    expect(readSubmission(element(X, "x", { type }))).toBeUndefined();
});

test.each([
  ["a field twice", submit(field("a"), field("a"))],
  ["too many fields", submit(...Array.from({ length: 201 }, (_, n) => field(`f${n}`)))],
  ["too many values", submit(field("a", ...Array.from({ length: 501 }, () => "v")))],
  ["too many characters", submit(field("a", "x".repeat(300_000)))],
])("%s: not read", (_, x) => {
  expect(readSubmission(x)).toBeUndefined();
});

test("fields without a name are passed over", () => {
  expect(readSubmission(submit(element(X, "field"), element(X, "field")))).toEqual(new Map());
});
