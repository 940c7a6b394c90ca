package auth

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// FuzzVerify throws tokens at the verifier as they come, and claims under a good signature.
func FuzzVerify(f *testing.F) {
	v := newVerifier(f, Config{Secrets: []Secret{secret}, Leeway: time.Second})
	good := composeHS(f, claimsWith(f))
	f.Add(good, []byte(claimsWith(f)))
	f.Add("..", []byte(`{"exp":2e9,"username":"\ud83d\ude00","profile":{"a":[{}]},"channels":["a*","*"]}`))
	f.Add("a.b.c", []byte(`{"exp":2e9,"username":"\ud800"}`))
	f.Add(good[:len(good)-3], []byte("{\"exp\":2e9,\"username\":\"\xff\"}"))
	f.Add("eyJhbGciOiJub25lIn0.e30.", []byte(`{"exp":1e999,"username":"a","username":"b"}`))
	f.Add("", []byte(`null`))
	f.Fuzz(func(t *testing.T, token string, claims []byte) {
		if id, err := v.Verify(token, now); err == nil && token != good {
			t.Errorf("token %q is taken for %q", token, id.User)
		} else if reasonOf(t, err) == "" && err != nil {
			t.Errorf("no reason: %v", err)
		}
		id, err := v.Verify(composeHS(t, string(claims)), now)
		if err != nil {
			reasonOf(t, err)
			if !errors.Is(err, ErrExpired) && id.User != "" {
				t.Errorf("identity %+v along with %v", id, err)
			}
			return
		}
		checkIdentity(t, id, claims)
	})
}

// checkIdentity holds an identity against what encoding/json reads in the claims.
func checkIdentity(t *testing.T, id Identity, claims []byte) {
	t.Helper()
	var plain map[string]any
	if err := json.Unmarshal(claims, &plain); err != nil {
		t.Fatalf("claims that are no JSON object are taken: %q", claims)
	}
	if plain["username"] != id.User || CheckName(id.User) != nil {
		t.Errorf("user %q, claims %q", id.User, claims)
	}
	if strings.ContainsRune(id.User, '\ufffd') && !strings.Contains(string(claims), "\ufffd") && !strings.Contains(strings.ToLower(string(claims)), `\ufffd`) {
		t.Errorf("user %q comes from a replacement, claims %q", id.User, claims)
	}
	if !id.GoodUntil.After(now) || id.GoodUntil.Sub(id.Expires) != time.Second || id.Expires.Year() > 9999 {
		t.Errorf("expires %v, good until %v", id.Expires, id.GoodUntil)
	}
	if id.Profile != "" && (len(id.Profile) > MaxProfile || !json.Valid([]byte(id.Profile)) || id.Profile[0] != '{') {
		t.Errorf("profile %q", id.Profile)
	}
	if !validStatus(id.Status) {
		t.Errorf("status %q", id.Status)
	}
	if _, has := plain["follow"]; has != id.Rights.ClaimsFollow() {
		t.Errorf("follow claim %v, claims %q", id.Rights.ClaimsFollow(), claims)
	}
}
