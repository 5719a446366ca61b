-- The same transfer as transfer_statements.sql in one call of a function: one round trip.
\set source random_zipfian(1, :n, 1.001)
\set dest random_zipfian(1, :n, 1.001)
\if :source = :dest
\set dest (:source % :n) + 1
\endif
\set amount random(1, 1000)
SELECT transfer(:source, :dest, :amount);
