package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine bounds a line of the stream of events, in bytes. A part of a sync stays far below it.
const maxLine = 64 << 20

// Shown is a part of what a node shows at one moment.
type Shown struct {
	NodeID   string // of the node
	Sessions []ShownSession
	Members  []ShownMember
	More     bool // another part follows
}

// ShownSession is a session, of whatever node.
type ShownSession struct {
	ID     string
	Node   string // label of the one that is said to hold it
	NodeID string
	User   string // empty: anonymous
}

// ShownMember is a member of a channel.
type ShownMember struct {
	Channel string
	Member  struct {
		User  string
		Since int64
	}
}

// Shows calls f with each part of all that a node shows at one moment: the snapshot with
// which its stream of events begins.
func (c *Client) Shows(ctx context.Context, f func(Shown)) error {
	body, err := c.open(ctx, "/v1/events?types=channel.join")
	if err != nil {
		return err
	}
	defer body.Close() // in the middle of the events that follow
	return readSync(body, f)
}

func readSync(stream io.Reader, f func(Shown)) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	event := ""
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case field == "event":
			event = value
		case field == "data" && event == "sync":
			var part Shown
			if err := json.Unmarshal([]byte(value), &part); err != nil {
				return fmt.Errorf("sync: %w", err)
			}
			f(part)
			if !part.More {
				return nil
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return errors.New("the stream of events ended before all was told")
}
