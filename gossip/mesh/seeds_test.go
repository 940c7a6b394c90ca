package mesh

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/gossip/mesh/memnet"
)

func TestSeedNameMeansAllItsAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New(20)
		apart := map[string]*node{}
		for _, ip := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"} {
			host, err := network.Host(ip + ":7946")
			if err != nil {
				t.Fatal(err)
			}
			cfg := config()
			cfg.Transport = host
			if ip == "10.0.0.3" {
				cfg.Seeds = []string{"all.example", "10.0.0.9", "nobody.example:1"}
				cfg.Resolver = names{"all.example": {"10.0.0.1", "10.0.0.2", "10.0.0.3"}}
			}
			n := newNode(t, cfg)
			if err := n.m.Start(); err != nil {
				t.Fatal(err)
			}
			apart[ip] = n
		}
		n := apart["10.0.0.3"]
		n.until("its seeds tried", func() bool { return n.tried == 1 })
		if got := len(n.m.Members()); got != 3 {
			t.Errorf("%d members once the seeds were tried, want 3", got)
		}
		if got := n.m.absent(); len(got) != 1 || got[0] != netip.MustParseAddrPort("10.0.0.9:7946") {
			t.Errorf("still to be tried: %v, want only who is not there", got)
		}
		if n.log.count("nobody.example") != 1 {
			t.Errorf("a name without addresses is not warned of once:\n%s", n.log)
		}
		time.Sleep(time.Minute)
		n.until("nothing more", func() bool { return n.tried == 1 })
		stop(n, apart["10.0.0.1"], apart["10.0.0.2"])
	})
}

func TestSeedsThatDoNotAnswerAreTriedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New(21)
		host, err := network.Host("10.0.0.1:7946")
		if err != nil {
			t.Fatal(err)
		}
		cfg := config()
		cfg.Transport, cfg.Interval, cfg.Resolver = host, 10*time.Second, mute{}
		network.Cut("10.0.0.1:7946", "10.0.0.2:7946")
		cfg.Seeds = []string{"10.0.0.2", "slow.example"}
		n := newNode(t, cfg)
		began := time.Now()
		if err := n.m.Start(); err != nil {
			t.Fatal(err)
		}
		n.until("its seeds tried", func() bool { return n.tried == 1 })
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("tried after %v, want one timeout for the name and one for the dial", took)
		}
		stop(n)
	})
}

// Nodes that are started together look for each other before they can be found.
func TestSeedThatComesALittleLaterIsFoundSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New(22)
		start := func(ip string, seeds ...string) *node {
			host, err := network.Host(ip + ":7946")
			if err != nil {
				t.Fatal(err)
			}
			cfg := config()
			cfg.Transport, cfg.Interval, cfg.Seeds = host, 10*time.Second, seeds
			n := newNode(t, cfg)
			if err := n.m.Start(); err != nil {
				t.Fatal(err)
			}
			return n
		}
		first := start("10.0.0.1", "10.0.0.2")
		first.until("its seeds tried", func() bool { return first.tried == 1 })
		second := start("10.0.0.2")
		began := time.Now()
		first.until("the other", func() bool { return first.met[second.id].Addr != "" })
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("found after %v, want it within two seconds", took)
		}
		stop(first, second)
	})
}

// mute is a resolver that does not answer.
type mute struct{}

func (mute) LookupNetIP(ctx context.Context, _, _ string) ([]netip.Addr, error) {
	<-ctx.Done()
	return nil, errors.New("no answer")
}

func TestOwnAddressIsNoSeed(t *testing.T) {
	at := netip.MustParseAddrPort
	m := &Mesh{own: []netip.AddrPort{at("10.0.0.1:7946"), at("0.0.0.0:7000")}}
	for addr, want := range map[string]bool{
		"10.0.0.1:7946":  true,
		"10.0.0.1:7947":  false,
		"127.0.0.1:7000": true,
		"127.0.0.1:7946": false,
		"10.0.0.2:7000":  false,
	} {
		if got := m.isOwn(at(addr)); got != want {
			t.Errorf("isOwn(%s) = %v", addr, got)
		}
	}
}
