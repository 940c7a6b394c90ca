package compare

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/dialect"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/limit"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/process"
)

// Role is what a system is in the table for.
type Role string

// Every system has one of these.
const (
	Ours  Role = "ours"  // what the targets are for
	Limit Role = "limit" // does only the unavoidable part
	Peer  Role = "peer"  // what somebody would take instead
)

// System is a presence server that can be started.
type System struct {
	Name  string // by which it is chosen
	Title string // in tables
	Role  Role
	parts []string // of a peer: what has a version
	start func(ctx context.Context, l *launch) (*running, error)
}

// has reports whether a part can be measured. Limits judge nobody who falls silent, and the
// client of sc-stateless-presence infers it from timers, which the load has none of.
func (s System) has(part string) bool {
	return part != "silent" || s.Role != Limit && s.Name != "socketcluster"
}

// running is a system that is up, with one node.
type running struct {
	url       string
	dialect   load.Dialect
	processes []*process.Process // all of which count
	folder    string             // removed at the end; empty: none
}

func (r *running) stop() {
	for _, p := range r.processes {
		p.Kill() // nothing of it is kept
	}
	if r.folder != "" {
		_ = os.RemoveAll(r.folder) // it is in the system's folder for what may be lost
	}
}

// launch is what it takes to start any system.
type launch struct {
	peers  string // the folder of their programs
	secret string // of tokens
}

func newLaunch(peers string) *launch {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	return &launch{peers: peers, secret: base64.StdEncoding.EncodeToString(random[:])}
}

func (l *launch) token(user string) (string, error) {
	now := time.Now()
	return auth.Sign([]byte(l.secret), auth.Claims{User: user, IssuedAt: now, Expires: now.Add(time.Hour)})
}

// Rollcall is a node of this program.
func Rollcall(name, title, program string) System {
	return System{name, title, Ours, nil, func(ctx context.Context, l *launch) (*running, error) {
		var listen string
		p, err := process.Start(ctx, process.Command{
			Name: name, Program: program, Env: []string{"ROLLCALL_JWT_SECRET=" + l.secret},
			Args: []string{"serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--gossip", "127.0.0.1:0", "--log-format", "json"},
			Heard: func(text string) (up, show bool) {
				var line struct{ Level, Listen string }
				err := json.Unmarshal([]byte(text), &line)
				if line.Listen != "" {
					listen = line.Listen
				}
				return line.Listen != "", err != nil || line.Level != "INFO"
			},
		})
		if err != nil {
			return nil, err
		}
		return &running{url: "ws://" + listen + "/v1/connect", dialect: load.Rollcall{Token: l.token}, processes: []*process.Process{p}}, nil
	}}
}

// Limits are the limit programs, which this program starts itself as.
func Limits() []System {
	of := func(name, kind, title string) System {
		return System{name, title, Limit, nil, func(ctx context.Context, l *launch) (*running, error) {
			self, err := os.Executable()
			if err != nil {
				return nil, err
			}
			r, err := listening(ctx, l, name, self, "--limit="+kind)
			if err != nil {
				return nil, err
			}
			r.dialect, r.url = load.Rollcall{Token: l.token}, "ws://"+r.url+"/"
			return r, nil
		}}
	}
	return []System{
		of("limit", limit.Goroutines, "limit: a goroutine on a socket"),
		of("epoll", limit.Epoll, "limit: epoll"),
	}
}

// Peers are the programs in the folder peers.
func Peers() []System {
	return []System{
		{"socketio", "Socket.IO rooms", Peer, []string{"socket.io", nodeJS}, startSocketIO},
		{"faye", "faye-presence + Redis", Peer, []string{"faye-presence", "faye", nodeJS, redis}, startFaye},
		{"socketcluster", "sc-stateless-presence on SocketCluster", Peer, []string{"sc-stateless-presence", "socketcluster", nodeJS}, startSocketCluster},
	}
}

func startSocketIO(ctx context.Context, l *launch) (*running, error) {
	r, err := listening(ctx, l, "socketio", "node", filepath.Join(l.peers, "socketio.js"), anyPort)
	if err != nil {
		return nil, err
	}
	r.dialect, r.url = dialect.SocketIO{Token: l.token}, "ws://"+r.url+"/socket.io/?EIO=4&transport=websocket"
	return r, nil
}

func startSocketCluster(ctx context.Context, l *launch) (*running, error) {
	port, err := freePort() // its processes must all be told the same
	if err != nil {
		return nil, err
	}
	r, err := listening(ctx, l, "socketcluster", "node", filepath.Join(l.peers, "socketcluster.js"), port)
	if err != nil {
		return nil, err
	}
	r.dialect, r.url = dialect.SocketCluster{Token: l.token}, "ws://"+r.url+"/socketcluster/"
	return r, nil
}

func startFaye(ctx context.Context, l *launch) (*running, error) {
	folder, err := os.MkdirTemp("", "rollcall-bench-redis-")
	if err != nil {
		return nil, err
	}
	redis, port, err := startRedis(ctx, folder)
	if err != nil {
		_ = os.RemoveAll(folder)
		return nil, err
	}
	r, err := listening(ctx, l, "faye", "node", filepath.Join(l.peers, "faye.js"), anyPort, port)
	if err != nil {
		redis.Kill()
		_ = os.RemoveAll(folder)
		return nil, err
	}
	r.processes, r.folder = append(r.processes, redis), folder
	r.dialect, r.url = dialect.Faye{Token: l.token}, "ws://"+r.url+"/faye"
	return r, nil
}

// startRedis starts one that keeps nothing on disk, which is in the peer's favour.
func startRedis(ctx context.Context, folder string) (p *process.Process, port string, err error) {
	if port, err = freePort(); err != nil { // it tells nobody which one it chose
		return nil, "", err
	}
	p, err = process.Start(ctx, process.Command{
		Name: "redis", Program: "redis-server",
		Args:  []string{"--bind", "127.0.0.1", "--port", port, "--dir", folder, "--save", "", "--appendonly", "no"},
		Heard: func(line string) (up, show bool) { return strings.Contains(line, "Ready to accept connections"), false },
	})
	return p, port, err
}

// anyPort lets a program choose.
const anyPort = "0"

// listening starts a program that takes a port, listens on loopback, and prints "ready" and its port. The url
// is only its address so far.
func listening(ctx context.Context, l *launch, name, program string, args ...string) (*running, error) {
	var port string
	p, err := process.Start(ctx, process.Command{
		Name: name, Program: program, Env: []string{"PEER_SECRET=" + l.secret}, Args: args,
		Heard: func(line string) (up, show bool) {
			said, ok := strings.CutPrefix(line, "ready ")
			if ok {
				port = said
			}
			return ok, !ok
		},
	})
	if err != nil {
		return nil, err
	}
	return &running{url: "127.0.0.1:" + port, processes: []*process.Process{p}}, nil
}

// freePort returns a port that nobody had a moment ago.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

// errNoPeers tells how to get them.
var errNoPeers = errors.New("the peers are not installed: scripts/bench --peers does it")

// CheckPeers looks for what npm installs in the folder of the peers. Whether there is Redis shows
// when its version is asked for.
func CheckPeers(folder string) error {
	if _, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json")); err != nil {
		return fmt.Errorf("%w (%w)", errNoPeers, err)
	}
	return nil
}
