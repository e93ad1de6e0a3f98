/** What a command is: its name, whom it is for, and its first page. XEP-0050 §2. */

import type { Page } from "../../core/service/page";
import type { Asker } from "./people";

export interface Command {
  readonly node: string;
  /** For a menu. */
  readonly name: string;
  readonly audience: "people" | "administrators";
  /** @param host component host that was asked */
  begin(asker: Asker, host: string): Page | Promise<Page>;
}

/** May he see and use it? */
export function isFor({ audience }: Command, asker: Asker): boolean {
  return audience === "administrators" ? asker.isAdministrator : asker.isServed;
}
