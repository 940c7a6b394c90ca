package socket

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

func TestFrameIsReadBackAsItsPayload(t *testing.T) {
	for n, header := range map[int]int{0: 2, 125: 2, 126: 4, 65535: 4, 65536: 10, 100_000: 10} {
		want := strings.Repeat("x", n)
		f := Frame([]byte(want))
		first, got, err := readFrame(bytes.NewReader(f))
		if first != 0x81 || got != want || err != nil || len(f) != header+n {
			t.Errorf("frame of %d bytes: %d bytes, read as %#x, %d bytes, %v", n, len(f), first, len(got), err)
		}
	}
}

func TestCloseReasonIsCutBetweenCharacters(t *testing.T) {
	for _, reason := range []string{"", "x", strings.Repeat("x", 124), strings.Repeat("é", 100), "x" + strings.Repeat("😀", 40), "\xff"} {
		first, got, err := readFrame(bytes.NewReader(closeFrame(protocol.CloseForbidden, reason)))
		if first != closing || err != nil || len(got) > maxControl || got[:2] != code(4403, "") {
			t.Errorf("close frame with reason %q: %#x %q, %v", reason, first, got, err)
		}
		if cut := got[2:]; !utf8.ValidString(cut) || !strings.HasPrefix(strings.ToValidUTF8(reason, "?"), cut) || len(reason) > 130 && len(cut) < 120 {
			t.Errorf("reason %q is cut to %q", reason, cut)
		}
	}
}
