CREATE TABLE key_chunks (
  run        bigint NOT NULL,
  first_hash bigint NOT NULL,
  entries    bytea NOT NULL,
  PRIMARY KEY (run, first_hash)
);
ALTER TABLE key_chunks ALTER COLUMN entries SET STORAGE EXTERNAL;
CREATE TABLE key_filters (
  run  bigint PRIMARY KEY,
  bits bytea NOT NULL
);
