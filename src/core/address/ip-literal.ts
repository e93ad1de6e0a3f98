/** IPv6 literals in brackets, in their one canonical spelling. RFC 3986 §3.2.2, RFC 4291 §2.2, RFC 5952 §4. */

/**
 * The literal in canonical form with its brackets, or undefined when it is none.
 * Zone identifiers (RFC 6874) and future versions (`[v1.…]`) mean nothing beyond one machine and are not taken.
 * @param text such as `[2001:DB8:0::1]`
 */
export function canonicalIpLiteral(text: string): string | undefined {
  if (!text.startsWith("[") || !text.endsWith("]") || text.length > LITERAL_MAX) return undefined;
  const groups = readGroups(text.slice(1, -1));
  return groups && `[${writeGroups(groups)}]`;
}

/** Is the name a dotted IPv4 address? */
export function isIpv4(name: string): boolean {
  return IPV4.test(name);
}

function readGroups(address: string): number[] | undefined {
  const halves = address.split("::");
  if (halves.length > 2) return undefined;
  const head = readHalf(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? readHalf(halves[1]!, true) : [];
  if (!head || !tail) return undefined;
  const missing = GROUPS - head.length - tail.length;
  if (halves.length === 1) return missing === 0 ? head : undefined;
  return missing >= 1 ? [...head, ...new Array<number>(missing).fill(0), ...tail] : undefined;
}

/** Groups between colons; an IPv4 address may stand for the last two. */
function readHalf(half: string, isLast: boolean): number[] | undefined {
  if (half === "") return [];
  const parts = half.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (HEX_GROUP.test(part)) groups.push(Number.parseInt(part, 16));
    else if (isLast && index === parts.length - 1 && IPV4.test(part)) groups.push(...ipv4Groups(part));
    else return undefined;
  }
  return groups;
}

function ipv4Groups(address: string): [number, number] {
  const [a, b, c, d] = address.split(".").map(Number) as [number, number, number, number];
  return [a * 256 + b, c * 256 + d];
}

/** RFC 5952 §4: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`. */
function writeGroups(groups: readonly number[]): string {
  let best = { at: -1, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.at < 0) return hex.join(":");
  return `${hex.slice(0, best.at).join(":")}::${hex.slice(best.at + best.length).join(":")}`;
}

const GROUPS = 8;
const HEX_GROUP = /^[0-9a-f]{1,4}$/i;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
/** Eight groups, seven colons, an IPv4 tail and brackets fit well within. */
const LITERAL_MAX = 64;
