-- A user as it is now; `body` is a StoredUser with everything, the columns beside it are for people and indexes.
CREATE TABLE identity_users (
  no            bigint NOT NULL PRIMARY KEY,
  id            text   NOT NULL,
  username      text   NOT NULL,
  email         text   NOT NULL,
  generation_at bigint NOT NULL,
  body          bytea NOT NULL
);
-- Whose sessions ended lately: read at the start, for the list of what is refused.
CREATE INDEX identity_users_by_generation ON identity_users (generation_at) WHERE generation_at > 0;

-- Every name a user is found by: "u:" username and "e:" address, folded, "i:" id, "x:" external identity.
CREATE TABLE identity_names (
  name text   NOT NULL PRIMARY KEY,
  no   bigint NOT NULL
);

-- Families of refresh tokens. Rows of expired ones are removed as others are written.
CREATE TABLE identity_sessions (
  id         text   NOT NULL PRIMARY KEY,
  user_no    bigint NOT NULL,
  generation bigint NOT NULL,
  sequence   bigint NOT NULL,
  started_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  ended_at   bigint
);
CREATE INDEX identity_sessions_by_expiry ON identity_sessions (expires_at);
CREATE INDEX identity_sessions_by_end ON identity_sessions (ended_at) WHERE ended_at IS NOT NULL;

-- API keys by their hash; revoked ones stay, inactive.
CREATE TABLE identity_api_keys (
  hash    text   NOT NULL PRIMARY KEY,
  user_no bigint NOT NULL,
  active  bigint NOT NULL,
  body    bytea NOT NULL
);
CREATE INDEX identity_api_keys_active ON identity_api_keys (hash) WHERE active = 1;
