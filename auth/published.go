package auth

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/MicahParks/jwkset"
)

// published reads key sets that anybody can read. jwkset takes an RSA key for a private one
// only if all its private members are there, but any of them gives the key away. So a key with
// some private member is handed on as the secret that it is, which [keySet] leaves out.
type published struct{ base http.RoundTripper }

// RoundTrip reads the whole body, so base has to bound it.
func (p published) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := p.base.RoundTrip(request)
	if err != nil || response.StatusCode != http.StatusOK {
		return response, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	text = markPrivate(text)
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return response, nil
}

// markPrivate returns the key set with a secret in the place of each private key. What is no
// key set is returned as it is: jwkset refuses it.
func markPrivate(text []byte) []byte {
	var set jwkset.JWKSMarshal
	if json.NewDecoder(bytes.NewReader(text)).Decode(&set) != nil {
		return text
	}
	marked := false
	for i, k := range set.Keys {
		if k.D+k.P+k.Q+k.DP+k.DQ+k.QI != "" || len(k.OTH) > 0 {
			set.Keys[i] = jwkset.JWKMarshal{KTY: jwkset.KtyOct, KID: k.KID, K: "AA"}
			marked = true
		}
	}
	if !marked {
		return text
	}
	text, _ = json.Marshal(set) // of texts alone, so it cannot fail
	return text
}
