-- Who watches whom (RFC 8048 §5.1), documents that phones published (RFC 3903), orders from the command line. Architecture §5.

-- What seldom changes. The record's other fields stand in subscription_progress under the same id.
CREATE TABLE subscription (
  id         INTEGER PRIMARY KEY,
  key        TEXT NOT NULL UNIQUE,
  direction  TEXT NOT NULL CHECK (direction IN ('xmpp-watcher', 'sip-watcher')),
  watcher    TEXT NOT NULL, -- bare JID
  presentity TEXT NOT NULL, -- bare JID
  call_id    TEXT,          -- of the dialog, if there is one
  local_tag  TEXT,
  record     TEXT NOT NULL  -- JSON of the SubscriptionRecord without what has a column
) STRICT;

CREATE INDEX subscription_watcher ON subscription (watcher, direction, presentity);
CREATE INDEX subscription_presentity ON subscription (presentity, direction);
CREATE INDEX subscription_dialog ON subscription (call_id) WHERE call_id IS NOT NULL;

-- What changes with every NOTIFY. Hundreds of these rows share a page: a storm of changes writes a tenth of the pages.
CREATE TABLE subscription_progress (
  id          INTEGER PRIMARY KEY,
  local_cseq  INTEGER,
  remote_cseq INTEGER,
  owed        INTEGER,
  expires_at  INTEGER, -- milliseconds since 1970
  due_at      INTEGER  -- milliseconds since 1970
) STRICT;

CREATE INDEX subscription_due ON subscription_progress (due_at) WHERE due_at IS NOT NULL;

-- Keys of subscriptions that `isthmus subs drop` wants dropped, until a gateway takes them.
CREATE TABLE drop_request (
  key          TEXT PRIMARY KEY,
  requested_at INTEGER NOT NULL -- milliseconds since 1970
) STRICT, WITHOUT ROWID;

-- Keys of subscriptions that wait for leave and are to get it, by `isthmus subs approve`, until a gateway takes them.
CREATE TABLE approve_request (
  key          TEXT PRIMARY KEY,
  requested_at INTEGER NOT NULL -- milliseconds since 1970
) STRICT, WITHOUT ROWID;

CREATE TABLE publication (
  etag         TEXT NOT NULL UNIQUE,
  presentity   TEXT NOT NULL, -- bare JID
  content_type TEXT NOT NULL,
  body         TEXT NOT NULL,
  expires_at   INTEGER NOT NULL, -- milliseconds since 1970
  modified_at  INTEGER NOT NULL  -- milliseconds since 1970
) STRICT;

CREATE INDEX publication_presentity ON publication (presentity);
CREATE INDEX publication_expiry ON publication (expires_at);
