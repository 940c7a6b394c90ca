package store

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations make the tables, one step after the other. A step that was released is
// never changed: another is added. Times are Unix milliseconds.
var migrations = []string{
	`CREATE TABLE connections (
		session       TEXT PRIMARY KEY,
		username      TEXT NOT NULL, -- empty: anonymous
		node          TEXT NOT NULL, -- its id
		node_name     TEXT NOT NULL,
		address       TEXT NOT NULL,
		agent         TEXT NOT NULL,
		login         BIGINT NOT NULL,
		logout        BIGINT,        -- NULL: still there
		reason        TEXT,
		last_activity BIGINT,
		login_event   TEXT NOT NULL, -- ids of the events that told of the two
		logout_event  TEXT
	);
	CREATE INDEX connections_of_user ON connections (username, login);
	CREATE INDEX connections_open ON connections (node) WHERE logout IS NULL;
	CREATE TABLE nodes (
		node  TEXT PRIMARY KEY,
		named BIGINT NOT NULL        -- when it was last said to be there
	);
	CREATE TABLE users (
		username   TEXT PRIMARY KEY,
		last_login BIGINT NOT NULL,
		last_seen  BIGINT            -- NULL: she is online
	);`,
}

// migrate takes the database from the version that it has to the newest. Programs
// that do so at once wait for each other.
func (s *Store) migrate(ctx context.Context) error {
	return s.within(ctx, func(tx *sql.Tx) error {
		if s.postgres {
			if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(7265010911)`); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS rollcall_version (version INTEGER NOT NULL)`); err != nil {
			return err
		}
		var version int
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM rollcall_version`).Scan(&version); err != nil {
			return err
		}
		if version > len(migrations) {
			return fmt.Errorf("the database is of version %d, and this program knows %d: use a newer one", version, len(migrations))
		}
		for i, step := range migrations[version:] {
			if _, err := tx.ExecContext(ctx, step); err != nil {
				return fmt.Errorf("make version %d: %w", version+i+1, err)
			}
			if _, err := tx.ExecContext(ctx, s.sql(`INSERT INTO rollcall_version VALUES (?)`), version+i+1); err != nil {
				return err
			}
		}
		return nil
	})
}
