package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// sharesPiece returns a piece of at least 8 bytes that both texts hold, or "".
func sharesPiece(text, private string) string {
	for i := 0; i+8 <= len(private); i++ {
		if piece := private[i : i+8]; strings.Contains(text, piece) {
			return piece
		}
	}
	return ""
}

func TestNoErrorHoldsAnyPartOfAToken(t *testing.T) {
	var log bytes.Buffer
	v := newVerifier(t, Config{
		Secrets: []Secret{secret}, Issuers: []string{"us"}, Audiences: []string{"chat"},
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	// Letters that no message is made of, so that a piece in common is no accident.
	text := rapid.StringMatching(`[QXZ0-9]{8,40}`)
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.OneOf(
			rapid.Map(text, func(s string) any { return s }),
			rapid.Map(rapid.SliceOf(text), func(s []string) any { return s }),
			rapid.Map(rapid.Int64(), func(n int64) any { return n }),
			rapid.Just(any(nil)), rapid.Just(any("us")), rapid.Just(any("chat")), rapid.Just(any(2e9)),
		)
		claims := map[string]any{}
		for _, name := range []string{"exp", "nbf", "iss", "aud", "username", "channels", "watch", "follow", "profile", "status"} {
			if rapid.Bool().Draw(rt, "has "+name) {
				claims[name] = value.Draw(rt, name)
			}
		}
		object, err := json.Marshal(claims)
		if err != nil {
			rt.Fatal(err)
		}
		header := fmt.Sprintf(`{"alg":%q,"kid":%q}`, rapid.SampledFrom([]string{"HS256", "RS256", "QXZQXZQXZ"}).Draw(rt, "alg"), text.Draw(rt, "kid"))
		token := hs256(encode([]byte(header))+"."+encode(object), rapid.SampledFrom([][]byte{secret, []byte("guess")}).Draw(rt, "key"))
		damage := rapid.IntRange(-1, len(token)-1).Draw(rt, "damage")
		if damage >= 0 {
			token = token[:damage] + rapid.SampledFrom([]string{"", "!", ".", "A"}).Draw(rt, "with") + token[damage+1:]
		}
		_, err = v.Verify(token, now)
		if err == nil {
			return
		}
		for about, private := range map[string]string{"token": token, "claims": strings.Join(onlyQXZ(object), " "), "header": header[len(`{"alg":"`):]} {
			if piece := sharesPiece(err.Error(), private); piece != "" {
				rt.Errorf("%q holds %q of the %s", err, piece, about)
			}
		}
	})
	if log.Len() > 0 {
		t.Errorf("refusals were logged: %s", log.String())
	}
}

// onlyQXZ returns the words of a JSON text that are made of the letters above.
func onlyQXZ(object []byte) []string {
	return strings.FieldsFunc(string(object), func(r rune) bool { return !strings.ContainsRune("QXZ0123456789", r) })
}

func TestSecretIsNeverShown(t *testing.T) {
	var shown bytes.Buffer
	text := slog.New(slog.NewTextHandler(&shown, nil))
	asJSON := slog.New(slog.NewJSONHandler(&shown, nil))
	secret := Secret("QXZ 0123456789 QXZ 0123456789 QXZ")
	c := Config{Secrets: []Secret{secret}, KeySets: []Secret{secret}}
	for _, log := range []*slog.Logger{text, asJSON} {
		log.Info("config", "secret", secret, "config", c)
	}
	fmt.Fprintf(&shown, "%v %+v %#v %s %q %x %X %d %v", secret, c, c, secret, secret, secret, secret, c.Secrets, &c)
	encoded, err := json.Marshal(c.Secrets)
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(encoded)
	for about, spelling := range map[string]string{
		"as text": string(secret), "in hex": fmt.Sprintf("%x", []byte(secret)), "in HEX": fmt.Sprintf("%X", []byte(secret)),
		"in base64": encode(secret), "in numbers": strings.Trim(fmt.Sprint([]byte(secret)), "[]"), "in Go": strings.Trim(fmt.Sprintf("%#v", []byte(secret)), "[]byte{}"),
	} {
		if piece := sharesPiece(shown.String(), spelling); piece != "" {
			t.Errorf("%s: %q is shown in %s", about, piece, shown.String())
		}
	}
}

func TestShortSecretIsTakenWithAWarningThatDoesNotShowIt(t *testing.T) {
	for _, tt := range []struct {
		secret string
		warns  bool
	}{{"QXZQXZQXZ", true}, {strings.Repeat("Q", 31), true}, {strings.Repeat("Q", 32), false}} {
		var log bytes.Buffer
		v := newVerifier(t, Config{Secrets: []Secret{Secret(tt.secret)}, Log: slog.New(slog.NewTextHandler(&log, nil))})
		token, err := Sign([]byte(tt.secret), Claims{User: "alice", Expires: now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(token, now); err != nil {
			t.Errorf("%d bytes: %v", len(tt.secret), err)
		}
		if warned := strings.Contains(log.String(), "level=WARN"); warned != tt.warns || strings.Contains(log.String(), "QXZ") {
			t.Errorf("%d bytes: log %q, want a warning: %v", len(tt.secret), log.String(), tt.warns)
		}
	}
}
