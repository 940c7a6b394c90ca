package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// reply is what the HTTP API answered.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// api asks a node's HTTP API over its admin port. Headers come in pairs, and a name with
// no value takes one away.
func (w *world) api(n *virtual, method, path, body string, headers ...string) reply {
	w.Helper()
	r, err := http.NewRequest(method, "http://"+n.host+":9090"+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(headers, 2) {
		switch {
		case pair[1] == "":
			r.Header.Del(pair[0])
		case pair[0] == "Host":
			r.Host = pair[1]
		default:
			r.Header.Set(pair[0], pair[1])
		}
	}
	a, err := w.http.Do(r)
	if err != nil {
		w.Fatalf("%s %s: %v", method, path, err)
	}
	defer a.Body.Close()
	got, err := io.ReadAll(a.Body)
	if err != nil {
		w.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{a.StatusCode, a.Header, got}
}

// read asks for something that has to be there, and decodes the answer.
func (w *world) read(n *virtual, path string, into any) {
	w.Helper()
	r := w.api(n, "GET", path, "")
	if r.status != http.StatusOK {
		w.Fatalf("GET %s is answered %d %s", path, r.status, r.body)
	}
	r.decode(w, into)
}

func (r reply) decode(w *world, into any) {
	w.Helper()
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		w.Fatalf("answer %s: %v", r.body, err)
	}
}

// wantRefused fails the test unless a request was refused in this way.
func (r reply) wantRefused(w *world, status int, code, message string) {
	w.Helper()
	var e struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal(r.body, &e) != nil || r.status != status || e.Error.Code != code || !strings.Contains(e.Error.Message, message) {
		w.Errorf("answered %d %s, want %d %s with %q", r.status, r.body, status, code, message)
	}
	if r.header.Get("Content-Type") != "application/json" || r.header.Get("Cache-Control") != "no-store" {
		w.Errorf("answered with headers %v", r.header)
	}
}

// onePage is an answer of channels or members.
type onePage struct {
	Channel  string
	Users    int
	Channels []Channel
	Members  []Member
	Next     string
}

func TestChannelsAreListedInPagesByPrefix(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(2)
		alice, bob := w.open(nodes[0], "alice"), w.open(nodes[1], "bob")
		for i := range 5 {
			alice.join(fmt.Sprint("room.", i))
		}
		bob.join("room.3")
		bob.join("a/b c")
		bob.watch("room.9") // followed, but nobody is in it
		time.Sleep(settled)
		for _, n := range nodes {
			var p onePage
			w.read(n, "/v1/channels", &p)
			if len(p.Channels) != 6 || p.Next != "" || p.Channels[0] != (Channel{"a/b c", 1, 1}) || p.Channels[4] != (Channel{"room.3", 2, 2}) {
				t.Errorf("%s lists %+v", n.host, p)
			}
			var got []string
			pages := 0
			for next := "-"; next != ""; pages++ {
				var p onePage
				w.read(n, "/v1/channels?prefix=room.&limit=2&after="+url.QueryEscape(strings.Trim(next, "-")), &p)
				for _, c := range p.Channels {
					got = append(got, c.Channel)
				}
				next = p.Next
			}
			if want := []string{"room.0", "room.1", "room.2", "room.3", "room.4"}; !slices.Equal(got, want) || pages != 3 {
				t.Errorf("%s lists %q on %d pages, want %q on 3", n.host, got, pages, want)
			}
			p = onePage{}
			w.read(n, "/v1/channels?prefix=room.&limit=5", &p)
			if len(p.Channels) != 5 || p.Next != "" {
				t.Errorf("a page that just fits is %+v", p)
			}
			if r := w.api(n, "GET", "/v1/channels?prefix=nothing", ""); string(r.body) != `{"channels":[]}`+"\n" {
				t.Errorf("no channels are listed as %s", r.body)
			}
		}
	})
}

func TestMembersAreListedInPagesWhilePeopleComeAndGo(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(2)
		var tabs []*tab
		for i := range 25 {
			tabs = append(tabs, w.open(nodes[i%2], fmt.Sprintf("user%02d", (i*7)%25)))
			tabs[i].join("a/b")
		}
		tabs[0].do(client.Request{Type: "update", Channel: "a/b", Data: json.RawMessage(`{"name":"Zero"}`)})
		tabs[1].state("away", time.Minute)
		time.Sleep(2 * time.Second)
		var got []string
		next := ""
		for page := range 3 {
			var p onePage
			w.read(nodes[1], "/v1/channels/a%2Fb?limit=10&after="+next, &p)
			if p.Channel != "a/b" || (p.Next == "") != (page == 2) {
				t.Fatalf("page %d is %+v", page, p)
			}
			for _, m := range p.Members {
				got = append(got, m.User)
			}
			next = p.Next
			if page == 0 { // who goes is not missed, who comes behind is not met
				w.open(nodes[0], "user03b").join("a/b")
				w.open(nodes[0], "user19b").join("a/b")
				tabs[slices.IndexFunc(tabs, func(b *tab) bool { return b.user == "user04" })].bye()
				tabs[slices.IndexFunc(tabs, func(b *tab) bool { return b.user == next })].bye()
				time.Sleep(settled)
			}
		}
		var want []string
		for i := range 25 {
			if want = append(want, fmt.Sprintf("user%02d", i)); i == 19 {
				want = append(want, "user19b")
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("the pages list %q, want %q", got, want)
		}
		var p onePage
		w.read(nodes[0], "/v1/channels/a%2Fb?limit=1", &p)
		if zero := p.Members[0]; zero.User != "user00" || string(zero.Data) != `{"name":"Zero"}` || zero.Since == 0 || zero.Status != "" || p.Users != 25 {
			t.Errorf("the first member is %+v of %d", zero, p.Users)
		}
		p = onePage{}
		w.read(nodes[0], "/v1/channels/a%2Fb?limit=1&after=user06", &p)
		if away := p.Members[0]; away.User != "user07" || away.Status != "away" || away.LastActivity == 0 {
			t.Errorf("who is away is %+v", away)
		}
		if r := w.api(nodes[0], "GET", "/v1/channels/nobody", ""); string(r.body) != `{"channel":"nobody","users":0,"members":[]}`+"\n" {
			t.Errorf("an unknown channel is %s", r.body)
		}
		for path, want := range map[string]string{"a%2Fb": `{"users":25,"sessions":25}`, "nobody": `{"users":0,"sessions":0}`} {
			if r := w.api(nodes[0], "GET", "/v1/channels/"+path+"/count", ""); string(r.body) != want+"\n" {
				t.Errorf("the count of %s is %s, want %s", path, r.body, want)
			}
		}
		if all := nodes[1].Roster("a/b"); len(all) != 25 || all[0].User != "user00" || all[24].User != "user24" {
			t.Errorf("the roster is %+v", all)
		}
	})
}

func TestUsersAreToldOverHTTP(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(2)
		alice := w.open(nodes[0], "alice/1")
		alice.join("room")
		time.Sleep(settled)
		var u UserDetails
		w.read(nodes[1], "/v1/users/alice%2F1", &u)
		if u.User.User != "alice/1" || u.Status != "online" || len(u.Sessions) != 1 || u.Sessions[0].Node != nodes[0].host {
			t.Errorf("alice is %+v", u)
		}
		if r := w.api(nodes[1], "GET", "/v1/users/nobody", ""); string(r.body) !=
			`{"user":"nobody","status":"offline","chosen":"online","connection":"offline","channels":[],"sessions":[]}`+"\n" {
			t.Errorf("nobody is %s", r.body)
		}
		r := w.api(nodes[1], "POST", "/v1/users/query", `{"users":["nobody","alice/1","nobody"]}`)
		var all struct{ Users []User }
		r.decode(w, &all)
		if us := all.Users; r.status != 200 || len(us) != 3 || us[0] != (User{User: "nobody", Status: "offline"}) || us[1].Status != "online" || us[1].Since == 0 || us[2] != us[0] {
			t.Errorf("the users are %d %s", r.status, r.body)
		}
		if r := w.api(nodes[1], "POST", "/v1/users/query", `{"users":[]}`); string(r.body) != `{"users":[]}`+"\n" {
			t.Errorf("no users are %s", r.body)
		}
		var list struct {
			Nodes []NodeInfo
			pacing
		}
		w.read(nodes[1], "/v1/nodes", &list)
		if len(list.Nodes) != 2 || list.Nodes[0].Name != nodes[1].host || list.Nodes[1].Sessions != 1 {
			t.Errorf("the nodes are %+v", list)
		}
	})
}

func TestWrongRequestsAreRefusedAndSayWhatWasWrong(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.cluster(1)[0]
		long := strings.Repeat("x", 256)
		many, _ := json.Marshal(map[string][]string{"users": slices.Repeat([]string{"u"}, 1001)})
		for _, tt := range []struct {
			method, path, body string
			status             int
			code, message      string
		}{
			{"GET", "/v1/channels?limit=0", "", 400, "bad_request", "limit"},
			{"GET", "/v1/channels?limit=1001", "", 400, "bad_request", "1 to 1000"},
			{"GET", "/v1/channels?limit=-1", "", 400, "bad_request", "limit"},
			{"GET", "/v1/channels?limit=ten", "", 400, "bad_request", "ten"},
			{"GET", "/v1/channels?limit=", "", 400, "bad_request", "limit"},
			{"GET", "/v1/channels?prefix=" + long, "", 400, "bad_request", "prefix"},
			{"GET", "/v1/channels?prefix=%ff", "", 400, "bad_request", "prefix"},
			{"GET", "/v1/channels?after=%ff", "", 400, "bad_request", "after"},
			{"GET", "/v1/channels?after=%zz", "", 400, "bad_request", "query"},
			{"GET", "/v1/channels/room?limit=1001", "", 400, "bad_request", "limit"},
			{"GET", "/v1/channels/room?after=" + long, "", 400, "bad_request", "after"},
			{"GET", "/v1/channels/@room", "", 400, "bad_request", "@"},
			{"GET", "/v1/channels/@room/count", "", 400, "bad_request", "@"},
			{"GET", "/v1/channels/" + long, "", 400, "bad_request", "256 bytes"},
			{"GET", "/v1/users/" + long, "", 400, "bad_request", "256 bytes"},
			{"GET", "/v1/users/a%00b", "", 400, "bad_request", "control"},
			{"POST", "/v1/users/query", `{"users":["a","` + long + `"]}`, 400, "bad_request", "number 2"},
			{"POST", "/v1/users/query", string(many), 400, "bad_request", "1001"},
			{"POST", "/v1/users/query", `{"users":["\ud800"]}`, 400, "bad_request", "one meaning"},
			{"POST", "/v1/users/query", `{"users":["a"],"users":["b"]}`, 400, "bad_request", "one meaning"},
			{"POST", "/v1/users/query", `{"users":"a"}`, 400, "bad_request", "list"},
			{"POST", "/v1/users/query", `{"users":null}`, 400, "bad_request", "list"},
			{"POST", "/v1/users/query", `{"users":[1]}`, 400, "bad_request", "list"},
			{"POST", "/v1/users/query", `{"users":[null]}`, 400, "bad_request", "number 1"},
			{"POST", "/v1/users/query", `{}`, 400, "bad_request", "list"},
			{"POST", "/v1/users/query", `["a"]`, 400, "bad_request", "object"},
			{"POST", "/v1/users/query", `{"users":[]`, 400, "bad_request", "object"},
			{"POST", "/v1/users/query", `{"users":[]}{}`, 400, "bad_request", "object"},
			{"POST", "/v1/users/query", " ", 400, "bad_request", "object"},
			{"POST", "/v1/users/query", `{"users":[],"x":"` + strings.Repeat("x", maxBody) + `"}`, 413, "too_large", "1048576"},
			{"GET", "/v1", "", 404, "not_found", "/v1"},
			{"GET", "/v1/channels/", "", 404, "not_found", "/v1/channels/"},
			{"GET", "/v1/nothing", "", 404, "not_found", "/v1/nothing"},
			{"GET", "/v1/channels/a/b", "", 404, "not_found", "/v1/channels/a/b"},
			{"POST", "/v1/nothing", "{}", 404, "not_found", "/v1/nothing"},
		} {
			w.api(n, tt.method, tt.path, tt.body).wantRefused(w, tt.status, tt.code, tt.message)
		}
		for path, allow := range map[string]string{
			"/v1/channels": "GET, HEAD", "/v1/channels/room": "GET, HEAD", "/v1/channels/room/count": "GET, HEAD", "/v1/users/alice": "GET, HEAD",
			"/v1/nodes": "GET, HEAD", "/metrics": "GET, HEAD",
		} {
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
				r := w.api(n, method, path, "")
				r.wantRefused(w, 405, "method_not_allowed", method)
				if got := r.header.Get("Allow"); got != allow {
					t.Errorf("%s %s allows %q, want %q", method, path, got, allow)
				}
			}
			if r := w.api(n, "HEAD", path, ""); r.status != 200 || len(r.body) > 0 {
				t.Errorf("HEAD %s is answered %d %s", path, r.status, r.body)
			}
		}
	})
}

func TestAPIAnswersNothingBeforeTheNodeKnowsItsCluster(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.deaf()
		r := w.api(n, "GET", "/v1/users/alice", "")
		r.wantRefused(w, 503, "not_ready", "learning")
		if r.header.Get("Retry-After") == "" {
			t.Error("not told when to come again")
		}
		if r := w.api(n, "GET", "/v1/nodes", ""); r.status != 200 {
			t.Errorf("the nodes are answered %d %s", r.status, r.body)
		}
		<-n.ready
		if r := w.api(n, "GET", "/v1/users/alice", ""); r.status != 200 {
			t.Errorf("then alice is answered %d %s", r.status, r.body)
		}
	})
}
