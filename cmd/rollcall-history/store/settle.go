package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/stream"
)

// ReasonMissed is the reason of a logout that happened while nobody recorded. Its
// time is when that was found out.
const ReasonMissed = "missed"

// ReasonNodeLost is the reason of a logout that came of the death of a node.
const ReasonNodeLost = "node_lost"

// Forget is how long after a node was last named the sessions are given up that it
// held. A node that cannot be reached by those that answer may still live; but one
// that none of them has named for so long is dead, and died while nobody recorded.
const Forget = 15 * time.Minute

// Settle makes the rows of open connections those of a sync, all or nothing: sessions
// that it holds are there, and those of its nodes that it does not hold have ended. It
// returns how many rows it closed.
func (s *Store) Settle(ctx context.Context, is stream.Sync) (closed int, err error) {
	err = s.within(ctx, func(tx *sql.Tx) error {
		for _, c := range is.Sessions {
			if err := s.login(ctx, tx, &stream.Change{Kind: stream.Login, Event: is.Event, Connection: c}); err != nil {
				return err
			}
		}
		for _, node := range is.Nodes {
			if err := s.name(ctx, tx, node, is.Time); err != nil {
				return err
			}
		}
		closed, err = s.end(ctx, tx, is)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("store: settle: %w", err)
	}
	return closed, nil
}

// Name notes that nodes are there, at that time.
func (s *Store) Name(ctx context.Context, at int64, nodes ...string) error {
	err := s.within(ctx, func(tx *sql.Tx) error {
		for _, node := range nodes {
			if err := s.name(ctx, tx, node, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: name nodes: %w", err)
	}
	return nil
}

func (s *Store) name(ctx context.Context, tx *sql.Tx, node string, at int64) error {
	return s.exec(ctx, tx, `INSERT INTO nodes (node, named) VALUES (?, ?)
		ON CONFLICT (node) DO UPDATE SET named = excluded.named WHERE nodes.named < excluded.named`, node, at)
}

// end closes the rows of sessions that a sync knows to have ended.
func (s *Store) end(ctx context.Context, tx *sql.Tx, is stream.Sync) (int, error) {
	named, there := map[string]bool{}, map[string]bool{}
	for _, node := range is.Nodes {
		named[node] = true
	}
	for _, c := range is.Sessions {
		there[c.Session] = true
	}
	rows, err := tx.QueryContext(ctx, `SELECT c.session, c.node, COALESCE(n.named, c.login)
		FROM connections c LEFT JOIN nodes n ON n.node = c.node WHERE c.logout IS NULL`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var over []stream.Change
	for rows.Next() {
		c := stream.Change{Kind: stream.Logout, Event: is.Event}
		var last int64
		if err := rows.Scan(&c.Session, &c.Node, &last); err != nil {
			return 0, err
		}
		switch {
		case named[c.Node] && !there[c.Session]:
			c.Logout, c.Reason = is.Time, ReasonMissed
		case !named[c.Node] && is.Time-last > Forget.Milliseconds():
			c.Logout, c.Reason = last, ReasonNodeLost
		default:
			continue
		}
		over = append(over, c)
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for i := range over {
		if err := s.logout(ctx, tx, &over[i]); err != nil {
			return 0, err
		}
	}
	return len(over), nil
}
