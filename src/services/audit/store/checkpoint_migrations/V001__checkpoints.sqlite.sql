-- Signed tree heads that were kept from time to time, so that a log that lost its end, or was made anew, is found out.
CREATE TABLE audit_checkpoints (
  size INTEGER PRIMARY KEY,
  note text NOT NULL
);
CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints are evidence'); END;
CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints are evidence'); END;
