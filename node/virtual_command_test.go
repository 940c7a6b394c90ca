package node

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

func TestDisconnectClosesEverySocketOfAUserWhereverItIs(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(3)
		var tabs []*tab
		for _, n := range append(nodes, nodes[1]) {
			b := w.open(n, "alice/1")
			b.join("room")
			tabs = append(tabs, b)
		}
		tabs[0].cut() // in grace, and no socket to close
		bob := w.open(nodes[2], "bob")
		bob.join("room")
		time.Sleep(time.Second)
		bob.seen()

		r := w.api(nodes[2], "POST", "/v1/users/alice%2F1/disconnect", `{"reason":"spam – go away"}`)
		var got commanded
		r.decode(w, &got)
		by := map[string]int{}
		for _, d := range got.Nodes {
			by[d.Node] = d.Sessions
			if d.Error != "" || d.NodeID == "" {
				t.Errorf("done: %+v", d)
			}
		}
		if r.status != 200 || got.Sessions != 4 || len(by) != 3 || by[nodes[0].host] != 1 || by[nodes[1].host] != 2 || by[nodes[2].host] != 1 {
			t.Errorf("answered %d %s", r.status, r.body)
		}
		if u := nodes[2].User("alice/1"); len(u.Sessions) != 0 || u.Status != "offline" { // not a moment later
			t.Errorf("she is still there: %+v", u)
		}
		for _, b := range tabs[1:] {
			b.wantClosed(time.Second, protocol.CloseForbidden)
		}
		bob.wantNews("room leave of alice/1 kicked")
		w.api(nodes[2], "POST", "/v1/users/alice%2F1/disconnect", `{}`).wantRefused(w, 404, "not_found", "session")
		bob.wantUsers("room", "bob")
		if kicked := nodes[1].stats.Kicked; kicked != 2 {
			t.Errorf("%d sockets are counted, want 2", kicked)
		}
	})
}

func TestDisconnectNeedsNoReason(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(2)
		for _, body := range []string{"", "{}", `{"reason":""}`} {
			alice := w.open(nodes[0], "alice")
			time.Sleep(settled)
			if r := w.api(nodes[1], "POST", "/v1/users/alice/disconnect", body, "Content-Type", "application/json"); r.status != 200 {
				t.Errorf("%q is answered %d %s", body, r.status, r.body)
			}
			alice.wantClosed(time.Second, protocol.CloseForbidden)
		}
		alice := w.open(nodes[0], "alice")
		time.Sleep(settled)
		if n, err := nodes[1].Disconnect("alice"); n != 1 || err != nil {
			t.Errorf("Disconnect returns %d, %v", n, err)
		}
		alice.wantClosed(time.Second, protocol.CloseForbidden)
		if n, err := nodes[1].Disconnect("alice"); n != 0 || !errors.Is(err, ErrNoSession) {
			t.Errorf("Disconnect of nobody returns %d, %v", n, err)
		}
	})
}

func TestOneSessionIsEndedWhereverItIs(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(2, func(c *Config) { c.AllowAnonymous = true })
		phone, desk, nobody := w.open(nodes[0], "alice"), w.open(nodes[0], "alice"), w.openAs(nodes[0], "nobody", client.Hello{})
		time.Sleep(settled)
		for _, b := range []*tab{phone, nobody} {
			path := "/v1/sessions/" + b.last("welcome").Session
			if r := w.api(nodes[1], "DELETE", path, ""); r.status != 200 || !strings.HasPrefix(string(r.body), `{"sessions":1,"nodes":[{"node":"`+nodes[0].host+`"`) {
				t.Errorf("answered %d %s", r.status, r.body)
			}
			b.wantClosed(time.Second, protocol.CloseForbidden)
			w.api(nodes[1], "DELETE", path, "").wantRefused(w, 404, "not_found", "session")
		}
		if u := nodes[1].User("alice"); len(u.Sessions) != 1 || u.Sessions[0].ID != desk.last("welcome").Session {
			t.Errorf("alice is %+v, want her other session left", u)
		}
		for _, id := range []string{"nonsense", "-", "x-1", nodes[0].id.String(), nodes[0].id.String() + "-zzz", strings.Repeat("0", 32) + "-1"} {
			w.api(nodes[1], "DELETE", "/v1/sessions/"+id, "").wantRefused(w, 404, "not_found", "session")
		}
	})
}

func TestAStatusIsChosenForAUserOnAnotherNode(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(3)
		phone, desk := w.open(nodes[0], "alice"), w.open(nodes[1], "alice")
		bob := w.open(nodes[0], "bob")
		bob.follow("alice")
		time.Sleep(time.Second)
		for _, n := range nodes { // one that holds nothing, and two that do
			for _, status := range []string{"busy", "offline", "online"} {
				r := w.api(n, "PUT", "/v1/users/alice/status", `{"status":"`+status+`","text":"by `+n.host+`"}`)
				var u UserDetails
				r.decode(w, &u)
				if r.status != 200 || u.Chosen != status || u.Status != status || u.Connection != "online" || u.Text != "by "+n.host {
					t.Errorf("%s answers %d %s", n.host, r.status, r.body)
				}
				time.Sleep(time.Second)
				if told := bob.told("alice"); len(told) == 0 || told[len(told)-1].Status != status {
					t.Errorf("bob was told %+v, want %s in the end", told, status)
				}
			}
		}
		if err := nodes[2].SetStatus("alice", "busy"); err != nil {
			t.Error(err)
		}
		if err := nodes[2].SetStatus("alice", "asleep"); err == nil {
			t.Error("any word is taken for a status")
		}
		if err := nodes[2].SetStatus("carol", "busy"); !errors.Is(err, ErrNoSession) {
			t.Errorf("a status for who is not here: %v", err)
		}
		w.api(nodes[2], "PUT", "/v1/users/carol/status", `{"status":"busy"}`).wantRefused(w, 404, "not_found", "session")
		phone.bye()
		desk.bye()
		time.Sleep(settled)
		w.api(nodes[2], "PUT", "/v1/users/alice/status", `{"status":"busy"}`).wantRefused(w, 404, "not_found", "session")
	})
}

func TestWrongCommandsAreRefusedAndDoNothing(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.cluster(1)[0]
		alice := w.open(n, "alice")
		long := strings.Repeat("x", 257)
		for _, tt := range []struct {
			method, path, body string
			status             int
			code, message      string
		}{
			{"PUT", "/v1/users/alice/status", `{}`, 400, "bad_request", "status"},
			{"PUT", "/v1/users/alice/status", `{"status":"asleep"}`, 400, "bad_request", "busy"},
			{"PUT", "/v1/users/alice/status", `{"status":1}`, 400, "bad_request", "status"},
			{"PUT", "/v1/users/alice/status", `{"status":null}`, 400, "bad_request", "status"},
			{"PUT", "/v1/users/alice/status", `{"status":"busy","text":7}`, 400, "bad_request", "text"},
			{"PUT", "/v1/users/alice/status", `{"status":"busy","text":"` + long + `"}`, 413, "too_large", "256"},
			{"PUT", "/v1/users/alice/status", `busy`, 400, "bad_request", "object"},
			{"PUT", "/v1/users/a%00/status", `{"status":"busy"}`, 400, "bad_request", "control"},
			{"POST", "/v1/users/alice/disconnect", `[]`, 400, "bad_request", "object"},
			{"POST", "/v1/users/alice/disconnect", `{"reason":1}`, 400, "bad_request", "reason"},
			{"POST", "/v1/users/alice/disconnect", `{"reason":"` + long[:124] + `"}`, 400, "bad_request", "123"},
			{"POST", "/v1/users/alice/disconnect", `{"reason":"a\nb"}`, 400, "bad_request", "control"},
			{"POST", "/v1/users/" + long + "/disconnect", `{}`, 400, "bad_request", "257 bytes"},
			{"DELETE", "/v1/users/alice", "", 405, "method_not_allowed", ""},
			{"GET", "/v1/users/alice/status", "", 405, "method_not_allowed", ""},
			{"GET", "/v1/users/alice/disconnect", "", 405, "method_not_allowed", ""},
			{"GET", "/v1/sessions/" + alice.last("welcome").Session, "", 405, "method_not_allowed", ""},
			{"DELETE", "/v1/sessions/", "", 404, "not_found", ""},
		} {
			w.api(n, tt.method, tt.path, tt.body).wantRefused(w, tt.status, tt.code, tt.message)
		}
		for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded"} {
			w.api(n, "PUT", "/v1/users/alice/status", `{"status":"busy"}`, "Content-Type", kind).wantRefused(w, 415, "unsupported_media_type", "")
			w.api(n, "POST", "/v1/users/alice/disconnect", `{}`, "Content-Type", kind).wantRefused(w, 415, "unsupported_media_type", "")
			w.api(n, "POST", "/v1/users/alice/disconnect", "", "Content-Type", kind).wantRefused(w, 415, "unsupported_media_type", "")
		}
		w.api(n, "DELETE", "/v1/sessions/"+alice.last("welcome").Session, "", "Origin", "https://evil.example").wantRefused(w, 403, "forbidden", "")
		w.api(n, "POST", "/v1/users/alice/disconnect", "{}", "Origin", "https://evil.example").wantRefused(w, 403, "forbidden", "")
		w.api(n, "PUT", "/v1/users/alice/status", `{"status":"busy"}`, "Host", "evil.example").wantRefused(w, 403, "forbidden", "")
		if u := n.User("alice"); len(u.Sessions) != 1 || u.Status != "online" {
			t.Errorf("alice is %+v, want nothing done", u)
		}
	})
}

func TestANodeThatDoesNotAnswerACommandIsNamedWithWhatTheOthersDid(t *testing.T) {
	for _, tt := range []struct {
		what   string
		happen func(w *world, nodes []*virtual)
		status []int
		code   []string
	}{
		{"the holder is gone", func(w *world, nodes []*virtual) { w.crash(nodes[2]) }, []int{502}, []string{"unreachable"}},
		{"the way to the holder is cut", func(w *world, nodes []*virtual) { w.between(nodes[0], nodes[2], w.net.Cut) },
			[]int{502, 504}, []string{"unreachable", "timeout"}}, // it is heard of through the third, but cannot be told
	} {
		t.Run(tt.what, func(t *testing.T) {
			inWorld(t, 1, func(w *world) {
				nodes := w.cluster(3)
				here := w.open(nodes[0], "alice")
				w.open(nodes[2], "alice")
				time.Sleep(settled)
				tt.happen(w, nodes)
				asked := time.Now()
				r := w.api(nodes[0], "POST", "/v1/users/alice/disconnect", `{}`)
				if took := time.Since(asked); took > nodes[0].cfg.Timeout+time.Second {
					t.Errorf("answered after %v", took)
				}
				var e struct {
					Error struct {
						Code, Message string
						Nodes         []Done
					}
				}
				r.decode(w, &e)
				i := slices.Index(tt.status, r.status)
				if i < 0 || e.Error.Code != tt.code[i] || !strings.Contains(e.Error.Message, nodes[2].host) || len(e.Error.Nodes) != 2 {
					t.Fatalf("answered %d %s", r.status, r.body)
				}
				if a, c := e.Error.Nodes[0], e.Error.Nodes[1]; a.Node != nodes[0].host || a.Sessions != 1 || a.Error != "" || c.Node != nodes[2].host || c.Error == "" {
					t.Errorf("answered %d %s", r.status, r.body)
				}
				here.wantClosed(time.Second, protocol.CloseForbidden)
			})
		})
	}
}

func TestWhoGivesUpWaitingForACommandLeavesNothingBehind(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(2)
		w.open(nodes[1], "alice")
		time.Sleep(settled)
		w.crash(nodes[1])
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, "POST", "http://"+nodes[0].host+":9090/v1/users/alice/disconnect", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		if a, err := w.http.Do(r); err == nil {
			t.Fatalf("answered %s", a.Status)
		}
		synctest.Wait()
		nodes[0].mu.Lock()
		left := len(nodes[0].orders)
		nodes[0].mu.Unlock()
		if left != 0 {
			t.Errorf("%d commands are waited for", left)
		}
	})
}

// TestManyCommandsAtOnceAreCarriedOutOnceEach has every node end every session of others.
func TestManyCommandsAtOnceAreCarriedOutOnceEach(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(3)
		var tabs []*tab
		for i := range 30 {
			tabs = append(tabs, w.open(nodes[i%3], "user"+string(rune('a'+i/3))))
		}
		time.Sleep(settled)
		sums := make(chan int, 30)
		for i := range 30 {
			go func() {
				n, err := nodes[(i+1)%3].Disconnect("user" + string(rune('a'+i/3)))
				if err != nil && !errors.Is(err, ErrNoSession) {
					t.Error(err)
				}
				sums <- n
			}()
		}
		sum := 0
		for range 30 {
			sum += <-sums
		}
		if sum != 30 {
			t.Errorf("%d sessions were ended, want each of 30 once", sum)
		}
		for _, b := range tabs {
			b.wantClosed(time.Second, protocol.CloseForbidden)
		}
	})
}
