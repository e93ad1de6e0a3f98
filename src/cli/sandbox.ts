/** `isthmus sandbox`: a real Prosody, the gateway, juliet and romeo on loopback. */

import { runSandbox } from "../sandbox/main";
import { readArguments } from "./arguments";
import { type Command, type ExitCode, UsageError } from "./command";

export const sandbox: Command = {
  name: "sandbox",
  summary: "try it: a real Prosody, the gateway, one message each way (this is `npm start`)",
  help: `isthmus sandbox [--once]

Starts a real Prosody on loopback, the gateway as its component, an XMPP account juliet and a SIP user romeo; sends one
message each way over the real wire and prints both sides of it. Then it stays up, prints addresses, ports and passwords
for your own clients and shows the traffic until Ctrl-C, which cleans up.

  --once   do the exchange and end: 0 when both messages crossed, 1 with the reason when not

Prosody must be installed (apt-get install prosody); \`npm start\` installs it where it may.

Exit codes: 0 ended in order; 1 it could not be opened, or a message did not cross; 2 usage.

Example: isthmus sandbox --once
`,
  async run(args) {
    const { positionals, flags } = readArguments(args, { flags: ["once"] });
    if (positionals.length > 0) throw new UsageError(`sandbox takes no ${positionals[0]}`);
    return (await runSandbox({ once: flags.has("once") })) as ExitCode;
  },
};
