package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/stream"
)

// Write takes changes in their order, all or none of them. Those that were
// taken before change nothing.
func (s *Store) Write(ctx context.Context, changes []stream.Change) error {
	if len(changes) == 0 {
		return nil
	}
	err := s.within(ctx, func(tx *sql.Tx) error {
		for i := range changes {
			if err := s.write(ctx, tx, &changes[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: write: %w", err)
	}
	return nil
}

func (s *Store) write(ctx context.Context, tx *sql.Tx, c *stream.Change) error {
	switch c.Kind {
	case stream.Login:
		return s.login(ctx, tx, c)
	case stream.Logout:
		return s.logout(ctx, tx, c)
	default:
		return s.exec(ctx, tx, `UPDATE connections SET last_activity = ?
			WHERE session = ? AND COALESCE(last_activity, 0) < ?`, c.LastActivity, c.Session, c.LastActivity)
	}
}

// login opens a row, or opens it again: a node that was given up may come back, and
// its sessions with it.
func (s *Store) login(ctx context.Context, tx *sql.Tx, c *stream.Change) error {
	err := s.exec(ctx, tx, `INSERT INTO connections
			(session, username, node, node_name, address, agent, login, last_activity, login_event)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (session) DO UPDATE SET logout = NULL, reason = NULL, login_event = excluded.login_event
			WHERE connections.logout IS NOT NULL AND connections.login_event <> excluded.login_event`,
		c.Session, c.User, c.Node, c.NodeName, c.Address, c.Agent, c.Login, known(c.LastActivity), c.Event)
	if err != nil || c.User == "" {
		return err
	}
	return s.exec(ctx, tx, `INSERT INTO users (username, last_login) SELECT username, login FROM connections
			WHERE session = ? AND logout IS NULL
		ON CONFLICT (username) DO UPDATE SET last_seen = NULL, last_login =
			CASE WHEN users.last_login < excluded.last_login THEN excluded.last_login ELSE users.last_login END`, c.Session)
}

// logout closes a row. One that is not there was never told of, and is not made up.
func (s *Store) logout(ctx context.Context, tx *sql.Tx, c *stream.Change) error {
	closed, err := tx.ExecContext(ctx, s.sql(`UPDATE connections SET logout = ?, reason = ?, logout_event = ?
		WHERE session = ? AND logout IS NULL AND logout_event IS DISTINCT FROM ?`),
		c.Logout, c.Reason, c.Event, c.Session, c.Event)
	if err != nil {
		return err
	}
	if n, err := closed.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return s.exec(ctx, tx, `UPDATE users SET last_seen =
			(SELECT MAX(c.logout) FROM connections c WHERE c.username = users.username AND c.logout >= ?)
		WHERE username = (SELECT username FROM connections WHERE session = ?) AND NOT EXISTS
			(SELECT 1 FROM connections c WHERE c.username = users.username AND c.logout IS NULL)`,
		c.Logout, c.Session)
}

func (s *Store) exec(ctx context.Context, tx *sql.Tx, statement string, args ...any) error {
	_, err := tx.ExecContext(ctx, s.sql(statement), args...)
	return err
}

// known is a time as the database holds it.
func known(ms int64) any {
	if ms == 0 {
		return nil
	}
	return ms
}
