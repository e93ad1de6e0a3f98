/** The tables of peer-bugs.test.ts. */

import type { Payload } from "../support/hostile-server";
import { phoneDomain, XMPP_DOMAIN } from "../support/world";

/** SIP domain, and component host, of most senders. */
export const HOST = phoneDomain("tcp");

const PLAIN = "text/plain;charset=utf-8";
const MIXED = "multipart/mixed;boundary=b";
/** Name, status, Content-Type, body, further headers. */
export const REFUSED: readonly (readonly [string, number, string, string | Buffer, readonly string[]])[] = [
  ["a picture", 415, "image/png", "\x89PNG", []],
  ["a session description", 415, "application/sdp", "v=0\r\n", []],
  ["an unknown text", 415, "text/calendar", "BEGIN:VCALENDAR", []],
  ["an unknown charset", 415, "text/plain;charset=klingon", "nuqneH", []],
  ["an encoded body", 415, PLAIN, "x", ["Content-Encoding: gzip"]],
  ["bytes that are not UTF-8", 400, PLAIN, Buffer.from([0x66, 0xfc, 0x72]), []],
  ["half a character", 400, PLAIN, Buffer.from("🌹").subarray(0, 3), []],
  ["no content at all", 400, PLAIN, "", []],
  ["CPIM without a content", 400, "message/cpim", "From: <im:romeo@x>\r\n", []],
  ["CPIM that is no CPIM", 400, "message/cpim", "\0\0\0", []],
  [
    "CPIM with a picture",
    415,
    "message/cpim",
    `From: <im:romeo@${HOST}>\r\nTo: <im:juliet@${XMPP_DOMAIN}>\r\n\r\nContent-Type: image/png\r\n\r\nPNG`,
    [],
  ],
  ["parts that are all pictures", 415, MIXED, "--b\r\nContent-Type: image/png\r\n\r\nPNG\r\n--b--\r\n", []],
  ["parts without their boundary", 400, MIXED, "--c\r\n\r\nhello\r\n--c--\r\n", []],
  ["a broken typing notification", 400, "application/im-iscomposing+xml", "<isComposing>", []],
  ["a broken delivery notification", 400, "message/imdn+xml", "<imdn", []],
];

/** SIP user part → localpart: RFC 7247 §6.4 with XEP-0106. */
export const USERS = [
  ["o'malley", "o\\27malley"],
  ["a%20b", "a\\20b"],
  ["m&m", "m\\26m"],
  ["a%2Fb", "a\\2fb"],
  ["user%40host", "user\\40host"],
  ["50%25", "50%"],
  ["*star*", "*star*"],
  ["a+b", "a+b"],
  ["%CE%B9%CE%BF%CF%85", "ιου"],
] as const;

/** A namespace that nobody knows. */
export const UNKNOWN = "<query xmlns='urn:example:unknown'/>";
/** The first five must be answered with a result. */
export const IQ_PAYLOADS = [
  "<query xmlns='http://jabber.org/protocol/disco#info'/>",
  "<query xmlns='http://jabber.org/protocol/disco#items'/>",
  "<ping xmlns='urn:xmpp:ping'/>",
  "<query xmlns='jabber:iq:version'/>",
  "<time xmlns='urn:xmpp:time'/>",
  "<query xmlns='jabber:iq:last'/>",
  "<query xmlns='jabber:iq:roster'/>",
  "<query xmlns='jabber:iq:register'/>",
  "<query xmlns='jabber:iq:search'/>",
  "<query xmlns='jabber:iq:private'><x xmlns='urn:x'/></query>",
  "<vCard xmlns='vcard-temp'/>",
  "<command xmlns='http://jabber.org/protocol/commands' node='n'/>",
  "<pubsub xmlns='http://jabber.org/protocol/pubsub'/>",
  "<blocklist xmlns='urn:xmpp:blocking'/>",
  "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='s'/>",
  "<query xmlns='http://jabber.org/protocol/disco#info' node='no such node'/>",
  UNKNOWN,
];

/** What a component link must live through, at every moment of its life. */
export function hostilePayloads(): Payload[] {
  const random = seeded(20_261);
  const noise = Array.from({ length: 12 }, () =>
    Buffer.from(Array.from({ length: 2_000 }, () => random() & 255)),
  );
  const texts = [
    "<".repeat(10_000),
    "<a>".repeat(100_000),
    `<message ${Array.from({ length: 5_000 }, (_, i) => `a${i}='x'`).join(" ")}>`,
    `<message from='${"x".repeat(300_000)}'/>`,
    "<!DOCTYPE a [<!ENTITY b 'b'><!ENTITY c '&b;&b;'>]><message>&c;</message>",
    "<message><body>&undefined;</body></message>",
    "<message><body>&#0;&#xFFFF;</body></message>",
    "<message><body>\u0000</body></message>",
    "<?xml version='1.0' encoding='UTF-16'?>",
    "<message xmlns:a='b'><a:body/></c:message>",
    "</stream:stream></stream:stream>",
    "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    "<message/><iq/><presence/><unknown/><iq type='get'/><iq type='get' id='1'/>",
    "<message from='@@@' to='///' type='chat'><body>x</body></message>",
    "<message from='a@x.test' to='sip.test' type='chat'><body>x</body></message>",
    "<message from='a@x.test' to='b@sip.test' type='chat' id='' xml:lang='\uFFFD'><body/></message>",
    `<message from='a@x.test' to='b@sip.test'>${"<body>x</body>".repeat(2_000)}</message>`,
    "<iq type='result' id='x'/><iq type='error' id='x'><error/></iq><message type='error'/>",
    "<![CDATA[]]><!-- --><?pi?>",
  ].map((text) => Buffer.from(text));
  const broken = [
    Buffer.from([0xff, 0xfe, 0x3c, 0x00]),
    Buffer.from("<message><body>\xff\xc0</body></message>", "latin1"),
  ];
  return [...noise, ...texts, ...broken].flatMap((bytes, at): Payload[] => [
    { moment: "up", bytes },
    ...(at % 3 === 0 ? [{ moment: "header" as const, bytes }] : []),
    ...(at % 3 === 1 ? [{ moment: "handshake" as const, bytes }] : []),
  ]);
}

// A linear congruential generator: the same bytes in every run.
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 16;
  };
}
