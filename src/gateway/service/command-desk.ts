/** Lists commands and runs them. XEP-0050 §2 and §3. */

import { DATA_FORMS } from "../../core/forms/write-form";
import { refusalOf, resultOf } from "../../core/service/answer";
import {
  type CommandRequest,
  cancelledElement,
  commandRefusal,
  FORBIDDEN,
  ITEM_NOT_FOUND,
  pageElement,
  readCommand,
} from "../../core/service/command";
import { SERVICE } from "../../core/service/namespaces";
import { again, type FormPage, type Page } from "../../core/service/page";
import { turnOf } from "../../core/service/turn";
import { type Element, element } from "../../xml/element";
import { type Command, isFor } from "./command";
import type { Asker } from "./people";
import type { Session, Sessions } from "./sessions";

export class CommandDesk {
  readonly #commands: ReadonlyMap<string, Command>;
  readonly #sessions: Sessions;

  constructor(commands: readonly Command[], sessions: Sessions) {
    this.#commands = new Map(commands.map((command) => [command.node, command]));
    this.#sessions = sessions;
  }

  /** §2.2: what there is for whoever asks; undefined for a node that is not ours. */
  items(iq: Element, node: string | undefined, host: string, asker: Asker): Element | undefined {
    if (this.#commands.has(node ?? "")) return resultOf(iq, element(SERVICE.items, "query", { node }));
    if (node !== SERVICE.commands) return undefined;
    const listed = [...this.#commands.values()]
      .filter((command) => isFor(command, asker))
      .map(({ node, name }) => element(SERVICE.items, "item", { jid: host, node, name }));
    return resultOf(iq, element(SERVICE.items, "query", { node }, ...listed));
  }

  /** §2.2: what a command is; undefined for a node that is not ours. */
  info(iq: Element, node: string | undefined, asker: Asker): Element | undefined {
    if (node === SERVICE.commands) return resultOf(iq, infoOf(node, "command-list", "Commands"));
    const command = this.#commands.get(node ?? "");
    if (command === undefined) return undefined;
    if (!isFor(command, asker)) return refusalOf(iq, FORBIDDEN);
    return resultOf(iq, infoOf(command.node, "command-node", command.name));
  }

  /** §3: begins a command, or goes on with one. */
  execute(iq: Element, content: Element, host: string, asker: Asker): Element | Promise<Element> {
    if (iq.attrs.type !== "set") return refusalOf(iq, { type: "modify", condition: "bad-request" });
    const request = readCommand(content);
    if ("condition" in request) return refusalOf(iq, request);
    const command = this.#commands.get(request.node);
    if (command === undefined) return refusalOf(iq, ITEM_NOT_FOUND);
    if (!isFor(command, asker)) return refusalOf(iq, FORBIDDEN);
    if (request.sessionId !== undefined) return this.#goOn(iq, request, request.sessionId, asker);
    if (request.action !== "execute") return refusalOf(iq, commandRefusal("bad-action"));
    const session = this.#sessions.open(command.node, asker.from, asker.jid);
    return this.#show(iq, session, () => command.begin(asker, host));
  }

  #goOn(iq: Element, request: CommandRequest, id: string, asker: Asker): Element | Promise<Element> {
    const session = this.#sessions.find(id, asker.from);
    if (session === "over") return refusalOf(iq, commandRefusal("session-expired"));
    const page = session?.pages.at(-1);
    if (session === undefined || session.node !== request.node)
      return refusalOf(iq, commandRefusal("bad-sessionid"));
    if (session.isBusy || page === undefined) return refusalOf(iq, BUSY);
    const turn = turnOf(page, session.pages.length > 1, request);
    switch (turn.kind) {
      case "refuse":
        return refusalOf(iq, turn.refusal);
      case "cancel":
        this.#sessions.end(session);
        return resultOf(iq, cancelledElement(session.node, session.id));
      case "back":
        session.pages.pop();
        return resultOf(iq, this.#shown(session, session.pages.at(-1) as FormPage));
      case "again":
        return resultOf(iq, this.#shown(session, again(page, turn.problem)));
      case "forward":
        return this.#show(iq, session, () => page.submit(turn.values, turn.by));
    }
  }

  /** Works out the next page. What fails is over: nobody may go on from a place that does not exist. */
  #show(iq: Element, session: Session, next: () => Page | Promise<Page>): Element | Promise<Element> {
    session.isBusy = true;
    try {
      const page = next();
      if (!(page instanceof Promise)) return resultOf(iq, this.#turned(session, page));
      return page.then(
        (made) => resultOf(iq, this.#turned(session, made)),
        (error) => {
          this.#sessions.end(session);
          throw error;
        },
      );
    } catch (error) {
      this.#sessions.end(session);
      throw error;
    }
  }

  #turned(session: Session, page: Page): Element {
    session.isBusy = false;
    if (page.kind === "done") this.#sessions.end(session);
    // A form with what was wrong takes the place of the one that was filled in.
    else if (session.pages.at(-1)?.form === page.form) session.pages[session.pages.length - 1] = page;
    else session.pages.push(page);
    if (session.pages.length > DEEPEST) session.pages.shift();
    return this.#shown(session, page);
  }

  #shown({ id, node, pages }: Session, page: Page): Element {
    return pageElement(page, { node, sessionId: id, canGoBack: pages.length > 1 });
  }
}

function infoOf(node: string, type: string, name: string): Element {
  const feature = (value: string) => element(SERVICE.info, "feature", { var: value });
  return element(
    SERVICE.info,
    "query",
    { node },
    element(SERVICE.info, "identity", { category: "automation", type, name }),
    feature(SERVICE.commands),
    feature(DATA_FORMS),
  );
}

/** Pages of a long list that one can go back; each holds a screen of it. */
const DEEPEST = 20;
const BUSY = {
  type: "wait",
  condition: "resource-constraint",
  text: "The last step of this command is still under way.",
} as const;
