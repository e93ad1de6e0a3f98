/** SIP messages as the presence load reads and writes them: line by line, ASCII, no code of the gateway's. */

export interface WireSip {
  /** Of a request its own, of a response that of CSeq. */
  readonly method: string;
  /** 0: a request. */
  readonly status: number;
  readonly uri: string;
  /** The lines of Via as they are, for the answer. */
  readonly vias: readonly string[];
  readonly branch: string;
  readonly from: string;
  readonly to: string;
  readonly fromTag: string;
  readonly toTag: string;
  readonly callId: string;
  readonly cseq: number;
  readonly contact: string;
  readonly recordRoute: readonly string[];
  readonly event: string;
  readonly subscriptionState: string;
  readonly expires: number | undefined;
  readonly minExpires: number | undefined;
  readonly body: string;
}

/** @returns undefined for what is no SIP message, such as a keep-alive */
export function readSip(text: string): WireSip | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const lines = text.slice(0, end).split("\r\n");
  const start = (lines[0] as string).split(" ");
  const status = start[0] === "SIP/2.0" ? Number(start[1]) : 0;
  const found: Found = { vias: [], recordRoute: [] };
  for (let i = 1; i < lines.length; i++) readLine(lines[i] as string, found);
  const cseq = (found.cseq ?? "0 ").split(" ");
  return {
    method: status === 0 ? (start[0] as string) : (cseq[1] ?? ""),
    status,
    uri: status === 0 ? (start[1] ?? "") : "",
    vias: found.vias,
    branch: parameter(found.vias[0] ?? "", "branch"),
    from: found.from ?? "",
    to: found.to ?? "",
    fromTag: parameter(found.from ?? "", "tag"),
    toTag: parameter(found.to ?? "", "tag"),
    callId: found.callId ?? "",
    cseq: Number(cseq[0]),
    contact: addressOf(found.contact ?? ""),
    recordRoute: found.recordRoute,
    event: found.event ?? "",
    subscriptionState: found.subscriptionState ?? "",
    expires: found.expires === undefined ? undefined : Number(found.expires),
    minExpires: found.minExpires === undefined ? undefined : Number(found.minExpires),
    body: text.slice(end + 4),
  };
}

/** The URI in angle brackets, or what stands there without them. */
export function addressOf(value: string): string {
  const open = value.indexOf("<");
  if (open < 0) return value.split(";")[0]?.trim() ?? "";
  return value.slice(open + 1, value.indexOf(">", open));
}

/** `user@host` of a SIP URI, without port and parameters. */
export function userAtHost(uri: string): string {
  const from = uri.indexOf(":") + 1;
  const rest = uri.slice(from).split(/[;?>]/, 1)[0] ?? "";
  const at = rest.indexOf("@");
  const colon = rest.indexOf(":", at);
  return colon < 0 ? rest : rest.slice(0, colon);
}

/** @param headers whole lines */
export function requestText(method: string, uri: string, headers: readonly string[], body: string): string {
  return `${method} ${uri} SIP/2.0\r\n${headers.join("\r\n")}\r\nMax-Forwards: 70\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** @param toTag put on To when it has none */
export function answerText(
  request: WireSip,
  status: string,
  toTag: string,
  headers: readonly string[] = [],
): string {
  const to = request.toTag === "" ? `${request.to};tag=${toTag}` : request.to;
  const more = headers.length === 0 ? "" : `${headers.join("\r\n")}\r\n`;
  return `SIP/2.0 ${status}\r\nVia: ${request.vias.join("\r\nVia: ")}\r\nFrom: ${request.from}\r\nTo: ${to}\r\nCall-ID: ${request.callId}\r\nCSeq: ${request.cseq} ${request.method}\r\n${more}Content-Length: 0\r\n\r\n`;
}

interface Found {
  readonly vias: string[];
  readonly recordRoute: string[];
  from?: string;
  to?: string;
  callId?: string;
  cseq?: string;
  contact?: string;
  event?: string;
  subscriptionState?: string;
  expires?: string;
  minExpires?: string;
}

function readLine(line: string, found: Found): void {
  const colon = line.indexOf(":");
  const value = line.slice(colon + 1).trim();
  switch (line.slice(0, colon).trim().toLowerCase()) {
    case "via":
    case "v":
      found.vias.push(value);
      break;
    case "record-route":
      found.recordRoute.push(value);
      break;
    case "from":
    case "f":
      found.from = value;
      break;
    case "to":
    case "t":
      found.to = value;
      break;
    case "call-id":
    case "i":
      found.callId = value;
      break;
    case "cseq":
      found.cseq = value;
      break;
    case "contact":
    case "m":
      found.contact = value;
      break;
    case "event":
    case "o":
      found.event = value;
      break;
    case "subscription-state":
      found.subscriptionState = value;
      break;
    case "expires":
      found.expires = value;
      break;
    case "min-expires":
      found.minExpires = value;
      break;
  }
}

/** A parameter behind the address: what stands in the brackets is none. */
function parameter(value: string, name: string): string {
  const at = value.indexOf(`;${name}=`, value.indexOf(">") + 1);
  if (at < 0) return "";
  const from = at + name.length + 2;
  let end = from;
  while (end < value.length && value[end] !== ";" && value[end] !== "," && value[end] !== " ") end += 1;
  return value.slice(from, end);
}
