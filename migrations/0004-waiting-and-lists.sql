-- Messages that wait for a SIP user with no device (XEP-0160), and who may reach whom (XEP-0191). Architecture §5.

CREATE TABLE waiting (
  seq          INTEGER PRIMARY KEY, -- of the journal, from which it was moved; also the order of delivery
  person       TEXT NOT NULL,       -- bare JID of the SIP user
  rid          TEXT NOT NULL,
  received_at  INTEGER NOT NULL,    -- milliseconds since 1970
  request      TEXT NOT NULL,       -- JSON of SipMessageOut without its body
  body         BLOB NOT NULL,
  origin       TEXT NOT NULL,       -- JSON of MessageOrigin
  octets       INTEGER NOT NULL,    -- what it counts against the bounds
  is_delivered INTEGER NOT NULL,    -- 1: one device has it
  due_at       INTEGER NOT NULL     -- milliseconds since 1970: then it is given up; or, when delivered, no more owed to other devices
) STRICT;

CREATE INDEX waiting_person ON waiting (person, seq);
CREATE INDEX waiting_due ON waiting (due_at);

-- What became of each message at each device.
CREATE TABLE waiting_copy (
  seq      INTEGER NOT NULL REFERENCES waiting (seq) ON DELETE CASCADE,
  device   TEXT NOT NULL,    -- full JID
  attempts INTEGER NOT NULL, -- final answers that were not for good
  is_done  INTEGER NOT NULL, -- 1: the device has it, or never takes it
  PRIMARY KEY (seq, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE list_entry (
  owner   TEXT NOT NULL, -- bare JID; a domain: all of its people; *: everybody, the operator's own list
  entry   TEXT NOT NULL, -- bare JID, or a domain for all of its people
  verdict TEXT NOT NULL CHECK (verdict IN ('allow', 'block')),
  PRIMARY KEY (owner, entry)
) STRICT, WITHOUT ROWID;

-- Owners whom only those may reach whom their list allows.
CREATE TABLE list_only_allowed (
  owner TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- What `isthmus lists` has changed, until the gateway that runs has looked at it.
CREATE TABLE list_change (
  owner TEXT NOT NULL,
  entry TEXT NOT NULL, -- "": everybody, where only those who are allowed may reach the owner from now on, or no longer only those
  PRIMARY KEY (owner, entry)
) STRICT, WITHOUT ROWID;
