package auth

import (
	"bytes"
	"encoding/json"
	"maps"
	"testing"
)

// plainObject is Object by encoding/json alone.
func plainObject(object []byte) (map[string]json.RawMessage, bool) {
	var all map[string]json.RawMessage
	if !json.Valid(object) || json.Unmarshal(object, &all) != nil || all == nil {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(object))
	names := 0
	for _, _ = decoder.Token(); decoder.More(); names++ {
		var value json.RawMessage
		_, _ = decoder.Token()
		_ = decoder.Decode(&value)
	}
	return all, names == len(all)
}

var objects = []string{
	`{}`, ` { } `, `{"a":1}`, `{"a":1,"b":"x"}`, "{\n\t\"a\" : -1.5e9 ,\r\n \"b\": true }", `{"a":null,"b":[],"c":{}}`,
	`{"a":[1,"]",{"b":"}"}],"c":"[{,:"}`, `{"a\"b":"\\","c":"\\\"","d":""}`, `{"\u0061":1}`, `{"a":"é","é":"\u00e9"}`,
	`{"a":[[[[]]],{}],"b":[ ],"c":false}`, `{"":0}`,
	``, `null`, `[]`, `1`, `"a"`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `{"a":1}}`, `{"a":1}{}`, `{a:1}`, `{"a" 1}`,
	`{"a":1 "b":2}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":tru}`, `{"a":]}`, `{"a":[}`, "{\"a\":\"\n\"}",
}

// FuzzObject holds how objects are walked against encoding/json.
func FuzzObject(f *testing.F) {
	for _, object := range objects {
		f.Add([]byte(object))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		got, ok := Object(object)
		want, valid := plainObject(object)
		if !ok {
			if valid && surrogatesPaired(object) && bytes.Equal(object, bytes.ToValidUTF8(object, []byte("?"))) {
				t.Errorf("%q is refused", object)
			}
			return
		}
		same := func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }
		if !valid || !maps.EqualFunc(got, want, same) {
			t.Errorf("%q is %q, want %q", object, got, want)
		}
	})
}

// FuzzReadList holds how lists are read against encoding/json.
func FuzzReadList(f *testing.F) {
	for _, list := range []string{`[]`, `[ ]`, `["a","b*"]`, " [ \"a\" ,\n\"\\u0062\" ] ", `["a",null]`, `[1]`, `[["a"]]`, `["]",","]`, `{"a":"b"}`, `"a"`, `null`, `["\\","\""]`} {
		f.Add([]byte(list))
	}
	f.Fuzz(func(t *testing.T, list []byte) {
		members, ok := Object(append(append([]byte(`{"a":`), list...), '}'))
		if !ok || len(members) != 1 {
			return
		}
		var want []*string
		plain := json.Unmarshal(members["a"], &want) == nil && want != nil
		for _, text := range want {
			plain = plain && text != nil
		}
		got, ok := readList(members["a"])
		if ok != plain || ok && len(got) != len(want) {
			t.Fatalf("%q is %q, %v, want %v", list, got, ok, plain)
		}
		for i := range got {
			if got[i] != *want[i] {
				t.Errorf("%q has %q, want %q", list, got[i], *want[i])
			}
		}
	})
}
