/** Where an entry says something: an attribute by its name, or a text around one, such as `{uid}@sip.example`. */

export interface AttributeSource {
  readonly attribute: string;
  /** The attribute in lower case. */
  readonly key: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** Reads what the configuration says; undefined when it is neither a name nor a text with one name in braces. */
export function parseAttribute(text: string): AttributeSource | undefined {
  if (NAME.test(text)) return sourceOf(text, "", "");
  const [, prefix, attribute, suffix] = TEMPLATE.exec(text) ?? [];
  if (prefix === undefined || attribute === undefined || suffix === undefined) return undefined;
  return sourceOf(attribute, prefix, suffix);
}

function sourceOf(attribute: string, prefix: string, suffix: string): AttributeSource {
  return { attribute, key: attribute.toLowerCase(), prefix, suffix };
}

/** What an entry that has `value` in the attribute says. */
export function saidBy({ prefix, suffix }: AttributeSource, value: string): string {
  return prefix === "" && suffix === "" ? value : `${prefix}${value}${suffix}`;
}

/** What must stand in the attribute for the entry to say `text`; undefined when it never says it. */
export function valueFor({ prefix, suffix }: AttributeSource, text: string): string | undefined {
  if (text.length <= prefix.length + suffix.length) return undefined;
  const folded = text.toLowerCase();
  if (!folded.startsWith(prefix.toLowerCase()) || !folded.endsWith(suffix.toLowerCase())) return undefined;
  return text.slice(prefix.length, text.length - suffix.length);
}

/** RFC 4512 §2.5: a name, or a dotted number; no options. */
const NAME = /^(?:[A-Za-z][A-Za-z0-9-]{0,127}|[0-9]+(?:\.[0-9]+){1,31})$/;
const TEMPLATE = /^([^{}]{0,255})\{([A-Za-z][A-Za-z0-9-]{0,127})\}([^{}]{0,255})$/;
