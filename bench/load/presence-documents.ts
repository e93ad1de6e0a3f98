/** Devices of a person as PIDF and as presence stanzas, and one text to compare what two sides see. */

/** Device or resource → its show; "" is plainly available. */
export type Devices = ReadonlyMap<string, string>;

/** The same devices and shows give the same text, in whatever order they came; "" when nobody is there. */
export function viewOf(devices: Devices): string {
  if (devices.size === 0) return "";
  if (devices.size === 1) for (const [id, show] of devices) return `${id}=${show}`;
  return [...devices]
    .map(([id, show]) => `${id}=${show}`)
    .sort()
    .join(" ");
}

/** @param known every device ever seen: those that are not open are told as closed, so that there is always a tuple */
export function pidfOf(entity: string, open: Devices, known: Iterable<string>): string {
  let tuples = "";
  for (const id of known) {
    const show = open.get(id);
    if (show === undefined) tuples += `<tuple id="${id}"><status><basic>closed</basic></status></tuple>`;
    else if (show === "") tuples += `<tuple id="${id}"><status><basic>open</basic></status></tuple>`;
    else
      tuples += `<tuple id="${id}"><status><basic>open</basic><show xmlns="jabber:client">${show}</show></status></tuple>`;
  }
  if (tuples === "") tuples = '<tuple id="none"><status><basic>closed</basic></status></tuple>';
  return `<?xml version="1.0" encoding="UTF-8"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${entity}">${tuples}</presence>`;
}

/** Devices that a PIDF document calls open. */
export function readPidf(document: string): Devices {
  const devices = new Map<string, string>();
  for (const [, id = "", content = ""] of document.matchAll(TUPLE)) {
    if (BASIC.exec(content)?.[1] !== "open") continue;
    devices.set(id.startsWith(PREFIX) ? id.slice(PREFIX.length) : id, SHOW.exec(content)?.[1] ?? "");
  }
  return devices;
}

/** RFC 8048 §6.2: what a resource has before it as a tuple id. */
const PREFIX = "ID-";
const TUPLE = /<(?:[\w-]+:)?tuple\b[^>]*\bid=["']([^"']+)["'][^>]*>([\s\S]*?)<\/(?:[\w-]+:)?tuple>/g;
const BASIC = /<(?:[\w-]+:)?basic\b[^>]*>\s*(open|closed)/;
const SHOW = /<show\b[^>]*>\s*([a-z]+)/;
