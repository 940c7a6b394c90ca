package node

import (
	"context"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
	"github.com/rollcall-presence/rollcall/node/webhook"
)

// hookLook is how often the sender of webhooks looks who else serves.
const hookLook = 500 * time.Millisecond

// hook sends webhooks, if there is somebody to send them to. All is decided by its
// [webhook.Sender]; one goroutine owns both.
type hook struct {
	node    *Node
	sender  *webhook.Sender
	target  webhook.Target
	sub     *subscriber
	results chan error // of the request under way; has room for it
	failing bool       // the last request was not answered well
}

// newHook returns nil if there is nowhere to send to.
func (n *Node) newHook() *hook {
	if n.cfg.WebhookURL == "" {
		return nil
	}
	h := &hook{
		node: n, results: make(chan error, 1),
		sender: webhook.New(webhook.Config{Self: n.id, Keep: 2 * n.cfg.Timeout, Rand: rand.New(rand.NewPCG(rand.Uint64(), 0))}),
		target: webhook.Target{URL: n.cfg.WebhookURL, Secret: n.cfg.WebhookSecret, Agent: "rollcall", Client: webhook.NewClient(n.cfg.webhookTransport)},
		sub:    &subscriber{kinds: channels.AllKinds, queue: n.newQueue()},
	}
	n.subscribe(h.sub) // before anything can happen
	return h
}

// run sends until the node stops, and then for at most stopTime what is left.
func (h *hook) run() {
	n := h.node
	defer n.unsubscribe(h.sub)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	look := time.NewTicker(hookLook)
	defer look.Stop()
	retry := time.NewTimer(0)
	defer retry.Stop()
	draining, stopping := n.draining, n.stopping
	var late <-chan time.Time
	for {
		select {
		case <-h.sub.queue.Wake():
		case <-look.C:
		case <-retry.C:
		case err := <-h.results:
			h.note(err)
		case <-draining:
			draining = nil
			h.sender.Drain(time.Now())
		case <-stopping:
			stopping, late = nil, time.After(stopTime)
			h.sender.Drain(time.Now()) // also if there was no time to drain
		case <-late:
			n.log.Warn("webhooks that were not sent in time", "events", h.sender.Stats().Queued)
			return
		}
		wait := h.turn(ctx)
		if stats := h.sender.Stats(); stopping == nil && stats.Queued == 0 {
			return
		}
		if wait > 0 {
			retry.Reset(wait)
		}
	}
}

// turn takes what there is and begins to send, if it is time. It returns when that will be; 0: not known.
func (h *hook) turn(ctx context.Context) (wait time.Duration) {
	now := time.Now()
	if standing, known := h.node.standing(); known {
		h.sender.Nodes(now, standing)
	}
	batches, missed := h.sub.queue.Take()
	for _, b := range batches {
		h.sender.Take(now, b.Events())
	}
	h.sender.Miss(missed)
	batch, wait := h.sender.Next(now)
	if batch != nil {
		go func() { h.results <- h.target.Post(ctx, batch) }()
	}
	stats := h.sender.Stats()
	h.node.heed.hook.Store(&stats)
	return wait
}

// note takes the answer to a request.
func (h *hook) note(err error) {
	h.sender.Done(time.Now(), err == nil)
	switch failing := err != nil; {
	case failing && !h.failing:
		h.node.log.Warn("webhook fails, and is tried again", "err", err)
		h.failing = true
	case !failing && h.failing:
		h.node.log.Info("webhook works again", "waiting", h.sender.Stats().Queued)
		h.failing = false
	}
}

// standing returns what is known of the other nodes; false while this one knows no cluster.
func (n *Node) standing() (map[channels.NodeID]webhook.Standing, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := map[channels.NodeID]webhook.Standing{}
	for p := range n.core.Gossip.Peers() {
		switch {
		case p.State == gossip.Lost:
			all[p.ID] = webhook.Lost
		case p.State == gossip.Gone:
			all[p.ID] = webhook.Left
		case p.Life == gossip.Draining:
			all[p.ID] = webhook.Draining
		case p.Life == gossip.Serving && p.Shown:
			all[p.ID] = webhook.Serving
		}
	}
	return all, n.news.known
}

// checkWebhook refuses what is no address of a web server. An address may hold a
// password, which does not show.
func (c Config) checkWebhook() error {
	const want = "an address such as https://chat.example/presence"
	switch u, err := url.Parse(c.WebhookURL); {
	case c.WebhookURL == "" && len(c.WebhookSecret) > 0:
		return &ConfigError{"WebhookURL", "", want + ", since there is a secret for it"}
	case c.WebhookURL == "":
	case err != nil:
		return &ConfigError{"WebhookURL", "", want}
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Fragment != "":
		return &ConfigError{"WebhookURL", u.Redacted(), want}
	}
	return nil
}
