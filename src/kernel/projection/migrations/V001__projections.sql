-- How far the tables of this database have followed the journal; written in the same commit as the rows.
CREATE TABLE projection_checkpoint (
  one         bigint PRIMARY KEY CHECK (one = 1),
  record      bigint NOT NULL,
  keys_record bigint NOT NULL
);
INSERT INTO projection_checkpoint VALUES (1, 0, 0);

-- Idempotency keys, in sorted runs (kernel/projection/key_runs.h).
CREATE TABLE key_runs (
  run       bigint PRIMARY KEY,
  level     bigint NOT NULL,
  keys      bigint NOT NULL,
  newest_at bigint NOT NULL
);
