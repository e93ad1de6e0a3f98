/** Data forms as plain data: what we ask, what we were told, what we show. XEP-0004 §3. */

export type FieldType =
  | "boolean"
  | "fixed"
  | "hidden"
  | "jid-single"
  | "list-multi"
  | "list-single"
  | "text-multi"
  | "text-single";

export interface Option {
  readonly label: string;
  readonly value: string;
}

export interface Field {
  /** The `var`; a fixed field needs none. */
  readonly name?: string;
  readonly type: FieldType;
  readonly label?: string;
  /** What a person may want to know of the field. */
  readonly description?: string;
  readonly isRequired?: boolean;
  /** What it holds before anybody has filled it in; the text of a fixed field. */
  readonly values?: readonly string[];
  /** Of list-single and list-multi: nothing else may be chosen. */
  readonly options?: readonly Option[];
}

export interface Form {
  readonly title: string;
  readonly instructions?: string;
  readonly fields: readonly Field[];
}

export interface Column {
  readonly name: string;
  readonly label: string;
  readonly type?: "text-single" | "jid-single";
}

/** Results of several items (§3.4). */
export interface Table {
  readonly title: string;
  readonly instructions?: string;
  /** Goes in front as the hidden field that scopes the columns' names (XEP-0068). */
  readonly formType?: string;
  readonly columns: readonly Column[];
  /** One text for each column. */
  readonly rows: readonly (readonly string[])[];
}

/** What somebody filled in: values by the name of the field. */
export type Submission = ReadonlyMap<string, readonly string[]>;

/** The first value of a field without the blanks around it; "" for none. */
export function textOf(submission: Submission, name: string): string {
  return submission.get(name)?.[0]?.trim() ?? "";
}
