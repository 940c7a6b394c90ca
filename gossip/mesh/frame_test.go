package mesh

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/rollcall-presence/rollcall/gossip"
)

func frameOf(t testing.TB, body []byte) []byte {
	t.Helper()
	b, err := appendFrame(nil, func(b []byte) ([]byte, error) { return append(b, body...), nil })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFramesComeOutAsTheyWentIn(t *testing.T) {
	var wire bytes.Buffer
	bodies := [][]byte{{1}, bytes.Repeat([]byte{2}, 70_000), {3, 3}, bytes.Repeat([]byte{4}, maxFrame)}
	for _, body := range bodies {
		wire.Write(frameOf(t, body))
	}
	var buf []byte
	for i, body := range bodies {
		got, err := readFrame(&wire, buf)
		if err != nil || !bytes.Equal(got, body) {
			t.Fatalf("frame %d: %d bytes, %v; want %d", i, len(got), err, len(body))
		}
		if buf = keep(got); cap(buf) > keptBuffer {
			t.Errorf("an idle stream keeps %d bytes", cap(buf))
		}
	}
	if _, err := readFrame(&wire, buf); !errors.Is(err, io.EOF) {
		t.Errorf("after the last frame: %v, want EOF", err)
	}
}

func TestFrameOutOfBoundsIsNeitherReadNorSent(t *testing.T) {
	for _, head := range []string{"\x00\x00\x00\x00", "\x00\x10\x00\x01", "\xff\xff\xff\xff"} {
		if _, err := readFrame(bytes.NewReader([]byte(head)), nil); !errors.Is(err, gossip.ErrMalformed) {
			t.Errorf("length %x: %v, want ErrMalformed", head, err)
		}
	}
	for _, n := range []int{0, maxFrame + 1} {
		_, err := appendFrame(nil, func(b []byte) ([]byte, error) { return append(b, make([]byte, n)...), nil })
		if err == nil {
			t.Errorf("a frame of %d bytes is sent", n)
		}
	}
}

func TestReadingReusesTheBuffer(t *testing.T) {
	wire := frameOf(t, make([]byte, 1000))
	buf := make([]byte, 0, keptBuffer)
	r := bytes.NewReader(nil)
	if n := testing.AllocsPerRun(100, func() {
		r.Reset(wire)
		body, err := readFrame(r, buf)
		if err != nil {
			t.Fatal(err)
		}
		buf = keep(body)
	}); n != 0 {
		t.Errorf("%v allocations a frame, want 0", n)
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add(frameOf(f, []byte("body")))
	f.Add(append(frameOf(f, []byte("a")), frameOf(f, bytes.Repeat([]byte("b"), 300))...))
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{0, 16, 0, 1, 1})
	f.Add([]byte{0, 0, 0, 9, 1})
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := bytes.NewReader(wire)
		var buf, again []byte
		for {
			body, err := readFrame(r, buf)
			if err != nil {
				break
			}
			if len(body) < 1 || len(body) > maxFrame {
				t.Fatalf("body of %d bytes", len(body))
			}
			again = append(again, frameOf(t, body)...)
			buf = keep(body)
		}
		if !bytes.HasPrefix(wire, again) {
			t.Fatalf("%x was read as %x", wire, again)
		}
	})
}
