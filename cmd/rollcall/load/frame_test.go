package load

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// ears keep what a socket was sent.
type ears struct{ heard []string }

func (e *ears) receive(_ time.Time, text []byte) error {
	e.heard = append(e.heard, string(text))
	return nil
}

func (*ears) lost(error) {}

// server turns frames of ours into those of a server, which have no mask.
func server(op opcode, fin bool, body string) []byte {
	b := appendFrame(nil, op, []byte(body))
	head := len(b) - len(body) - 4
	b = append(b[:head:head], b[head+4:]...)
	b[1] &^= 0x80
	if !fin {
		b[0] &^= 0x80
	}
	return b
}

func TestFramesAreUnderstoodHoweverTheyAreCut(t *testing.T) {
	long, longer := strings.Repeat("l", 300), strings.Repeat("m", 70_000)
	var stream []byte
	for _, f := range [][]byte{
		server(opText, true, "short"), server(opText, true, ""), server(opText, true, long), server(opPong, true, "x"), server(opText, true, longer),
		server(opText, false, "in "), server(opContinuation, false, "three "), server(opContinuation, true, "parts"),
	} {
		stream = append(stream, f...)
	}
	want := []string{"short", "", long, longer, "in three parts"}
	for _, piece := range []int{1, 2, 3, 7, 1000, 65536, len(stream)} {
		var e ears
		s := &socket{all: &sockets{}, to: &e, fd: -1}
		for rest := stream; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			if err := s.feed(time.Now(), bytes.Clone(rest[:min(piece, len(rest))])); err != nil {
				t.Fatalf("pieces of %d bytes: %v", piece, err)
			}
		}
		if strings.Join(e.heard, "|") != strings.Join(want, "|") {
			t.Errorf("pieces of %d bytes: %d messages, want %d", piece, len(e.heard), len(want))
		}
		if s.rest != nil || s.part != nil || s.all.framesIn.Load() != 7 || s.all.bytesIn.Load() != int64(len(stream)) {
			t.Errorf("pieces of %d bytes: %d bytes kept, traffic %+v; want none, and 7 frames", piece, len(s.rest), s.all.traffic())
		}
	}
}

func TestFramesThatNoServerMaySendEndTheSocket(t *testing.T) {
	for name, data := range map[string][]byte{
		"masked":      appendFrame(nil, opText, []byte("x")),
		"compressed":  {0xc1, 0},
		"binary":      server(opBinary, true, "x"),
		"without end": {0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0},
	} {
		s := &socket{all: &sockets{}, to: &ears{}, fd: -1}
		if err := s.feed(time.Now(), data); !errors.Is(err, errFrame) {
			t.Errorf("%s: %v, want that it is no frame of a server", name, err)
		}
	}
	s := &socket{all: &sockets{}, to: &ears{}, fd: -1}
	if err := s.feed(time.Now(), server(opClose, true, "\x11\x3dtoo fast")); err == nil || !strings.Contains(err.Error(), "4413 too fast") {
		t.Errorf("closed: %v, want code and reason", err)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(server(opText, true, "text"))
	f.Add([]byte{0x81, 126, 1, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, size, err := parseFrame(data)
		if size < 0 || size > len(data) || len(got.body) > size || err != nil && size != 0 {
			t.Errorf("%d bytes of %d, body of %d, %v", size, len(data), len(got.body), err)
		}
	})
}

func TestSocketsWithoutAPollerAreReadAsWell(t *testing.T) {
	f := newFake(t)
	c, err := newCrowd(f.options())
	if err != nil {
		t.Fatal(err)
	}
	if c.poller != nil {
		c.poller.end()
		c.poller = nil
	}
	c.addRooms(6, 3)
	err = c.come(t.Context(), true, nil)
	c.compare()
	c.clients[5].mute()
	c.end()
	if check := c.checks.found(); err != nil || check.err() != nil || check.Rosters != 6 {
		t.Errorf("%v, %+v, want 6 right rosters", err, check)
	}
}
