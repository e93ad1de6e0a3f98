/** What requests and answers do to a dialog. RFC 3261 §12.1, §12.2; RFC 6665 §4.4.1. */

import type { SipDialogRequest } from "../effect";
import type { SipDialogOutcome, SipEventInput } from "../input";
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
  return {
    callId: input.callId,
    localTag: input.transaction,
    ...(input.fromTag === undefined ? {} : { remoteTag: input.fromTag }),
    localUri: input.toUri,
    remoteUri: input.fromUri,
    localCseq: 0,
    remoteCseq: input.cseq,
    // Some phones send no Contact: then requests go to the address of record.
    remoteTarget: input.contact ?? input.fromUri,
    routes: input.recordRoute,
  };
}

/**
 * The dialog after a 2xx to our SUBSCRIBE (§12.1.2: route set reversed; §12.2.1.2: target refresh). A NOTIFY may have made
 * it already: what another fork answers then changes nothing (RFC 3856 §6.9).
 */
export function withAnswer(dialog: Dialog, outcome: SipDialogOutcome): Dialog {
  const localCseq = Math.max(dialog.localCseq, outcome.cseq);
  if (isOtherTag(dialog, outcome.toTag)) return { ...dialog, localCseq };
  const isNew = dialog.remoteTag === undefined;
  return {
    ...dialog,
    localCseq,
    ...(outcome.toTag === undefined ? {} : { remoteTag: outcome.toTag }),
    remoteTarget: outcome.contact ?? dialog.remoteTarget,
    routes: isNew ? [...outcome.recordRoute].reverse() : dialog.routes,
  };
}

/**
 * The dialog after a request of the far side (§12.2.2). The first NOTIFY brings the route set of a subscriber (RFC 6665
 * §4.4.1); where it has none, that of the 2xx stays: some proxies record their route in the first request only.
 */
export function withRequest(dialog: Dialog, input: SipEventInput): Dialog {
  const isFirst = dialog.remoteCseq === undefined;
  return {
    ...dialog,
    ...(input.fromTag === undefined ? {} : { remoteTag: input.fromTag }),
    remoteCseq: input.cseq,
    remoteTarget: input.contact ?? dialog.remoteTarget,
    routes: isFirst && input.recordRoute.length > 0 ? input.recordRoute : dialog.routes,
  };
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
  return {
    dialog: { ...dialog, localCseq: cseq },
    request: {
      method,
      requestUri: dialog.remoteTarget,
      toUri: dialog.remoteUri,
      ...(dialog.remoteTag === undefined ? {} : { toTag: dialog.remoteTag }),
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
    },
  };
}

const NO_BODY = new Uint8Array(0);
