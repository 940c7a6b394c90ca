package socket

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var stormClients = flag.Int("storm", 165, "clients in the storm test")

// ending is how a client of the storm goes, or what the server does to it.
type ending int

const (
	byClose      ending = iota // the client says goodbye once all is echoed
	byServer                   // the server does once it is told that all is echoed
	byFIN                      // the client closes its connection
	byRST                      // and throws away what it was sent
	byHalf                     // it does so in the middle of a frame
	byBinary                   // it sends what is not read
	byOversize                 // and too much
	bySilence                  // it says no more, and is cut
	byWhim                     // it is closed at any moment
	byCut                      // it is cut at any moment
	byEverything               // it is closed and cut while it goes
	endings
)

// guest is both ends of one connection of the storm.
type guest struct {
	t   *testing.T
	rng *rand.Rand // the client's
	how ending
	s   *Socket

	quiet  chan struct{} // closed when the client will send no more
	came   chan struct{} // something was read by the client; holds one
	told   chan struct{} // closed when it read a close frame
	room   chan struct{} // Drained was called
	over   chan struct{} // closed by Closed
	pushed atomic.Int64  // frames that Send took
	whim   int           // server: frames until the end

	echoes, pushes atomic.Int64 // that came to the client
	sent           int64
	code           atomic.Int64 // of the close frame that came
	cause          Cause
	broke          error // why the client reads no more
}

func (g *guest) Control() {}
func (g *guest) Frame(data []byte) {
	g.s.Reply(Frame(data))
	if g.whim--; g.whim == 0 {
		go g.end()
	}
}

func (g *guest) Drained() {
	select {
	case g.room <- struct{}{}:
	default:
		g.t.Error("Drained was called twice")
	}
}

func (g *guest) Closed(c Cause) { g.cause = c; close(g.over) } // panics the second time

// end is what the server does.
func (g *guest) end() {
	if g.how != byCut {
		g.s.Close(1001, "storm")
	}
	if g.how == byCut || g.how == byEverything {
		g.s.Cut()
	}
}

// push sends what was not asked for, and waits for room as often as there is none.
func (g *guest) push(rng *rand.Rand) {
	for range rng.IntN(60) {
		text := fmt.Appendf(nil, "p%d %s", g.pushed.Load(), bytes.Repeat([]byte("x"), rng.IntN(12000)))
		cut := 1 + rng.IntN(len(text))
		if !g.send(FrameOf(text[:cut], text[cut:])) {
			return
		}
		g.pushed.Add(1)
	}
}

func (g *guest) send(frame [][]byte) bool {
	for {
		switch g.s.Send(frame...) {
		case Queued:
			return true
		case Closed:
			return false
		}
		select {
		case <-g.room:
		case <-g.over:
			return false
		}
	}
}

// serve is what the server does from the moment on that the socket is there.
func (g *guest) serve(rng *rand.Rand) {
	g.whim = -1
	switch g.how {
	case byWhim, byCut, byEverything:
		if g.whim = rng.IntN(8); g.whim == 0 {
			go g.end()
		}
	}
	g.s.Start(g)
	g.push(rng)
	select {
	case <-g.over:
	case <-g.quiet:
		switch g.how {
		case byServer:
			g.s.Close(1001, "storm")
		case bySilence, byCut:
			g.s.Cut()
		case byWhim, byEverything:
			g.end()
		}
	}
}

// check looks at what came of a visit.
func (g *guest) check() {
	switch g.how {
	case byClose, byServer, byBinary, byOversize:
		want := map[ending]int64{byClose: 1000, byServer: 1001, byBinary: 4400, byOversize: 4400}[g.how]
		if g.echoes.Load() != g.sent || g.code.Load() != want {
			g.t.Errorf("%d: %d of %d echoes came, and close code %d, want %d; it ended by %v, there by %+v", g.how, g.echoes.Load(), g.sent, g.code.Load(), want, g.broke, g.cause)
		}
	}
	if g.how == byServer && g.pushes.Load() != g.pushed.Load() {
		g.t.Errorf("%d of %d pushes came before the close frame", g.pushes.Load(), g.pushed.Load())
	}
}

// files returns the sockets among the open files.
func files(t *testing.T) (links []string) {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		link, _ := os.Readlink("/proc/self/fd/" + file.Name())
		if strings.HasPrefix(link, "socket:") {
			links = append(links, link)
		}
	}
	return links
}

// TestSocketsThatEndInEveryWayLeaveNothing has many clients come at the same time, send frames in all
// ways, and go, or be made to go, in all ways, while they are sent more than is read at once.
func TestSocketsThatEndInEveryWayLeaveNothing(t *testing.T) {
	before := files(t)
	a := newAcceptor(t, Config{MaxQueue: 8 << 10, Reserve: 1 << 30, CloseTimeout: patience, WriteTimeout: 2 * patience})
	guests := make([]*guest, *stormClients)
	var served sync.WaitGroup
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Path[1:])
		s, err := a.Accept(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		_ = s.wire.Conn.(*net.TCPConn).SetWriteBuffer(8 << 10)
		guests[n].s = s
		served.Go(func() { guests[n].serve(rand.New(rand.NewPCG(2, uint64(n)))) })
	}))
	var visits sync.WaitGroup
	at := make(chan struct{}, 40) // as many at a time
	for i := range guests {
		g := &guest{t: t, rng: rand.New(rand.NewPCG(1, uint64(i))), how: ending(i) % endings,
			quiet: make(chan struct{}), came: make(chan struct{}, 1), told: make(chan struct{}), room: make(chan struct{}, 1), over: make(chan struct{})}
		guests[i] = g
		at <- struct{}{}
		visits.Go(func() {
			g.visit(server.Listener.Addr().String(), i)
			<-at
		})
	}
	visits.Wait()
	for i, g := range guests {
		select {
		case <-g.over:
			g.check()
		case <-time.After(patience):
			t.Fatalf("client %d, which ended by %d, is still there", i, g.how)
		}
	}
	served.Wait()
	server.Close()
	if st := a.Stats(); st.Open.Load() != 0 || st.Queued.Load() != 0 {
		t.Errorf("%d sockets are open, %d bytes wait", st.Open.Load(), st.Queued.Load())
	}
	if a.poller.users != 0 || a.poller.file != nil {
		t.Errorf("%d sockets may park", a.poller.users)
	}
	await(t, "all files are closed", func() bool { return len(files(t)) <= len(before) })
	for len(a.readers) > 0 {
		if r := <-a.readers; r.s != nil || r.buffer.Buffered() != 0 {
			t.Error("a reader that is nobody's holds something")
		}
	}
}
