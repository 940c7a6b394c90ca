package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/cmd/rollcall/admin"
	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
)

// loadCommand is "rollcall load". What a scenario takes, and its defaults, are in [scenarios].
type loadCommand struct {
	URL         urls      `name:"url" placeholder:"URL" default:"ws://127.0.0.1:8080/v1/connect" help:"WebSocket address of a node. Several: the clients are spread over them."`
	Secret      secret    `required:"" variable:"ROLLCALL_JWT_SECRET" placeholder:"SECRET" help:"HS256 secret of the nodes, or @file: the clients' tokens are signed with it."`
	Clients     number    `placeholder:"N" otherwise:"1000; of silent 200" help:"Clients, each a user with one connection."`
	Members     number    `placeholder:"N" otherwise:"50; of joins 100" help:"Members of each channel."`
	Duration    *pause    `placeholder:"TIME" otherwise:"10s" help:"How long clients are idle, come and go, or fall silent one after the other."`
	Joins       number    `placeholder:"N" otherwise:"100" help:"How often somebody joins and leaves."`
	Rate        number    `variable:"ROLLCALL_LOAD_RATE" placeholder:"N" otherwise:"100" help:"Joins and leaves in a second, of all together."`
	Silent      number    `placeholder:"N" otherwise:"a tenth of the clients" help:"How many fall silent."`
	Jitter      *pause    `placeholder:"TIME" otherwise:"500ms" help:"Of which a client waits a random part before it comes back."`
	Grace       *pause    `variable:"ROLLCALL_LOAD_GRACE" placeholder:"TIME" otherwise:"3s" help:"Grace of the nodes: if all are back within it, nobody may have seen them go."`
	Concurrency number    `placeholder:"N" default:"64" help:"How many clients connect at a time."`
	Patience    pause     `placeholder:"TIME" default:"30s" help:"How long to wait for what a node should do."`
	Seed        number    `placeholder:"N" default:"1" help:"Decides what is random: who comes and goes, and when."`
	Prefix      text      `placeholder:"NAME" otherwise:"of the current time" help:"Beginning of the names of all users and channels."`
	Metrics     adminURLs `placeholder:"URL" help:"Admin address of each node, to show its processor time and memory."`
	Key         keys      `name:"admin-key" placeholder:"KEY" help:"Bearer key of these, or @file."`
	AllowRemote toggle    `help:"Load nodes that are not on this machine. They should be yours, and not in use."`
	JSON        toggle    `name:"json" help:"One JSON object, for machines."`
	Scenario    scenario  `arg:"" placeholder:"SCENARIO" help:"What to do: idle, accept, joins, mass, churn, storm or silent."`
}

// Help says what the scenarios are.
func (loadCommand) Help() string {
	return `These are the scenarios:

    idle    clients join channels and stay for a while
    accept  clients connect and join, as fast as they are let in
    joins   one user joins and leaves a channel, again and again
    mass    clients join one empty channel at the same moment, until everybody sees everybody
    churn   users join and leave at a fixed rate, however slow the nodes are
    storm   all connections are cut at once, and the clients come back
    silent  some clients say nothing any more, with their sockets open

    rollcall load --secret @jwt.secret --url ws://127.0.0.1:8081,ws://127.0.0.1:8082 --clients 2000 mass

Every client keeps what it is told, and all is compared with who really is there. The exit code is 0 if all of it was right, 1 if not, and 2 if what was asked for cannot be: an answer that is fast and wrong is worth nothing. Times are from a client's frame, or from when it was due, until a client has read what came of it; clients and nodes share the machine if both are on it.`
}

// Run puts the load on, and prints what came of it, also if it was ended early or found something.
func (l *loadCommand) Run(ctx context.Context, p process) error {
	s := scenarios[l.Scenario]
	if err := errors.Join(l.checkFlags(s), l.checkHosts()); err != nil {
		return err
	}
	shown := newLoadProgress(p.stderr)
	report, err := s.run(ctx, l.options(shown), l)
	shown.end()
	if err != nil && ctx.Err() == nil && onlyFindings(err) == nil {
		return err // it came to nothing
	}
	if ctx.Err() != nil {
		err = errors.Join(errors.New("load: ended early, and this is what there is"), onlyFindings(err))
	}
	if l.JSON {
		out := json.NewEncoder(p.stdout)
		out.SetIndent("", "  ")
		return errors.Join(out.Encode(report), err)
	}
	return errors.Join(printLoad(p.stdout, report), err)
}

// onlyFindings returns of an error what the server did wrong.
func onlyFindings(err error) error {
	var wrong *load.WrongError
	if errors.As(err, &wrong) {
		return wrong
	}
	return nil
}

func (l *loadCommand) options(shown *loadProgress) load.Options {
	o := load.Options{
		Dialect: load.Rollcall{Token: l.token}, URLs: l.URL, Run: string(l.Prefix),
		Concurrency: int(l.Concurrency), Patience: time.Duration(l.Patience), Progress: shown.show,
	}
	if len(l.Metrics) > 0 {
		nodes := (&operator{Admin: l.Metrics, Key: l.Key}).clients()
		o.Meter = func(ctx context.Context) (load.Usage, error) { return usage(ctx, nodes) }
	}
	return o
}

// token signs a token that outlives any load.
func (l *loadCommand) token(user string) (string, error) {
	return auth.Sign(l.Secret, auth.Claims{User: user, Expires: time.Now().Add(24 * time.Hour)})
}

// usage is what nodes have used so far, together.
func usage(ctx context.Context, nodes []*admin.Client) (all load.Usage, err error) {
	for _, n := range nodes {
		figures, err := n.Figures(ctx)
		if err != nil {
			return all, fmt.Errorf("metrics of %s: %w", n.URL, err)
		}
		all.CPU += time.Duration(figures.CPU * float64(time.Second))
		all.Resident += int64(figures.Resident)
	}
	return all, nil
}

// checkHosts refuses what is not on this machine, unless it is meant.
func (l *loadCommand) checkHosts() error {
	for _, address := range l.URL {
		u, err := url.Parse(address)
		if err != nil {
			return err // it was parsed before
		}
		ip := net.ParseIP(u.Hostname())
		if !bool(l.AllowRemote) && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return &wrongValue{flag: "url", value: address, want: "a node on the loopback of this machine, or --allow-remote"}
		}
	}
	return nil
}
