package node

import (
	"math"
	"strings"
	"testing"
)

func TestOpenFilesBoundTheSessions(t *testing.T) {
	for _, tt := range []struct {
		name                      string
		files, most               int // of --max-sessions
		room, strangers, sessions int
	}{
		{"unknown", 0, 0, math.MaxInt, 10_000, math.MaxInt - math.MaxInt/16},
		{"unknown, with a bound", 0, 5, math.MaxInt, 10_000, 5},
		{"many", 1 << 20, 0, 1<<20 - 512, 10_000, 1<<20 - 512 - (1<<20-512)/16},
		{"usual", 20_000, 0, 19_488, 4872, 18_270},
		{"few", 1024, 0, 768, 192, 720},
		{"few, with a bound", 1024, 100, 768, 192, 100},
		{"next to none", 1, 0, 1, 1, 1},
	} {
		s := system{files: tt.files}
		if s.room() != tt.room || s.strangers() != tt.strangers || s.sessions(tt.most) != tt.sessions {
			t.Errorf("%s: room %d, strangers %d, sessions %d; want %d, %d, %d",
				tt.name, s.room(), s.strangers(), s.sessions(tt.most), tt.room, tt.strangers, tt.sessions)
		}
	}
}

func TestWhatIsTooLowIsSaid(t *testing.T) {
	for _, tt := range []struct {
		name string
		s    system
		most int
		want []string // the beginnings
	}{
		{"all unknown", system{}, 1_000_000, nil},
		{"enough", system{20_000, 4096, 50_000}, 19_488, nil},
		{"too few files", system{20_000, 4096, 50_000}, 19_489, []string{"open files (ulimit -n): 20000, want 20001"}},
		{"no bound is set", system{1024, 4096, 100}, 0, nil},
		{"a short backlog", system{0, 128, 0}, 0, []string{"net.core.somaxconn: 128, want 1024"}},
		{"a short backlog that is enough", system{0, 128, 0}, 100, nil},
		{"all of it", system{1024, 128, 1000}, 50_000, []string{"open files", "net.core.somaxconn", "net.netfilter.nf_conntrack_max: 1000, want 100000"}},
	} {
		got := tt.s.lacks(tt.most)
		if len(got) != len(tt.want) {
			t.Errorf("%s: said %q, want %q", tt.name, got, tt.want)
			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i], tt.want[i]) {
				t.Errorf("%s: said %q, want %q", tt.name, got[i], tt.want[i])
			}
		}
	}
}
