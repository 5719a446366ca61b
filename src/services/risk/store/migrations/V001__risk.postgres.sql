-- What the rules remember of each wallet, as one small value (StoredHistory in the contracts).
CREATE TABLE risk_wallets (
  wallet_id text NOT NULL PRIMARY KEY,
  history   bytea NOT NULL
);

-- Alerts, numbered by the position of the event that opened them.
CREATE TABLE risk_alerts (
  no         bigint NOT NULL PRIMARY KEY,
  alert_id   text   NOT NULL,
  wallet_id  text   NOT NULL,
  rule       text   NOT NULL,
  details    text   NOT NULL,
  shadow     bigint NOT NULL,
  status     bigint NOT NULL,
  note       text   NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
CREATE INDEX risk_alerts_by_wallet ON risk_alerts (wallet_id, shadow, no);
CREATE INDEX risk_alerts_by_rule ON risk_alerts (rule, shadow, no);
CREATE INDEX risk_alerts_by_status ON risk_alerts (status, shadow, no);
CREATE INDEX risk_alerts_by_shadow ON risk_alerts (shadow, no);
