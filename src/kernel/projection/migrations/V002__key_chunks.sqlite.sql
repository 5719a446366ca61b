CREATE TABLE key_chunks (
  run        INTEGER NOT NULL,
  first_hash INTEGER NOT NULL,
  entries    BLOB NOT NULL,
  PRIMARY KEY (run, first_hash)
) WITHOUT ROWID;
CREATE TABLE key_filters (
  run  INTEGER PRIMARY KEY,
  bits BLOB NOT NULL
);
