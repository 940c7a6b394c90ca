package mesh

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

func TestDatagramsKeepTheirOrderAndTheirBytes(t *testing.T) {
	n := newNode(t, config())
	defer n.m.Close()
	buf := make([]byte, 0, 8)
	for i := range 500 {
		buf = strconv.AppendInt(buf[:0], int64(i), 10)
		n.m.inbox.packet(buf, time.Time{}) // memberlist uses its buffer again
	}
	n.m.inbox.deliver(n.do)
	if len(n.packets) != 500 {
		t.Fatalf("%d datagrams arrived, want 500", len(n.packets))
	}
	for i, p := range n.packets {
		if p != strconv.Itoa(i) {
			t.Fatalf("datagram %d is %q", i, p)
		}
	}
}

func TestFullInboxDropsAndCounts(t *testing.T) {
	n := newNode(t, config())
	defer n.m.Close()
	for range maxWaiting + 10 {
		n.m.inbox.packet([]byte("x"), time.Time{})
	}
	n.m.inbox.packet(make([]byte, maxPacket+1), time.Time{})
	n.m.inbox.deliver(n.do)
	if s := n.m.Stats(); len(n.packets) != maxWaiting || s.PacketsIn != maxWaiting || s.PacketsDropped != 11 {
		t.Errorf("%d arrived; stats %+v", len(n.packets), s)
	}
}

func TestNewestNoticeOfAMemberCounts(t *testing.T) {
	n := newNode(t, config())
	defer n.m.Close()
	a, b := channels.NodeID{1}, channels.NodeID{2}
	for range 10_000 {
		n.m.inbox.notice(a, notice{info: gossip.Peer{Addr: "old"}})
		n.m.inbox.notice(a, notice{dead: true})
	}
	n.m.inbox.notice(a, notice{info: gossip.Peer{Addr: "new"}})
	n.m.inbox.notice(b, notice{dead: true})
	if waits := len(n.m.inbox.order); waits != 2 {
		t.Errorf("%d notices wait for 2 members", waits)
	}
	n.m.inbox.deliver(n.do)
	if n.met[a].Addr != "new" || n.suspected[a] || !n.suspected[b] {
		t.Errorf("met %v, suspected %v", n.met, n.suspected)
	}
}

func TestMetaComesOutAsItWentIn(t *testing.T) {
	p, ok := decodeMeta(encodeMeta("Zoë", []byte{0, 1}))
	if !ok || p.Name != "Zoë" || string(p.Meta) != "\x00\x01" {
		t.Errorf("%+v, ok %v", p, ok)
	}
	for _, b := range [][]byte{nil, {1}, {255, 1}} {
		if _, ok := decodeMeta(b); ok {
			t.Errorf("meta %x is taken for ours", b)
		}
	}
}

func FuzzDecodeMeta(f *testing.F) {
	f.Add(encodeMeta("name", []byte("meta")))
	f.Add([]byte{200})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := decodeMeta(b)
		if !ok {
			return
		}
		if again := encodeMeta(p.Name, p.Meta); string(again) != string(b) {
			t.Errorf("%x was read as %x", b, again)
		}
	})
}

func TestComplaintsComeOnceAMinuteForEachPeer(t *testing.T) {
	var h hush
	now := time.Now()
	if !h.allow("a", now) || h.allow("a", now.Add(59*time.Second)) || !h.allow("b", now) || !h.allow("a", now.Add(time.Minute)) {
		t.Error("not one line a minute for each peer")
	}
	for i := range 2 * maxHushed {
		h.allow(strconv.Itoa(i), now)
	}
	if len(h.last) > maxHushed {
		t.Errorf("%d peers remembered, want at most %d", len(h.last), maxHushed)
	}
	if !h.allow("c", now.Add(2*time.Minute)) || len(h.last) != 1 {
		t.Errorf("%d peers remembered after their minute", len(h.last))
	}
}

func TestMemberlistLogsAtTheNodesLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out logBuffer
		var c counters
		l := memberlistLog(t.Context(), slog.New(slog.NewTextHandler(&out, nil)), &c)
		l.Print("[DEBUG] memberlist: nobody wants it")
		l.Print("[ERR] memberlist: it rains")
		if want := "level=WARN msg=\"memberlist: it rains\"\n"; out.String()[len(out.String())-len(want):] != want || out.count("") != 1 {
			t.Errorf("log:\n%s", out.String())
		}
		for range 1000 {
			l.Print("[WARN] memberlist: flood")
		}
		if got := out.count("flood"); got != linesAtOnce-1 || c.logsDropped.Load() != uint64(1000-got) {
			t.Errorf("%d lines of a flood, %d dropped", got, c.logsDropped.Load())
		}
		if got := c.complaints.Load(); got != 1001 {
			t.Errorf("%d complaints counted, want all 1001, those not logged among them", got)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		memberlistLog(ended, slog.New(slog.NewTextHandler(&out, nil)), &c).Print("[ERR] memberlist: closed socket")
		if out.count("closed socket") != 0 || c.complaints.Load() != 1001 {
			t.Error("memberlist complains of what the end of the mesh has closed")
		}
	})
}

// A node that heard that the seeds were tried before it heard of whom they told would
// take itself to be alone, and show empty rooms.
func TestMembersComeBeforeTheNewsThatSeedsWereTried(t *testing.T) {
	n := newNode(t, config())
	defer n.m.Close()
	for i := range 3 * atOnce {
		n.m.inbox.notice(channels.NodeID{1, byte(i)}, notice{info: gossip.Peer{Addr: "a"}})
	}
	n.m.inbox.seedsTried()
	met := -1
	n.m.inbox.deliver(func(f func(c core, now time.Time)) {
		before := n.tried
		n.do(f)
		if n.tried != before {
			met = len(n.met)
		}
	})
	if met != 3*atOnce {
		t.Errorf("%d members were known when the seeds were said to be tried, want %d", met, 3*atOnce)
	}
}
