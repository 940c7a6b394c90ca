package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/store"
	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/stream"
)

type showCommand struct {
	User  string `required:"" placeholder:"NAME" help:"Whose connections to print."`
	Limit int    `default:"50" placeholder:"N" help:"How many at most, the newest first."`
	JSON  bool   `name:"json" help:"One JSON object a line, with times in Unix milliseconds, for machines."`
}

// Validate refuses a limit that shows nothing.
func (c *showCommand) Validate() error {
	if c.Limit < 1 {
		return fmt.Errorf("--limit: want 1 or more")
	}
	return nil
}

// Run prints one user's row and connections.
func (c *showCommand) Run(ctx context.Context, all *commands, out output) error {
	s, err := store.Open(ctx, string(all.DB))
	if err != nil {
		return err
	}
	defer s.Close()
	user, known, err := s.User(ctx, c.User)
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("nothing was recorded of %s", strconv.Quote(c.User))
	}
	if c.JSON {
		lines := json.NewEncoder(out.stdout)
		for connection, err := range s.Connections(ctx, c.User, c.Limit) {
			if err == nil {
				err = lines.Encode(connection)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	seen := "now"
	if user.LastSeen != 0 {
		seen = moment(user.LastSeen)
	}
	fmt.Fprintf(out.stdout, "%s: last login %s, last seen %s\n\n", printable(c.User), moment(user.LastLogin), seen)
	table := tabwriter.NewWriter(out.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "LOGIN\tLOGOUT\tREASON\tLAST ACTIVITY\tNODE\tADDRESS\tAGENT")
	for connection, err := range s.Connections(ctx, c.User, c.Limit) {
		if err != nil {
			return err
		}
		row(table, connection)
	}
	return table.Flush()
}

func row(table *tabwriter.Writer, c stream.Connection) {
	logout, active := "still there", "-"
	if c.Logout != 0 {
		logout = moment(c.Logout)
	}
	if c.LastActivity != 0 {
		active = moment(c.LastActivity)
	}
	fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", moment(c.Login), logout, printable(c.Reason), active,
		printable(c.NodeName), printable(c.Address), printable(c.Agent))
}

// moment writes a time where this program runs.
func moment(ms int64) string { return time.UnixMilli(ms).Format("2006-01-02 15:04:05") }

// printable writes what came from outside so that it cannot play with the terminal.
func printable(text string) string {
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}
