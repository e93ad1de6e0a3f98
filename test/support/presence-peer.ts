/**
 * SIP users who watch and are watched, on a SipPeer: they keep the dialogs of RFC 6665 with their own hands and share no code
 * with the gateway.
 */

import { randomBytes } from "node:crypto";
import {
  header,
  type SipEnd,
  type SipPeer,
  type SipTransport,
  type Target,
  type WireMessage,
} from "./sip-peer";
import { attribute, child, elements, parseXml, textOf, type Xml } from "./xml";

/** One device in a PIDF document. */
export interface Tuple {
  readonly id: string;
  readonly open: boolean;
  /** Of jabber:client. */
  readonly show: string;
  readonly notes: readonly string[];
  readonly priority: string;
}

/** A NOTIFY as a watcher reads it. */
export interface Notify {
  /** pending, active or terminated. */
  readonly state: string;
  readonly reason: string;
  readonly cseq: number;
  readonly body: string;
  /** Empty where there is no document. */
  readonly tuples: readonly Tuple[];
  /** RPID activities of the person and of all tuples. */
  readonly activities: readonly string[];
  readonly request: WireMessage;
}

/** A SIP user who watches somebody, in one dialog. */
export class SipWatcher {
  /** All that were taken by next(), oldest first. */
  readonly taken: Notify[] = [];
  private readonly callId = randomBytes(9).toString("hex");
  private readonly tag = randomBytes(5).toString("hex");
  private remoteTag = "";
  private remoteTarget: string;
  private cseq = 0;

  constructor(
    private readonly peer: SipPeer,
    /** Where its requests go. */
    private readonly target: Target,
    /** URIs. */
    readonly uri: string,
    readonly presentity: string,
  ) {
    this.remoteTarget = presentity;
  }

  /** Subscribes, or refreshes, or ends it with 0. */
  async subscribe(expires = 3600, headers: readonly string[] = []): Promise<SipEnd> {
    this.cseq += 1;
    const end = await request(this.peer, this.target, {
      method: "SUBSCRIBE",
      uri: this.remoteTarget,
      from: `<${this.uri}>;tag=${this.tag}`,
      to: `<${this.presentity}>${this.remoteTag === "" ? "" : `;tag=${this.remoteTag}`}`,
      callId: this.callId,
      cseq: this.cseq,
      headers: ["Event: presence", "Accept: application/pidf+xml", `Expires: ${expires}`, ...headers],
      body: "",
    });
    if (end.answer !== undefined && end.status < 300) {
      this.remoteTag = tagOf(header(end.answer, "To"));
      this.remoteTarget = uriOf(header(end.answer, "Contact")) ?? this.remoteTarget;
    }
    return end;
  }

  /** The next NOTIFY of this dialog that fits; those before it are taken too. */
  async next(fits: (notify: Notify) => boolean = () => true, what = "NOTIFY", ms = 10_000): Promise<Notify> {
    const end = Date.now() + ms;
    for (;;) {
      const left = Math.max(1, end - Date.now());
      const message = await this.peer
        .next((one) => this.isOurs(one), `${what} for ${this.uri}`, left)
        .catch((error: Error) => {
          throw new Error(`${error.message}; there came ${JSON.stringify(this.taken.map(summary))}`);
        });
      const notify = readNotify(message);
      this.taken.push(notify);
      if (fits(notify)) return notify;
    }
  }

  /** NOTIFYs of this dialog that came and were not taken. */
  waiting(): Notify[] {
    return this.peer.requests.filter((one) => this.isOurs(one)).map(readNotify);
  }

  private isOurs(message: WireMessage): boolean {
    return message.startLine.startsWith("NOTIFY ") && header(message, "Call-ID") === this.callId;
  }
}

/** A SIP user who is watched: it answers SUBSCRIBE and sends what it is told to. */
export class SipContact {
  /** SUBSCRIBEs that came, oldest first: one list for each Call-ID. */
  readonly dialogs = new Map<string, WireMessage[]>();
  /** How a SUBSCRIBE is answered. */
  answer: (request: WireMessage) => { status: number; headers?: readonly string[] } = () => ({ status: 200 });
  /** What it tells by itself to whoever subscribes: a document. */
  tells: (() => string) | undefined;
  private cseq = 0;

  constructor(
    private readonly peer: SipPeer,
    private readonly target: Target,
    readonly uri: string,
  ) {
    const before = peer.answer;
    peer.answer = (message) => {
      if (!message.startLine.startsWith("SUBSCRIBE ") || uriOf(header(message, "To")) !== uri)
        return before(message);
      const callId = header(message, "Call-ID") ?? "";
      this.dialogs.set(callId, [...(this.dialogs.get(callId) ?? []), message]);
      const { status, headers = [] } = this.answer(message);
      if (status < 300) setImmediate(() => this.tell(message));
      const granted = [
        `Expires: ${header(message, "Expires") ?? 3600}`,
        `Contact: ${contact(peer, uri, target.transport)}`,
      ];
      return { status, headers: status < 300 ? [...granted, ...headers] : headers };
    };
  }

  /** The next SUBSCRIBE to us. */
  subscribed(ms?: number): Promise<WireMessage> {
    return this.peer.next(
      (one) => one.startLine.startsWith("SUBSCRIBE ") && uriOf(header(one, "To")) === this.uri,
      `SUBSCRIBE to ${this.uri}`,
      ms,
    );
  }

  private tell(subscribe: WireMessage): void {
    if (this.tells === undefined) return;
    const expires = header(subscribe, "Expires") ?? "3600";
    const state = expires === "0" ? "terminated;reason=timeout" : `active;expires=${expires}`;
    void this.notify(subscribe, state, this.tells());
  }

  /** Sends a NOTIFY in the dialog of this SUBSCRIBE; resolves with its end. */
  notify(subscribe: WireMessage, state: string, body = ""): Promise<SipEnd> {
    this.cseq += 1;
    return request(this.peer, this.target, {
      method: "NOTIFY",
      uri: uriOf(header(subscribe, "Contact")) ?? "",
      from: `<${this.uri}>;tag=peer`,
      to: header(subscribe, "From") ?? "",
      callId: header(subscribe, "Call-ID") ?? "",
      cseq: this.cseq,
      headers: [
        "Event: presence",
        `Subscription-State: ${state}`,
        ...(body === "" ? [] : ["Content-Type: application/pidf+xml"]),
      ],
      body,
    });
  }
}

export interface TupleOut {
  readonly id: string;
  readonly basic: "open" | "closed";
  readonly note?: string;
  /** RPID activity of the device. */
  readonly activity?: string;
  readonly priority?: string;
}

/** A PIDF document as phones write it. */
export function pidf(entity: string, tuples: readonly TupleOut[], activity?: string): string {
  const activities = (name: string | undefined) =>
    name === undefined ? "" : `<rpid:activities><rpid:${name}/></rpid:activities>`;
  const parts = tuples.map(
    ({ id, basic, note, priority, activity: own }) =>
      `<tuple id="${id}"><status><basic>${basic}</basic></status>${activities(own)}` +
      `<contact${priority === undefined ? "" : ` priority="${priority}"`}>${entity}</contact>` +
      `${note === undefined ? "" : `<note>${note}</note>`}</tuple>`,
  );
  const person = activity === undefined ? "" : `<dm:person id="p1">${activities(activity)}</dm:person>`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<presence xmlns="urn:ietf:params:xml:ns:pidf" ' +
    'xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" ' +
    `entity="${entity}">${parts.join("")}${person}</presence>`
  );
}

export function readNotify(message: WireMessage): Notify {
  const value = header(message, "Subscription-State") ?? "";
  const body = message.body.toString("utf8");
  const document = body === "" ? undefined : parseXml(body);
  return {
    state: value.split(";", 1)[0]?.trim() ?? "",
    reason: /;\s*reason=([^;\s]+)/.exec(value)?.[1] ?? "",
    cseq: Number.parseInt(header(message, "CSeq") ?? "", 10),
    body,
    tuples: document === undefined ? [] : elements(document).filter(named("tuple")).map(readTuple),
    activities: document === undefined ? [] : activitiesIn(document),
    request: message,
  };
}

function readTuple(tuple: Xml): Tuple {
  const status = child(tuple, "status");
  const basic = status === undefined ? undefined : child(status, "basic", PIDF);
  const show = status === undefined ? undefined : child(status, "show", "jabber:client");
  const address = child(tuple, "contact");
  return {
    id: attribute(tuple, "id"),
    open: basic !== undefined && textOf(basic) === "open",
    show: show === undefined ? "" : textOf(show),
    notes: elements(tuple).filter(named("note")).map(textOf),
    priority: address === undefined ? "" : attribute(address, "priority"),
  };
}

function activitiesIn(element: Xml): string[] {
  return elements(element).flatMap((one) =>
    one.name === "activities" ? elements(one).map(({ name }) => name) : activitiesIn(one),
  );
}

function named(name: string): (element: Xml) => boolean {
  return (element) => element.name === name && element.namespace === PIDF;
}

function summary({ state, reason, tuples }: Notify): string {
  return `${state} ${reason} ${tuples.map(({ id, open, show }) => `${id}: ${open} ${show}`).join(", ")}`;
}

interface RequestInDialog {
  readonly method: string;
  readonly uri: string;
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
  readonly headers: readonly string[];
  readonly body: string;
}

function request(peer: SipPeer, target: Target, parts: RequestInDialog): Promise<SipEnd> {
  const branch = `z9hG4bK${randomBytes(9).toString("hex")}`;
  const body = Buffer.from(parts.body);
  const ownUri = uriOf(parts.from) ?? "";
  const head = [
    `${parts.method} ${parts.uri} SIP/2.0`,
    `Via: SIP/2.0/${target.transport.toUpperCase()} ${peer.address}:${peer.port};branch=${branch};rport`,
    "Max-Forwards: 70",
    `From: ${parts.from}`,
    `To: ${parts.to}`,
    `Call-ID: ${parts.callId}`,
    `CSeq: ${parts.cseq} ${parts.method}`,
    `Contact: ${contact(peer, ownUri, target.transport)}`,
    ...parts.headers,
    `Content-Length: ${body.length}`,
    "",
    "",
  ].join("\r\n");
  return peer.sendBytes(Buffer.concat([Buffer.from(head), body]), branch, target);
}

function contact(peer: SipPeer, uri: string, transport: SipTransport): string {
  const user = /^sips?:([^@]*)@/.exec(uri)?.[1] ?? "";
  const port = transport === "tls" ? peer.port + 1 : peer.port;
  return `<sip:${user}@${peer.address}:${port};transport=${transport}>`;
}

function tagOf(value: string | undefined): string {
  return /;\s*tag=([^;\s]+)/i.exec(value ?? "")?.[1] ?? "";
}

function uriOf(value: string | undefined): string | undefined {
  return /<([^>]*)>/.exec(value ?? "")?.[1];
}

const PIDF = "urn:ietf:params:xml:ns:pidf";
