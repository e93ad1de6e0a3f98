/** How fast one process parses and writes SIP messages: a MESSAGE of about 500 octets, as phones send it. */

import { parseMessage } from "../src/sip/message/parse";
import { responseTo } from "../src/sip/message/response";
import { serialize } from "../src/sip/message/serialize";
import { StreamFramer } from "../src/sip/transport/framing";

const MESSAGE = Buffer.from(
  [
    "MESSAGE sip:juliet@p1.test SIP/2.0",
    "Via: SIP/2.0/UDP 127.0.0.1:5066;branch=z9hG4bK.6W2nveDzn;rport",
    "From: <sip:romeo@sip.test>;tag=yL-1kpKgN",
    "To: sip:juliet@p1.test",
    "CSeq: 20 MESSAGE",
    "Call-ID: vZnVn4O9ev",
    "Max-Forwards: 70",
    "Supported: replaces, outbound, gruu",
    "Date: Sat, 13 Nov 2010 23:29:00 GMT",
    "User-Agent: Linphonec/5.1.65",
    "Content-Type: text/plain",
    "Content-Length: 112",
    "",
    "x".repeat(112),
  ].join("\r\n"),
);

const parsed = parseMessage(MESSAGE);
if (parsed.kind !== "request") throw new Error("the sample does not parse");
const CHUNK = Buffer.concat(Array.from({ length: 100 }, () => MESSAGE));

measure(`parseMessage (${MESSAGE.length} octets)`, 1, () => parseMessage(MESSAGE).kind.length);
measure("serialize", 1, () => serialize(parsed).length);
measure(
  "responseTo and serialize",
  1,
  () => serialize(responseTo(parsed, 202, "Accepted", { toTag: "t" })).length,
);
measure("StreamFramer, 100 messages a chunk", 100, () => new StreamFramer().push(CHUNK).length);

/** Runs for about a second after a second of warming up; prints messages per second and microseconds each. */
function measure(name: string, messages: number, once: () => number): void {
  let sink = 0;
  const run = (ms: number): number => {
    const start = performance.now();
    let count = 0;
    while (performance.now() - start < ms) for (let i = 0; i < 200; i++, count++) sink += once();
    return (count * messages) / ((performance.now() - start) / 1000);
  };
  run(1000);
  const rate = run(1000);
  const micros = (1e6 / rate).toFixed(2);
  process.stdout.write(`${name}: ${Math.round(rate).toLocaleString("en")} messages/s, ${micros} us each\n`);
  if (sink < 0) throw new Error("never");
}
