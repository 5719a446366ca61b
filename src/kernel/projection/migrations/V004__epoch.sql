-- Whose tables these are: the leader's epoch. A leader takes them before it reads them; an older one's commits fail then.
ALTER TABLE projection_checkpoint ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
