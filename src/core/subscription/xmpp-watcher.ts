/** An XMPP user watches a SIP contact: one step of the machine. RFC 8048 §5.2; the table is in xmpp-watcher-table.ts. */

import type { XmppWatcherEvent } from "./event";
import type { XmppWatcherRecord } from "./record";
import type { Step, StepContext } from "./step";
import { xmppWatcherInput } from "./xmpp-watcher-input";
import { XMPP_WATCHER_TABLE } from "./xmpp-watcher-table";
import { XmppWatcherTurn } from "./xmpp-watcher-turn";

/**
 * What an event makes of the row of a pair, and what is to be done about it.
 * @param record undefined: there is no row
 */
export function xmppWatcher(
  record: XmppWatcherRecord | undefined,
  event: XmppWatcherEvent,
  context: StepContext,
): Step<XmppWatcherRecord> {
  const cell = XMPP_WATCHER_TABLE[record?.state ?? "none"][xmppWatcherInput(record, event, context)];
  if (cell.actions.length === 0 && cell.next === (record?.state ?? "none")) return { record, effects: [] };
  const turn = new XmppWatcherTurn(record, event, context);
  for (const action of cell.actions) turn.act(action);
  return turn.end(cell.next);
}
