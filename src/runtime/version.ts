/** The version of this release, as package.json has it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Such as "0.1.0". Sources and built files lie equally deep below package.json. */
export const VERSION: string = JSON.parse(
  readFileSync(join(__dirname, "../../package.json"), "utf8"),
).version;
