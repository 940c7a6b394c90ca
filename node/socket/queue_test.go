package socket

import (
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

// kilo returns a frame of exactly 1,000 bytes.
func kilo() []byte { return Frame([]byte(strings.Repeat("k", 996))) }

func TestWhatWaitsLeavesInOneWrite(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		s.Send(Frame([]byte("first")))
		synctest.Wait() // it is being written, and nobody reads
		for i := range 10 {
			s.Send(Frame(fmt.Appendf(nil, "a%d", i)), Frame(fmt.Appendf(nil, "b%d", i)))
		}
		_, _ = c.next()
		for i := range 10 {
			_, a := c.next()
			_, b := c.next()
			if a != fmt.Sprintf("a%d", i) || b != fmt.Sprintf("b%d", i) {
				t.Fatalf("frames %q and %q at %d", a, b, i)
			}
		}
		synctest.Wait()
		if n := s.a.stats.Writes.Load(); n != 2 {
			t.Errorf("%d writes, want 2", n)
		}
	})
}

func TestLargeFramesAreWrittenAsTheyAre(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		s.Send(Frame([]byte("first")))
		synctest.Wait()
		large := strings.Repeat("x", 70_000)
		s.Send(Frame([]byte("small")), Frame([]byte(large)), Frame([]byte("small")), Frame([]byte("small")))
		for i, want := range []string{"first", "small", large, "small", "small"} {
			if _, got := c.next(); got != want {
				t.Errorf("frame %d has %d bytes, want %d", i, len(got), len(want))
			}
		}
		synctest.Wait()
		if n := s.a.stats.Writes.Load(); n != 4 {
			t.Errorf("%d writes, want 4: first, small, large, the rest", n)
		}
	})
}

func TestFrameInTwoPiecesIsOneMessage(t *testing.T) {
	inBubble(t, Config{MaxQueue: 1 << 30}, func(s *Socket, h *recorder, c *client) {
		var want []string
		send := func(frames [][]byte, text string) {
			s.Send(frames...)
			want = append(want, text)
		}
		one := func(text string) { send([][]byte{Frame([]byte(text))}, text) }
		two := func(head, tail string) { send(FrameOf([]byte(head), []byte(tail)), head+tail) }
		one("first")
		synctest.Wait() // it is being written, and nobody reads
		for _, n := range []int{1, 124, 125, 126, 5000, 65534, 65535, 65536, 100_000} {
			one("a")
			two("h", strings.Repeat("t", n))
			one("b")
			one("c")
			two(strings.Repeat("h", n), "t")
			two("h", "")
		}
		for i, w := range want {
			if first, got := c.next(); first != textFrame || got != w {
				t.Fatalf("message %d has %d bytes, want %d", i, len(got), len(w))
			}
		}
	})
}

func TestNobodyWritesWhileThereIsNothingToWrite(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		for range 3 {
			s.Send(kilo(), kilo())
			synctest.Wait()
			if !s.writing {
				t.Fatal("nobody writes")
			}
			_, _ = c.next()
			_, _ = c.next()
			synctest.Wait()
			if s.writing || s.Waiting() != 0 || cap(s.queue) > keep {
				t.Errorf("idle: writing %v, %d bytes wait, room for %d frames kept", s.writing, s.Waiting(), cap(s.queue))
			}
		}
	})
}

func TestSlowReaderIsRefusedThenToldOfRoom(t *testing.T) {
	inBubble(t, Config{MaxQueue: 10_000}, func(s *Socket, h *recorder, c *client) {
		for i := range 10 {
			if r := s.Send(kilo()); r != Queued {
				t.Fatalf("Send says %d with %d bytes waiting", r, i*1000)
			}
		}
		for range 5 {
			if r := s.Send(kilo(), Frame(nil)); r != Full {
				t.Fatalf("Send says %d with %d bytes waiting, want Full", r, s.Waiting())
			}
		}
		if !s.Reply(kilo()) {
			t.Error("Reply found no room in the reserve")
		}
		if s.Waiting() != 11_000 || h.drained != 0 {
			t.Errorf("%d bytes wait, drained %d times", s.Waiting(), h.drained)
		}
		for range 11 {
			_, _ = c.next()
		}
		synctest.Wait()
		if h.drained != 1 || s.a.stats.Refused.Load() != 5 {
			t.Errorf("told of room %d times, want once; %d refusals counted, want 5", h.drained, s.a.stats.Refused.Load())
		}
		if r := s.Send(kilo()); r != Queued {
			t.Errorf("Send says %d after that", r)
		}
		_, _ = c.next()
	})
}

func TestReaderThatTakesNotEvenRepliesIsClosed(t *testing.T) {
	inBubble(t, Config{MaxQueue: 10_000, Reserve: 2_000}, func(s *Socket, h *recorder, c *client) {
		s.Send(kilo())
		synctest.Wait() // it is being written
		for s.Send(kilo()) == Queued {
		}
		n := 0
		for s.Reply(kilo()) {
			n++
		}
		if n != 2 {
			t.Errorf("the reserve took %d replies of 1,000 bytes, want 2", n)
		}
		if _, payload := c.next(); len(payload) != 996 {
			t.Errorf("the frame under way came as %d bytes", len(payload))
		}
		c.wantClose(4429) // the rest was dropped
		synctest.Wait()
		if got := h.cause(t); !got.Local || got.Code != protocol.CloseOverload || s.a.stats.Overflow.Load() != 1 {
			t.Errorf("closed with %+v, %d counted", got, s.a.stats.Overflow.Load())
		}
		if h.drained != 0 {
			t.Error("a socket that closes was told of room")
		}
	})
}

func TestIdleSocketTakesARosterOfAnySize(t *testing.T) {
	inBubble(t, Config{MaxQueue: 10_000}, func(s *Socket, h *recorder, c *client) {
		large := Frame([]byte(strings.Repeat("x", 60_000)))
		if r := s.Send(large, large); r != Queued {
			t.Fatalf("Send says %d", r)
		}
		if r := s.Send(kilo()); r != Queued {
			t.Errorf("a diff on top of it: Send says %d", r)
		}
		if !s.Reply(kilo()) {
			t.Error("a reply on top of it: refused")
		}
		if r := s.Send(large); r != Full {
			t.Errorf("another one: Send says %d, want Full", r)
		}
		for range 4 {
			_, _ = c.next()
		}
		synctest.Wait()
		if s.limit != 10_000 {
			t.Errorf("the bound is %d again, want 10000", s.limit)
		}
	})
}

func TestWriteThatTakesTooLongEndsTheSocket(t *testing.T) {
	inBubble(t, Config{WriteTimeout: 10 * time.Second}, func(s *Socket, h *recorder, c *client) {
		s.Send(kilo())
		_, _ = c.next()
		time.Sleep(4 * time.Second)
		s.Send(kilo()) // under a deadline that is 6s away
		_, _ = c.next()
		time.Sleep(4 * time.Second)
		start := time.Now()
		s.Send(kilo())
		s.Send(kilo())
		time.Sleep(10*time.Second - 1)
		synctest.Wait()
		if h.over() {
			t.Fatalf("given up after less than 10s")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if got := h.cause(t); got.Local || got.Code != 0 || s.a.stats.Stuck.Load() != 1 {
			t.Errorf("after %v closed with %+v, %d counted", time.Since(start), got, s.a.stats.Stuck.Load())
		}
	})
}

func TestCloseFrameOfTheLibraryDoesNotLandInsideAnother(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		large := strings.Repeat("x", 100_000)
		s.Send(Frame([]byte(large)))
		s.Send(Frame([]byte("never sent")))
		synctest.Wait()
		head := make([]byte, 1000)
		if _, err := c.Read(head); err != nil {
			t.Fatal(err)
		}
		c.send(textFrame|0x40, "a reserved bit") // the library answers with 1002
		synctest.Wait()                          // it waits for the frame under way
		rest := &prefixed{head, c.Conn}
		if first, got, err := readFrame(rest); first != textFrame || got != large || err != nil {
			t.Errorf("frame %#x of %d bytes, %v", first, len(got), err)
		}
		if first, got, err := readFrame(rest); first != closing || !strings.HasPrefix(got, code(1002, "")) || err != nil {
			// The queue may get the lock first, then the close frame is the third.
			if first, got, err = readFrame(rest); first != closing || !strings.HasPrefix(got, code(1002, "")) || err != nil {
				t.Errorf("frame %#x %q, %v; want a close frame", first, got, err)
			}
		}
	})
}

// prefixed reads what was read before, then the rest.
type prefixed struct {
	head []byte
	rest interface{ Read([]byte) (int, error) }
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.head) == 0 {
		return p.rest.Read(b)
	}
	n := copy(b, p.head)
	p.head = p.head[n:]
	return n, nil
}

func TestMediumFramesAreNotCopied(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		s.Send(Frame([]byte("first")))
		synctest.Wait()
		medium := Frame([]byte(strings.Repeat("x", joinSmall)))
		s.Send(Frame([]byte("small")), medium, Frame([]byte("small")))
		for range 4 {
			_, _ = c.next()
		}
		synctest.Wait()
		if n := s.a.stats.Writes.Load(); n != 4 {
			t.Errorf("%d writes, want 4: none joined with a medium frame", n)
		}
	})
}

// slowToDrain blocks in Drained until it is let go.
type slowToDrain struct {
	recorder
	draining, letGo chan struct{}
}

func (h *slowToDrain) Drained() { close(h.draining); <-h.letGo }

func TestClosedIsTheLastCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		s, err := newAcceptor(t, Config{MaxQueue: 1000}).Accept(upgradable{httptest.NewRecorder(), near}, upgrade())
		if err != nil {
			t.Fatal(err)
		}
		h := &slowToDrain{draining: make(chan struct{}), letGo: make(chan struct{})}
		s.Start(h)
		s.Send(kilo())
		if r := s.Send(kilo()); r != Full {
			t.Fatalf("Send says %d, want Full", r)
		}
		c := &client{far, t}
		_, _ = c.next()
		<-h.draining
		far.Close()
		synctest.Wait()
		if h.over() {
			t.Error("Closed was called while Drained had not returned")
		}
		close(h.letGo)
		synctest.Wait()
		h.cause(t)
	})
}
