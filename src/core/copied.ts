/** A text of its own, for what is kept: a piece of a message holds all of it in memory. */

/** The same characters; what they were cut out of can go. */
export function copied(text: string): string {
  return ` ${text}`.slice(1);
}
