/** SIP users who watch: one dialog for each of them and a contact (RFC 6665 §4.1), with what it shows. */

import { readPidf, viewOf } from "./presence-documents";
import type { SipEndpoint } from "./sip-endpoint";
import { addressOf, answerText, requestText, type WireSip } from "./sip-wire";

export interface Watch {
  /** SIP URIs. */
  readonly watcher: string;
  readonly presentity: string;
  readonly callId: string;
  readonly localTag: string;
  remoteTag: string;
  target: string;
  routes: readonly string[];
  cseq: number;
  /** "asking" until the first NOTIFY. */
  state: "asking" | "pending" | "active" | "terminated";
  reason: string;
  /** What is shown; undefined as long as no document came. */
  view: string | undefined;
  /** Of the last NOTIFY. */
  notifyCseq: number;
  notifyBranch: string;
  notifies: number;
  /** Status of the last SUBSCRIBE that failed. */
  refusal: number;
}

export class SipWatchers {
  /** By Call-ID. */
  readonly watches = new Map<string, Watch>();
  notifies = 0;
  /** NOTIFYs that came again in their own transaction, or with the number of the one before. */
  repeats = 0;
  /** NOTIFYs whose number is lower than that of one before. */
  outOfOrder = 0;
  /** NOTIFYs of no dialog of ours: other Call-ID, tag, or after the end. */
  strangers = 0;
  /** Called for every NOTIFY that is new. */
  onNotify: (watch: Watch) => void = () => undefined;
  /** Called for the final answer to every SUBSCRIBE. */
  onAnswer: (watch: Watch, status: number) => void = () => undefined;
  #count = 0;

  constructor(readonly endpoint: SipEndpoint) {}

  /** Opens a dialog. @param expires seconds */
  watch(watcher: string, presentity: string, expires = 3_600): Watch {
    const n = this.#count++;
    const watch: Watch = {
      watcher,
      presentity,
      callId: `w${n.toString(36)}-${process.pid.toString(36)}-${this.endpoint.port}`,
      localTag: `t${n.toString(36)}`,
      remoteTag: "",
      target: presentity,
      routes: [],
      cseq: 0,
      state: "asking",
      reason: "",
      view: undefined,
      notifyCseq: 0,
      notifyBranch: "",
      notifies: 0,
      refusal: 0,
    };
    this.watches.set(watch.callId, watch);
    this.subscribe(watch, expires);
    return watch;
  }

  /** A SUBSCRIBE in the dialog; 0 ends it. */
  subscribe(watch: Watch, expires: number): void {
    watch.cseq += 1;
    const via = this.endpoint.via();
    const user = addressOf(watch.watcher).slice(4).split("@")[0];
    const headers = [
      via.line,
      `From: <${watch.watcher}>;tag=${watch.localTag}`,
      `To: <${watch.presentity}>${watch.remoteTag === "" ? "" : `;tag=${watch.remoteTag}`}`,
      `Call-ID: ${watch.callId}`,
      `CSeq: ${watch.cseq} SUBSCRIBE`,
      `Contact: <sip:${user}@${this.endpoint.address}:${this.endpoint.port}>`,
      "Event: presence",
      "Accept: application/pidf+xml",
      `Expires: ${expires}`,
      ...watch.routes.map((route) => `Route: ${route}`),
    ];
    const { cseq } = watch;
    this.endpoint.request(
      requestText("SUBSCRIBE", watch.target, headers, ""),
      via.branch,
      (status, answer) => {
        if (status < 300 && answer !== undefined) this.#accepted(watch, answer);
        else if (cseq === watch.cseq) this.#refused(watch, status);
        this.onAnswer(watch, status);
      },
    );
  }

  /** Takes a NOTIFY; false when it belongs to nobody here. */
  take(request: WireSip, reply: (text: string) => void): boolean {
    if (request.method !== "NOTIFY") return false;
    const watch = this.watches.get(request.callId);
    if (watch === undefined || !isOfDialog(watch, request)) {
      this.strangers += 1;
      reply(answerText(request, "481 No such subscription", "none"));
      return true;
    }
    if (request.cseq < watch.notifyCseq) {
      this.outOfOrder += 1;
      reply(answerText(request, "500 Out of order", watch.localTag));
      return true;
    }
    reply(answerText(request, "200 OK", watch.localTag));
    if (request.cseq === watch.notifyCseq) this.repeats += 1;
    else this.#notified(watch, request);
    return true;
  }

  #accepted(watch: Watch, answer: WireSip): void {
    if (watch.remoteTag === "") watch.remoteTag = answer.toTag;
    if (answer.contact !== "") watch.target = answer.contact;
    if (watch.cseq === 1) watch.routes = [...answer.recordRoute].reverse();
    watch.refusal = 0;
  }

  #refused(watch: Watch, status: number): void {
    watch.refusal = status;
    // RFC 6665 §4.1.2.2: the dialog has ended. Without an answer nothing is known.
    if (status !== 408 && status !== 503 && status !== 500) this.#end(watch, `refused ${status}`);
  }

  #notified(watch: Watch, request: WireSip): void {
    this.notifies += 1;
    watch.notifies += 1;
    watch.notifyCseq = request.cseq;
    watch.notifyBranch = request.branch;
    if (watch.remoteTag === "") watch.remoteTag = request.fromTag;
    if (request.contact !== "") watch.target = request.contact;
    if (request.body !== "") watch.view = viewOf(readPidf(request.body));
    const [state = "", ...parameters] = request.subscriptionState.split(";");
    if (state.trim() === "terminated") {
      const reason = parameters.find((text) => text.trim().startsWith("reason="));
      this.#end(watch, reason?.trim().slice(7) ?? "");
    } else {
      watch.state = state.trim() === "active" ? "active" : "pending";
    }
    this.onNotify(watch);
  }

  #end(watch: Watch, reason: string): void {
    watch.state = "terminated";
    watch.reason = reason;
    this.watches.delete(watch.callId);
  }
}

function isOfDialog(watch: Watch, request: WireSip): boolean {
  if (request.toTag !== watch.localTag) return false;
  return watch.remoteTag === "" || watch.remoteTag === request.fromTag;
}
