package mesh

import (
	"strings"
	"testing"
)

func TestNodeIsReachedAtWhatItAdvertises(t *testing.T) {
	for _, tt := range []struct{ listen, advertise, want string }{
		{"127.0.0.1:0", "", "127.0.0.1:PORT"},
		{"localhost:0", "", "127.0.0.1:PORT"},
		{"127.0.0.1:0", "10.9.8.7", "10.9.8.7:PORT"},
		{"127.0.0.1:0", "10.9.8.7:1234", "10.9.8.7:1234"},
		{"0.0.0.0:0", "node.example", "10.1.1.1:PORT"},
		{":0", "node.example:1", "10.1.1.1:1"},
		{"[::1]:0", "", "[::1]:PORT"},
	} {
		cfg := config()
		cfg.Keys = [][]byte{key(t, "k")}
		cfg.Listen, cfg.Advertise = tt.listen, tt.advertise
		cfg.Resolver = names{"localhost": {"127.0.0.1"}, "node.example": {"10.1.1.1"}}
		n := newNode(t, cfg)
		if err := n.m.Start(); err != nil {
			t.Fatal(err)
		}
		bound := n.m.own[1]
		if tt.listen == "localhost:0" && !bound.Addr().IsLoopback() {
			t.Errorf("listening on localhost binds %s", bound)
		}
		_, port, _ := strings.Cut(bound.String(), "]:")
		if bound.Addr().Is4() {
			_, port, _ = strings.Cut(bound.String(), ":")
		}
		want := strings.Replace(tt.want, "PORT", port, 1)
		if got := n.m.Members(); n.m.Addr() != want || len(got) != 1 || got[0].Addr != want {
			t.Errorf("listening on %s, advertising %q: reached at %s, member %v; want %s", tt.listen, tt.advertise, n.m.Addr(), got, want)
		}
		n.m.Close()
	}
}
