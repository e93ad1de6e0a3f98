import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSettings } from "../../src/config/parse";
import { isthmus } from "./terminal";

test("config init prints isthmus.sample.yaml, which parses", async () => {
  const call = await isthmus(["config", "init"]);
  expect(call).toEqual({
    code: 0,
    out: readFileSync(join(__dirname, "../../isthmus.sample.yaml"), "utf8"),
    error: "",
  });
  expect(parseSettings(call.out)).toMatchObject({ ok: true });
});

test.each([[[]], [["inti"]], [["init", "isthmus.yaml"]]])(
  "config knows one word: init, not %j",
  async (words) => {
    expect(await isthmus(["config", ...words])).toEqual({
      code: 2,
      out: "",
      error: "isthmus config: config knows one word: init. See `isthmus config --help`.\n",
    });
  },
);
