-- Hashes of complete subtrees, by the level of their root and their place on it from the left.
CREATE TABLE merkle_nodes (
  level bigint NOT NULL,
  idx   bigint NOT NULL,
  hash  BLOB   NOT NULL,
  PRIMARY KEY (level, idx)
) WITHOUT ROWID;
