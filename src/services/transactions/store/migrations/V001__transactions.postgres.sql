-- A transaction as it is visible now, by the position of the event that proposed it. `owner` is whose it is in the
-- fewest bytes (store/tables.h), because it stands in every index. `amount` is in hundredths of the currency's unit,
-- so that amounts of all currencies compare.
CREATE TABLE transactions (
  no          bigint PRIMARY KEY,
  owner       bytea  NOT NULL,
  created_at  bigint NOT NULL,
  updated_at  bigint NOT NULL,
  deleted_at  bigint,
  status      bigint NOT NULL,
  currency    bigint NOT NULL,
  amount      bigint NOT NULL,
  version     bigint NOT NULL,
  description text,
  metadata    text
);
-- The first one has all that filters ask for (its own condition too), so that a total is counted without touching
-- a row.
CREATE INDEX transactions_by_creation ON transactions (owner, created_at, no, status, currency, amount, deleted_at)
  WHERE deleted_at IS NULL;
CREATE INDEX transactions_by_update ON transactions (owner, updated_at, no) WHERE deleted_at IS NULL;
CREATE INDEX transactions_by_amount ON transactions (owner, amount, no) WHERE deleted_at IS NULL;
CREATE INDEX transactions_deleted ON transactions (deleted_at) WHERE deleted_at IS NOT NULL;

-- Every version, as its event (ChangeConfirmed).
CREATE TABLE transaction_versions (
  no      bigint NOT NULL,
  version bigint NOT NULL,
  at      bigint NOT NULL,
  body    bytea  NOT NULL,
  PRIMARY KEY (no, version)
);

-- Changes that are neither confirmed nor rolled back, as their event (ChangeProposed), by its position.
CREATE TABLE transaction_proposals (
  position bigint PRIMARY KEY,
  body     bytea  NOT NULL
);
