package main

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// claims returns what a token says.
func claims(t *testing.T, token string) (c map[string]any) {
	t.Helper()
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTokenSaysWhatWasAsked(t *testing.T) {
	s := shell{env: map[string]string{"ROLLCALL_JWT_SECRET": "s"}}
	before := time.Now()
	code := s.run("token", "--user=alice", "--ttl=2h", "--channel=room.*,lobby", "--watch=news", "--follow=b*",
		`--profile={"name":"Alice"}`, "--status=busy", "--issuer=i", "--audience=a")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, s.stderr.String())
	}
	got := claims(t, s.stdout.String())
	if left := got["exp"].(float64) - float64(before.Unix()); left < 7199 || left > 7260 {
		t.Errorf("good for %v seconds, want 7200", left)
	}
	delete(got, "exp")
	delete(got, "iat")
	want := map[string]any{
		"username": "alice", "channels": []any{"room.*", "lobby"}, "watch": []any{"news"}, "follow": []any{"b*"},
		"profile": map[string]any{"name": "Alice"}, "status": "busy", "iss": "i", "aud": []any{"a"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestTokenWithoutChannelsClaimsNoRights(t *testing.T) {
	var s shell
	if code := s.run("token", "--secret", "s", "--user", "alice"); code != exitOK {
		t.Fatalf("exit %d: %s", code, s.stderr.String())
	}
	if got := claims(t, s.stdout.String()); len(got) != 3 || got["username"] != "alice" {
		t.Errorf("got %v, want exp, iat and username alone", got)
	}
}

func TestKeygenPrintsAKeyThatServeTakes(t *testing.T) {
	var first, second shell
	first.run("keygen")
	second.run("keygen")
	key := strings.TrimSpace(first.stdout.String())
	if first.stdout.String() == second.stdout.String() {
		t.Error("two keys are the same")
	}
	var s shell
	if code := s.run("serve", "--jwt-secret=s", "--gossip=:1", "--gossip-key", key); code != exitOK || len(s.served[0].GossipKeys[0]) != 32 {
		t.Errorf("exit %d: %s", code, s.stderr.String())
	}
}

func TestVersionIsOneLine(t *testing.T) {
	var s shell
	if code := s.run("version"); code != exitOK || strings.Count(s.stdout.String(), "\n") != 1 || !strings.HasPrefix(s.stdout.String(), "rollcall ") {
		t.Errorf("exit %d, %q", code, s.stdout.String())
	}
}
