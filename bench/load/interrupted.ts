/** Ctrl-C ends a measurement where it is: what it has started is stopped before the program ends. */

/** Rejects at SIGINT or SIGTERM. One for all races: each with listeners of its own would leave them behind. */
export const INTERRUPTED = new Promise<never>((_, reject) => {
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => reject(new Error(signal)));
});
// Nobody may be waiting when it comes.
INTERRUPTED.catch(() => undefined);
