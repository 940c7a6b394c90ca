package node

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// journal keeps what a node logs, as JSON.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

// logger is for Config.Logger.
func (j *journal) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: level}))
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// find returns how many lines have all of these values.
func (j *journal) find(want map[string]string) (found int) {
lines:
	for line := range strings.Lines(j.String()) {
		var has map[string]any
		if json.Unmarshal([]byte(line), &has) != nil {
			continue
		}
		for key, value := range want {
			if has[key] != value {
				continue lines
			}
		}
		found++
	}
	return found
}

func TestEveryChangeOfPresenceIsLoggedAtDebug(t *testing.T) {
	inWorld(t, 11, func(w *world) {
		var a, b journal
		first := w.start(func(c *Config) { c.Logger = a.logger(slog.LevelDebug) })
		<-first.ready
		w.start(func(c *Config) { c.Logger = b.logger(slog.LevelDebug) })
		nodes := w.cluster(0)
		token := w.token("bob", 24*time.Hour)
		bob := w.openAs(nodes[0], "bob", client.Hello{Token: token})
		carol := w.open(nodes[1], "carol")
		bob.do(client.Request{Type: "join", Channel: "room", Data: []byte(`{"secret":"pudding"}`)})
		carol.join("room")
		bob.do(client.Request{Type: "update", Channel: "room", Data: []byte(`{"secret":"custard"}`)})
		bob.do(client.Request{Type: "status", Status: "busy"})
		bob.do(client.Request{Type: "state", State: "away"})
		carol.do(client.Request{Type: "leave", Channel: "room"})
		time.Sleep(10 * time.Second)
		bob.cut()
		time.Sleep(time.Minute)
		for _, want := range []map[string]string{
			{"msg": "session connected", "user": "bob", "cause": "began"},
			{"msg": "join", "channel": "room", "user": "bob", "cause": "began"},
			{"msg": "update", "channel": "room", "user": "bob", "cause": "changed"},
			{"msg": "user changed", "user": "bob", "was": "online", "is": "busy", "cause": "changed"},
			{"msg": "session away", "user": "bob", "cause": "changed"},
			{"msg": "leave", "channel": "room", "user": "bob", "reason": "closed", "cause": "ended"},
			{"msg": "session disconnected", "user": "bob", "reason": "closed", "cause": "ended"},
		} {
			want["level"], want["on"] = "DEBUG", nodes[0].host
			for _, j := range []*journal{&a, &b} {
				if j.find(want) == 0 {
					t.Errorf("no line has %v in:\n%s", want, j)
				}
			}
		}
		if a.find(map[string]string{"msg": "leave", "user": "carol", "reason": "left", "on": nodes[1].host}) != 1 {
			t.Errorf("a leave on another node is not logged once:\n%s", &a)
		}
		for _, secret := range []string{token, token[strings.LastIndexByte(token, '.'):], string(testAuth.Secrets[0]), "pudding", "custard"} {
			if strings.Contains(a.String(), secret) || strings.Contains(b.String(), secret) {
				t.Errorf("a log holds %q", secret)
			}
		}
	})
}

func TestPresenceIsNotLoggedAtInfo(t *testing.T) {
	inWorld(t, 12, func(w *world) {
		var j journal
		n := w.cluster(1, func(c *Config) { c.Logger = j.logger(slog.LevelInfo) })[0]
		w.open(n, "bob").join("room")
		time.Sleep(time.Minute)
		if strings.Contains(j.String(), "bob") || !strings.Contains(j.String(), "node is up") {
			t.Errorf("the log at info is:\n%s", &j)
		}
	})
}
