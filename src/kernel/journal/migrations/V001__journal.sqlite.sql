CREATE TABLE journal (
  record         INTEGER PRIMARY KEY,
  first_position INTEGER NOT NULL,
  events         INTEGER NOT NULL,
  epoch          INTEGER NOT NULL,
  at             INTEGER NOT NULL,
  checksum       INTEGER NOT NULL,
  body           BLOB NOT NULL
);
-- Record 0, so that every record has one before it.
INSERT INTO journal VALUES (0, 1, 0, 0, 0, 0, x'01');
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TABLE journal_lease (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  epoch      INTEGER NOT NULL,
  holder     TEXT NOT NULL,
  expires_at INTEGER NOT NULL
);
INSERT INTO journal_lease VALUES (1, 0, '', 0);
