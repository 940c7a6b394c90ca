package load

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "a secret of thirty-two bytes, 123"

// patience ends a test that hangs.
const patience = time.Minute

// newNode runs a node on loopback until the test ends.
func newNode(t *testing.T, join ...string) *node.Node {
	t.Helper()
	return newNodeOf(t, node.Config{Join: join})
}

// newNodeOf is newNode with more of a configuration.
func newNodeOf(t *testing.T, c node.Config) *node.Node {
	t.Helper()
	c.Listen, c.Admin, c.Gossip, c.Drain = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", node.NoDrain
	c.Logger, c.Auth = slog.New(slog.DiscardHandler), auth.Config{Secrets: []auth.Secret{auth.Secret(secret)}}
	n, err := node.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for end := time.Now().Add(patience); !n.Ready(); {
		if time.Now().After(end) {
			t.Fatal("the node is not ready")
		}
		tick(t)
	}
	return n
}

// tick waits a moment until something is looked at again.
func tick(t *testing.T) {
	select {
	case <-time.After(2 * time.Millisecond):
	case <-t.Context().Done():
	}
}

// at returns options for a load on some nodes.
func at(nodes ...*node.Node) Options {
	o := Options{Dialect: Rollcall{Token: token}, Patience: patience, Settle: 20 * time.Millisecond}
	for _, n := range nodes {
		o.URLs = append(o.URLs, "ws://"+n.Addr()+"/v1/connect")
	}
	return o
}

func token(user string) (string, error) {
	return auth.Sign([]byte(secret), auth.Claims{User: user, Expires: time.Now().Add(time.Hour)})
}
