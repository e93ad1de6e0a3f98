import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configFrom } from "../../src/config/load";
import { filesOf, readPage } from "./pages";

const PAGE = "docs/directory.md";
const REST = `
xmpp: { components: [{ host: sip.example, secret: s }] }
domains:
  sip: [{ sip: sip.example, xmpp: sip.example, tel: true }]
  xmpp: [{ xmpp: xmpp.example, sip: xmpp.example }]
`;

test("the examples for OpenLDAP and Active Directory load, with the users file beside them", () => {
  const page = readPage(PAGE);
  const folder = mkdtempSync(join(tmpdir(), "isthmus-docs-"));
  for (const [name, text] of filesOf(page)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "ldap.password"), "quiet\n");
  try {
    const recipes = [...page.matchAll(/<!-- recipe: ([\w ]+) -->\n```yaml\n(.*?)```/gs)];
    expect(recipes.map(([, name]) => name)).toEqual(["openldap", "active directory"]);
    for (const [, , text = ""] of recipes) {
      // Whoever reads has a certificate of an authority.
      const written =
        REST + text.replace(/^ *ca: .*\n/m, "").replace("sip:\n", "sip:\n  users: users.yaml\n");
      const { directory } = configFrom(written, join(folder, "isthmus.yaml"), { LDAP_PASSWORD: "quiet" });
      expect(directory.sources.map(({ kind }) => kind)).toEqual(["users", "ldap"]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("every event of the directory's log stands there", () => {
  const page = readPage(PAGE);
  for (const event of EVENTS) expect(page).toContain(event);
});

const EVENTS = [
  "directory server away",
  "directory server back",
  "directory failed over to server",
  "directory returned to server",
  "directory gave no answer",
  "directory has two entries for one",
  "directory entry left out",
];
