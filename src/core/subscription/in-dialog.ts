/** What requests and answers do to a dialog. RFC 3261 §12.1, §12.2; RFC 6665 §4.4.1. */

import type { SipDialogRequest } from "../effect";
import type { SipDialogOutcome, SipEventInput } from "../input";
import type { Mutable } from "../mutable";
import type { Dialog } from "./dialog";

/** What a request in a dialog holds beside what the dialog says. */
export interface RequestParts {
  readonly branch: string;
  readonly headers: SipDialogRequest["headers"];
  readonly peer: string;
}

/** A dialog that our SUBSCRIBE is about to ask for: the far side is only known by its address of record (§12.1.2). */
export function newDialog(
  ids: { readonly callId: string; readonly tag: string },
  from: string,
  to: string,
): Dialog {
  return {
    callId: ids.callId,
    localTag: ids.tag,
    localUri: from,
    remoteUri: to,
    localCseq: 0,
    remoteTarget: to,
    routes: [],
  };
}

/** The dialog that our 2xx to a SUBSCRIBE makes; its transaction is our tag (§12.1.1: route set in the order of the request). */
export function dialogFromSubscribe(input: SipEventInput): Dialog {
  const dialog: Mutable<Dialog> = {
    callId: input.callId,
    localTag: input.transaction,
    localUri: input.toUri,
    remoteUri: input.fromUri,
    localCseq: 0,
    remoteCseq: input.cseq,
    // Some phones send no Contact: then requests go to the address of record.
    remoteTarget: input.contact ?? input.fromUri,
    routes: input.recordRoute,
  };
  if (input.fromTag !== undefined) dialog.remoteTag = input.fromTag;
  return dialog;
}

/**
 * The dialog after a 2xx to our SUBSCRIBE (§12.1.2: route set reversed; §12.2.1.2: target refresh). A NOTIFY may have made
 * it already: what another fork answers then changes nothing (RFC 3856 §6.9).
 */
export function withAnswer(dialog: Dialog, outcome: SipDialogOutcome): Dialog {
  const localCseq = Math.max(dialog.localCseq, outcome.cseq);
  if (isOtherTag(dialog, outcome.toTag)) return { ...dialog, localCseq };
  const answered: Mutable<Dialog> = { ...dialog, localCseq };
  if (outcome.contact !== undefined) answered.remoteTarget = outcome.contact;
  if (dialog.remoteTag === undefined) answered.routes = [...outcome.recordRoute].reverse();
  if (outcome.toTag !== undefined) answered.remoteTag = outcome.toTag;
  return answered;
}

/**
 * The dialog after a request of the far side (§12.2.2). The first NOTIFY brings the route set of a subscriber (RFC 6665
 * §4.4.1); where it has none, that of the 2xx stays: some proxies record their route in the first request only.
 */
export function withRequest(dialog: Dialog, input: SipEventInput): Dialog {
  const isFirst = dialog.remoteCseq === undefined;
  const asked: Mutable<Dialog> = { ...dialog };
  if (input.fromTag !== undefined) asked.remoteTag = input.fromTag;
  asked.remoteCseq = input.cseq;
  if (input.contact !== undefined) asked.remoteTarget = input.contact;
  if (isFirst && input.recordRoute.length > 0) asked.routes = input.recordRoute;
  return asked;
}

/** Is this the tag of somebody else than the one with whom the dialog is? */
export function isOtherTag(dialog: Dialog, tag: string | undefined): boolean {
  return dialog.remoteTag !== undefined && dialog.remoteTag !== tag;
}

/** Has a later request than the one with this number been there before (§12.2.2)? */
export function isOutOfOrder(dialog: Dialog, cseq: number): boolean {
  return dialog.remoteCseq !== undefined && cseq < dialog.remoteCseq;
}

/** Is it the last one once more? Its transaction would know it: that, and its answer, ended with a former life. */
export function isRepeat(dialog: Dialog, cseq: number): boolean {
  return dialog.remoteCseq === cseq;
}

/** Our next request (§12.2.1.1), and the dialog with its number. Whether the first route is loose is the SIP side's matter. */
export function nextRequest(
  dialog: Dialog,
  method: SipDialogRequest["method"],
  { branch, headers, peer }: RequestParts,
): { readonly dialog: Dialog; readonly request: SipDialogRequest } {
  const cseq = dialog.localCseq + 1;
  const request: Mutable<SipDialogRequest> = {
    method,
    requestUri: dialog.remoteTarget,
    toUri: dialog.remoteUri,
    fromUri: dialog.localUri,
    fromTag: dialog.localTag,
    callId: dialog.callId,
    cseq,
    branch,
    routes: dialog.routes,
    headers,
    contentType: "",
    body: NO_BODY,
    peer,
  };
  if (dialog.remoteTag !== undefined) request.toTag = dialog.remoteTag;
  return { dialog: { ...dialog, localCseq: cseq }, request };
}

const NO_BODY = new Uint8Array(0);
