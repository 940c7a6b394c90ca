//go:build unix

package processtest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/rollcall-presence/rollcall/node/client"
)

// tab is one connection of a user who is in one channel.
type tab struct {
	*client.Client
	user    string
	channel string
	at      *process
}

// connect connects to a node and enters a channel there: in the place of another
// connection, unless that is nil.
func (c *cluster) connect(ctx context.Context, at *process, hello client.Hello, old *client.Client,
	take func(*client.Message), enter func(context.Context, *client.Client) error) (conn *client.Client, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if old != nil {
		conn, err = old.Move(ctx, at.url(), hello, take, func(next *client.Client) error { return enter(ctx, next) })
	} else if conn, err = client.Dial(ctx, at.url(), hello, take); err == nil {
		if err = enter(ctx, conn); err != nil {
			conn.Break()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("on %s: %w", at.name, err)
	}
	return conn, nil
}

// open opens a tab on a node and joins a channel; resume may be empty.
func (c *cluster) open(ctx context.Context, at *process, user, channel, resume string) (*tab, error) {
	return c.move(ctx, at, user, channel, resume, nil)
}

// move is open in the place of another connection, unless that is nil.
func (c *cluster) move(ctx context.Context, at *process, user, channel, resume string, old *client.Client) (*tab, error) {
	conn, err := c.connect(ctx, at, client.Hello{Token: c.token(user), Resume: resume}, old, nil,
		func(ctx context.Context, conn *client.Client) error {
			_, err := conn.Join(ctx, channel, nil)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("%s %w", user, err)
	}
	return &tab{Client: conn, user: user, channel: channel, at: at}, nil
}

// tab opens a tab that lives as long as the test.
func (c *cluster) tab(at *process, user, channel, resume string) *tab {
	c.t.Helper()
	tab, err := c.open(c.t.Context(), at, user, channel, resume)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(tab.Break)
	return tab
}

// tabs opens that many tabs of as many users on one node.
func (c *cluster) tabs(n int, at *process, prefix, channel string) []*tab {
	c.t.Helper()
	tabs := make([]*tab, n)
	each(c.t, n, func(i int) (err error) {
		tabs[i], err = c.open(c.t.Context(), at, c.name(prefix), channel, "")
		return err
	})
	c.t.Cleanup(func() {
		for _, tab := range tabs {
			tab.Break()
		}
	})
	return tabs
}

// session is what the next connection of this tab resumes.
func (t *tab) session() string { return t.Welcome().Session }

// bye says goodbye, so that the user leaves at once.
func (t *tab) bye() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if t.Err() != nil {
		return fmt.Errorf("%s was cut off before: %w", t.user, t.Err())
	}
	return t.Close(ctx)
}

// do sends a request and waits for its answer.
func (t *tab) do(r client.Request) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := t.Do(ctx, r)
	return err
}

// users returns whose tabs these are.
func users(tabs []*tab) []string {
	names := make([]string, len(tabs))
	for i, tab := range tabs {
		names[i] = tab.user
	}
	return names
}

// atOnce bounds the clients that are busy at the same time.
const atOnce = 32

// each calls f for 0 to n-1, some at the same time, and fails with the first error.
func each(t *testing.T, n int, f func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	errs := make(chan error, n)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			if err := f(i); err != nil {
				errs <- err
			}
			<-slots
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		t.Fatalf("%d of %d failed, one with: %v", len(errs)+1, n, err)
	default:
	}
}

// clientCode returns the close code that ended a tab, -1 if there was none.
func clientCode(t *tab) int { return client.CloseCode(t.Err()) }
