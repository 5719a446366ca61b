-- Streams of the in-process broker's own log, and their limits. next_number is only what the newest block says, or
-- more: it goes on when old blocks are gone.
CREATE TABLE broker_streams (
  name        text PRIMARY KEY,
  retention   bigint NOT NULL,
  max_bytes   bigint NOT NULL,
  next_number bigint NOT NULL
);
-- Messages, many to a row: those that one commit brought for a stream (embedded/message_block.h).
CREATE TABLE broker_blocks (
  stream      text NOT NULL,
  last_number bigint NOT NULL,
  written_at  bigint NOT NULL,
  bytes       bigint NOT NULL,
  messages    bytea NOT NULL,
  PRIMARY KEY (stream, last_number)
);
-- How far each group has come in each input of a stream: 0 is its own log, 1 and up are what is fed, in that order.
CREATE TABLE broker_positions (
  stream text NOT NULL,
  reader text NOT NULL,
  input  bigint NOT NULL,
  number bigint NOT NULL,
  PRIMARY KEY (stream, reader, input)
);
