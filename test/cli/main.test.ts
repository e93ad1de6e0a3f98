import { VERSION } from "../../src/runtime/version";
import { configFile } from "./config-file";
import { isthmus } from "./terminal";

const COMMANDS = ["run", "check", "subs", "map", "translate", "config", "sandbox"];

test.each(["--help", "-h", "help"])("%s lists every command and the exit codes", async (word) => {
  const call = await isthmus([word]);
  expect(call).toMatchObject({ code: 0, error: "" });
  for (const name of COMMANDS) expect(call.out).toContain(`isthmus ${name}`);
  expect(call.out).toContain("Exit codes: 0 ");
});

test("without a command the same goes to standard error, and the call counts as wrong", async () => {
  const { out } = await isthmus(["--help"]);
  expect(await isthmus([])).toEqual({ code: 2, out: "", error: out });
});

test("--version prints the version alone", async () => {
  expect(await isthmus(["--version"])).toEqual({ code: 0, out: `${VERSION}\n`, error: "" });
});

test("a command that does not exist is named", async () => {
  const error = "isthmus: there is no command chekc. See `isthmus --help`.\n";
  expect(await isthmus(["chekc"])).toEqual({ code: 2, out: "", error });
});

test.each(COMMANDS)(
  "isthmus %s --help says how to call it, what its exit codes mean, and gives an example",
  async (name) => {
    for (const flag of ["--help", "-h"]) {
      const call = await isthmus([name, flag]);
      expect(call).toMatchObject({ code: 0, error: "" });
      expect(call.out).toMatch(new RegExp(`^isthmus ${name}\\b`));
      expect(call.out).toMatch(/\nExit codes: 0 .*2 /s);
      expect(call.out).toMatch(/\nExamples?:/);
      for (const line of call.out.split("\n")) expect(line.length).toBeLessThanOrEqual(125);
    }
  },
);

test.each(COMMANDS)("isthmus %s refuses an option that it does not know", async (name) => {
  const error = `isthmus ${name}: Unknown option '--bogus'. See \`isthmus ${name} --help\`.\n`;
  expect(await isthmus([name, "--bogus"])).toEqual({ code: 2, out: "", error });
});

test.each(["run", "check", "sandbox"])("isthmus %s takes no further word", async (name) => {
  const call = await isthmus([name, "isthmus.yaml"]);
  expect(call).toMatchObject({ code: 2, out: "" });
  expect(call.error).toMatch(`isthmus ${name}: ${name} takes no isthmus.yaml`);
});

test.each(["run", "check", "subs", "map", "translate"])(
  "isthmus %s wants a value for --config",
  async (name) => {
    const call = await isthmus([name, "--config"]);
    expect(call).toMatchObject({ code: 2, out: "" });
    expect(call.error).toContain("'--config <value>' argument missing");
  },
);

test.each(["run", "check"])(
  "isthmus %s without a configuration says how to make or name one",
  async (name) => {
    const call = await isthmus([name]);
    expect(call).toMatchObject({ code: 2, out: "" });
    expect(call.error).toContain("There is no configuration");
    expect(call.error).toContain("config init");
    expect(call.error).toContain("--config FILE");
  },
);

test("run ends with 1 and a sentence when something cannot be opened", async () => {
  const file = configFile({ store: { file: "/no/such/folder/isthmus.db" } });
  const call = await isthmus(["run", "--config", file]);
  expect(call).toMatchObject({ code: 1, out: "" });
  expect(call.error).toMatch(/^isthmus could not start: database \/no\/such\/folder\/isthmus\.db: /);
});
