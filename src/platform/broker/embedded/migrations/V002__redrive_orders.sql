-- What an operator asks of the process whose groups live with this database: to give dead letters back to a group.
-- state: 0 waits, 1 under way, 2 done, 3 failed. Who asked takes the row away.
CREATE TABLE broker_redrive_orders (
  id         text PRIMARY KEY,
  dead_group text   NOT NULL,
  most       bigint NOT NULL,
  state      bigint NOT NULL,
  moved      bigint NOT NULL,
  error      text   NOT NULL
);
