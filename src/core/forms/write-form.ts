/** Forms and tables as elements. XEP-0004 §3.1 to §3.4. */

import { type Element, element } from "../../xml/element";
import type { Column, Field, Form, Option, Table } from "./form";

export const DATA_FORMS = "jabber:x:data";

/** A form to be filled in. */
export function formElement({ title, instructions, fields }: Form): Element {
  return x("form", title, instructions, ...fields.map(fieldElement));
}

/** A table of results: what the columns are called, then the rows. */
export function tableElement({ title, instructions, formType, columns, rows }: Table): Element {
  const scope =
    formType === undefined ? [] : [fieldElement({ name: "FORM_TYPE", type: "hidden", values: [formType] })];
  const reported = element(DATA_FORMS, "reported", {}, ...columns.map(columnElement));
  return x("result", title, instructions, ...scope, reported, ...rows.map((row) => item(columns, row)));
}

function x(type: string, title: string, instructions: string | undefined, ...content: Element[]): Element {
  const told = instructions === undefined ? undefined : textElement("instructions", instructions);
  return element(DATA_FORMS, "x", { type }, textElement("title", title), told, ...content);
}

/** The order of what is inside is that of the schema (§9). */
function fieldElement({ name, type, label, description, isRequired, values, options }: Field): Element {
  return element(
    DATA_FORMS,
    "field",
    { var: name, type, label },
    description === undefined ? undefined : textElement("desc", description),
    isRequired === true ? element(DATA_FORMS, "required") : undefined,
    ...(values ?? []).map((value) => textElement("value", value)),
    ...(options ?? []).map(optionElement),
  );
}

function optionElement({ label, value }: Option): Element {
  return element(DATA_FORMS, "option", { label }, textElement("value", value));
}

function columnElement({ name, label, type }: Column): Element {
  return element(DATA_FORMS, "field", { var: name, label, type: type ?? "text-single" });
}

function item(columns: readonly Column[], row: readonly string[]): Element {
  const fields = columns.map(({ name }, at) =>
    element(DATA_FORMS, "field", { var: name }, textElement("value", row[at] ?? "")),
  );
  return element(DATA_FORMS, "item", {}, ...fields);
}

function textElement(name: string, content: string): Element {
  return element(DATA_FORMS, name, {}, content);
}
