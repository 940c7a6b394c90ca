//go:build unix

package processtest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

func TestWebhooksComeOnceAndInOrderWhileNothingFails(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	calm := pace{interval: 4 * time.Second, timeout: 20 * time.Second, grace: time.Second}
	c := newCluster(t, 3, calm, r.flags()...)
	awaitSenders(t, c.nodes)
	all := c.streams(c.nodes)
	g := c.guests(all, 30, c.nodes)
	g.live()
	g.leave()
	g = c.guests(all, 5, c.nodes)
	g.ask(out)
	g.told("channel.leave", 1)
	g.leave()

	r.awaitAll(all, time.Time{})
	r.awaitOnce(c.nodes)
	for _, s := range all {
		r.wantOnly(streams{s})
		if not := missing(s.all(), r.all()); len(not) > 0 {
			t.Errorf("%s tells %q, and the receiver was not told so", s.at.name, not)
		}
	}
}

// TestWebhooksComeThoughReceiverAndSenderDie kills one of three senders while the receiver
// fails: all that it was to send since then is left to the others, who keep it for two timeouts.
func TestWebhooksComeThoughReceiverAndSenderDie(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	c := newCluster(t, 3, pace{interval: 2 * time.Second, timeout: 8 * time.Second, grace: time.Second}, r.flags()...)
	awaitSenders(t, c.nodes)
	all := c.streams(c.nodes)
	living, told, killed := c.nodes[:2], all[:2], c.nodes[2]
	c.guests(all, 8, c.nodes) // who stay
	r.awaitAll(all, time.Time{})
	r.awaitOnce(c.nodes)

	r.fail()
	failed := time.Now()
	visitors := c.guests(all, 20, c.nodes)
	visitors.change(busy)
	visitors.leave()
	awaitFailures(t, c.nodes)
	r.close()
	movers, leavers, stuck := c.guests(all, 8, c.nodes[2:]), c.guests(all, 8, living), c.guests(all, 8, c.nodes[2:])
	leavers.change(busy)
	if killed.metric("rollcall_webhook_queued") == 0 {
		t.Fatal("the node to be killed has sent everything")
	}

	stuck.killDuring(typing)
	for _, g := range []*guests{movers, leavers, stuck} {
		g.streams = told
	}
	movers.move(living)
	leavers.leave()
	c.guests(told, 8, living).change(busy) // some of it the dead one's to send, which is not missed yet
	newest := time.Now()
	r.open()
	stuck.gone()
	from := awaitAdopted(t, living, 2*c.pace.timeout, failed, newest)
	r.awaitAll(told, from)

	killed.start()
	killed.awaitReady()
	awaitSenders(t, c.nodes)
	again := slices.Concat(told, c.streams(c.nodes[2:]))
	visitors = c.guests(again, 8, c.nodes)
	visitors.change(busy)
	visitors.leave()
	movers.leave()
	r.awaitAll(told, from)
	r.wantOnly(append(again, all[2])) // what the dead one told, too
}

// What guests ask for.
var (
	away   = client.Request{Type: "state", State: "away", Idle: 60_000}
	active = client.Request{Type: "state", State: "online"}
	busy   = client.Request{Type: "status", Status: "busy", Text: "on the phone"}
	typing = client.Request{Type: "update", Channel: "room", Data: json.RawMessage(`{"typing":true}`)}
	out    = client.Request{Type: "leave", Channel: "room"}
)

// awaitSenders waits until every node knows with whom it shares the sending.
func awaitSenders(t *testing.T, nodes []*process) {
	t.Helper()
	for _, p := range nodes {
		eventually(t, p.name+" shares the sending with all others", func() bool {
			return p.metrics()["rollcall_webhook_senders"] == float64(len(nodes))
		})
	}
}

// awaitFailures waits until each of the nodes has tried in vain.
func awaitFailures(t *testing.T, nodes []*process) {
	t.Helper()
	for _, p := range nodes {
		eventually(t, "a request of "+p.name+" fails", func() bool { return p.metric("rollcall_webhook_failed_total") > 0 })
	}
}

// awaitAdopted waits until each of the nodes has taken over what it kept of a dead one's, whose
// loss has been told, and returns since when all of that was kept: so much is promised to
// come. What the dead one did not send was seen after oldest, and some of it until newest.
func awaitAdopted(t *testing.T, nodes []*process, kept time.Duration, oldest, newest time.Time) (from time.Time) {
	t.Helper()
	if late := time.Since(newest); late > kept*3/4 {
		t.Logf("THIS MACHINE IS SLOW: a dead node is missed so late, %v after its last event, that nothing need have been kept", late)
		return time.Now()
	}
	for _, p := range nodes {
		eventually(t, p.name+" takes over", func() bool { return p.metric("rollcall_webhook_adopted_total") > 0 })
	}
	from = time.Now().Add(-kept)
	if late := from.Sub(oldest); late > 0 {
		t.Logf("THIS MACHINE IS SLOW: what happened in the first %v need not have been kept until the takeover", late)
	}
	return from
}
