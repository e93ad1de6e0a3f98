-- Messages taken from XMPP and not yet answered by SIP, receipts to come, counters. Architecture §4 point 3, §5.

CREATE TABLE journal (
  seq         INTEGER PRIMARY KEY,
  pair        TEXT NOT NULL,
  rid         TEXT NOT NULL,
  received_at INTEGER NOT NULL, -- milliseconds since 1970
  request     TEXT NOT NULL,    -- JSON of SipMessageOut without its body
  body        BLOB NOT NULL,
  origin      TEXT NOT NULL,    -- JSON of MessageOrigin
  report      TEXT              -- the stanza that tells the sender how it ended; the request is not sent again
) STRICT;

CREATE TABLE receipt (
  side       TEXT NOT NULL CHECK (side IN ('sip', 'xmpp')),
  key        TEXT NOT NULL,
  value      TEXT NOT NULL,    -- JSON that the core made
  expires_at INTEGER NOT NULL, -- milliseconds since 1970
  PRIMARY KEY (side, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX receipt_expiry ON receipt (expires_at);

CREATE TABLE counter (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
