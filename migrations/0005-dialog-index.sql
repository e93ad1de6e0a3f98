-- The key of a SIP watcher's row holds the names of its dialog: only the others need an index for them.
DROP INDEX subscription_dialog;
CREATE INDEX subscription_dialog ON subscription (call_id) WHERE direction = 'xmpp-watcher';
