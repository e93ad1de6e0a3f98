/** Body of a NOTIFY for a list: RLMI and one part for each contact that has something to tell. RFC 4662 §5, RFC 2387. */

import { type Element, element } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { write } from "../../xml/writer";
import { parseSipUri } from "../address/sip-uri";

export interface ListEntry {
  /** The contact's URI, by which the subscriber keeps his table (§5.6). */
  readonly uri: string;
  readonly name?: string;
  /** Absent: nothing is known of the contact yet (§4.5). */
  readonly instance?: ListInstance;
}

export type ListInstance =
  /** What the contact shows, in the content type of the package. */
  | { readonly state: "active"; readonly contentType: string; readonly content: string }
  | { readonly state: "pending" }
  /** Reason as in Subscription-State (§5.5). */
  | { readonly state: "terminated"; readonly reason: string };

export interface ListHead {
  /** To which the subscription was made (§5.2). */
  readonly uri: string;
  readonly name?: string;
  /** 0 in the first NOTIFY of a subscription, one more in each. */
  readonly version: number;
  /** Are all contacts of the list among the entries? */
  readonly full: boolean;
}

export interface EventBody {
  readonly contentType: string;
  readonly body: string;
}

/**
 * Writes the body.
 * @param boundary fresh and random, of at least 128 bits and URL-safe: it stands in no part, and makes Content-IDs unique
 */
export function buildListBody(list: ListHead, entries: readonly ListEntry[], boundary: string): EventBody {
  const cid = (index: number): string => `${index}.${boundary}@${hostOf(list.uri)}`;
  const root = cid(0);
  let body = part(boundary, root, "application/rlmi+xml", XML + write(rlmi(list, entries, cid)));
  entries.forEach(({ instance }, index) => {
    if (instance?.state === "active") {
      body += part(boundary, cid(index + 1), instance.contentType, instance.content);
    }
  });
  return {
    contentType: `multipart/related;type="application/rlmi+xml";start="<${root}>";boundary="${boundary}"`,
    body: `${body}--${boundary}--\r\n`,
  };
}

/** §5.1 to §5.5. @param cid Content-ID of the part of the entry before a number */
function rlmi(list: ListHead, entries: readonly ListEntry[], cid: (number: number) => string): Element {
  const resources = entries.map(({ uri, name, instance }, index) =>
    element(
      NS.rlmi,
      "resource",
      { uri },
      nameElement(name),
      instance && element(NS.rlmi, "instance", instanceAttributes(instance, cid(index + 1))),
    ),
  );
  const attributes = { uri: list.uri, version: String(list.version), fullState: String(list.full) };
  return element(NS.rlmi, "list", attributes, nameElement(list.name), ...resources);
}

/** One contact does not fork here: there is one instance, and it needs no name of its own. */
function instanceAttributes(instance: ListInstance, cid: string): Record<string, string> {
  switch (instance.state) {
    case "active":
      return { id: ONLY, state: "active", cid };
    case "pending":
      return { id: ONLY, state: "pending" };
    case "terminated":
      return { id: ONLY, state: "terminated", reason: instance.reason };
  }
}

function nameElement(name: string | undefined): Element | undefined {
  return name === undefined ? undefined : element(NS.rlmi, "name", {}, name);
}

function part(boundary: string, contentId: string, contentType: string, content: string): string {
  return (
    `--${boundary}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <${contentId}>\r\n` +
    `Content-Type: ${contentType};charset="UTF-8"\r\n\r\n${content}\r\n`
  );
}

/** The host of a SIP URI, for Content-IDs; a literal would need quotes there. */
function hostOf(uri: string): string {
  const read = parseSipUri(uri);
  return read.ok && !read.value.host.startsWith("[") ? read.value.host : "list.invalid";
}

const ONLY = "1";
const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';
