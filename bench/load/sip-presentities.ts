/** SIP users who are watched: they approve or not, and tell every dialog what they have changed (RFC 6665 §4.2). */

import { type Devices, pidfOf } from "./presence-documents";
import type { SipEndpoint } from "./sip-endpoint";
import { answerText, requestText, userAtHost, type WireSip } from "./sip-wire";

export interface SipPresentity {
  readonly uri: string;
  /** Devices that are open. */
  readonly devices: Map<string, string>;
  readonly known: Set<string>;
  policy: "approve" | "pending" | "reject";
  readonly dialogs: Set<NotifierDialog>;
}

export interface NotifierDialog {
  readonly key: string;
  readonly presentity: SipPresentity;
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** From and To of the SUBSCRIBE. */
  readonly watcher: string;
  readonly local: string;
  target: string;
  readonly routes: readonly string[];
  cseq: number;
  remoteCseq: number;
  isSending: boolean;
  /** Something changed while a NOTIFY was under way. */
  isStale: boolean;
  /** Reason of the end that must be told. */
  ended: string | undefined;
}

export class SipPresentities {
  /** By `user@host`. */
  readonly presentities = new Map<string, SipPresentity>();
  readonly dialogs = new Map<string, NotifierDialog>();
  /** When SUBSCRIBEs came, repeats left out; milliseconds of the monotonic clock. */
  readonly arrivals: number[] = [];
  /** SUBSCRIBEs for new dialogs. */
  opened = 0;
  /** In-dialog SUBSCRIBEs whose number is lower than one before. */
  outOfOrder = 0;
  /** SUBSCRIBEs in dialogs that are not here. */
  strangers = 0;
  notifiesAnswered = 0;
  notifiesRefused = 0;
  onAnswered: (dialog: NotifierDialog, status: number) => void = () => undefined;
  onSubscribe: (dialog: NotifierDialog) => void = () => undefined;
  #count = 0;

  constructor(readonly endpoint: SipEndpoint) {}

  /** Makes a user known. */
  add(uri: string, devices: Devices, policy: SipPresentity["policy"] = "approve"): SipPresentity {
    const known = new Set(devices.keys());
    const presentity = { uri, devices: new Map(devices), known, policy, dialogs: new Set<NotifierDialog>() };
    this.presentities.set(userAtHost(uri), presentity);
    return presentity;
  }

  /** A device opens or changes its show; undefined closes it. Every dialog is told. */
  change(presentity: SipPresentity, device: string, show: string | undefined): void {
    presentity.known.add(device);
    if (show === undefined) presentity.devices.delete(device);
    else presentity.devices.set(device, show);
    this.tell(presentity);
  }

  /** Decides about those who ask and about those who may watch already. */
  decide(presentity: SipPresentity, policy: SipPresentity["policy"]): void {
    presentity.policy = policy;
    if (policy === "reject") for (const dialog of presentity.dialogs) dialog.ended = "rejected";
    this.tell(presentity);
  }

  tell(presentity: SipPresentity): void {
    for (const dialog of presentity.dialogs) this.#notify(dialog);
  }

  /** Takes a SUBSCRIBE; false when it is something else. */
  take(request: WireSip, reply: (text: string) => void): boolean {
    if (request.method !== "SUBSCRIBE") return false;
    const key = `${request.callId} ${request.fromTag}`;
    const dialog = this.dialogs.get(key);
    if (request.toTag === "" && dialog === undefined) this.#open(key, request, reply);
    else if (dialog === undefined) {
      this.strangers += 1;
      this.arrivals.push(performance.now());
      reply(answerText(request, "481 No such subscription", "none"));
    } else this.#again(dialog, request, reply);
    return true;
  }

  #open(key: string, request: WireSip, reply: (text: string) => void): void {
    this.arrivals.push(performance.now());
    const presentity = this.presentities.get(userAtHost(request.uri));
    if (presentity === undefined) {
      reply(answerText(request, "404 Not found", "none"));
      return;
    }
    const dialog: NotifierDialog = {
      key,
      presentity,
      callId: request.callId,
      localTag: `n${(this.#count++).toString(36)}`,
      remoteTag: request.fromTag,
      watcher: request.from,
      local: request.to,
      target: request.contact,
      routes: request.recordRoute,
      cseq: 0,
      remoteCseq: request.cseq,
      isSending: false,
      isStale: false,
      ended: presentity.policy === "reject" ? "rejected" : undefined,
    };
    this.opened += 1;
    this.dialogs.set(key, dialog);
    presentity.dialogs.add(dialog);
    this.#answer(dialog, request, reply);
  }

  #again(dialog: NotifierDialog, request: WireSip, reply: (text: string) => void): void {
    if (request.cseq < dialog.remoteCseq) {
      this.outOfOrder += 1;
      reply(answerText(request, "500 Out of order", dialog.localTag));
      return;
    }
    if (request.cseq === dialog.remoteCseq) {
      reply(this.#accepted(dialog, request));
      return;
    }
    this.arrivals.push(performance.now());
    dialog.remoteCseq = request.cseq;
    if (request.contact !== "") dialog.target = request.contact;
    this.#answer(dialog, request, reply);
  }

  #answer(dialog: NotifierDialog, request: WireSip, reply: (text: string) => void): void {
    if (request.expires === 0) dialog.ended = "timeout";
    reply(this.#accepted(dialog, request));
    this.onSubscribe(dialog);
    this.#notify(dialog);
  }

  #accepted(dialog: NotifierDialog, request: WireSip): string {
    const routes = request.recordRoute.map((value) => `Record-Route: ${value}`);
    return answerText(request, "200 OK", dialog.localTag, [
      this.#contact(dialog),
      `Expires: ${request.expires ?? 3_600}`,
      ...routes,
    ]);
  }

  #notify(dialog: NotifierDialog): void {
    dialog.isStale = true;
    if (dialog.isSending) return;
    dialog.isStale = false;
    dialog.isSending = true;
    dialog.cseq += 1;
    const via = this.endpoint.via();
    const state = stateOf(dialog);
    const hasBody = state.startsWith("active") || dialog.ended === "timeout";
    const { uri, devices, known } = dialog.presentity;
    const headers = [
      via.line,
      `From: ${dialog.local};tag=${dialog.localTag}`,
      `To: ${dialog.watcher}`,
      `Call-ID: ${dialog.callId}`,
      `CSeq: ${dialog.cseq} NOTIFY`,
      this.#contact(dialog),
      "Event: presence",
      `Subscription-State: ${state}`,
      ...dialog.routes.map((route) => `Route: ${route}`),
      ...(hasBody ? ["Content-Type: application/pidf+xml"] : []),
    ];
    const body = hasBody ? pidfOf(uri, devices, known) : "";
    const isLast = dialog.ended !== undefined;
    this.endpoint.request(requestText("NOTIFY", dialog.target, headers, body), via.branch, (status) =>
      this.#notified(dialog, status, isLast),
    );
  }

  #notified(dialog: NotifierDialog, status: number, wasLast: boolean): void {
    dialog.isSending = false;
    if (status < 300) this.notifiesAnswered += 1;
    else this.notifiesRefused += 1;
    if (wasLast || status === 481) {
      this.dialogs.delete(dialog.key);
      dialog.presentity.dialogs.delete(dialog);
    } else if (dialog.isStale) this.#notify(dialog);
    this.onAnswered(dialog, status);
  }

  #contact(dialog: NotifierDialog): string {
    const user = userAtHost(dialog.presentity.uri).split("@")[0];
    return `Contact: <sip:${user}@${this.endpoint.address}:${this.endpoint.port}>`;
  }
}

function stateOf(dialog: NotifierDialog): string {
  if (dialog.ended !== undefined) return `terminated;reason=${dialog.ended}`;
  return dialog.presentity.policy === "approve" ? "active;expires=3600" : "pending;expires=3600";
}
