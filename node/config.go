package node

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/gossip/mesh"
)

// Config says what a node serves, whom it trusts and how patient it is. A zero
// field takes its default; what is wrong is found by [New], or beforehand by
// [Config.Validate], and told as a [*ConfigError].
type Config struct {
	// Name is a label for people, in welcomes, logs and lists of nodes; the
	// identity of a node is random and new at every start. Default the host
	// name. 1 to 128 bytes of valid UTF-8 without control characters.
	Name string

	// Listen is the public TCP address: WebSockets, /healthz, /readyz.
	// Default 127.0.0.1:8080; port 0 takes a free one.
	Listen string

	// Admin is the TCP address for operators. Default 127.0.0.1:9090.
	// Anything but loopback needs AdminKeys.
	Admin string

	// AdminKeys are the bearer keys that Admin accepts, any of them. None means
	// that whoever reaches Admin may use it.
	AdminKeys []string

	// Gossip is the address, UDP and TCP, on which nodes talk to each other.
	// Default 127.0.0.1:7946. Anything but loopback needs GossipKeys.
	Gossip string

	// Advertise is the host or host:port at which other nodes reach Gossip, where
	// a NAT or container makes it another one; a name is looked up once, at the
	// start. Default Gossip or, if that is 0.0.0.0, a private address of this machine.
	Advertise string

	// Join names nodes to find the cluster by: a host or host:port, 7946 if no
	// port is given; a DNS name stands for all its addresses. Default none,
	// which makes a cluster of one that others may join. Tried for ever.
	Join []string

	// GossipKeys encrypt what nodes tell each other: 16, 24 or 32 bytes each.
	// The first encrypts, all decrypt. To change a key without a gap, start
	// every node with [old, new], then with [new, old], then with [new].
	GossipKeys [][]byte

	// Cluster keeps clusters apart that can reach each other: nodes with
	// another label are refused. Default "rollcall". As long as a Name.
	Cluster string

	// Auth says which tokens are good. It must hold a key, unless AllowAnonymous
	// is set: without one nobody can prove who he is. Its Log defaults to Logger.
	Auth auth.Config

	// Interval is the time between two pings of a node, to its peers and to a
	// silent socket. Default 10s, 50ms to 10m. Halving it doubles the idle
	// traffic and halves the time until a crash is seen.
	Interval time.Duration

	// Timeout is how long after its last sign of life a node or socket is
	// given up. Default Interval × 1.3. At least that and Interval + 200ms:
	// below, a late node has no time to answer the question whether it lives.
	// At most 1h.
	Timeout time.Duration

	// Grace is how long a session still counts whose socket broke without
	// goodbye. Default Timeout − Interval, at most 1h; any negative value,
	// such as [NoGrace], means none: then every reload is a leave and a join.
	Grace time.Duration

	// Drain is how long a node that is told to stop takes to move its clients to
	// others: each is told to go at a moment of its own, and is served until then.
	// Default 10s, or twice Grace if that is more; at least twice Grace, at most 1h.
	// Whoever kills a node that does not end must wait for longer than this. Any
	// negative value, such as [NoDrain], means that all clients are closed at once.
	Drain time.Duration

	// PublicChannels are open to every authenticated user, whatever rights the
	// token grants, as [auth.ParsePublic] reads them: names, or prefixes ending
	// in "*". Nil means "*", but only for tokens that carry no rights of their
	// own; empty means none.
	PublicChannels []string

	// MaxRoster is how many members are listed to one follower of a channel;
	// counts go on exactly. Default 2000, 1 to 100,000. A join of a channel
	// sends up to this many members to the joiner.
	MaxRoster int

	// Origins are patterns of browser origins that may connect: hosts, or
	// scheme://host, with "*" and "?" as in [path.Match]. Default none but the
	// node's own host. Clients that send no Origin are not browsers and pass.
	Origins []string

	// AllowAnonymous lets sockets without a token watch public channels.
	AllowAnonymous bool

	// AllowQueryToken accepts ?access_token= at the upgrade. URLs end up in
	// the logs of proxies, and with them the tokens.
	AllowQueryToken bool

	// TLSCert and TLSKey are the paths of a certificate, in PEM with those that vouch for
	// it, and of its key, for Listen. They are read again when they change. Both or
	// none, the default: then a proxy should speak TLS.
	TLSCert, TLSKey string

	// MaxFrame bounds one frame from a client, in bytes. Default 16 KiB, 2 KiB
	// to 1 MiB, and at least MaxData + 1 KiB, so that the data fits in.
	MaxFrame int

	// MaxData bounds the data of one membership, in bytes of JSON. Default
	// 4 KiB, 2 bytes to 64 KiB. Every node of the cluster keeps a copy.
	MaxData int

	// MaxChannels bounds the channels of one socket, joined and watched
	// together. Default 100, 1 to 10,000.
	MaxChannels int

	// MaxUserSessions bounds the sessions of one user in the cluster, as far as
	// this node knows of them. Sessions in grace, and the one that a new one resumes,
	// do not count. Default 100, 1 to 100,000.
	MaxUserSessions int

	// MaxSessions bounds the sessions of this node, anonymous ones included. 0, the
	// default, means as many as the system allows open files for. At most 10,000,000.
	MaxSessions int

	// Rate bounds the requests of one socket: beyond it, they wait. A zero field
	// takes its default, 50 a second and four seconds' worth at once. At least two
	// an Interval, since answers to pings are among them.
	Rate Rate

	// WebhookURL is where events are sent, each by one node of the cluster, which all
	// need the same. It may hold a user and a password. Default none: nothing is sent.
	WebhookURL string

	// WebhookSecret signs what is sent, in the header X-Rollcall-Signature, so that the
	// receiver knows from whom it comes. Default none: nothing is signed.
	WebhookSecret auth.Secret

	// Logger takes what a person may want to know, each line with "node" and the
	// Name; every presence change at debug. Default [slog.Default].
	Logger *slog.Logger

	// Tests put a node on a network of their own.
	system           system                                  // instead of what is found, unless zero
	transport        mesh.Transport                          // instead of Gossip
	maxBehind        int                                     // instead of the constant, unless 0
	webhookTransport http.RoundTripper                       // instead of the default
	listen           func(addr string) (net.Listener, error) // instead of TCP
}

// NoGrace is a [Config.Grace] of nothing: a broken socket is a leave at once.
const NoGrace time.Duration = -1

// NoDrain is a [Config.Drain] of nothing: a node that is told to stop closes its
// sockets at once, as for tests and where there is no other node to go to.
const NoDrain time.Duration = -1

const (
	defaultGossipPort = "7946"
	defaultDrain      = 10 * time.Second
	maxLabel          = 128 // bytes of Name and Cluster
	minInterval       = 50 * time.Millisecond
	maxInterval       = 10 * time.Minute
	maxPatience       = time.Hour              // of Timeout, Grace and Drain
	questionTime      = 200 * time.Millisecond // least time to ask a late node, beyond Interval
	frameRoom         = 1 << 10                // of a frame, for what is not data
	maxRate           = 100_000                // requests a second
	maxBurst          = 1_000_000
)

// ConfigError says which field of a [Config] cannot work, and what would.
type ConfigError struct {
	Field string // name of the field, such as "Timeout"
	Value string // as a person would write it; empty if it is unset or a secret
	Want  string // what is right, such as "at least 13s"
}

// Error names the field, its value and what is right.
func (e *ConfigError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("node: config: %s: want %s", e.Field, e.Want)
	}
	return fmt.Sprintf("node: config: %s is %q, want %s", e.Field, e.Value, e.Want)
}

// Validate returns the [*ConfigError] that [New] would, and opens nothing.
func (c Config) Validate() error {
	_, err := c.check()
	return err
}

// check returns c with its defaults filled in, or the reason why it cannot
// work. What it returns is not to be checked again: there, no Grace
// and no Drain are 0.
func (c Config) check() (Config, error) {
	c = c.withDefaults()
	for _, check := range []func() error{
		c.checkLabels, c.checkAddresses, c.checkKeys, c.checkPace, c.checkPatterns, c.checkLimits, c.checkWebhook,
	} {
		if err := check(); err != nil {
			return c, err
		}
	}
	c.Join = withPort(c.Join, defaultGossipPort)
	c.Grace, c.Drain = max(c.Grace, 0), max(c.Drain, 0)
	return c, nil
}

func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name, _ = os.Hostname() // none is refused as an empty name
	}
	c.Listen = cmp.Or(c.Listen, "127.0.0.1:8080")
	c.Admin = cmp.Or(c.Admin, "127.0.0.1:9090")
	c.Gossip = cmp.Or(c.Gossip, "127.0.0.1:"+defaultGossipPort)
	c.Cluster = cmp.Or(c.Cluster, "rollcall")
	c.Interval = cmp.Or(c.Interval, 10*time.Second)
	c.Timeout = cmp.Or(c.Timeout, leastTimeout(c.Interval))
	c.Grace = cmp.Or(c.Grace, c.Timeout-c.Interval)
	c.Drain = cmp.Or(c.Drain, min(max(defaultDrain, 2*c.Grace), maxPatience))
	c.MaxRoster = cmp.Or(c.MaxRoster, 2000)
	c.MaxFrame = cmp.Or(c.MaxFrame, 16<<10)
	c.MaxData = cmp.Or(c.MaxData, 4<<10)
	c.MaxChannels = cmp.Or(c.MaxChannels, 100)
	c.MaxUserSessions = cmp.Or(c.MaxUserSessions, 100)
	c.Rate.PerSecond = cmp.Or(c.Rate.PerSecond, 50)
	c.Rate.Burst = cmp.Or(c.Rate.Burst, 4*c.Rate.PerSecond)
	c.Logger = cmp.Or(c.Logger, slog.Default()).With("node", c.Name)
	c.Auth.Log = cmp.Or(c.Auth.Log, c.Logger)
	if c.listen == nil {
		c.listen = func(addr string) (net.Listener, error) { return net.Listen("tcp", addr) }
	}
	return c
}

// leastTimeout is the default of Timeout and its lower bound.
func leastTimeout(interval time.Duration) time.Duration {
	return max(interval*13/10, interval+questionTime)
}

func (c Config) checkPace() error {
	least := leastTimeout(c.Interval)
	switch {
	case c.Interval < minInterval || c.Interval > maxInterval:
		return &ConfigError{"Interval", c.Interval.String(), fmt.Sprintf("%v to %v", minInterval, maxInterval)}
	case c.Timeout < least:
		return &ConfigError{"Timeout", c.Timeout.String(),
			fmt.Sprintf("at least %v (interval × 1.3, and interval + %v)", least, questionTime)}
	case c.Timeout > maxPatience:
		return &ConfigError{"Timeout", c.Timeout.String(), fmt.Sprintf("at most %v", maxPatience)}
	case c.Grace > maxPatience:
		return &ConfigError{"Grace", c.Grace.String(), fmt.Sprintf("0s to %v", maxPatience)}
	case c.Drain >= 0 && c.Drain < min(2*c.Grace, maxPatience):
		return &ConfigError{"Drain", c.Drain.String(), fmt.Sprintf("at least %v (2 × grace)", min(2*c.Grace, maxPatience))}
	case c.Drain > maxPatience:
		return &ConfigError{"Drain", c.Drain.String(), fmt.Sprintf("at most %v", maxPatience)}
	}
	return nil
}

func (c Config) checkKeys() error {
	for _, key := range c.GossipKeys {
		if n := len(key); n != 16 && n != 24 && n != 32 {
			return &ConfigError{"GossipKeys", fmt.Sprintf("%d bytes", n), "16, 24 or 32 bytes"}
		}
	}
	if slices.ContainsFunc(c.AdminKeys, func(key string) bool { return key == "" || strings.ContainsFunc(key, notInHeader) }) {
		return &ConfigError{"AdminKeys", "", "printable ASCII without spaces, at least one character"}
	}
	if !hasKeys(c.Auth) && !c.AllowAnonymous {
		return &ConfigError{"Auth", "", "a secret, public key or key set to verify tokens with"}
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return &ConfigError{map[bool]string{true: "TLSCert", false: "TLSKey"}[c.TLSCert == ""], "", "the path of a file, since certificate and key need each other"}
	}
	if len(c.GossipKeys) == 0 && !onLoopback(c.Gossip) {
		return &ConfigError{"GossipKeys", "", fmt.Sprintf("at least one, since %s can be reached from other machines", c.Gossip)}
	}
	if len(c.AdminKeys) == 0 && !onLoopback(c.Admin) {
		return &ConfigError{"AdminKeys", "", fmt.Sprintf("at least one, since %s can be reached from other machines", c.Admin)}
	}
	return nil
}

func hasKeys(a auth.Config) bool {
	return len(a.Secrets)+len(a.PublicKeys)+len(a.KeySets)+len(a.KeySetURLs) > 0
}

// notInHeader tells what cannot stand in a bearer key.
func notInHeader(r rune) bool { return r <= ' ' || r > '~' }

func (c Config) checkLimits() error {
	for _, limit := range []struct {
		field       string
		n, from, to int
	}{
		{"MaxRoster", c.MaxRoster, 1, 100_000},
		{"MaxData", c.MaxData, len("{}"), 64 << 10},
		{"MaxFrame", c.MaxFrame, max(2<<10, c.MaxData+frameRoom), 1 << 20},
		{"MaxChannels", c.MaxChannels, 1, 10_000},
		{"MaxUserSessions", c.MaxUserSessions, 1, 100_000},
		{"MaxSessions", c.MaxSessions, 0, 10_000_000},
	} {
		if limit.n < limit.from || limit.n > limit.to {
			return &ConfigError{limit.field, fmt.Sprint(limit.n), fmt.Sprintf("%d to %d", limit.from, limit.to)}
		}
	}
	return c.checkRate()
}

// checkRate leaves room for the answers to pings besides other requests.
func (c Config) checkRate() error {
	least := max(1, int(2*time.Second/c.Interval))
	if r := c.Rate; r.PerSecond < least || r.PerSecond > maxRate || r.Burst < 1 || r.Burst > maxBurst {
		return &ConfigError{"Rate", r.String(), fmt.Sprintf("%d to %d a second, and a burst of 1 to %d", least, maxRate, maxBurst)}
	}
	return nil
}
