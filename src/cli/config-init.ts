/** `isthmus config init`: a commented sample, made from the schema. */

import { sampleText } from "../config/sample";
import { readArguments } from "./arguments";
import { type Command, EXIT, UsageError } from "./command";

export const config: Command = {
  name: "config",
  summary: "`config init` prints a commented sample configuration",
  help: `isthmus config init

Prints a sample configuration in which every option stands with its default and what it means.

Exit codes: 0 printed; 2 usage.

Example: isthmus config init > isthmus.yaml
`,
  async run(args, terminal) {
    const { positionals } = readArguments(args, {});
    if (positionals.length !== 1 || positionals[0] !== "init")
      throw new UsageError("config knows one word: init");
    terminal.out(sampleText());
    return EXIT.ok;
  },
};
