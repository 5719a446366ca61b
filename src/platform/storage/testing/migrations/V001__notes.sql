-- An example for the tests of the port: one text for both engines; "quotes", $1 and ]] survive embedding.
CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY, body TEXT NOT NULL DEFAULT 'a;b');
INSERT INTO notes (id, body) VALUES (1, 'first; "quoted" \ $1 ]] @x@ ${y}');
