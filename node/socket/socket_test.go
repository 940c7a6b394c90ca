package socket

import (
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

func TestFramesArriveInOrder(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		c.send(textFrame, "one")
		c.send(textFrame&^final, "tw") // in two fragments, with a ping between
		c.send(0x89, "")
		_, _ = c.next()
		c.send(final, "o")
		c.send(textFrame, strings.Repeat("x", 16<<10))
		synctest.Wait()
		if want := []string{"one", "two", strings.Repeat("x", 16<<10)}; !reflect.DeepEqual(h.frames, want) {
			t.Errorf("handler was given %.80q", h.frames)
		}
	})
}

func TestPingIsAnsweredAndIsASignOfLife(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		time.Sleep(3 * time.Second)
		c.send(0x89, "hi")
		if first, payload := c.next(); first != pong || payload != "hi" {
			t.Errorf("ping is answered by %#x %q", first, payload)
		}
		synctest.Wait()
		if s.LastHeard() != 3*time.Second || s.LastSent() != 3*time.Second || h.control != 1 {
			t.Errorf("heard %v, sent %v, control %d; want 3s, 3s, 1", s.LastHeard(), s.LastSent(), h.control)
		}
		time.Sleep(time.Second)
		c.send(pong, "")
		synctest.Wait()
		if s.LastHeard() != 4*time.Second || s.LastSent() != 3*time.Second || h.control != 2 {
			t.Errorf("heard %v, sent %v, control %d; want 4s, 3s, 2", s.LastHeard(), s.LastSent(), h.control)
		}
	})
}

func TestCloseSendsWhatWaitsFirst(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		for _, m := range []string{"a", "b", "c"} {
			s.Send(Frame([]byte(m)))
		}
		s.Close(protocol.CloseForbidden, "kicked")
		s.Close(protocol.CloseNormal, "once more")
		if r := s.Send(Frame(nil)); r != Closed {
			t.Errorf("Send after Close says %d, want Closed", r)
		}
		if s.Reply(Frame(nil)) {
			t.Error("Reply after Close queued something")
		}
		for _, want := range []string{"a", "b", "c"} {
			if _, got := c.next(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		first, payload := c.next()
		if want := code(4403, "kicked"); first != closing || payload != want {
			t.Errorf("close frame %#x %q, want %q", first, payload, want)
		}
		c.send(textFrame, "too late")
		c.send(closing, payload)
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after the handshake: %v, want EOF", err)
		}
		synctest.Wait()
		if got := h.cause(t); !got.Local || got.Code != protocol.CloseForbidden || got.Reason != "kicked" {
			t.Errorf("closed with %+v", got)
		}
		if len(h.frames) > 0 {
			t.Errorf("handler was given %q after Close", h.frames)
		}
	})
}

func TestMessageThatEndsAfterCloseIsNotHanded(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		c.send(textFrame&^final, "begun before")
		synctest.Wait()
		s.Close(protocol.CloseSilent, "no hello")
		c.send(final, ", ended after")
		c.wantClose(4408)
		synctest.Wait()
		if len(h.frames) > 0 {
			t.Errorf("handler was given %q after Close", h.frames)
		}
	})
}

func TestSocketThatWasCutIsClosingWhileAFrameIsHandled(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		cut := make(chan struct{})
		h.onFrame = func([]byte) { <-cut }
		c.send(textFrame, "it blocks")
		synctest.Wait()
		s.Cut()
		if h.over() || !s.Closing() || s.Send(Frame(nil)) != Closed || s.Reply(Frame(nil)) {
			t.Errorf("after Cut: over %v, closing %v, %d bytes wait", h.over(), s.Closing(), s.Waiting())
		}
		close(cut)
		synctest.Wait()
		if got := h.cause(t); got.Local || got.Code != 0 || got.Err == nil {
			t.Errorf("closed with %+v", got)
		}
	})
}

func TestClientThatDoesNotAnswerACloseIsNotWaitedForLong(t *testing.T) {
	for _, reads := range []bool{true, false} {
		inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
			start := time.Now()
			s.Close(protocol.CloseGoingAway, "")
			if reads {
				_, _ = c.next()
			}
			time.Sleep(5*time.Second - 1)
			synctest.Wait()
			if h.over() {
				t.Fatalf("client reads: %v: gave up after %v", reads, time.Since(start))
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if got := h.cause(t); !got.Local || got.Code != protocol.CloseGoingAway {
				t.Errorf("client reads: %v: closed with %+v", reads, got)
			}
		})
	}
}

func TestClientMayCloseFirst(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		c.send(closing, code(1001, "page gone"))
		if first, payload := c.next(); first != closing || payload != code(1001, "page gone") {
			t.Errorf("answered by %#x %q", first, payload)
		}
		synctest.Wait()
		if got := h.cause(t); got.Local || got.Code != 1001 || got.Reason != "page gone" {
			t.Errorf("closed with %+v", got)
		}
		if r := s.Send(Frame(nil)); r != Closed {
			t.Errorf("Send says %d, want Closed", r)
		}
		s.Close(protocol.CloseNormal, "")
	})
}

func TestBrokenConnectionIsReportedWithoutCode(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		c.Conn.Close()
		synctest.Wait()
		if got := h.cause(t); got.Local || got.Code != 0 || got.Err == nil {
			t.Errorf("closed with %+v", got)
		}
	})
}

func TestMessageThatIsNotWholeIsNone(t *testing.T) {
	for name, part := range map[string][]byte{
		"a header":                masked(textFrame, "hello")[:6],
		"a header and some of it": masked(textFrame, "hello")[:8],
		"a fragment":              masked(textFrame&^final, "hello"),
		"a fragment and a ping":   append(masked(textFrame&^final, "hello"), masked(0x8A, "")...),
	} {
		inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
			_, _ = c.Write(part)
			c.Conn.Close()
			synctest.Wait()
			if got := h.cause(t); len(h.frames) != 0 || got.Local || got.Code != 0 {
				t.Errorf("%s: handler was given %q, and %+v", name, h.frames, got)
			}
		})
	}
}

func TestBinaryFrameIsNotTheProtocol(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		c.send(final|0x2, "binary")
		c.wantClose(4400)
		synctest.Wait()
		if len(h.frames) > 0 {
			t.Errorf("handler was given %q", h.frames)
		}
	})
}

func TestOversizeMessageIsAnsweredAndCloses(t *testing.T) {
	for name, send := range map[string]func(c *client){
		"in one frame": func(c *client) { c.send(textFrame, strings.Repeat("x", 101)) },
		"in fragments": func(c *client) {
			c.send(textFrame&^final, strings.Repeat("x", 60))
			c.send(final, strings.Repeat("x", 41))
		},
		"much larger": func(c *client) { c.send(textFrame, strings.Repeat("x", 1<<20)) },
	} {
		inBubble(t, Config{MaxFrame: 100, Oversize: Frame([]byte("too large"))}, func(s *Socket, h *recorder, c *client) {
			c.send(textFrame, strings.Repeat("x", 100))
			go send(c)
			if _, got := c.next(); got != "too large" {
				t.Errorf("%s: answered by %q", name, got)
			}
			c.wantClose(4400)
			synctest.Wait()
			if len(h.frames) != 1 || s.a.stats.Oversize.Load() != 1 {
				t.Errorf("%s: handler was given %d frames, %d counted", name, len(h.frames), s.a.stats.Oversize.Load())
			}
		})
	}
}

func TestHandlerThatBlocksPausesReading(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		h.onFrame = func([]byte) { time.Sleep(time.Minute) }
		start := time.Now()
		c.send(textFrame, strings.Repeat("a", 300))
		c.send(textFrame, strings.Repeat("b", 300)) // more than the read buffer takes ahead
		if d := time.Since(start); d != time.Minute {
			t.Errorf("second frame was taken after %v, want 1m", d)
		}
		time.Sleep(time.Minute)
	})
}
