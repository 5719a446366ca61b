-- One transaction a transfer, statement by statement: lock both rows in the order of their ids, judge, move, record.
-- What most applications do. A draw of the same account twice takes its neighbour (tb-perf draws again, which pgbench
-- cannot).
\set source random_zipfian(1, :n, 1.001)
\set dest random_zipfian(1, :n, 1.001)
\if :source = :dest
\set dest (:source % :n) + 1
\endif
\set amount random(1, 1000)
BEGIN;
SELECT max(balance) FILTER (WHERE id = :source) AS available FROM (SELECT id, balance FROM accounts WHERE id IN (:source, :dest) ORDER BY id FOR UPDATE) AS locked \gset
\if :available >= :amount
UPDATE accounts SET balance = balance + CASE id WHEN :source THEN -:amount::bigint ELSE :amount::bigint END WHERE id IN (:source, :dest);
INSERT INTO transfers (source_id, dest_id, amount) VALUES (:source, :dest, :amount);
\endif
COMMIT;
