/** The body of a NOTIFY for a list, as a subscriber reads it: RLMI first, each contact with the part it names. RFC 4662 §5. */

import { parseMediaType } from "../../src/core/message/media-type";
import { child, children, text } from "../../src/xml/element";
import { NS } from "../../src/xml/namespaces";
import { parseXml } from "../../src/xml/parser";

export interface ReadList {
  readonly uri: string;
  readonly name?: string;
  readonly version: number;
  readonly full: boolean;
  readonly resources: readonly ReadResource[];
  /** The RLMI document. */
  readonly rlmi: string;
}

export interface ReadResource {
  readonly uri: string;
  readonly name?: string;
  readonly state?: string;
  readonly reason?: string;
  /** Content type and content of the part. */
  readonly contentType?: string;
  readonly document?: string;
}

interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly content: string;
}

/** Reads a body; throws with what is wrong with it. */
export function readList(contentType: string, body: Uint8Array | string): ReadList {
  const type = parseMediaType(contentType);
  if (type?.type !== "multipart/related") throw new Error(`not multipart/related: ${contentType}`);
  if (type.parameters.get("type") !== "application/rlmi+xml") throw new Error("RFC 2387 §3.1: type");
  const whole = typeof body === "string" ? body : new TextDecoder("utf-8", { fatal: true }).decode(body);
  const parts = split(whole, type.parameters.get("boundary") ?? "");
  const byId = new Map(parts.map((part) => [part.headers.get("content-id") ?? "", part]));
  if (byId.size !== parts.length) throw new Error("a Content-ID stands twice");
  const [root] = parts;
  if (root === undefined || type.parameters.get("start") !== root.headers.get("content-id"))
    throw new Error("RLMI is not first");
  const read = parseXml(root.content);
  if (!read.ok) throw new Error(read.detail);
  const { uri = "", version, fullState } = read.root.attrs;
  const resources = children(read.root, NS.rlmi, "resource").map((resource): ReadResource => {
    const instance = child(resource, NS.rlmi, "instance");
    const name = child(resource, NS.rlmi, "name");
    const { state, reason, cid } = instance?.attrs ?? {};
    const part = cid === undefined ? undefined : byId.get(`<${cid}>`);
    if (cid !== undefined && part === undefined) throw new Error(`no part ${cid}`);
    return {
      uri: resource.attrs.uri ?? "",
      ...(name && { name: text(name) }),
      ...(state === undefined ? {} : { state }),
      ...(reason === undefined ? {} : { reason }),
      ...(part && { contentType: part.headers.get("content-type") ?? "", document: part.content }),
    };
  });
  const name = child(read.root, NS.rlmi, "name");
  return {
    uri,
    ...(name && { name: text(name) }),
    version: Number(version),
    full: fullState === "true",
    resources,
    rlmi: root.content,
  };
}

function split(body: string, boundary: string): Part[] {
  const pieces = body.split(`--${boundary}`);
  if (pieces[0] !== "" || pieces.at(-1) !== "--\r\n") throw new Error("no multipart");
  return pieces.slice(1, -1).map((piece) => {
    const end = piece.indexOf("\r\n\r\n");
    if (!piece.startsWith("\r\n") || !piece.endsWith("\r\n") || end < 0) throw new Error("not a part");
    const lines = piece.slice(2, end).split("\r\n");
    const headers = new Map(
      lines.map((line) => [line.split(": ")[0]!.toLowerCase(), line.slice(line.indexOf(": ") + 2)]),
    );
    return { headers, content: piece.slice(end + 4, -2) };
  });
}
