import type { ListedPerson } from "../../src/directory/options";
import { usersSource } from "../../src/directory/users-file";
import { ADDRESSES, makeDirectory } from "../support/directory";

const ROMEO: ListedPerson = {
  username: "romeo",
  realm: "sip.example",
  uri: "sip:romeo@sip.example",
  ha1: { MD5: "0".repeat(32), "SHA-256": "1".repeat(64) },
  aliases: [
    "sip:o'malley@sip.example",
    "tel:+39-045-123",
    "montague@xmpp.example",
    "sip:r@elsewhere.example",
  ],
  jid: "Romeo@xmpp.example",
  isAllowed: true,
  name: "Romeo Montague",
  card: { email: "romeo@mail.example" },
};
const NURSE: ListedPerson = {
  username: "nurse",
  realm: "other.example",
  uri: "sip:nurse@sip.example",
  ha1: { MD5: "2".repeat(32) },
  aliases: [],
  isAllowed: false,
};

const { directory } = makeDirectory([{ kind: "users", name: "users.yaml", people: [ROMEO, NURSE] }]);
const romeo = {
  kind: "found",
  value: {
    id: "romeo",
    sipUri: "sip:romeo@sip.example",
    jid: "romeo@xmpp.example",
    isAllowed: true,
    name: "Romeo Montague",
    card: { email: "romeo@mail.example" },
  },
};

test.each([
  "sip:romeo@sip.example",
  "sips:%72omeo@SIP.EXAMPLE:5061;transport=tls?Subject=x",
  "sip:ROMEO@sip.example",
  "sip:o'malley@sip.example",
  "sip:o%27malley@sip.example;user=phone",
  "tel:+39045123",
  "sip:+39045123@sip.example",
  "sip:montague@xmpp.example",
  "sip:romeo@xmpp.example",
  "sip:r@elsewhere.example",
])("%s is Romeo, at once", (uri) => {
  expect(directory.bySip(uri)).toEqual(romeo);
});

test.each([
  "romeo@xmpp.example",
  "ROMEO@xmpp.example/balcony",
  "montague@xmpp.example",
  "romeo@sip.example",
  "o\\27malley@sip.example",
  "+39045123@sip.example",
])("%s is Romeo as a JID, at once", (jid) => {
  expect(directory.byJid(jid)).toEqual(romeo);
});

test.each([
  "sip:juliet@sip.example",
  "sip:sip.example",
  "tel:",
  "",
  "http://sip.example",
  "sip:ro%00meo@sip.example",
  "sip:%C0%AEromeo@sip.example",
])("%j is nobody", (uri) => {
  expect(directory.bySip(uri)).toEqual({ kind: "unknown" });
});

test.each(["xmpp.example", "", "a@b@c", "juliet@xmpp.example", "\ud800@xmpp.example"])(
  "%j is nobody's JID",
  (jid) => {
    expect(directory.byJid(jid)).toEqual({ kind: "unknown" });
  },
);

test("digests belong to a username in a realm", () => {
  expect(directory.secretOf("romeo", "sip.example")).toEqual({
    kind: "found",
    value: { username: "romeo", ha1: ROMEO.ha1, person: romeo.value },
  });
  expect(directory.secretOf("romeo", "other.example")).toEqual({ kind: "unknown" });
  expect(directory.secretOf("Romeo", "sip.example")).toEqual({ kind: "unknown" });
  expect(directory.secretOf("nurse", "other.example")).toMatchObject({
    value: { person: { jid: "nurse@sip.example", isAllowed: false } },
  });
});

test("several names to sign in with are one person", () => {
  const phone = { ...ROMEO, username: "romeo-phone", aliases: [] };
  const source = usersSource({ kind: "users", name: "users.yaml", people: [ROMEO, phone] }, ADDRESSES);
  const found = source.find({ kind: "username", username: "romeo-phone", realm: "sip.example" });
  expect(found).toMatchObject({ value: { person: romeo.value } });
});

test("search finds all the words, in name or address, each person once", async () => {
  const names = async (words: string, limit = 10) => {
    const answer = await directory.search(words, limit);
    return answer.kind === "found" ? answer.value.map((person) => person.id) : answer.kind;
  };
  expect(await names("rom MONT")).toEqual(["romeo"]);
  expect(await names("sip.example")).toEqual(["romeo", "nurse"]);
  expect(await names("sip.example", 1)).toEqual(["romeo"]);
  expect(await names("mail.example")).toEqual(["romeo"]);
  expect(await names("romeo nurse")).toEqual([]);
  expect(await names(" ")).toEqual([]);
});

test("without any source everybody is unknown", async () => {
  const { directory: nobody } = makeDirectory([]);
  expect(nobody.bySip("sip:romeo@sip.example")).toEqual({ kind: "unknown" });
  expect(nobody.byJid("romeo@sip.example")).toEqual({ kind: "unknown" });
  expect(nobody.secretOf("romeo", "sip.example")).toEqual({ kind: "unknown" });
  expect(await nobody.search("romeo", 10)).toEqual({ kind: "found", value: [] });
});
