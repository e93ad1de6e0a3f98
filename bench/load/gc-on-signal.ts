/** Preloaded into a gateway under load: SIGUSR2 collects garbage, so that memory shows what is held and not what was. */

process.on("SIGUSR2", () => globalThis.gc?.());
