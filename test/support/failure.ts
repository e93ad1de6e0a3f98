/** What happens when a test fails, and when its file ends. Needs the test environment beside this file. */

type Report = () => string;

declare global {
  var isthmusFailureReports: Report[] | undefined;
  var isthmusCleanUps: (() => void)[] | undefined;
}

/** Registers a text that is printed when a test of this file fails. */
export function onFailure(report: Report): void {
  globalThis.isthmusFailureReports ??= [];
  globalThis.isthmusFailureReports.push(report);
}

/** Registers what is done when the test file has ended, well or not. */
export function onEnd(cleanUp: () => void): void {
  globalThis.isthmusCleanUps ??= [];
  globalThis.isthmusCleanUps.push(cleanUp);
}
