import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isthmus } from "../cli/terminal";
import { expectPage, filesOf, readPage } from "./pages";

const PAGE = "docs/commands.md";

test("every example of docs/commands.md prints what stands there", async () => {
  const page = readPage(PAGE);
  const folder = mkdtempSync(join(tmpdir(), "isthmus-docs-"));
  const files = filesOf(page);
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  const parts: string[] = [];
  for (const part of page.split(/(?<=^```console\n)(.*?)(?=^```$)/ms)) {
    parts.push(part.startsWith("$ ") ? await ranAgain(part, folder, files) : part);
  }
  rmSync(folder, { recursive: true });
  expect(parts.filter((part) => part.startsWith("$ ")).length).toBeGreaterThan(12);
  expectPage(PAGE, parts.join(""));
});

/** The commands of one block, each with what it prints now. */
async function ranAgain(block: string, folder: string, files: ReadonlyMap<string, string>): Promise<string> {
  const commands = block.split("\n").filter((line) => line.startsWith("$ "));
  let text = "";
  let code = 0;
  for (const command of commands) {
    text += `${command}\n`;
    if (command === "$ echo $?") {
      text += `${code}\n`;
      continue;
    }
    const call = await typed(command, folder, files);
    code = call.code;
    text += `${call.out}${call.error}`.replaceAll(`${folder}/`, "").replaceAll("\r\n", "\n");
  }
  return text;
}

/** Runs a line as a shell would, as far as these examples go: quotes, files of the folder, `< FILE`. */
function typed(command: string, folder: string, files: ReadonlyMap<string, string>) {
  const words = [...command.slice("$ isthmus ".length).matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );
  const from = words.indexOf("<");
  const [args, input] =
    from < 0 ? [words, []] : [words.slice(0, from), [readFileSync(join(folder, words[from + 1] ?? ""))]];
  return isthmus(
    args.map((word) => (files.has(word) ? join(folder, word) : word)),
    { input },
  );
}
