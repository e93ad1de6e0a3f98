/** A SIP user watches an XMPP contact: one step of the machine. RFC 8048 §5.3; the table is in sip-watcher-table.ts. */

import type { SipWatcherEvent } from "./event";
import type { SipWatcherRecord } from "./record";
import { sipWatcherInput } from "./sip-watcher-input";
import { SIP_WATCHER_TABLE } from "./sip-watcher-table";
import { SipWatcherTurn } from "./sip-watcher-turn";
import type { Step, StepContext } from "./step";

/**
 * What an event makes of the row of a dialog, and what is to be done about it.
 * @param record undefined: there is no row
 */
export function sipWatcher(
  record: SipWatcherRecord | undefined,
  event: SipWatcherEvent,
  context: StepContext,
): Step<SipWatcherRecord> {
  const cell = SIP_WATCHER_TABLE[record?.state ?? "none"][sipWatcherInput(record, event, context.now)];
  if (cell.actions.length === 0 && cell.next === (record?.state ?? "none")) return { record, effects: [] };
  const turn = new SipWatcherTurn(record, event, cell.next, context);
  for (const action of cell.actions) turn.act(action);
  return turn.end();
}
