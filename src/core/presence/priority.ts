/** XMPP priority ↔ priority of a PIDF contact. RFC 8048 §6.2 note 6, §6.3; RFC 3922 §5.1.7, §5.2.13. */

/**
 * @param priority -128 to 127
 * @returns a decimal from 0 to 1 with at most three places, each priority another one; undefined for a negative one, which MUST NOT be mapped
 */
export function priorityToPidf(priority: number): string | undefined {
  if (priority < 0) return undefined;
  if (priority >= 127) return "1";
  const thousandths = Math.floor((priority * 1000) / 127);
  return thousandths === 0 ? "0" : `0.${String(thousandths).padStart(3, "0")}`;
}

/**
 * Any number of theirs is brought into the range.
 * @returns 0 to 127; undefined when the text is no number
 */
export function priorityFromPidf(text: string): number | undefined {
  const digits = text.trim();
  if (!DECIMAL.test(digits)) return undefined;
  const value = Number(digits);
  if (value <= 0) return 0;
  return value >= 1 ? 127 : Math.min(126, Math.ceil(127 * value));
}

/** `<priority/>` of a stanza: -128 to 127; undefined when it is none. RFC 6121 §4.7.2.3. */
export function readPriority(text: string): number | undefined {
  const digits = text.trim();
  if (!INTEGER.test(digits)) return undefined;
  const value = Number(digits);
  return value >= -128 && value <= 127 ? value : undefined;
}

const DECIMAL = /^[+-]?(?:\d{1,9}(?:\.\d{0,18})?|\.\d{1,18})$/;
const INTEGER = /^[+-]?\d{1,4}$/;
