-- Every record, in the order of sequence, which is that of creation too; so writing always appends, and a time is
-- found by halving. Numbers of action and status: domain/record.h; origin: store/tables.h.
CREATE TABLE audit_records (
  sequence       INTEGER PRIMARY KEY,
  created_at     bigint NOT NULL,
  action         bigint NOT NULL,
  status         bigint NOT NULL,
  origin         bigint NOT NULL,
  entity_type    text,
  entity_id      text,
  user_id        text,
  metadata       text,
  changes        text,
  ip_address     text,
  user_agent     text,
  correlation_id text,
  service_name   text,
  hash           BLOB NOT NULL
);
-- SQLite puts the sequence behind every index's columns by itself.
CREATE INDEX audit_records_by_correlation ON audit_records (correlation_id, origin) WHERE correlation_id IS NOT NULL;
CREATE INDEX audit_records_by_entity ON audit_records (entity_id) WHERE entity_id IS NOT NULL;
CREATE INDEX audit_records_by_user ON audit_records (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_records_by_entity_type ON audit_records (entity_type);
CREATE INDEX audit_records_by_service ON audit_records (service_name) WHERE service_name IS NOT NULL;
CREATE INDEX audit_records_by_action ON audit_records (action);
CREATE INDEX audit_records_by_status ON audit_records (status);

-- Records that were rolled back later, or came after the rollback of their correlation id, and by which record.
CREATE TABLE audit_rolled_back (
  sequence    INTEGER PRIMARY KEY,
  by_sequence bigint NOT NULL
);

CREATE TRIGGER audit_records_no_update BEFORE UPDATE ON audit_records
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_records_no_delete BEFORE DELETE ON audit_records
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- INSERT OR REPLACE does not ask the trigger above. One that asked before every INSERT would cost a third of all that a
-- record costs; it is the record's hash that tells then.
CREATE TRIGGER audit_rolled_back_no_update BEFORE UPDATE ON audit_rolled_back
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_rolled_back_no_delete BEFORE DELETE ON audit_rolled_back
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
