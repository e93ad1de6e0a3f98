/** Builds the octets of a request from its parts, so that a test shows only what it is about. */

export const START = "MESSAGE sip:juliet@xmpp.example SIP/2.0";
export const VIA = "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776asdhds;rport";
export const FROM = "From: <sip:romeo@sip.example>;tag=49583";
export const TO = "To: <sip:juliet@xmpp.example>";
export const CALL_ID = "Call-ID: asd88asd77a@1.2.3.4";
export const CSEQ = "CSeq: 1 MESSAGE";
export const MANDATORY = [VIA, FROM, TO, CALL_ID, CSEQ];

/** A request with these lines after the mandatory fields. */
export function request(lines: readonly string[] = [], body = ""): Buffer {
  return message([START, ...MANDATORY, ...lines], body);
}

/** A request in which the first mandatory line is replaced by others. */
export function requestWithout(line: string, ...instead: string[]): Buffer {
  return message([START, ...MANDATORY.flatMap((each) => (each === line ? instead : [each]))]);
}

export function message(lines: readonly string[], body: string | Buffer = ""): Buffer {
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), Buffer.from(body as string)]);
}
