package main

import (
	"context"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

// serveCommand is "rollcall serve". The tag field names the field of node.Config
// that a flag sets.
type serveCommand struct {
	Config text `placeholder:"FILE" group:"node" help:"Read flags from this YAML file, as lines of the form name: value. Flags win over variables, variables over the file."`

	Name     text `field:"Name" placeholder:"TEXT" group:"node" otherwise:"the host name" help:"Label for people; the identity of a node is random and new at every start."`
	Listen   text `field:"Listen" placeholder:"HOST:PORT" group:"node" default:"127.0.0.1:8080" help:"Public address: WebSockets, /healthz and /readyz."`
	Admin    text `field:"Admin" placeholder:"HOST:PORT" group:"node" default:"127.0.0.1:9090" help:"Address for operators."`
	AdminKey keys `field:"AdminKeys" placeholder:"KEY" group:"node" help:"Bearer key that --admin accepts, or @file. Needed unless --admin is on loopback."`

	Gossip    text       `field:"Gossip" placeholder:"HOST:PORT" group:"cluster" default:"127.0.0.1:7946" help:"UDP and TCP address between nodes."`
	Advertise text       `field:"Advertise" placeholder:"HOST:PORT" group:"cluster" otherwise:"the same" help:"Address at which other nodes reach --gossip."`
	Join      words      `field:"Join" placeholder:"HOST:PORT" group:"cluster" help:"Nodes to find the cluster by. A DNS name stands for all its addresses. Tried again for ever."`
	GossipKey base64Keys `field:"GossipKeys" placeholder:"KEY" group:"cluster" help:"16, 24 or 32 bytes in base64, or @file. Of several the first encrypts, all decrypt. Needed unless --gossip is on loopback."`
	Cluster   text       `field:"Cluster" placeholder:"TEXT" group:"cluster" default:"rollcall" help:"Clusters of different names never mix."`

	JWTSecret     secrets `name:"jwt-secret" field:"Auth.Secrets" placeholder:"SECRET" group:"tokens" help:"HS256 secret, or @file. To change it without a gap, repeat the flag with old and new."`
	JWTPublicKey  pems    `name:"jwt-public-key" field:"Auth.PublicKeys" placeholder:"@FILE" group:"tokens" help:"PEM key: RS256, PS256, ES256 or EdDSA by its type."`
	JWKSURL       words   `name:"jwks-url" field:"Auth.KeySetURLs" placeholder:"URL" group:"tokens" help:"Key set; fetched anew now and then, and for an unknown kid."`
	JWKSFile      files   `name:"jwks-file" field:"Auth.KeySets" placeholder:"FILE" group:"tokens" help:"Key set in a file."`
	JWTIssuer     words   `name:"jwt-issuer" field:"Auth.Issuers" placeholder:"TEXT" group:"tokens" help:"Demand one of these as claim iss."`
	JWTAudience   words   `name:"jwt-audience" field:"Auth.Audiences" placeholder:"TEXT" group:"tokens" help:"Demand one of these in claim aud."`
	UsernameClaim text    `field:"Auth.UsernameClaim" placeholder:"CLAIM" group:"tokens" default:"username" help:"Claim that names the user."`
	JWTLeeway     pause   `name:"jwt-leeway" field:"Auth.Leeway" placeholder:"TIME" group:"tokens" default:"5s" help:"Allowed difference of clocks."`

	Interval       pause  `field:"Interval" placeholder:"TIME" group:"presence" default:"10s" help:"Time between two signs of life of a node. Half of it: twice the idle traffic, and a crash is seen in half the time."`
	Timeout        pause  `field:"Timeout" placeholder:"TIME" group:"presence" otherwise:"interval × 1.3, which is the least" help:"How long after its last sign of life a node or socket is given up."`
	Grace          *pause `field:"Grace" placeholder:"TIME" group:"presence" otherwise:"timeout − interval" help:"How long somebody stays whose socket broke without goodbye. 0: every reload is a leave and a join."`
	Drain          *pause `field:"Drain" placeholder:"TIME" group:"presence" otherwise:"10s, or twice the grace if that is more" help:"How long a node that is told to stop takes to move its clients to others. At least twice the grace."`
	PublicChannels words  `field:"PublicChannels" placeholder:"NAME" group:"presence" otherwise:"* for tokens without rights of their own" help:"Channels open to every user, as names, or prefixes ending in *. Given but empty: none."`
	MaxRoster      number `field:"MaxRoster" placeholder:"N" group:"presence" default:"2000" help:"Members listed to one follower; counts go on exactly."`

	Origins         words  `field:"Origins" placeholder:"PATTERN" group:"sockets" otherwise:"the node's own host" help:"Browser origins that may connect, such as *.chat.example."`
	TLSCert         text   `name:"tls-cert" field:"TLSCert" placeholder:"FILE" group:"sockets" help:"PEM certificate of the public address, with those that vouch for it. Read again when it changes. Without one, let a proxy speak TLS."`
	TLSKey          text   `name:"tls-key" field:"TLSKey" placeholder:"FILE" group:"sockets" help:"PEM key of --tls-cert."`
	AllowAnonymous  toggle `field:"AllowAnonymous" group:"sockets" help:"Let sockets without a token watch public channels."`
	AllowQueryToken toggle `field:"AllowQueryToken" group:"sockets" help:"Accept ?access_token=, which ends up in the logs of proxies."`
	MaxFrame        number `field:"MaxFrame" placeholder:"BYTES" group:"sockets" default:"16KiB" help:"Largest frame of a client."`
	MaxData         number `field:"MaxData" placeholder:"BYTES" group:"sockets" default:"4KiB" help:"Largest data of a membership."`
	MaxChannels     number `field:"MaxChannels" placeholder:"N" group:"sockets" default:"100" help:"Most channels of one socket."`
	MaxUserSessions number `field:"MaxUserSessions" placeholder:"N" group:"sockets" default:"100" help:"Most sessions of one user in the cluster, as far as this node knows."`
	MaxSessions     number `field:"MaxSessions" placeholder:"N" group:"sockets" otherwise:"none but the open files that the system allows" help:"Most sessions of this node."`
	Rate            rate   `field:"Rate" placeholder:"N/BURST" group:"sockets" default:"50/200" help:"Requests of one socket in a second, and at once. Beyond it they wait; after 5 seconds of that the socket is closed."`

	WebhookURL    text   `name:"webhook-url" field:"WebhookURL" placeholder:"URL" group:"events" help:"Send events there, each from one node of the cluster."`
	WebhookSecret secret `name:"webhook-secret" field:"WebhookSecret" placeholder:"SECRET" group:"events" help:"Sign them with this secret, or @file, in the header X-Rollcall-Signature."`

	LogLevel  logLevel  `placeholder:"LEVEL" group:"log" default:"info" help:"debug, info, warn or error; every presence change at debug."`
	LogFormat logFormat `placeholder:"FORMAT" group:"log" default:"text" help:"text or json."`
}

// Help shows how one begins.
func (serveCommand) Help() string {
	return `The first node, on this machine only:

    rollcall serve --jwt-secret @secret.txt

Two nodes on a network, which need a key between them:

    rollcall keygen > gossip.key
    rollcall serve --listen :8080 --gossip 0.0.0.0:7946 --gossip-key @gossip.key --jwt-secret @secret.txt
    rollcall serve --listen :8080 --gossip 0.0.0.0:7946 --gossip-key @gossip.key --jwt-secret @secret.txt --join FIRST-HOST

The same from a file (rollcall serve --config rollcall.yaml):

    listen: :8080
    gossip: 0.0.0.0:7946
    gossip-key: "@gossip.key"
    jwt-secret: "@secret.txt"
    join: [10.0.0.7, 10.0.0.8]

Flags that take several values may be repeated, or hold them separated by commas. SIGTERM ends a node gracefully: within --drain its clients move to other nodes, which nobody sees. Whoever kills processes that do not end has to wait for --drain and 10 seconds more. A second SIGTERM ends it at once.`
}

// Run serves until ctx ends.
func (s *serveCommand) Run(ctx context.Context, p process) error {
	c := s.config()
	c.Logger = newLogger(p.stderr, s.LogLevel, s.LogFormat)
	if err := c.Validate(); err != nil {
		return err
	}
	if s.Drain != nil && *s.Drain == 0 && c.Drain == 0 {
		return &wrongValue{flag: "drain", value: "0s", want: "at least twice --grace"}
	}
	return p.serve(ctx, c)
}

// config returns what the flags say.
func (s *serveCommand) config() node.Config {
	c := node.Config{
		Name:            string(s.Name),
		Listen:          string(s.Listen),
		Admin:           string(s.Admin),
		Gossip:          string(s.Gossip),
		Advertise:       string(s.Advertise),
		Join:            s.Join,
		Cluster:         string(s.Cluster),
		Interval:        time.Duration(s.Interval),
		Timeout:         time.Duration(s.Timeout),
		PublicChannels:  s.PublicChannels,
		MaxRoster:       int(s.MaxRoster),
		Origins:         s.Origins,
		TLSCert:         string(s.TLSCert),
		TLSKey:          string(s.TLSKey),
		AllowAnonymous:  bool(s.AllowAnonymous),
		AllowQueryToken: bool(s.AllowQueryToken),
		MaxFrame:        int(s.MaxFrame),
		MaxData:         int(s.MaxData),
		MaxChannels:     int(s.MaxChannels),
		MaxUserSessions: int(s.MaxUserSessions),
		MaxSessions:     int(s.MaxSessions),
		Rate:            node.Rate(s.Rate),
		WebhookURL:      string(s.WebhookURL),
		WebhookSecret:   auth.Secret(s.WebhookSecret),
		Auth: auth.Config{
			Secrets:       s.JWTSecret,
			PublicKeys:    s.JWTPublicKey,
			KeySets:       s.JWKSFile,
			KeySetURLs:    s.JWKSURL,
			Issuers:       s.JWTIssuer,
			Audiences:     s.JWTAudience,
			UsernameClaim: string(s.UsernameClaim),
			Leeway:        time.Duration(s.JWTLeeway),
		},
	}
	for _, key := range s.AdminKey {
		c.AdminKeys = append(c.AdminKeys, string([]byte(key)))
	}
	for _, key := range s.GossipKey {
		c.GossipKeys = append(c.GossipKeys, key)
	}
	if s.Grace != nil {
		c.Grace = time.Duration(*s.Grace)
		if c.Grace == 0 {
			c.Grace = node.NoGrace // 0 there means the default
		}
	}
	if s.Drain != nil {
		c.Drain = time.Duration(*s.Drain)
		if c.Drain == 0 && c.Grace == node.NoGrace {
			c.Drain = node.NoDrain // 0 there means the default
		}
	}
	return c
}
