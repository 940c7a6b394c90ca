package limit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
)

var errToken = errors.New("token does not hold")

// header is the only one that is taken, as everybody writes it.
var header = []byte(`{"alg":"HS256","typ":"JWT"}`)

// verify returns the user of an HS256 token.
func verify(token, secret []byte, now time.Time) (user string, err error) {
	at := bytes.LastIndexByte(token, '.')
	if at < 0 {
		return "", errToken
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(token[:at])
	signature, err := base64.RawURLEncoding.AppendDecode(nil, token[at+1:])
	if err != nil || !hmac.Equal(signature, mac.Sum(nil)) {
		return "", errToken
	}
	head, body, _ := bytes.Cut(token[:at], []byte("."))
	if head, err = base64.RawURLEncoding.AppendDecode(nil, head); err != nil || !bytes.Equal(head, header) {
		return "", errToken
	}
	if body, err = base64.RawURLEncoding.AppendDecode(nil, body); err != nil {
		return "", errToken
	}
	var claims struct {
		Username string  `json:"username"`
		Expires  float64 `json:"exp"`
	}
	if err := json.Unmarshal(body, &claims); err != nil || claims.Username == "" || claims.Expires <= float64(now.Unix()) {
		return "", errToken
	}
	return claims.Username, nil
}
