package scan

import (
	"encoding/json"
	"reflect"
	"testing"
)

// read reads a whole value as encoding/json does, but for numbers, of which it takes the digits.
func read(s *Scanner) any {
	switch c := s.Peek(); {
	case c == '{':
		all := map[string]any{}
		s.Object(func(key []byte) { all[string(key)] = read(s) })
		return all
	case c == '[':
		all := []any{}
		s.Array(func() { all = append(all, read(s)) })
		return all
	case c == '"':
		return string(s.Text())
	case c == 't' || c == 'f':
		return s.Bool()
	case c == '-' || c >= '0' && c <= '9':
		return float64(s.Int())
	default:
		s.Skip()
		return nil
	}
}

const sample = ` {"type":"roster","id":-2, "count":3,"members":[ {"user":"a\"\\\u00e9\ud83d\ude00","data":{"x":[1,{"y":"}]"}]}},{}],
"more":false,"partial":true,"none":null,"empty":"","list":[]}
`

func TestTextsAreReadAsByEncodingJSON(t *testing.T) {
	var want any
	if err := json.Unmarshal([]byte(sample), &want); err != nil {
		t.Fatal(err)
	}
	s := New([]byte(sample))
	if got := read(&s); s.Err() != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, s.Err(), want)
	}
	if s.More() {
		t.Error("more is left than the end of a line")
	}
}

func TestWhatIsSkippedIsOneValue(t *testing.T) {
	s := New([]byte(`[1.5e3,"a]b",{"k":["\"}"]},null,true,7]`))
	n := 0
	var last int64
	s.Array(func() {
		if n++; n == 6 {
			last = s.Int()
			return
		}
		s.Skip()
	})
	if s.Err() != nil || n != 6 || last != 7 {
		t.Errorf("%d items, the last %d, %v; want 6 and 7", n, last, s.Err())
	}
}

func TestBrokenTextsAreErrors(t *testing.T) {
	for _, text := range []string{``, `{`, `{"a"`, `{"a":`, `{"a":}`, `{"a":1`, `{"a":1,}`, `{"a" 1}`, `{"a":"`, `{"a":"\`, `{"a":"\x"}`, `{1:2}`,
		`[1 2]`, `{"a":[1,}`, `{"a":[[]}`, `{"a":12345678901234567890}`, `{"a":-}`, `{"a":maybe}`} {
		s := New([]byte(text))
		s.Object(func([]byte) {
			if s.Peek() == 'm' {
				s.Bool()
			} else {
				read(&s)
			}
		})
		if s.Err() == nil {
			t.Errorf("%s is read without an error", text)
		}
	}
}

func TestReadingMakesNoGarbage(t *testing.T) {
	text := []byte(`{"type":"diff","channel":"room","version":7,"join":[{"user":"carol","since":1760000004000}],"count":4}`)
	users := 0
	if n := testing.AllocsPerRun(100, func() {
		s := New(text)
		s.Object(func(key []byte) {
			if string(key) != "join" {
				s.Skip()
				return
			}
			s.Array(func() {
				s.Object(func(key []byte) {
					if string(key) == "user" {
						users += len(s.Text())
						return
					}
					s.Skip()
				})
			})
		})
	}); n > 1 { // s itself, which the functions share
		t.Errorf("%v allocations, want at most 1", n)
	}
}

// Whatever comes, reading ends without a panic; and what encoding/json takes is no error, but for
// numbers.
func FuzzRead(f *testing.F) {
	f.Add(sample)
	f.Add(`[[[`)
	f.Add(`{"a":"\u12`)
	f.Fuzz(func(t *testing.T, text string) {
		s := New([]byte(text))
		for range 3 {
			read(&s)
			s.Skip()
		}
	})
}
