package node

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
)

var testAuth = auth.Config{Secrets: []auth.Secret{auth.Secret(strings.Repeat("s", 32))}}

func TestZeroConfigTakesDefaults(t *testing.T) {
	c, err := Config{Auth: testAuth}.check()
	if err != nil {
		t.Fatal(err)
	}
	if c.Name == "" || c.Logger == nil || c.Auth.Log == nil {
		t.Errorf("name %q, logger %v, auth log %v; want all set", c.Name, c.Logger, c.Auth.Log)
	}
	if c.Listen != "127.0.0.1:8080" || c.Admin != "127.0.0.1:9090" || c.Gossip != "127.0.0.1:7946" || c.Cluster != "rollcall" {
		t.Errorf("addresses and cluster are %+v", c)
	}
	if c.Interval != 10*time.Second || c.Timeout != 13*time.Second || c.Grace != 3*time.Second {
		t.Errorf("interval %v, timeout %v, grace %v; want 10s, 13s, 3s", c.Interval, c.Timeout, c.Grace)
	}
	if c.Drain != 10*time.Second {
		t.Errorf("drain %v, want 10s", c.Drain)
	}
	if c.MaxFrame != 16<<10 || c.MaxData != 4<<10 || c.MaxChannels != 100 || c.MaxRoster != 2000 || c.PublicChannels != nil ||
		c.MaxUserSessions != 100 || c.MaxSessions != 0 || c.Rate != (Rate{50, 200}) {
		t.Errorf("limits are %+v", c)
	}
}

func TestTimesFollowTheInterval(t *testing.T) {
	for _, tt := range []struct {
		interval, timeout, grace         time.Duration
		wantInterval, wantTimeout, wantG time.Duration
	}{
		{20 * time.Second, 0, 0, 20 * time.Second, 26 * time.Second, 6 * time.Second},
		{0, 20 * time.Second, 0, 10 * time.Second, 20 * time.Second, 10 * time.Second},
		{100 * time.Millisecond, 0, 0, 100 * time.Millisecond, 300 * time.Millisecond, 200 * time.Millisecond},
		{0, 0, NoGrace, 10 * time.Second, 13 * time.Second, 0},
		{0, 0, time.Minute, 10 * time.Second, 13 * time.Second, time.Minute},
	} {
		c, err := Config{Auth: testAuth, Interval: tt.interval, Timeout: tt.timeout, Grace: tt.grace}.check()
		if err != nil || c.Interval != tt.wantInterval || c.Timeout != tt.wantTimeout || c.Grace != tt.wantG {
			t.Errorf("%v, %v, %v gives %v, %v, %v, %v", tt.interval, tt.timeout, tt.grace, c.Interval, c.Timeout, c.Grace, err)
		}
	}
}

func TestDrainIsTwiceTheGraceAtLeast(t *testing.T) {
	for _, tt := range []struct{ interval, grace, drain, want time.Duration }{
		{0, 0, 6 * time.Second, 6 * time.Second},
		{0, 20 * time.Second, 0, 40 * time.Second},
		{time.Minute, 0, 0, 36 * time.Second},
		{0, NoGrace, 0, 10 * time.Second},
		{0, NoGrace, 1, 1},
		{0, 0, NoDrain, 0},
		{0, 50 * time.Minute, 0, time.Hour},
	} {
		c, err := Config{Auth: testAuth, Interval: tt.interval, Grace: tt.grace, Drain: tt.drain}.check()
		if err != nil || c.Drain != tt.want {
			t.Errorf("interval %v, grace %v, drain %v gives drain %v, %v; want %v", tt.interval, tt.grace, tt.drain, c.Drain, err, tt.want)
		}
	}
}

func TestWrongConfigNamesFieldValueAndWhatIsRight(t *testing.T) {
	key := []byte(strings.Repeat("k", 32))
	for _, tt := range []struct {
		field, value, want string // want is part of what is right
		config             Config
	}{
		{"Auth", "", "key", Config{}},
		{"Name", strings.Repeat("n", 129), "1 to 128", Config{Name: strings.Repeat("n", 129)}},
		{"Cluster", "a\nb", "control", Config{Cluster: "a\nb"}},
		{"Listen", "8080", ":8080", Config{Listen: "8080"}},
		{"Listen", "localhost:http", "host:port", Config{Listen: "localhost:http"}},
		{"Admin", "0.0.0.0:70000", "host:port", Config{Admin: "0.0.0.0:70000"}},
		{"AdminKeys", "", "0.0.0.0:9090", Config{Admin: "0.0.0.0:9090"}},
		{"AdminKeys", "", "0.0.0.0:9090", Config{Admin: "0.0.0.0:9090", GossipKeys: [][]byte{key}}},
		{"AdminKeys", "", "ASCII", Config{AdminKeys: []string{"good", "two words"}}},
		{"AdminKeys", "", "at least one", Config{AdminKeys: []string{""}}},
		{"GossipKeys", "", "node-1:7946 can be", Config{Gossip: "node-1:7946"}},
		{"GossipKeys", "", ":7946 can be reached", Config{Gossip: ":7946"}},
		{"GossipKeys", "", "at least one", Config{Gossip: "192.0.2.1:7946"}},
		{"GossipKeys", "5 bytes", "16, 24 or 32", Config{GossipKeys: [][]byte{key, key[:5]}}},
		{"Advertise", "0.0.0.0:7946", "others reach", Config{Advertise: "0.0.0.0:7946"}},
		{"Advertise", "10.0.0.7:x", "others reach", Config{Advertise: "10.0.0.7:x"}},
		{"Advertise", "", "[::]:7946 is none", Config{Gossip: "[::]:7946", GossipKeys: [][]byte{key}}},
		{"Join", ":7946", "host", Config{Join: []string{"a", ":7946"}}},
		{"Join", "a:b:c", "host", Config{Join: []string{"a:b:c"}}},
		{"Join", "a b:7946", "host", Config{Join: []string{"a b"}}},
		{"Join", "[::]:7946", "host", Config{Join: []string{"[::]:7946"}}},
		{"Interval", "49ms", "50ms to 10m", Config{Interval: 49 * time.Millisecond}},
		{"Interval", "-1s", "50ms", Config{Interval: -time.Second}},
		{"Timeout", "12.999s", "at least 13s", Config{Timeout: 13*time.Second - time.Millisecond}},
		{"Timeout", "299ms", "at least 300ms", Config{Interval: 100 * time.Millisecond, Timeout: 299 * time.Millisecond}},
		{"Timeout", "2h0m0s", "at most 1h", Config{Timeout: 2 * time.Hour}},
		{"Grace", "2h0m0s", "0s to 1h", Config{Grace: 2 * time.Hour}},
		{"Drain", "5.999s", "at least 6s", Config{Drain: 6*time.Second - time.Millisecond}},
		{"Drain", "10s", "at least 2m0s", Config{Grace: time.Minute, Drain: 10 * time.Second}},
		{"Drain", "1h0m0.001s", "at most 1h", Config{Drain: time.Hour + time.Millisecond}},
		{"PublicChannels", "a,b\n*", "names", Config{PublicChannels: []string{"a", "b\n*"}}},
		{"Origins", "[", "host", Config{Origins: []string{"["}}},
		{"WebhookURL", "chat.example", "an address such as", Config{WebhookURL: "chat.example"}},
		{"WebhookURL", "ftp://u:xxxxx@chat.example", "an address such as", Config{WebhookURL: "ftp://u:sesame@chat.example"}},
		{"WebhookURL", "", "there is a secret for it", Config{WebhookSecret: auth.Secret("s")}},
		{"MaxRoster", "-1", "1 to 100000", Config{MaxRoster: -1}},
		{"MaxData", "65537", "2 to 65536", Config{MaxData: 65537, MaxFrame: 1 << 20}},
		{"MaxFrame", "4096", "5120 to 1048576", Config{MaxFrame: 4096}},
		{"MaxFrame", "1048577", "to 1048576", Config{MaxFrame: 1<<20 + 1}},
		{"MaxUserSessions", "-1", "1 to 100000", Config{MaxUserSessions: -1}},
		{"MaxSessions", "-1", "0 to 10000000", Config{MaxSessions: -1}},
		{"Rate", "-1/200", "1 to 100000 a second", Config{Rate: Rate{-1, 200}}},
		{"Rate", "19/200", "20 to 100000 a second", Config{Interval: 100 * time.Millisecond, Rate: Rate{19, 200}}},
		{"Rate", "50/1000001", "a burst of 1 to 1000000", Config{Rate: Rate{50, 1_000_001}}},
		{"MaxChannels", "10001", "1 to 10000", Config{MaxChannels: 10001}},
	} {
		if tt.field != "Auth" {
			tt.config.Auth = testAuth
		}
		err := tt.config.Validate()
		wrong := new(ConfigError)
		if !errors.As(err, &wrong) || wrong.Field != tt.field || wrong.Value != tt.value || !strings.Contains(wrong.Want, tt.want) {
			t.Errorf("%s %q: got %v, want it right with %q", tt.field, tt.value, err, tt.want)
			continue
		}
		if text := err.Error(); !strings.Contains(text, wrong.Field) || !strings.Contains(text, wrong.Want) {
			t.Errorf("error %q lacks field or what is right", text)
		}
	}
}

func TestRightConfigIsTaken(t *testing.T) {
	key := []byte(strings.Repeat("k", 16))
	for name, c := range map[string]Config{
		"anonymous only":         {AllowAnonymous: true},
		"localhost needs no key": {Auth: testAuth, Admin: "localhost:0", Gossip: "[::1]:0"},
		"open to the network":    {Auth: testAuth, Listen: ":80", Admin: ":9090", AdminKeys: []string{"k"}, Gossip: "0.0.0.0:7946", GossipKeys: [][]byte{key}, Advertise: "[2001:db8::1]:7946"},
		"a name to reach it at":  {Auth: testAuth, Gossip: "[::]:7946", GossipKeys: [][]byte{key}, Advertise: "node-1.example"},
		"nothing is public":      {Auth: testAuth, PublicChannels: []string{}},
		"patterns":               {Auth: testAuth, PublicChannels: []string{"lobby", "room.*", "*"}, Origins: []string{"*.example", "https://chat.example:8443"}},
		"small":                  {Auth: testAuth, MaxFrame: 2 << 10, MaxData: 1 << 10, MaxChannels: 1, MaxRoster: 1},
	} {
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSeedsGetTheGossipPort(t *testing.T) {
	c, err := Config{Auth: testAuth, Join: []string{"seed.example", "10.0.0.7", "10.0.0.7:1", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:2"}}.check()
	want := []string{"seed.example:7946", "10.0.0.7:7946", "10.0.0.7:1", "[2001:db8::1]:7946", "[2001:db8::1]:7946", "[2001:db8::1]:2"}
	if err != nil || !slices.Equal(c.Join, want) {
		t.Errorf("join %v, %v; want %v", c.Join, err, want)
	}
}
