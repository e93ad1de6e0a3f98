/** Reads the configuration anew, where that can be done while the gateway runs. In the style of XEP-0133. */

import { done, type FormPage } from "../../../core/service/page";
import type { Log } from "../../sides";
import type { Command } from "../command";
import type { ServiceParts } from "../sides";
import { ADMIN } from "./counts";

export function reload(read: ServiceParts["reload"], log: Log): Command {
  return {
    node: `${ADMIN}reload`,
    name: "Reload the configuration",
    audience: "administrators",
    begin: ({ jid }) =>
      read === undefined
        ? done("A change of the configuration needs a restart of the gateway.", "warn")
        : confirmation(read, jid, log),
  };
}

function confirmation(read: NonNullable<ServiceParts["reload"]>, by: string, log: Log): FormPage {
  return {
    kind: "form",
    form: {
      title: "Reload the configuration",
      instructions: "The configuration is read and checked. If anything is wrong with it, nothing changes.",
      fields: [],
    },
    forward: ["complete"],
    submit: async () => {
      log.info({ by }, "reload asked for by command");
      return read().then(
        (said) => done(said),
        (error: Error) => done(error.message, "error"),
      );
    },
  };
}
