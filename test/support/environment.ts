/** Jest environment for tests with real programs: prints their logs on a failure, ends them with the test file. */

import { TestEnvironment } from "jest-environment-node";

interface Hooks {
  isthmusFailureReports?: (() => string)[];
  isthmusCleanUps?: (() => void)[];
}

export default class ProgramsEnvironment extends TestEnvironment {
  handleTestEvent(event: { readonly name: string }): void {
    if (event.name === "test_fn_failure" || event.name === "hook_failure") {
      for (const report of this.hooks().isthmusFailureReports ?? []) {
        process.stderr.write(`${report()}\n`);
      }
    }
  }

  override async teardown(): Promise<void> {
    for (const cleanUp of this.hooks().isthmusCleanUps ?? []) {
      cleanUp();
    }
    await super.teardown();
  }

  private hooks(): Hooks {
    return this.global as unknown as Hooks;
  }
}
