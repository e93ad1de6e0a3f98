/** Configuration files for the tests of the commands. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A small right configuration; `parts` replace or add whole sections. */
export function configFile(parts: Readonly<Record<string, unknown>> = {}): string {
  const config = {
    sip: {
      listen: ["udp:127.0.0.1:0"],
      peers: [{ name: "kamailio", trust: ["127.0.0.1"], proxy: "sip:127.0.0.1:5080" }],
    },
    xmpp: { components: [{ host: "sip.example", secret: "quiet" }] },
    domains: {
      sip: [{ sip: "phones.example", xmpp: "sip.example", peer: "kamailio" }],
      xmpp: [
        { xmpp: "xmpp.example", sip: "chat.example", via: "route" },
        { xmpp: "*", sip: "gateway.example", via: "gateway" },
      ],
    },
    health: { listen: "off" },
    ...parts,
  };
  const file = join(folder(), "isthmus.yaml");
  writeFileSync(file, JSON.stringify(config, undefined, 1)); // JSON is YAML
  return file;
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "isthmus-cli-"));
  folders.push(made);
  return made;
}

const folders: string[] = [];
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});
