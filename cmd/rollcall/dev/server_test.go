package dev

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
)

func TestWhatIsNotThereIsRefusedWithTheReason(t *testing.T) {
	s := newStage(t, 2)
	s.want(404, `there is no node \"node-9\"`, "POST", "/api/nodes/node-9/kill", "{}")
	s.want(404, `nothing called \"feed\"`, "POST", "/api/nodes/node-1/feed", "{}")
	s.want(404, "there is no GET /api/nodes", "GET", "/api/nodes", "")
	s.want(404, "there is no DELETE /api/cluster", "DELETE", "/api/cluster", "")
	s.want(404, "", "GET", "/nothing.js", "")
	s.want(405, "", "POST", "/client.js", "{}")
}

func TestSightTellsWhatNodesBelieve(t *testing.T) {
	s := newStage(t, 3)
	s.want(200, "", "POST", "/api/nodes/node-3/pause", "")
	_, body := s.ask("GET", "/api/cluster", "")
	var got Sight
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	first, last := got.Nodes[0], got.Nodes[2]
	if got.Interval != 10_000 || got.Timeout != 13_000 || got.Grace != 3_000 {
		t.Errorf("pace %+v", got)
	}
	if first.Sessions != 2 || len(first.Sees) != 2 || first.Sees[0] != (Belief{"node-2", "late"}) || first.Sees[1] != (Belief{"node-3", "gone"}) {
		t.Errorf("node-1 is %+v", first)
	}
	if last.State != Paused || last.Sessions != 0 || len(last.Sees) != 0 {
		t.Errorf("a node that is paused was asked: %+v", last)
	}
	// node-2 started again is another one: what node-1 still believes is of the former.
	s.want(200, "", "POST", "/api/nodes/node-2/kill", "")
	s.want(200, `"name":"node-2","state":"gone"`, "POST", "/api/nodes/node-2/start", "")
}

func TestTokensAreGivenForNamesThatCanBe(t *testing.T) {
	s := newStage(t, 1)
	verifier, err := auth.New(t.Context(), s.node("node-1").config.Auth)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"alice", "__proto__", "<img src=x onerror=alert(1)>", "שלום", strings.Repeat("x", 255)} {
		body, _ := json.Marshal(map[string]string{"user": user})
		_, answer := s.ask("POST", "/api/token", string(body))
		var got struct{ Token string }
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatal(err)
		}
		if id, err := verifier.Verify(got.Token, time.Now()); err != nil || id.User != user {
			t.Errorf("the token of %q is of %q: %v", user, id.User, err)
		}
	}
	s.want(400, "it is empty", "POST", "/api/token", `{"user":""}`)
	s.want(400, "256 bytes", "POST", "/api/token", `{"user":"`+strings.Repeat("x", 256)+`"}`)
	s.want(400, "control character", "POST", "/api/token", `{"user":"a\nb"}`)
	s.want(400, "the body", "POST", "/api/token", `{"user":1}`)
	s.want(400, "the body", "POST", "/api/token", ``)
	s.want(413, "2048 bytes", "POST", "/api/token", `{"user":"`+strings.Repeat("x", maxBody)+`"}`)
}
