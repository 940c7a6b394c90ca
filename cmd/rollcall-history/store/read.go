package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/stream"
)

// User is a row of users. Times are Unix milliseconds.
type User struct {
	Name      string
	LastLogin int64
	LastSeen  int64 // 0: she is online
}

// User returns what is known of a user; false: nothing is.
func (s *Store) User(ctx context.Context, name string) (User, bool, error) {
	u := User{Name: name}
	var seen sql.NullInt64
	err := s.db.QueryRowContext(ctx, s.sql(`SELECT last_login, last_seen FROM users WHERE username = ?`), name).Scan(&u.LastLogin, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		return u, false, nil
	}
	if err != nil {
		return u, false, fmt.Errorf("store: read user: %w", err)
	}
	u.LastSeen = seen.Int64
	return u, true, nil
}

// Connections returns a user's connections, the newest first, at most limit of them.
func (s *Store) Connections(ctx context.Context, user string, limit int) iter.Seq2[stream.Connection, error] {
	return s.connections(ctx, `WHERE username = ? ORDER BY login DESC, session DESC LIMIT ?`, user, limit)
}

// Current returns all connections that have not ended, in the order of their logins.
func (s *Store) Current(ctx context.Context) iter.Seq2[stream.Connection, error] {
	return s.connections(ctx, `WHERE logout IS NULL ORDER BY login, session`)
}

func (s *Store) connections(ctx context.Context, which string, args ...any) iter.Seq2[stream.Connection, error] {
	return func(yield func(stream.Connection, error) bool) {
		rows, err := s.db.QueryContext(ctx, s.sql(`SELECT session, username, node, node_name, address, agent, login, logout, reason, last_activity
			FROM connections `+which), args...)
		if err != nil {
			yield(stream.Connection{}, fmt.Errorf("store: read connections: %w", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var c stream.Connection
			var logout, active sql.NullInt64
			var reason sql.NullString
			err := rows.Scan(&c.Session, &c.User, &c.Node, &c.NodeName, &c.Address, &c.Agent, &c.Login, &logout, &reason, &active)
			c.Logout, c.Reason, c.LastActivity = logout.Int64, reason.String, active.Int64
			if !yield(c, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(stream.Connection{}, fmt.Errorf("store: read connections: %w", err))
		}
	}
}
