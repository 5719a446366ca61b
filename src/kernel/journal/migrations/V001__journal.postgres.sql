CREATE TABLE journal (
  record         bigint PRIMARY KEY,
  first_position bigint NOT NULL,
  events         bigint NOT NULL,
  epoch          bigint NOT NULL,
  at             bigint NOT NULL,
  checksum       bigint NOT NULL,
  body           bytea NOT NULL
);
-- Bodies are small and dense: compressing them costs more than it saves.
ALTER TABLE journal ALTER COLUMN body SET STORAGE EXTERNAL;
-- Record 0, so that every record has one before it.
INSERT INTO journal VALUES (0, 1, 0, 0, 0, 0, '\x01');
CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the journal is append-only';
END $$;
CREATE TRIGGER journal_no_change BEFORE UPDATE OR DELETE ON journal
  FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal
  FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();

CREATE TABLE journal_lease (
  one        bigint PRIMARY KEY CHECK (one = 1),
  epoch      bigint NOT NULL,
  holder     text NOT NULL,
  expires_at bigint NOT NULL
);
INSERT INTO journal_lease VALUES (1, 0, '', 0);

-- Beyond the triggers: the role that Ducat connects with gives up the rights to change the log, and row-level
-- security shows UPDATE and DELETE no row, whoever is granted them.
REVOKE UPDATE, DELETE, TRUNCATE ON journal FROM PUBLIC;
REVOKE UPDATE, DELETE, TRUNCATE ON journal FROM CURRENT_USER;
ALTER TABLE journal ENABLE ROW LEVEL SECURITY;
ALTER TABLE journal FORCE ROW LEVEL SECURITY;
CREATE POLICY journal_read ON journal FOR SELECT USING (true);
CREATE POLICY journal_append ON journal FOR INSERT WITH CHECK (true);
