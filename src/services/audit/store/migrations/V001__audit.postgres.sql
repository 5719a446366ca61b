-- Every record, in the order of sequence, which is that of creation too; so writing always appends, and a time is
-- found by halving. Numbers of action and status: domain/record.h; origin: store/tables.h.
CREATE TABLE audit_records (
  sequence       bigint PRIMARY KEY,
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
  hash           bytea NOT NULL
);
CREATE INDEX audit_records_by_correlation ON audit_records (correlation_id, origin, sequence)
  WHERE correlation_id IS NOT NULL;
CREATE INDEX audit_records_by_entity ON audit_records (entity_id, sequence) WHERE entity_id IS NOT NULL;
CREATE INDEX audit_records_by_user ON audit_records (user_id, sequence) WHERE user_id IS NOT NULL;
CREATE INDEX audit_records_by_entity_type ON audit_records (entity_type, sequence);
CREATE INDEX audit_records_by_service ON audit_records (service_name, sequence) WHERE service_name IS NOT NULL;
CREATE INDEX audit_records_by_action ON audit_records (action, sequence);
CREATE INDEX audit_records_by_status ON audit_records (status, sequence);

-- Records that were rolled back later, or came after the rollback of their correlation id, and by which record.
CREATE TABLE audit_rolled_back (
  sequence    bigint PRIMARY KEY,
  by_sequence bigint NOT NULL
);

CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_records_no_change BEFORE UPDATE OR DELETE ON audit_records
  FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_records_no_truncate BEFORE TRUNCATE ON audit_records
  FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_rolled_back_no_change BEFORE UPDATE OR DELETE ON audit_rolled_back
  FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_rolled_back_no_truncate BEFORE TRUNCATE ON audit_rolled_back
  FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
