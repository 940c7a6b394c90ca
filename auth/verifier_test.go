package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestGoodTokenMakesAnIdentity(t *testing.T) {
	v := newVerifier(t, Config{Secrets: []Secret{secret}, Leeway: 5 * time.Second})
	id, err := v.Verify(composeHS(t, `{"username":"zoë","exp":1893553446.5,"nbf":1893553440,"iat":99999999999,
		"channels":["room.*"],"watch":["lobby"],"follow":["bob"],
		"profile": { "name": "Zoë\ud83d\ude00", "n": [1, 2.50] },"status":"busy","sub":{"any":"thing"}}`), now)
	if err != nil {
		t.Fatal(err)
	}
	if id.User != "zoë" || id.Status != "busy" || id.Profile != `{"name":"Zoë\ud83d\ude00","n":[1,2.50]}` {
		t.Errorf("identity %+v", id)
	}
	if want := now.Add(1500 * time.Millisecond); !id.Expires.Equal(want) || !id.GoodUntil.Equal(want.Add(5*time.Second)) {
		t.Errorf("expires %v, good until %v, now is %v", id.Expires, id.GoodUntil, now)
	}
	r := id.Rights
	if !r.MayJoin("room.1") || r.MayJoin("lobby") || !r.MayWatch("lobby") || !r.MayFollow("bob") || r.MayFollow("carol") {
		t.Errorf("rights %+v", r)
	}
}

func TestBadClaimsAreRefused(t *testing.T) {
	v := newVerifier(t, Config{
		Secrets: []Secret{secret}, Issuers: []string{"us", "them"}, Audiences: []string{"chat"}, Leeway: 5 * time.Second,
	})
	at := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	long := func(n int) string { return `"` + strings.Repeat("a", n) + `"` }
	profile := func(n int) string { return `{"p":` + long(n-8) + `}` }
	for _, tt := range []struct {
		about string
		pairs []string
		want  Reason
	}{
		{"nothing is wrong", nil, ""},
		{"without exp", []string{"exp", ""}, ReasonNoExpiry},
		{"exp is null", []string{"exp", "null"}, ReasonNoExpiry},
		{"exp is text", []string{"exp", `"` + at(time.Hour) + `"`}, ReasonBadClaim},
		{"exp is an object", []string{"exp", `{}`}, ReasonBadClaim},
		{"exp is true", []string{"exp", `true`}, ReasonBadClaim},
		{"exp in milliseconds", []string{"exp", at(time.Hour) + "000"}, ReasonBadClaim},
		{"exp beyond any float", []string{"exp", "1e400"}, ReasonBadClaim},
		{"exp before time began", []string{"exp", "-1e300"}, ReasonBadClaim},
		{"exp is negative", []string{"exp", "-1"}, ReasonExpired},
		{"exp is zero", []string{"exp", "0"}, ReasonExpired},
		{"exp in the year 9999", []string{"exp", "253402300799"}, ""},
		{"exp with an exponent", []string{"exp", "2e9"}, ""},
		{"expired by less than the leeway", []string{"exp", at(-4 * time.Second)}, ""},
		{"expired by the leeway", []string{"exp", at(-5 * time.Second)}, ReasonExpired},
		{"expired by the leeway less a fraction", []string{"exp", at(-5*time.Second) + ".001"}, ""},
		{"nbf to come within the leeway", []string{"nbf", at(5 * time.Second)}, ""},
		{"nbf to come", []string{"nbf", at(6 * time.Second)}, ReasonNotYetValid},
		{"nbf is null", []string{"nbf", "null"}, ""},
		{"nbf is text", []string{"nbf", `"1"`}, ReasonBadClaim},
		{"nbf is huge", []string{"nbf", "1e99"}, ReasonBadClaim},
		{"the other issuer", []string{"iss", `"them"`}, ""},
		{"a stranger", []string{"iss", `"Us"`}, ReasonIssuer},
		{"no issuer", []string{"iss", ""}, ReasonIssuer},
		{"issuers in a list", []string{"iss", `["us"]`}, ReasonIssuer},
		{"one of several audiences", []string{"aud", `["x","chat"]`}, ""},
		{"another audience", []string{"aud", `"chats"`}, ReasonAudience},
		{"other audiences", []string{"aud", `["x"]`}, ReasonAudience},
		{"no audience", []string{"aud", ""}, ReasonAudience},
		{"an empty list of audiences", []string{"aud", `[]`}, ReasonAudience},
		{"audiences of other types", []string{"aud", `["chat",1]`}, ReasonAudience},
		{"audience null", []string{"aud", `null`}, ReasonAudience},
		{"no username", []string{"username", ""}, ReasonNoUsername},
		{"username null", []string{"username", "null"}, ReasonNoUsername},
		{"username in other letters", []string{"username", "", "Username", `"alice"`}, ReasonNoUsername},
		{"username is a number", []string{"username", "7"}, ReasonBadUsername},
		{"username is empty", []string{"username", `""`}, ReasonBadUsername},
		{"username is the longest", []string{"username", long(255)}, ""},
		{"username is too long", []string{"username", long(256)}, ReasonBadUsername},
		{"username with a NUL", []string{"username", `"a\u0000"`}, ReasonBadUsername},
		{"username with a C1 control", []string{"username", `"a\u0085"`}, ReasonBadUsername},
		{"channels is text", []string{"channels", `"room"`}, ReasonBadClaim},
		{"channels is null", []string{"channels", `null`}, ReasonBadClaim},
		{"channels has a number", []string{"channels", `[1]`}, ReasonBadClaim},
		{"channels has a null", []string{"channels", `["a",null]`}, ReasonBadClaim},
		{"channels has an empty name", []string{"channels", `[""]`}, ReasonBadClaim},
		{"channels has too many", []string{"channels", `[` + strings.Repeat(`"a",`, MaxPatterns) + `"a"]`}, ReasonBadClaim},
		{"watch is an object", []string{"watch", `{"a":1}`}, ReasonBadClaim},
		{"watch has a control character", []string{"watch", `["a\n*"]`}, ReasonBadClaim},
		{"follow is false", []string{"follow", `false`}, ReasonBadClaim},
		{"follow is null", []string{"follow", `null`}, ReasonBadClaim},
		{"profile is the largest", []string{"profile", profile(MaxProfile)}, ""},
		{"profile is too large", []string{"profile", profile(MaxProfile + 1)}, ReasonBadClaim},
		{"profile is a list", []string{"profile", `[]`}, ReasonBadClaim},
		{"profile is text", []string{"profile", `"x"`}, ReasonBadClaim},
		{"profile is null", []string{"profile", `null`}, ""},
		{"status is unknown", []string{"status", `"gone"`}, ReasonBadClaim},
		{"status is a number", []string{"status", `1`}, ReasonBadClaim},
		{"status is empty", []string{"status", `""`}, ""},
		{"status is offline", []string{"status", `"offline"`}, ""},
		{"expired and for somebody else", []string{"exp", "1", "aud", `"x"`}, ReasonExpired},
	} {
		pairs := append([]string{"iss", `"us"`, "aud", `"chat"`}, tt.pairs...)
		id, err := v.Verify(composeHS(t, claimsWith(t, pairs...)), now)
		if got := reasonOf(t, err); got != tt.want {
			t.Errorf("%s: reason %q (%v), want %q", tt.about, got, err, tt.want)
		}
		if err != nil && (id.User != "" || !id.Expires.IsZero()) {
			t.Errorf("%s: refused, with the identity %+v", tt.about, id)
		}
	}
}

func TestClaimsOfTwoMeaningsAreRefused(t *testing.T) {
	v := newVerifier(t, Config{Secrets: []Secret{secret}})
	for _, tt := range []struct {
		about, claims string
		want          Reason
	}{
		{"a pair of surrogates", `{"exp":2e9,"username":"\ud83d\ude00"}`, ""},
		{"escaped backslashes before what looks like a surrogate", `{"exp":2e9,"username":"\\ud800"}`, ""},
		{"a high surrogate alone", `{"exp":2e9,"username":"a\ud800"}`, ReasonMalformed},
		{"a high surrogate before a letter", `{"exp":2e9,"username":"\ud800abcdefg"}`, ReasonMalformed},
		{"a high surrogate before another escape", `{"exp":2e9,"username":"\ud800\u0061"}`, ReasonMalformed},
		{"two high surrogates", `{"exp":2e9,"username":"\ud800\ud800"}`, ReasonMalformed},
		{"a low surrogate alone", `{"exp":2e9,"username":"\uDC00"}`, ReasonMalformed},
		{"surrogates the wrong way round", `{"exp":2e9,"username":"\udc00\ud800"}`, ReasonMalformed},
		{"a surrogate after an escaped backslash", `{"exp":2e9,"username":"\\\ud800"}`, ReasonMalformed},
		{"a surrogate in a channel", `{"exp":2e9,"username":"a","channels":["\ud800"]}`, ReasonMalformed},
		{"a surrogate in the name of a claim", `{"exp":2e9,"username":"a","\ud800":1}`, ReasonMalformed},
		{"bytes that are not UTF-8", "{\"exp\":2e9,\"username\":\"a\xff\"}", ReasonMalformed},
		{"a surrogate in UTF-8 clothes", "{\"exp\":2e9,\"username\":\"\xed\xa0\x80\"}", ReasonMalformed},
		{"the username twice", `{"exp":2e9,"username":"a","username":"b"}`, ReasonMalformed},
		{"the username twice, once escaped", `{"exp":2e9,"username":"a","usern\u0061me":"b"}`, ReasonMalformed},
		{"the same claim twice", `{"exp":2e9,"username":"a","username":"a"}`, ReasonMalformed},
		{"an ignored claim twice", `{"exp":2e9,"username":"a","x":1,"x":1}`, ReasonMalformed},
		{"an escaped name", `{"exp":2e9,"usern\u0061me":"b"}`, ""},
		{"null", `null`, ReasonMalformed},
		{"a list", `[]`, ReasonMalformed},
		{"text", `"a"`, ReasonMalformed},
		{"two objects", `{"exp":2e9,"username":"a"}{}`, ReasonMalformed},
		{"half an object", `{"exp":2e9,"username":"a"`, ReasonMalformed},
		{"NaN", `{"exp":NaN,"username":"a"}`, ReasonMalformed},
		{"nothing", ``, ReasonMalformed},
		{"space around", " {\"exp\" : 2e9 ,\n\"username\":\t\"a\" } ", ""},
	} {
		_, err := v.Verify(composeHS(t, tt.claims), now)
		if got := reasonOf(t, err); got != tt.want {
			t.Errorf("%s: reason %q (%v), want %q", tt.about, got, err, tt.want)
		}
	}
}

// hs256 signs as whoever mistakes a public key for a secret would.
func hs256(signed string, key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

func TestKeyFixesTheAlgorithm(t *testing.T) {
	k := keysOnce()
	sources := map[string]Config{
		"secret": {Secrets: []Secret{secret}},
		"rsa":    {PublicKeys: [][]byte{publicPEM(t, &k.rsa.PublicKey)}},
		"ec":     {PublicKeys: [][]byte{publicPEM(t, &k.ec.PublicKey)}},
		"ed":     {PublicKeys: [][]byte{publicPEM(t, k.ed.Public())}},
	}
	methods := []struct {
		method jwt.SigningMethod
		key    any
		good   string // the only source that takes it
	}{
		{jwt.SigningMethodHS256, []byte(secret), "secret"},
		{jwt.SigningMethodHS384, []byte(secret), ""},
		{jwt.SigningMethodHS512, []byte(secret), ""},
		{jwt.SigningMethodRS256, k.rsa, "rsa"},
		{jwt.SigningMethodRS384, k.rsa, ""},
		{jwt.SigningMethodRS512, k.rsa, ""},
		{jwt.SigningMethodPS256, k.rsa, "rsa"},
		{jwt.SigningMethodPS384, k.rsa, ""},
		{jwt.SigningMethodES256, k.ec, "ec"},
		{jwt.SigningMethodEdDSA, k.ed, "ed"},
		{jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, ""},
	}
	for name, c := range sources {
		v := newVerifier(t, c)
		for _, m := range methods {
			want := ReasonAlgorithm
			if m.good == name {
				want = ""
			}
			token := compose(t, m.method, m.key, `{"alg":"`+m.method.Alg()+`","kid":"any"}`, claimsWith(t))
			_, err := v.Verify(token, now)
			if got := reasonOf(t, err); got != want {
				t.Errorf("%s token, %s key: reason %q, want %q", m.method.Alg(), name, got, want)
			}
		}
		for _, alg := range []string{"NONE", "hs256", "HS256 ", "", "ES256K", "dir"} {
			token := encode([]byte(`{"alg":"`+alg+`"}`)) + "." + encode([]byte(claimsWith(t))) + "."
			_, err := v.Verify(token, now)
			if got := reasonOf(t, err); got != ReasonAlgorithm {
				t.Errorf("alg %q, %s key: reason %q, want %q", alg, name, got, ReasonAlgorithm)
			}
		}
	}
}

func TestPublicKeyIsNoSecret(t *testing.T) {
	k := keysOnce()
	file := publicPEM(t, &k.rsa.PublicKey)
	v := newVerifier(t, Config{PublicKeys: [][]byte{file}, Secrets: []Secret{secret}})
	signed := encode([]byte(`{"alg":"HS256"}`)) + "." + encode([]byte(claimsWith(t)))
	for about, key := range map[string][]byte{"file": file, "file without newline": file[:len(file)-1], "modulus": k.rsa.N.Bytes(), "nothing": nil} {
		_, err := v.Verify(hs256(signed, key), now)
		if got := reasonOf(t, err); got != ReasonSignature {
			t.Errorf("HS256 under the %s: reason %q, want %q", about, got, ReasonSignature)
		}
	}
}

func TestAnyOfSeveralKeysMaySign(t *testing.T) {
	k := keysOnce()
	other := Secret("another secret of at least 32 bytes")
	v := newVerifier(t, Config{
		Secrets:    []Secret{other, secret},
		PublicKeys: [][]byte{append(publicPEM(t, &k.otherRSA.PublicKey), publicPEM(t, &k.ec.PublicKey)...), publicPEM(t, &k.rsa.PublicKey)},
	})
	for about, token := range map[string]string{
		"first secret":      compose(t, jwt.SigningMethodHS256, []byte(other), `{"alg":"HS256"}`, claimsWith(t)),
		"second secret":     composeHS(t, claimsWith(t)),
		"first key":         compose(t, jwt.SigningMethodPS256, k.otherRSA, `{"alg":"PS256"}`, claimsWith(t)),
		"second in a file":  compose(t, jwt.SigningMethodES256, k.ec, `{"alg":"ES256"}`, claimsWith(t)),
		"key of other file": compose(t, jwt.SigningMethodRS256, k.rsa, `{"alg":"RS256"}`, claimsWith(t)),
	} {
		if _, err := v.Verify(token, now); err != nil {
			t.Errorf("%s: %v", about, err)
		}
	}
	_, err := v.Verify(compose(t, jwt.SigningMethodES256, k.otherEC, `{"alg":"ES256"}`, claimsWith(t)), now)
	if got := reasonOf(t, err); got != ReasonSignature {
		t.Errorf("a key that is not listed: reason %q, want %q", got, ReasonSignature)
	}
}

func TestBrokenTokensAreRefused(t *testing.T) {
	v := newVerifier(t, Config{Secrets: []Secret{secret}})
	good := composeHS(t, claimsWith(t))
	header, rest, _ := strings.Cut(good, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	other := composeHS(t, claimsWith(t, "username", `"bob"`))
	_, otherRest, _ := strings.Cut(other, ".")
	otherClaims, _, _ := strings.Cut(otherRest, ".")
	withHeader := func(h string) string { return compose(t, jwt.SigningMethodHS256, []byte(secret), h, claimsWith(t)) }
	// The last letter carries unused bits: other letters decode to the same bytes.
	respelled := good[:len(good)-1] + string(good[len(good)-1]+1)
	for _, tt := range []struct {
		about, token string
		want         Reason
	}{
		{"the good one", good, ""},
		{"empty", "", ReasonMalformed},
		{"no dot", "abc", ReasonMalformed},
		{"two parts", header + "." + claims, ReasonMalformed},
		{"four parts", good + ".", ReasonMalformed},
		{"five parts, an encrypted token", "a.b.c.d.e", ReasonMalformed},
		{"only dots", "..", ReasonMalformed},
		{"no signature", header + "." + claims + ".", ReasonSignature},
		{"half a signature", good[:len(good)-23], ReasonSignature},
		{"claims of another token", header + "." + otherClaims + "." + signature, ReasonSignature},
		{"a signature spelled otherwise", respelled, ReasonMalformed},
		{"padded", good + "=", ReasonMalformed},
		{"a newline after", good + "\n", ReasonMalformed},
		{"a newline inside", good[:5] + "\r\n" + good[5:], ReasonMalformed},
		{"space before", " " + good, ReasonMalformed},
		{"a header that is no object", withHeader(`[]`), ReasonMalformed},
		{"a header that is null", withHeader(`null`), ReasonAlgorithm},
		{"a header without alg", withHeader(`{"typ":"JWT"}`), ReasonAlgorithm},
		{"an alg that is no text", withHeader(`{"alg":["HS256"]}`), ReasonAlgorithm},
		{"a demanded extension", withHeader(`{"alg":"HS256","crit":["b64"],"b64":false}`), ReasonMalformed},
		{"a kid that is no text", withHeader(`{"alg":"HS256","kid":1}`), ReasonMalformed},
		{"an empty kid", withHeader(`{"alg":"HS256","kid":""}`), ReasonMalformed},
		{"a kid like a path", withHeader(`{"alg":"HS256","kid":"../../dev/null"}`), ""},
		{"keys of its own", withHeader(`{"alg":"HS256","jwk":{"kty":"oct","k":"AA"},"jku":"https://evil.example","x5u":"https://evil.example"}`), ""},
		{"too long", good + strings.Repeat("A", MaxToken), ReasonTooLarge},
		{"deeply nested", composeHS(t, `{"exp":2e9,"username":"a","x":`+strings.Repeat("[", 2500)+strings.Repeat("]", 2500)+`}`), ""},
	} {
		_, err := v.Verify(tt.token, now)
		if got := reasonOf(t, err); got != tt.want {
			t.Errorf("%s: reason %q (%v), want %q", tt.about, got, err, tt.want)
		}
	}
}

func TestTokenOfAnyLengthUpToTheBoundIsRead(t *testing.T) {
	v := newVerifier(t, Config{Secrets: []Secret{secret}})
	for _, tt := range []struct {
		filler int
		want   Reason
	}{{6000, ""}, {6100, ReasonTooLarge}} {
		token := composeHS(t, claimsWith(t, "x", `"`+strings.Repeat("x", tt.filler)+`"`))
		if _, err := v.Verify(token, now); reasonOf(t, err) != tt.want {
			t.Errorf("%d bytes: %v, want %q", len(token), err, tt.want)
		}
	}
}

func TestNothingIsReadBeforeTheSignatureIsGood(t *testing.T) {
	v := newVerifier(t, Config{Secrets: []Secret{secret}})
	for _, claims := range []string{`{"exp":1,"username":"alice"}`, `{}`, `{"username":7}`, `[]`, `{"a":1,"a":1}`} {
		forged := compose(t, jwt.SigningMethodHS256, []byte("guess"), `{"alg":"HS256"}`, claims)
		if _, err := v.Verify(forged, now); reasonOf(t, err) != ReasonSignature {
			t.Errorf("forged %s: %v, want %q", claims, err, ReasonSignature)
		}
	}
}

func TestUsernameClaimIsConfigured(t *testing.T) {
	v := newVerifier(t, Config{Secrets: []Secret{secret}, UsernameClaim: "sub"})
	id, err := v.Verify(composeHS(t, claimsWith(t, "sub", `"carol"`)), now)
	if err != nil || id.User != "carol" {
		t.Errorf("user %q, error %v, want carol", id.User, err)
	}
	if _, err := v.Verify(composeHS(t, claimsWith(t)), now); reasonOf(t, err) != ReasonNoUsername {
		t.Errorf("without sub: %v", err)
	}
}

func TestUnexpectedIssuerAndAudienceAreIgnored(t *testing.T) {
	v := newVerifier(t, Config{Secrets: []Secret{secret}})
	if _, err := v.Verify(composeHS(t, claimsWith(t, "iss", `7`, "aud", `"elsewhere"`)), now); err != nil {
		t.Error(err)
	}
}

func TestVerifierIsSafeForConcurrentUse(t *testing.T) {
	k := keysOnce()
	v := newVerifier(t, Config{Secrets: []Secret{secret}, PublicKeys: [][]byte{publicPEM(t, k.ed.Public())}})
	tokens := []string{
		composeHS(t, claimsWith(t)),
		compose(t, jwt.SigningMethodEdDSA, k.ed, `{"alg":"EdDSA"}`, claimsWith(t)),
	}
	errs := make(chan error)
	for i := range 8 {
		go func() {
			var all error
			for range 50 {
				_, err := v.Verify(tokens[i%2], now)
				all = errors.Join(all, err)
			}
			errs <- all
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestReasonsListsEveryReasonOnce(t *testing.T) {
	seen := map[Reason]bool{}
	for _, r := range Reasons() {
		if seen[r] || r == "" {
			t.Errorf("reason %q twice or empty", r)
		}
		seen[r] = true
	}
	if len(seen) != 14 {
		t.Errorf("%d reasons, want 14", len(seen))
	}
}
