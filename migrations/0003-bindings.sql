-- Where registered devices are reached. RFC 3261 §10, RFC 5626 §6, RFC 5627 §5.

CREATE TABLE binding (
  id         INTEGER PRIMARY KEY,
  person     TEXT NOT NULL,    -- bare JID
  key        TEXT NOT NULL,    -- tells the bindings of one person apart
  address    TEXT NOT NULL,    -- where the REGISTER came from
  epoch      TEXT,             -- generation of the device's temporary GRUUs
  expires_at INTEGER NOT NULL, -- milliseconds since 1970
  record     TEXT NOT NULL,    -- JSON of the Binding without what has a column
  UNIQUE (person, key)
) STRICT;

CREATE INDEX binding_address ON binding (address);
CREATE INDEX binding_epoch ON binding (epoch) WHERE epoch IS NOT NULL;
CREATE INDEX binding_expiry ON binding (expires_at);

-- What temporary GRUUs are sealed with: one row.
CREATE TABLE gruu_key (
  id  INTEGER PRIMARY KEY CHECK (id = 1),
  key BLOB NOT NULL
) STRICT;
