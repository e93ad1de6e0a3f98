/** Checks that are looked at whenever something happened. */

export class Waiters {
  readonly #looks = new Set<() => void>();

  /** Something happened. */
  look(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Resolves when the check holds; rejects after `ms` (20 s when absent), naming what was waited for. */
  until(what: string, check: () => boolean, ms = 20_000): Promise<void> {
    if (check()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`waited ${ms} ms for ${what}`));
      }, ms);
      const look = (): void => {
        if (!check()) return;
        end();
        resolve();
      };
      this.#looks.add(look);
    });
  }
}
