-- How far named readers of the journal (publishers, feeds, workers) have come. A reader whose effect is in this
-- database moves its position in the commit of the effect.
CREATE TABLE journal_readers (
  name   text PRIMARY KEY,
  record bigint NOT NULL
);
