/** What an option is: type, default and one-line meaning in one place. The parser and the sample both come from it. */

import { z } from "zod";
import type { Value } from "./values";

/** A value as YAML has it, such as "30 s". */
export type Yaml = string | number | boolean | readonly Yaml[];

interface Described<T> {
  readonly meaning: string;
  readonly schema: z.ZodType<T>;
}

/** One key with a plain value. */
export interface Option<T> extends Described<T> {
  readonly kind: "option";
  readonly expects: string;
  readonly brief?: string;
  /** What holds when the key is left out; undefined: nothing (`required` says whether that is an error). */
  readonly fallback?: Yaml;
  readonly required: boolean;
  /** What the sample shows for a key without a default. */
  readonly example?: Yaml;
  /** True when no message may show the value. */
  readonly secret: boolean;
}

/** A key with keys below it. */
export interface Section<T, S extends Shape = Shape> extends Described<T> {
  readonly kind: "section";
  readonly shape: S;
}

/** A key with a list of sections. */
export interface Sections<T, S extends Shape = Shape> extends Described<T> {
  readonly kind: "sections";
  readonly shape: S;
}

/** A key that takes what another part of the program reads; `example` is YAML text for the sample. */
export interface Foreign extends Described<unknown> {
  readonly kind: "foreign";
  readonly expects: string;
  readonly example: string;
}

export type Shape = Readonly<Record<string, Entry>>;
export type Entry = Option<unknown> | Section<unknown> | Sections<unknown> | Foreign;
export type Read<S extends Shape> = { readonly [K in keyof S]: z.output<S[K]["schema"]> };

/** A key that may be left out: then `fallback` holds, read like any other value. */
export function option<T>(value: Value<T>, fallback: Yaml, meaning: string): Option<T> {
  return { ...plain(value, meaning), fallback, schema: prefault(value.schema, fallback) };
}

/** A key that must be there; `example` is what the sample shows. */
export function required<T>(value: Value<T>, example: Yaml, meaning: string): Option<T> {
  return { ...plain(value, meaning), required: true, example };
}

/** A key that may be left out, with nothing in its place; `example` is what the sample shows, commented out. */
export function optional<T>(value: Value<T>, example: Yaml, meaning: string): Option<T | undefined> {
  return { ...plain(value, meaning), example, schema: value.schema.optional() };
}

/** Like `optional`, for a value that no message may show. */
export function secret<T>(value: Value<T>, example: Yaml, meaning: string): Option<T | undefined> {
  return { ...optional(value, example, meaning), secret: true };
}

/** Keys below a key. Unknown ones are refused. */
export function section<S extends Shape>(meaning: string, shape: S): Section<Read<S>, S> {
  return { kind: "section", meaning, shape, schema: prefault(objectOf(shape), {}) };
}

/** A list of sections; left out, it is empty. */
export function sections<S extends Shape>(meaning: string, shape: S): Sections<readonly Read<S>[], S> {
  const items = z.preprocess((raw) => (raw === null ? [] : raw), z.array(objectOf(shape)));
  return { kind: "sections", meaning, shape, schema: prefault(items, []) };
}

/** A key whose value is read elsewhere; undefined when it is left out. */
export function foreign(expects: string, example: string, meaning: string): Foreign {
  return { kind: "foreign", expects, meaning, example, schema: z.unknown().optional() };
}

function plain<T>(value: Value<T>, meaning: string): Option<T> {
  const { expects, brief, schema } = value;
  return {
    kind: "option",
    expects,
    ...(brief === undefined ? {} : { brief }),
    meaning,
    schema,
    required: false,
    secret: false,
  };
}

/** A section that holds nothing but comments is null in YAML: as good as empty. */
function objectOf<S extends Shape>(shape: S): z.ZodType<Read<S>> {
  const members = Object.fromEntries(Object.entries(shape).map(([key, entry]) => [key, entry.schema]));
  const object = z.preprocess((raw) => (raw === null ? {} : raw), z.strictObject(members));
  return object as unknown as z.ZodType<Read<S>>; // the members are exactly those of `shape`
}

/** `prefault` wants the type of the input, which a transform hides. */
function prefault<T>(schema: z.ZodType<T>, fallback: unknown): z.ZodType<T> {
  return (schema as z.ZodType<T, unknown>).prefault(fallback);
}
