package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/admin"
	"github.com/rollcall-presence/rollcall/cmd/rollcall/top"
	"github.com/rollcall-presence/rollcall/node"
)

// topCommand is "rollcall top".
type topCommand struct {
	operator
	User text   `placeholder:"NAME" help:"Show why this user is online, too, and what would end that."`
	Once toggle `help:"Print it once, and end."`
}

// Help says what is shown, and how it ends.
func (topCommand) Help() string {
	return `Nodes, as the one that is asked sees them and as each says itself; how many come and go; the largest channels; and why somebody is online. What the page at the same address shows, for a terminal.

    rollcall top --admin http://10.0.0.7:9090 --admin-key @admin.key --user alice

It is drawn anew each second; q or Ctrl-C ends it. Where the output is no terminal it is printed again and again. NO_COLOR in the environment switches colours off.`
}

const (
	topPause    = time.Second     // between two looks
	topInquiry  = 5 * time.Second // between two questions to all nodes
	topChannels = 10              // that are shown
	topWidth    = 100             // where the output is no terminal
)

// Run draws until ctx ends.
func (c *topCommand) Run(ctx context.Context, p process) error {
	clients := c.clients()
	if len(clients) > 1 {
		return &wrongValue{flag: "admin", value: strings.Join(c.Admin, ","), want: "one address: the node there knows the others"}
	}
	w := &watchman{client: clients[0], user: string(c.User), state: top.State{URL: c.Admin[0]}}
	_, noColours := p.lookup("NO_COLOR")
	if c.Once {
		w.inquire(ctx)
		if w.look(ctx); w.state.Err != nil {
			return fmt.Errorf("top: %w", w.state.Err)
		}
		width, _, isTerminal := sizeOf(p.stdout)
		return printLines(p.stdout, w.draw(width, 0, isTerminal && !noColours))
	}
	return w.run(ctx, p, !noColours)
}

// watchman looks at a cluster again and again.
type watchman struct {
	client *admin.Client
	user   string

	mu    sync.Mutex // guards state
	state top.State
}

func (w *watchman) run(ctx context.Context, p process, colours bool) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	screen := openDisplay(p.stdout, end)
	defer screen.close()
	var asking sync.WaitGroup
	defer asking.Wait()
	defer end()
	asking.Go(func() { w.inquireAgain(ctx) })
	ticker := time.NewTicker(topPause)
	defer ticker.Stop()
	for {
		w.look(ctx)
		if ctx.Err() != nil {
			return nil
		}
		width, height, isTerminal := sizeOf(p.stdout)
		if err := screen.show(w.draw(width, height, isTerminal && colours)); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (w *watchman) draw(width, height int, colours bool) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.Draw(width, height, colours)
}

// look asks for what the node knows itself.
func (w *watchman) look(ctx context.Context) {
	cluster, err := w.client.Nodes(ctx, false)
	var figures admin.Figures
	if err == nil {
		figures, err = w.client.Figures(ctx)
	}
	var largest []node.Channel
	if err == nil {
		largest, err = w.client.Largest(ctx, topChannels)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state.Err = err; err != nil {
		return
	}
	w.state.Cluster, w.state.Channels, w.state.At = cluster, largest, time.Now()
	w.state.Count(figures, w.state.At)
}

// inquireAgain asks what takes as long as the slowest node.
func (w *watchman) inquireAgain(ctx context.Context) {
	for ctx.Err() == nil {
		w.inquire(ctx)
		select {
		case <-time.After(topInquiry):
		case <-ctx.Done():
		}
	}
}

// inquire has all nodes say how they are, and asks why the user is there. What goes wrong, look says.
func (w *watchman) inquire(ctx context.Context) {
	if w.user != "" {
		if why, err := w.client.Why(ctx, w.user); err == nil {
			w.mu.Lock()
			w.state.Why = &why
			w.mu.Unlock()
		}
	}
	all, err := w.client.Nodes(ctx, true)
	if err != nil {
		return
	}
	said := map[string]admin.Node{}
	for _, n := range all.Nodes {
		said[n.ID] = n
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Said = said
}

func printLines(out io.Writer, lines []string) error {
	_, err := io.WriteString(out, strings.Join(lines, "\n")+"\n")
	return err
}

// isTerminal reports whether somebody looks at an output.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
