//go:build unix

package node

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// followers of the channel of which everything here is.
const fanChannel = "room.1"

// following is all that a client says to follow the channel: the upgrade, and then two
// frames, masked with zeros.
var following = "GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + followingFrames

var followingFrames = masked(`{"type":"hello"}`) + masked(`{"type":"watch","channel":"`+fanChannel+`"}`)

// masked makes a text frame of a client, of up to 125 bytes.
func masked(text string) string {
	return string([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}) + text
}

// BenchmarkFanOut tells one join, and then one leave, to so many followers: the step, the
// diff, its encoding, and its delivery to every socket until nothing waits. The writer is
// null, or a socket of the system whose far end another process reads. cpu-ns/delivery is
// the processor time of this process, the kernel's included; ns/op has pauses in it.
func BenchmarkFanOut(b *testing.B) {
	for _, over := range []struct {
		name   string
		follow func(b *testing.B, n *Node, followers int)
	}{{"null", followFromNull}, {"sockets", followFromAfar}} {
		for _, followers := range []int{10, 1000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", over.name, followers), func(b *testing.B) {
				n := serveForBench(b)
				over.follow(b, n, followers)
				waitFor(b, "all followers have the roster", func() bool { return n.followersOf(fanChannel) == followers && n.isQuiet() })
				member := n.guestOfBench()
				b.ReportAllocs()
				before, joined := processorTime(), false
				for b.Loop() {
					joined = !joined
					n.tellJoin(member, joined)
					for !n.isQuiet() {
						time.Sleep(20 * time.Microsecond)
					}
				}
				b.ReportMetric(float64(processorTime()-before)/float64(b.N*followers), "cpu-ns/delivery")
			})
		}
	}
}

// serveForBench runs a node on ports of its own.
func serveForBench(b *testing.B) *Node {
	const free = "127.0.0.1:0"
	n, err := New(Config{Listen: free, Admin: free, Gossip: free, AllowAnonymous: true, Drain: NoDrain,
		Interval: 10 * time.Minute, // nobody answers pings here
		Logger:   slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- n.Run(b.Context()) }()
	b.Cleanup(func() {
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	<-n.ready
	return n
}

// guestOfBench opens a session that has no socket.
func (n *Node) guestOfBench() (session uint64) {
	n.step(func(now time.Time) {
		session = n.core.View.Open(n.core.Now(now), channels.Opening{User: "alice", Profile: `{"name":"Alice"}`})
	})
	return session
}

// tellJoin makes a member join or leave, and be told at once whenever the last diff was.
func (n *Node) tellJoin(session uint64, join bool) {
	n.step(func(now time.Time) {
		n.fans[fanChannel].flushed = time.Time{}
		if t := n.core.Now(now); join {
			n.core.View.Join(t, session, fanChannel, `{"typing":false}`)
		} else {
			n.core.View.Leave(t, session, fanChannel, channels.ReasonLeft)
		}
	})
}

func (n *Node) followersOf(channel string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if f := n.fans[channel]; f != nil {
		return len(f.live)
	}
	return 0
}

// isQuiet reports whether nothing waits for a socket.
func (n *Node) isQuiet() bool {
	return n.clocks.jobs.Load() == 0 && n.acceptor.Stats().Queued.Load() == 0
}

// waitFor waits until something is so.
func waitFor(b *testing.B, what string, ok func() bool) {
	for late := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			b.Fatalf("not within a minute: %s", what)
		}
	}
}

func processorTime() int64 {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return used.Utime.Nano() + used.Stime.Nano()
}

// nullConn is a connection that takes everything, and says what a follower says.
type nullConn struct {
	net.Conn
	says   *strings.Reader
	closed chan struct{}
	once   *sync.Once
}

func (c nullConn) Write(p []byte) (int, error)      { return len(p), nil }
func (c nullConn) Close() error                     { c.once.Do(func() { close(c.closed) }); return nil }
func (c nullConn) SetReadDeadline(time.Time) error  { return nil }
func (c nullConn) SetWriteDeadline(time.Time) error { return nil }
func (c nullConn) SetDeadline(time.Time) error      { return nil }

func (c nullConn) Read(p []byte) (int, error) {
	if c.says.Len() > 0 {
		return c.says.Read(p)
	}
	<-c.closed
	return 0, io.EOF
}

// nullResponse upgrades to a nullConn.
type nullResponse struct {
	*httptest.ResponseRecorder
	conn nullConn
}

func (r nullResponse) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return r.conn, bufio.NewReadWriter(bufio.NewReader(r.conn), bufio.NewWriter(r.conn)), nil
}

// followFromNull lets followers in who are not there.
func followFromNull(b *testing.B, n *Node, followers int) {
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(following)))
	if err != nil {
		b.Fatal(err)
	}
	public := n.Handler()
	for range followers {
		conn := nullConn{says: strings.NewReader(followingFrames), closed: make(chan struct{}), once: new(sync.Once)}
		public.ServeHTTP(nullResponse{httptest.NewRecorder(), conn}, request)
	}
}

// Of the environment of a process that follows from afar: whom, and how many it is.
const (
	afarAddress   = "ROLLCALL_BENCH_ADDRESS"
	afarFollowers = "ROLLCALL_BENCH_FOLLOWERS"
)

// followFromAfar lets in followers that another process is: what they read costs this one
// nothing, and both have as many files as the system allows.
func followFromAfar(b *testing.B, n *Node, followers int) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < uint64(followers)+100 {
		b.Skipf("the system allows %d open files", limit.Cur)
	}
	afar := exec.CommandContext(b.Context(), os.Args[0])
	afar.Stderr = os.Stderr
	afar.Env = append(os.Environ(), afarAddress+"="+n.Addr(), fmt.Sprintf("%s=%d", afarFollowers, followers))
	if err := afar.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = afar.Wait() })
}

// TestMain runs the tests, or is the other process of BenchmarkFanOut.
func TestMain(m *testing.M) {
	address := os.Getenv(afarAddress)
	if address == "" {
		os.Exit(m.Run())
	}
	followers, _ := strconv.Atoi(os.Getenv(afarFollowers))
	if err := readFrom(address, followers); err != nil {
		fmt.Fprintln(os.Stderr, "followers:", err)
		os.Exit(1)
	}
}

// readFrom follows by so many connections, and reads until the node is gone.
func readFrom(address string, followers int) error {
	var reading sync.WaitGroup
	for range followers {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(conn, following); err != nil {
			return err
		}
		reading.Go(func() { _, _ = io.CopyBuffer(io.Discard, struct{ io.Reader }{conn}, make([]byte, 512)) })
	}
	reading.Wait()
	return nil
}
