/** The MESSAGE for a text that has waited, for one device, with the time at which it was written. RFC 3428 §4, RFC 3862 §2.3, §20.17 of RFC 3261. */

import type { SipMessageOut } from "../effect";
import { cpimUri } from "../message/addresses";
import { writeCpim } from "../message/cpim";
import { formatDateTime, formatSipDate } from "../message/date-time";
import type { PeerSwitches } from "../switches";

export interface Delay {
  /** When the message came, milliseconds since 1970. */
  readonly receivedAt: number;
  /** URI that reaches this device alone. */
  readonly deviceUri: string;
  /** Short text that is this device's own, fit for a branch. */
  readonly deviceTag: string;
  /** How often this device has given a final answer that was none for good. */
  readonly attempts: number;
}

/**
 * The request to this device. The same message, device and number of attempts give the same Call-ID, CSeq and branch, so
 * that whoever got it before a crash takes it for a retransmission.
 * @param request as it was made when the message came
 * @param isCpimTaken is this phone known to take CPIM?
 */
export function delayedRequest(
  request: SipMessageOut,
  delay: Delay,
  switches: PeerSwitches,
  isCpimTaken: boolean,
): SipMessageOut {
  const isDated = request.headers.some(([name]) => name === "Date");
  const wraps = isCpimTaken && request.contentType.startsWith("text/plain");
  return {
    ...request,
    toUri: delay.deviceUri,
    cseq: request.cseq + delay.attempts,
    branch: `${request.branch}-${delay.deviceTag}-${delay.attempts}`,
    headers: isDated ? request.headers : [...request.headers, ["Date", formatSipDate(delay.receivedAt)]],
    ...(wraps ? inCpim(request, delay.receivedAt, switches) : undefined),
  };
}

function inCpim(
  { fromUri, toUri, body, headers }: SipMessageOut,
  writtenAt: number,
  { cpimScheme }: PeerSwitches,
): Pick<SipMessageOut, "contentType" | "body"> {
  const subject = headers.find(([name]) => name === "Subject")?.[1];
  return {
    contentType: "message/cpim",
    body: writeCpim({
      fromUri: cpimUri(fromUri, cpimScheme),
      toUri: cpimUri(toUri, cpimScheme),
      dateTime: formatDateTime(writtenAt),
      ...(subject === undefined ? {} : { subjects: [{ text: subject }] }),
      contentHeaders: [["Content-Type", "text/plain; charset=utf-8"]],
      content: body,
    }),
  };
}
