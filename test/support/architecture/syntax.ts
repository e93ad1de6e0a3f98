/** What a source file imports, uses and declares, read from its syntax tree: comments and strings cannot deceive it. */

import { parseSync } from "@swc/core";

/** A source of src/, named from there with slashes: `core/result.ts`. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

export interface Import {
  /** As written: `../core/result`, `node:fs`, `yaml`. */
  readonly specifier: string;
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

export interface Facts {
  readonly path: string;
  readonly firstLine: string;
  readonly imports: readonly Import[];
  /** Names used freely, and members of them: `Date`, `process`, `process.env`, `Math.random`. */
  readonly uses: ReadonlySet<string>;
  /** Text of every string and template. */
  readonly strings: readonly string[];
  /** What could change at the top level of the module, in words. */
  readonly mutable: readonly string[];
}

/** Reads the facts of one source. */
export function factsOf(source: Source): Facts {
  const tree = parseSync(source.text, { syntax: "typescript", target: "es2022" }) as unknown as Tree;
  const found = { imports: [] as Import[], uses: new Set<string>(), strings: [] as string[] };
  visit(tree, found);
  return {
    path: source.path,
    firstLine: firstLineOf(source.text),
    ...found,
    mutable: (tree.body as Tree[]).flatMap(mutableOf),
  };
}

/** The first line; a comment that begins with a bare opening counts from the next. */
function firstLineOf(text: string): string {
  const [first = "", second = ""] = text.split("\n", 2);
  return first.trim() === "/**" ? `/**${second.replace(/^ *\*/, "")}` : first;
}

type Tree = { readonly [key: string]: unknown; readonly type?: string };
type Found = { imports: Import[]; uses: Set<string>; strings: string[] };

function visit(node: unknown, found: Found): void {
  if (Array.isArray(node)) {
    for (const item of node) visit(item, found);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  const tree = node as Tree;
  note(tree, found);
  for (const [key, child] of Object.entries(tree)) if (!isName(tree, key)) visit(child, found);
}

function note(tree: Tree, found: Found): void {
  const specifier = specifierOf(tree);
  if (specifier !== undefined) found.imports.push({ specifier, typeOnly: isTypeOnly(tree) });
  if (tree.type === "Identifier") found.uses.add(String(tree.value));
  if (tree.type === "StringLiteral") found.strings.push(String(tree.value));
  if (tree.type === "TemplateElement") found.strings.push(String(tree.raw));
  if (tree.type === "MemberExpression") {
    const object = tree.object as Tree;
    const property = tree.property as Tree;
    if (object.type === "Identifier" && property.type === "Identifier") {
      found.uses.add(`${object.value}.${property.value}`);
    }
  }
}

/** Keys and members are names of things, not uses of the globals that are called the same. */
function isName(tree: Tree, key: string): boolean {
  const child = tree[key] as Tree | undefined;
  if (child?.type !== "Identifier") return false;
  if (key === "key" || key === "imported" || key === "exported" || key === "orig") return true;
  return (
    (key === "property" && tree.type === "MemberExpression") ||
    (key === "right" && tree.type === "TsQualifiedName")
  );
}

function specifierOf(tree: Tree): string | undefined {
  switch (tree.type) {
    case "ImportDeclaration":
    case "ExportAllDeclaration":
    case "ExportNamedDeclaration":
      return textOf(tree.source);
    case "TsImportType":
      return textOf(tree.argument);
    case "TsExternalModuleReference":
      return textOf(tree.expression);
    case "CallExpression":
      return isImportCall(tree.callee as Tree)
        ? textOf((tree.arguments as Tree[])[0]?.expression)
        : undefined;
    default:
      return undefined;
  }
}

function isImportCall(callee: Tree): boolean {
  if (callee.type === "Import") return true;
  if (callee.type === "Identifier") return callee.value === "require";
  const object = callee.object as Tree | undefined;
  return callee.type === "MemberExpression" && object?.type === "Identifier" && object.value === "require";
}

/** A literal, or a template without holes; anything else cannot be followed and is named as such. */
function textOf(node: unknown): string | undefined {
  const tree = node as Tree | null | undefined;
  if (tree === null || tree === undefined) return undefined;
  if (tree.type === "StringLiteral") return String(tree.value);
  const quasis = tree.type === "TemplateLiteral" ? (tree.quasis as Tree[]) : [];
  return quasis.length === 1 ? String(quasis[0]?.raw) : "(computed)";
}

function isTypeOnly(tree: Tree): boolean {
  if (tree.type === "TsImportType" || tree.typeOnly === true) return true;
  const specifiers = tree.specifiers as Tree[] | undefined;
  return (
    specifiers !== undefined && specifiers.length > 0 && specifiers.every((one) => one.isTypeOnly === true)
  );
}

/** `let`, an empty container that only waits to be filled, or a static that can be assigned. */
function mutableOf(statement: Tree): string[] {
  const declaration = (statement.type === "ExportDeclaration" ? statement.declaration : statement) as Tree;
  if (declaration.type === "VariableDeclaration" && declaration.declare !== true) {
    return (declaration.declarations as Tree[]).flatMap((one) =>
      mutableVariable(String(declaration.kind), one),
    );
  }
  if (declaration.type !== "ClassDeclaration") return [];
  return (declaration.body as Tree[])
    .filter(
      (member) => member.type === "ClassProperty" && member.isStatic === true && member.readonly !== true,
    )
    .map((member) => `static ${(member.key as Tree).value}`);
}

function mutableVariable(kind: string, declarator: Tree): string[] {
  const name = String((declarator.id as Tree).value ?? "(pattern)");
  if (kind !== "const") return [`${kind} ${name}`];
  const init = declarator.init as Tree | null;
  const annotation = (declarator.id as Tree).typeAnnotation as Tree | null | undefined;
  return init !== null && waitsToBeFilled(init) && !isReadonly(annotation?.typeAnnotation as Tree)
    ? [`const ${name}`]
    : [];
}

function waitsToBeFilled(init: Tree): boolean {
  if (init.type === "ArrayExpression") return (init.elements as unknown[]).length === 0;
  if (init.type === "ObjectExpression") return (init.properties as unknown[]).length === 0;
  if (init.type !== "NewExpression") return false;
  const callee = init.callee as Tree;
  const empty = ((init.arguments as unknown[] | null) ?? []).length === 0;
  return CONTAINERS.has(String(callee.value)) && empty;
}

/** A type of our own (`Headers`) is taken at its word; the plain containers of the language are not. */
function isReadonly(type: Tree | undefined): boolean {
  if (type === undefined || type.type === "TsArrayType") return false;
  return !(type.type === "TsTypeReference" && CONTAINERS.has(String((type.typeName as Tree).value)));
}

const CONTAINERS = new Set([
  "Map",
  "Set",
  "WeakMap",
  "WeakSet",
  "Array",
  "Object",
  "AbortController",
  "EventEmitter",
]);
