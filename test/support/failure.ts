/** Prints what helps when a test fails: the logs of the programs that run. Needs the test environment beside this file. */

type Report = () => string;

declare global {
  var isthmusFailureReports: Report[] | undefined;
  var isthmusCleanUp: (() => void) | undefined;
}

/** Registers a text that is printed when a test of this file fails. */
export function onFailure(report: Report): void {
  globalThis.isthmusFailureReports ??= [];
  globalThis.isthmusFailureReports.push(report);
}
