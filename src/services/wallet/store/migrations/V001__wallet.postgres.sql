-- A wallet as it is now. Small rows with an 8-byte key, because every transfer changes two of them.
CREATE TABLE wallets (
  no           bigint PRIMARY KEY,
  id           text   NOT NULL,
  currency     bigint NOT NULL,
  status       bigint NOT NULL,
  balance      bigint NOT NULL,
  held         bigint NOT NULL,
  credit_limit bigint NOT NULL,
  daily_limit  bigint,
  day          bigint NOT NULL,
  day_spent    bigint NOT NULL,
  open_holds   bigint NOT NULL,
  events       bigint NOT NULL,
  head         bigint NOT NULL
);

-- From the callers' text ids to numbers; written once for each wallet.
CREATE TABLE wallet_names (
  id text PRIMARY KEY,
  no bigint NOT NULL
);

-- Every event, in the order of positions, so that writing always appends. `prev` is the position of the same
-- wallet's event before: a history is read by following it, from the wallet's head or from a mark.
CREATE TABLE wallet_events (
  position bigint PRIMARY KEY,
  wallet   bigint NOT NULL,
  seq      bigint NOT NULL,
  prev     bigint NOT NULL,
  at       bigint NOT NULL,
  body     bytea NOT NULL
);

-- Every 64th event of a wallet, so that any place and any time of a history is found in a few steps.
CREATE TABLE wallet_marks (
  wallet   bigint NOT NULL,
  seq      bigint NOT NULL,
  position bigint NOT NULL,
  at       bigint NOT NULL,
  PRIMARY KEY (wallet, seq)
);
CREATE INDEX wallet_marks_by_time ON wallet_marks (wallet, at, seq);

-- Holds by the position of the event that placed them; the reservations of transfers between shards as well.
CREATE TABLE wallet_holds (
  no           bigint PRIMARY KEY,
  hold_id      text   NOT NULL,
  wallet       bigint NOT NULL,
  state        bigint NOT NULL,
  amount       bigint NOT NULL,
  captured     bigint NOT NULL,
  is_transfer  bigint NOT NULL,
  expires_at   bigint,
  created_at   bigint NOT NULL,
  updated_at   bigint NOT NULL,
  counterparty text   NOT NULL,
  request_id   text   NOT NULL,
  reason       text   NOT NULL
);
CREATE INDEX wallet_holds_by_wallet ON wallet_holds (wallet, no);
CREATE INDEX wallet_holds_expiring ON wallet_holds (expires_at) WHERE state = 0 AND expires_at IS NOT NULL;
CREATE INDEX wallet_transfers_open ON wallet_holds (created_at) WHERE state = 0 AND is_transfer = 1;

-- The other side of the wallets: the world's account and the one for money between shards, per currency.
CREATE TABLE wallet_accounts (
  kind     bigint NOT NULL,
  currency bigint NOT NULL,
  balance  bigint NOT NULL,
  PRIMARY KEY (kind, currency)
);

-- What must not change once there are wallets: the number of shards.
CREATE TABLE wallet_facts (
  name  text PRIMARY KEY,
  value bigint NOT NULL
);
