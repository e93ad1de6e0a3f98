/** What SIPp plays as people with accounts: MESSAGE and REGISTER, challenged and answered, or taken at once. RFC 3261 §22. */

import type { Play } from "./sipp";
import { passwordOf, uidOf } from "./slapd";

export type Method = "MESSAGE" | "REGISTER";

/** @param isChallenged each request gets 401 first, as that of a phone that was just started */
export function accountsPlay(method: Method, isChallenged: boolean, people: number, domain: string): Play {
  const users = [...Array(people).keys()].map((index) => {
    const uid = uidOf(index);
    return `${uid};[authentication username=${uid} password=${passwordOf(index)}];`;
  });
  const first = request(method, domain, 1, "");
  const last = request(method, domain, 2, "[field1]\n");
  const challenge = `${send(first, 'start_rtd="1"')}<recv response="100" optional="true"/>
<recv response="401" auth="true" timeout="35000"/>
${send(last, "")}<recv response="401" optional="true"/>
`; // the last one: a retransmission that was late has a challenge of its own
  return { scenario: scenario(isChallenged ? challenge : send(first, 'start_rtd="1"')), users };
}

function scenario(sends: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="accounts">
${sends}<recv response="100" optional="true"/>
<recv response="200" optional="true" rtd="1" next="1"/>
<recv response="202" rtd="1" timeout="35000"/>
<label id="1"/>
</scenario>
`;
}

function send(text: string, attributes: string): string {
  return `<send retrans="500" ${attributes}><![CDATA[\n${text}]]></send>\n`;
}

function request(method: Method, domain: string, cseq: number, credentials: string): string {
  const isMessage = method === "MESSAGE";
  const uri = isMessage ? "sip:juliet@xmpp.bench" : `sip:${domain}`;
  const to = isMessage ? "sip:juliet@xmpp.bench" : `sip:[field0]@${domain}`;
  const more = isMessage
    ? "Content-Type: text/plain;charset=utf-8\n"
    : "Contact: <sip:[field0]@[local_ip]:[local_port]>\nExpires: 3600\n";
  const body = isMessage ? "message [call_number] of the bench, as long as people write" : "";
  return `${method} ${uri} SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:[field0]@${domain}>;tag=[pid]s[call_number]
To: <${to}>
Call-ID: [call_id]
CSeq: ${cseq} ${method}
${credentials}${more}Content-Length: [len]

${body}`;
}
