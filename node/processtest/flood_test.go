//go:build unix

package processtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// flood is what some attackers do, each again and again until the context ends.
type flood struct {
	name    string
	at      int // once, by so many
	once    func(ctx context.Context, f *flooder)
	counter string // of the node, that shows that it was held off; empty: nothing has to be
}

// flooder is one attacker.
type flooder struct {
	c     *cluster
	p     *process
	sent  *atomic.Int64 // of all attackers
	held  []net.Conn
	among int // which of them this is
}

// held is how many connections one attacker keeps open: together they are more than
// may wait at the door of a process with 20,000 files.
const held = 400

// handshake is the request for a WebSocket, its end left out.
func handshake(p *process) string {
	return "GET /v1/connect HTTP/1.1\r\nHost: " + p.listen + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
}

// maskedText returns a text frame of a client; its mask is 0.
func maskedText(text string) []byte {
	frame := maskedFrame(0x81, len(text))
	return append(frame[:len(frame)-len(text)], text...)
}

// open sends the beginning of a connection; nil: it was not taken.
func (f *flooder) open(addr string, begin ...byte) net.Conn {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return nil
	}
	f.sent.Add(1)
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = conn.Write(begin) // an error is seen by who reads
	return conn
}

// keep keeps a connection open, and lets go of the oldest if there are enough.
func (f *flooder) keep(conn net.Conn) {
	if conn == nil {
		return
	}
	if f.held = append(f.held, conn); len(f.held) > held {
		f.held[0].Close()
		f.held = f.held[1:]
	}
}

// hello opens a WebSocket whose first frame holds lines.
func (f *flooder) hello(token string, lines ...string) net.Conn {
	text := strings.Join(append([]string{`{"type":"hello","token":"` + token + `"}`}, lines...), "\n")
	return f.open(f.p.listen, append([]byte(handshake(f.p)+"\r\n"), maskedText(text)...)...)
}

var floods = []flood{
	{"joins as fast as can be", 8, func(ctx context.Context, f *flooder) {
		conn := f.hello(f.c.token(fmt.Sprint("flooder-", f.among)))
		if conn == nil {
			return
		}
		defer conn.Close()
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		both := maskedText(`{"type":"join","channel":"flood"}` + "\n" + `{"type":"leave","channel":"flood"}`)
		for ctx.Err() == nil {
			if _, err := conn.Write(both); err != nil {
				return
			}
			f.sent.Add(2)
		}
	}, "rollcall_node_paced_total"},
	{"upgrades", 16, func(_ context.Context, f *flooder) {
		if conn := f.open(f.p.listen, []byte(handshake(f.p)+"\r\n")...); conn != nil {
			_, _ = conn.Read(make([]byte, 512))
			conn.Close()
		}
	}, ""},
	{"bad tokens", 16, func(_ context.Context, f *flooder) {
		if conn := f.hello(f.c.token("mallory") + "x"); conn != nil {
			buf, n, err := make([]byte, 1<<10), 0, error(nil)
			for err == nil && !bytes.Contains(buf[:n], []byte{4401 >> 8, 4401 & 0xff}) {
				n, err = conn.Read(buf) // the upgrade, an error, the close frame
			}
			conn.Close()
		}
	}, "rollcall_node_refused_total"},
	{"handshakes that stop halfway", 16, func(_ context.Context, f *flooder) {
		f.keep(f.open(f.p.listen, []byte(handshake(f.p))...))
	}, ""},
	{"sockets that say no hello", 16, func(_ context.Context, f *flooder) {
		f.keep(f.open(f.p.listen, []byte(handshake(f.p)+"\r\n")...))
	}, ""},
	{"headers that come slowly", 64, func(ctx context.Context, f *flooder) {
		conn := f.open(f.p.listen, []byte(handshake(f.p))...)
		for conn != nil && ctx.Err() == nil {
			if _, err := conn.Write([]byte("X: y\r\n")); err != nil {
				break
			}
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
		f.keep(conn)
	}, ""},
	{"readers that stop reading", 16, func(ctx context.Context, f *flooder) {
		conn := f.hello(f.c.token(fmt.Sprint("stuck-", f.among)), `{"type":"join","channel":"flood","data":{"x":"`+strings.Repeat("x", 3000)+`"}}`)
		for i := 0; conn != nil && ctx.Err() == nil; i++ {
			update := fmt.Sprintf(`{"type":"update","channel":"flood","data":{"n":%d,"x":"%s"}}`, i, strings.Repeat("x", 3000))
			if _, err := conn.Write(maskedText(update)); err != nil {
				break
			}
			f.sent.Add(1)
		}
		f.keep(conn)
	}, "rollcall_node_paced_total"},
	{"garbage on the gossip port", 16, func(_ context.Context, f *flooder) {
		insults := gossipInsults()
		i := insults[int(f.sent.Load())%len(insults)]
		if i.packet {
			f.sent.Add(1)
			_ = i.send(f.p.gossip)
		} else {
			f.keep(f.open(f.p.gossip, i.data...))
		}
	}, garbage},
}

const crowded = "rollcall_door_crowded_total"

func TestFloodsDelayOthersAndLoseNothing(t *testing.T) {
	last := 2 * time.Second
	if *full {
		last = 10 * time.Second
	}
	c := newCluster(t, 2, pace{interval: 4 * time.Second, timeout: 10 * time.Second, grace: time.Second}, "--log-level=warn")
	all, _, everybody := c.populate("room", 20)
	flooded := c.nodes[0]
	rest := flooded.metrics()
	for _, f := range floods {
		t.Run(f.name, func(t *testing.T) {
			c := c.in(t)
			before := flooded.metrics()
			peak := c.sample(flooded)
			ctx, end := context.WithCancel(t.Context())
			defer end()
			sent := c.attack(ctx, flooded, f)
			during, over := context.WithTimeout(ctx, last)
			defer over()
			p := c.probe(during, flooded)
			if f.counter != "" { // on a slow machine it takes longer to meet the limit
				eventually(t, f.counter+" grows", func() bool { return flooded.metrics()[f.counter] > before[f.counter] })
			}
			end()
			n := sent()
			top := peak()
			all.awaitEach(t, "join", p.users)
			p.leave(t)
			all.awaitEach(t, "leave", p.users)
			p.wantSeenOnce(t, all)
			all.awaitRoster(t, everybody)
			after := flooded.metrics()
			t.Logf("%d sent in %v, %.0f turned away; %s; resident %.0f MiB before, %.0f at the peak", n, last,
				after[crowded]-before[crowded], p, before[resident]/(1<<20), top/(1<<20))
			if len(p.users) == 0 {
				t.Error("nobody else was let in")
			}
		})
	}
	all.nothingHappened(c, c.nodes)
	flooded.recovers(rest)
	t.Logf("resident: %.0f MiB before, %.0f after all", rest[resident]/(1<<20), flooded.metric(resident)/(1<<20))
}

// attack begins a flood. The function that it returns waits for its end, and tells how
// many connections and requests were sent.
func (c *cluster) attack(ctx context.Context, p *process, f flood) (sent func() int64) {
	var wg sync.WaitGroup
	var count atomic.Int64
	for i := range f.at {
		wg.Go(func() {
			by := &flooder{c: c, p: p, sent: &count, among: i}
			for ctx.Err() == nil {
				f.once(ctx, by)
			}
			for _, conn := range by.held {
				conn.Close()
			}
		})
	}
	return func() int64 { wg.Wait(); return count.Load() }
}

// sample begins to look at the memory of a process; the function that it returns ends
// that, and tells the most that it had.
func (c *cluster) sample(p *process) (peak func() float64) {
	ctx, end := context.WithCancel(context.Background())
	most := make(chan float64)
	go func() {
		top := 0.0
		for ctx.Err() == nil {
			top = max(top, p.metrics()[resident])
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
		most <- top
	}()
	return func() float64 { end(); return <-most }
}

// probe is users who come one after the other while something else happens.
type probe struct {
	users []string
	tabs  []*tab
	took  []time.Duration // from the dial to the roster
}

// probe has users come to a node until the context ends.
func (c *cluster) probe(ctx context.Context, at *process) *probe {
	c.t.Helper()
	p := new(probe)
	for ctx.Err() == nil {
		user, began := c.name("probe"), time.Now()
		tab, err := c.open(c.t.Context(), at, user, "room", "")
		if err != nil {
			c.t.Fatal(err)
		}
		c.t.Cleanup(tab.Break)
		p.users, p.tabs, p.took = append(p.users, user), append(p.tabs, tab), append(p.took, time.Since(began))
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond): // so that what is measured is not their own flood
		}
	}
	return p
}

// leave has all of them go.
func (p *probe) leave(t *testing.T) {
	t.Helper()
	each(t, len(p.tabs), func(i int) error { return p.tabs[i].bye() })
}

// wantSeenOnce demands that every watcher was told of each user that he came, and that
// he left, once, and of nothing else.
func (p *probe) wantSeenOnce(t *testing.T, all watchers) {
	t.Helper()
	for _, w := range all {
		seen := map[string]int{}
		for _, e := range w.flush() {
			seen[e.String()]++
		}
		for _, user := range p.users {
			for _, event := range []string{"join " + user, "leave " + user + " left"} {
				if seen[event] != 1 {
					t.Errorf("%s was told %d times: %s", w.name, seen[event], event)
				}
				delete(seen, event)
			}
		}
		if len(seen) > 0 {
			t.Errorf("%s was told besides: %.300v", w.name, seen)
		}
	}
}

// String tells how long a join took from the dial on.
func (p *probe) String() string {
	slices.Sort(p.took)
	n := len(p.took)
	if n == 0 {
		return "no other joined"
	}
	return fmt.Sprintf("%d others joined, p50 %v, p99 %v, at most %v", n, p.took[n/2].Round(10*time.Microsecond),
		p.took[n*99/100].Round(10*time.Microsecond), p.took[n-1].Round(10*time.Microsecond))
}
