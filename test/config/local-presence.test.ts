import { configFrom } from "../../src/config/load";
import { ConfigError } from "../../src/config/problem";
import { DEFAULT_LOCAL } from "../../src/gateway/presence/local-options";

const BASE = `
sip:
  peers: [{ name: phones }]
xmpp:
  components: [{ host: sip.example, secret: s }]
domains:
  sip: [{ sip: sip.example, xmpp: sip.example, peer: phones }]
  xmpp: [{ xmpp: xmpp.example, sip: xmpp.example }]
`;

const localOf = (presence = "") => configFrom(`${BASE}${presence}`, "isthmus.yaml", {}).presence?.local;

function problemsOf(presence: string): string[] {
  try {
    localOf(presence);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ key }) => key);
    throw error;
  }
  return [];
}

test("nothing is served here unless it is asked for", () => {
  expect(localOf()).toEqual(DEFAULT_LOCAL);
});

test("domains, approval and lists reach the gateway", () => {
  const local = localOf(`
presence:
  publish: [SIP.example]
  approval: ask
  winfo: false
  contactLists: ["sip:contacts@sip.example"]
  lists:
    - { uri: "sip:friends@sip.example", owner: "sip:romeo@sip.example", members: [juliet@xmpp.example] }
    - { uri: "sip:foes@sip.example", owner: "sip:romeo@sip.example", members: ["sip:paris@xmpp.example"], name: Foes }
`);
  expect(local).toMatchObject({
    publications: { domains: ["sip.example"] },
    approval: "ask",
    winfo: { enabled: false },
    lists: {
      contactLists: ["sip:contacts@sip.example"],
      lists: [{ members: ["juliet@xmpp.example"] }, { name: "Foes" }],
    },
  });
});

test.each([
  ["a domain that no rule names", "publish: [far.example]", "presence.publish[0]"],
  [
    "a list where nobody would find it",
    "contactLists: ['sip:contacts@far.example']",
    "presence.contactLists[0]",
  ],
  [
    "a member whom no rule reaches",
    "lists: [{ uri: 'sip:l@sip.example', owner: 'sip:o@sip.example', members: [x@far.example] }]",
    "presence.lists[0].members[0]",
  ],
  [
    "two lists at one address",
    "lists: [{ uri: 'sip:l@sip.example', owner: 'sip:o@sip.example', members: [] }, { uri: 'sip:l@sip.example', owner: 'sip:p@sip.example', members: [] }]",
    "presence.lists[1].uri",
  ],
  ["a list without an owner", "lists: [{ uri: 'sip:l@sip.example', members: [] }]", "presence.lists[0]"],
  [
    "a key that no list has",
    "lists: [{ uri: 'sip:l@sip.example', owner: 'sip:o@sip.example', members: [], colour: red }]",
    "presence.lists[0]",
  ],
  [
    "a member that is no address",
    "lists: [{ uri: 'sip:l@sip.example', owner: 'sip:o@sip.example', members: [5] }]",
    "presence.lists[0]",
  ],
])("%s is named", (_, setting, key) => {
  expect(problemsOf(`presence:\n  ${setting}\n`)).toEqual([key]);
});
