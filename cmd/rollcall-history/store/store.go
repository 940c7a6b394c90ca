// Package store keeps the connections of a cluster's users in a database: SQLite
// or PostgreSQL. What they are is for package stream to say, which reads them.
//
// # What is kept
//
// A row of connections for each session, from its login to its logout, and a row of
// users for each user who had one. Sessions are named in the cluster for good, so a
// change that is told twice finds its row and changes nothing: see [Store.Write].
//
// # Truth
//
// Changes are taken as they are told. What was missed meanwhile is made up for
// by [Store.Settle], which is given all sessions that there are.
//
// A Store may be used concurrently; its writes wait for each other.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver
)

// ErrAddress means that a database is named in a way that nobody understands.
var ErrAddress = errors.New("want sqlite:FILE or postgres://USER@HOST/DATABASE")

// Store is one open database.
type Store struct {
	db       *sql.DB
	postgres bool
}

// Open opens a database, makes it if it is a file that is not there, and brings its
// tables to what this program writes. Close it in the end.
func Open(ctx context.Context, address string) (*Store, error) {
	s, err := dial(address)
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		s.db.Close()
		return nil, fmt.Errorf("store: %w", err)
	}
	return s, nil
}

// Check says whether an address is one that [Open] understands.
func Check(address string) error {
	s, err := dial(address)
	if err != nil {
		return err
	}
	return s.Close()
}

// dial does not talk to the database yet.
func dial(address string) (*Store, error) {
	kind, rest, _ := strings.Cut(address, ":")
	switch kind {
	case "postgres", "postgresql":
		config, err := pgx.ParseConfig(address)
		if err != nil {
			return nil, ErrAddress // its own words may hold the password
		}
		return &Store{db: stdlib.OpenDB(*config), postgres: true}, nil
	case "sqlite":
		if rest == "" {
			return nil, ErrAddress
		}
		// One writer at a time is all that SQLite has; others wait for it that long.
		options := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)"}, "_txlock": {"immediate"}}
		db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: rest}).EscapedPath()+"?"+options.Encode())
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		db.SetMaxOpenConns(1)
		return &Store{db: db}, nil
	default:
		return nil, ErrAddress
	}
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// sql writes the n-th question mark of a statement as PostgreSQL wants it.
func (s *Store) sql(statement string) string {
	if !s.postgres {
		return statement
	}
	var b strings.Builder
	for n, part := range strings.Split(statement, "?") {
		if n > 0 {
			b.WriteString("$" + strconv.Itoa(n))
		}
		b.WriteString(part)
	}
	return b.String()
}

// within runs f in a transaction, which is undone if f fails.
func (s *Store) within(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
