/**
 * A bare loop of ldapts queries, in a process of its own: one query after another on each of its connections, the gateway's
 * filter and attributes, and nothing done with the answers. Arguments: URL, connections, seconds, people.
 */

import { Client } from "ldapts";
import { PEOPLE_DN, READER, uidOf } from "./slapd";

export interface LdapLoopResult {
  readonly queries: number;
  readonly seconds: number;
  /** User and system, of this process. */
  readonly cpuSeconds: number;
}

async function main([
  url = "",
  connections = "8",
  seconds = "4",
  people = "1",
]: readonly string[]): Promise<void> {
  const clients: Client[] = [];
  for (let count = 0; count < Number(connections); count++) {
    const client = new Client({ url });
    await client.bind(READER.dn, READER.password);
    clients.push(client);
  }
  let queries = 0;
  let next = 0;
  const run = async (forSeconds: number): Promise<void> => {
    const until = performance.now() + forSeconds * 1000;
    const loop = async (client: Client): Promise<void> => {
      while (performance.now() < until) {
        const uid = uidOf(next++ % Number(people));
        const filter = `(&(objectClass=person)(uid=${uid}))`;
        const { searchEntries } = await client.search(PEOPLE_DN, {
          scope: "sub",
          filter,
          attributes: ATTRIBUTES,
          derefAliases: "never",
          sizeLimit: 2,
          timeLimit: 3,
        });
        if (searchEntries.length !== 1) throw new Error(`${uid} was not found once`);
        queries++;
      }
    };
    await Promise.all(clients.map(loop));
  };
  await run(WARM_UP_SECONDS);
  queries = 0;
  const [cpu, startedAt] = [process.cpuUsage(), performance.now()];
  await run(Number(seconds));
  const { user, system } = process.cpuUsage(cpu);
  const result: LdapLoopResult = {
    queries,
    seconds: (performance.now() - startedAt) / 1000,
    cpuSeconds: (user + system) / 1e6,
  };
  process.send?.(result, () => process.exit(0));
}

/** Those that the gateway asks for in this bench's configuration when somebody signs in. */
const ATTRIBUTES = ["uid", "sipAddress", "jid", "sipDigestMd5", "sipAllowed"];
const WARM_UP_SECONDS = 2;

main(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
