-- Signed tree heads that were kept from time to time, so that a log that lost its end, or was made anew, is found out.
CREATE TABLE audit_checkpoints (
  size bigint PRIMARY KEY,
  note text NOT NULL
);
CREATE OR REPLACE FUNCTION audit_checkpoints_are_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'checkpoints are evidence';
END $$;
CREATE TRIGGER audit_checkpoints_no_change BEFORE UPDATE OR DELETE ON audit_checkpoints
  FOR EACH ROW EXECUTE FUNCTION audit_checkpoints_are_evidence();
CREATE TRIGGER audit_checkpoints_no_truncate BEFORE TRUNCATE ON audit_checkpoints
  FOR EACH STATEMENT EXECUTE FUNCTION audit_checkpoints_are_evidence();
