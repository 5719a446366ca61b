-- The anchor's tables, as tb-perf has them: accounts that may not fall below zero, transfers with three indexes
-- besides the key. pgbench's :n is the number of accounts.
DROP TABLE IF EXISTS transfers, accounts;
CREATE TABLE accounts (
  id bigint PRIMARY KEY,
  balance bigint NOT NULL CHECK (balance >= 0)
);
CREATE TABLE transfers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source_id bigint NOT NULL,
  dest_id bigint NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON transfers (source_id);
CREATE INDEX ON transfers (dest_id);
CREATE INDEX ON transfers (created_at);
INSERT INTO accounts SELECT id, 1000000 FROM generate_series(1, :n) AS id;

-- The same transfer in one round trip: the strongest form of one transaction a transfer. True: moved, false: refused.
CREATE OR REPLACE FUNCTION transfer(source bigint, dest bigint, units bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  available bigint;
BEGIN
  SELECT max(balance) FILTER (WHERE id = source) INTO available
    FROM (SELECT id, balance FROM accounts WHERE id IN (source, dest) ORDER BY id FOR UPDATE) AS locked;
  IF available < units THEN
    RETURN false;
  END IF;
  UPDATE accounts SET balance = balance + CASE id WHEN source THEN -units ELSE units END WHERE id IN (source, dest);
  INSERT INTO transfers (source_id, dest_id, amount) VALUES (source, dest, units);
  RETURN true;
END $$;

VACUUM ANALYZE accounts;
CHECKPOINT;
