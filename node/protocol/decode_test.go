package protocol

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// want is either a Request or an Error with the Message left out.
var decodeTests = []struct {
	name string
	line string
	want any
}{
	{"a bare hello", `{"type":"hello"}`, Hello{State: Online}},
	{"a full hello", `{"type":"hello","id":1,"token":"a.b.c","resume":"s1","state":"away","idle":5,"status":"busy","meta":{"v": 1}}`,
		Hello{1, "a.b.c", "s1", Away, 5, Busy, `{"v":1}`}},
	{"the type may come last", `{"channel":"c","type":"leave"}`, Leave{0, "c"}},
	{"keys may be escaped", `{"\u0074ype":"sync","channel":"c"}`, Sync{0, "c"}},
	{"unknown fields are ignored", `{"type":"time","x":[1,{"y":null}],"id":9007199254740991}`, Time{MaxID}},
	{"fields of other requests are ignored", `{"type":"leave","channel":"c","users":5}`, Leave{0, "c"}},
	{"join", `{"type":"join","channel":"room.1"}`, Join{0, "room.1", "", Members}},
	{"join with data and mode", `{"type":"join","id":2,"channel":"c","data":{"a":[1, 2]},"mode":"count"}`, Join{2, "c", `{"a":[1,2]}`, Count}},
	{"watch", `{"type":"watch","channel":"c","mode":"members"}`, Watch{0, "c", Members}},
	{"update", `{"type":"update","channel":"c","data":{}}`, Update{0, "c", `{}`}},
	{"state", `{"type":"state","state":"online"}`, State{0, Online, 0}},
	{"status", `{"type":"status","status":"offline","text":"ü"}`, Status{0, Offline, "ü"}},
	{"follow", `{"type":"follow","users":["a","b,c"]}`, Follow{0, []string{"a", "b,c"}}},
	{"follow nobody", `{"type":"follow","users":[]}`, Follow{0, []string{}}},
	{"unfollow", `{"type":"unfollow","users":["__proto__"]}`, Unfollow{0, []string{"__proto__"}}},
	{"token", `{"type":"token","token":"t"}`, Token{0, "t"}},
	{"logout", `{"type":"logout","id":7}`, Logout{7}},
	{"pong", ` {"type":"pong"} `, Pong{}},
	{"bye", `{"type":"bye"}`, Bye{}},
	{"spaces in data go, those in its strings stay", "{\"type\":\"update\",\"channel\":\"c\",\"data\":{ \"a\\\" b\" :\t\"c d\" ,\r\"e\" : [ 1 ] }}",
		Update{0, "c", `{"a\" b":"c d","e":[1]}`}},
	{"a surrogate pair is one character", `{"type":"leave","channel":"\ud83d\ude00"}`, Leave{0, "😀"}},
	{"a name of 255 bytes", `{"type":"leave","channel":"` + strings.Repeat("n", 255) + `"}`, Leave{0, strings.Repeat("n", 255)}},
	{"data as large as it may be", `{"type":"update","channel":"c","data":{"a":"` + strings.Repeat("n", DefaultMax-8) + `"}}`,
		Update{0, "c", `{"a":"` + strings.Repeat("n", DefaultMax-8) + `"}`}},

	{"unknown type", `{"type":"shout","id":3}`, Error{3, Unsupported, ""}},
	{"type in another case", `{"TYPE":"hello","id":3}`, Error{3, BadRequest, ""}},
	{"type word in another case", `{"type":"Hello"}`, Error{0, Unsupported, ""}},
	{"type that is no string", `{"type":1,"id":3}`, Error{3, BadRequest, ""}},
	{"type twice", `{"id":3,"type":"bye","type":"time"}`, Error{3, BadRequest, ""}},
	{"broken, the id was read", `{"id":3,"type":"join","channel":`, Error{3, BadRequest, ""}},
	{"broken before the id", `{"type":"join",,"id":3}`, Error{0, BadRequest, ""}},
	{"two on one line", `{"type":"pong"}{"type":"pong"}`, Error{0, BadRequest, ""}},
	{"not an object", `[]`, Error{0, BadRequest, ""}},
	{"a comma too many", `{"type":"pong",}`, Error{0, BadRequest, ""}},
	{"nothing", ``, Error{0, BadRequest, ""}},
	{"NaN", `{"type":"state","state":"away","idle":NaN}`, Error{0, BadRequest, ""}},
	{"null is no string", `{"type":"hello","token":null}`, Error{0, BadRequest, ""}},
	{"null is no object", `{"type":"join","channel":"c","data":null}`, Error{0, BadRequest, ""}},
	{"data as text", `{"type":"join","channel":"c","data":"{}"}`, Error{0, BadRequest, ""}},
	{"missing channel", `{"type":"join","id":3}`, Error{3, BadRequest, ""}},
	{"missing data", `{"type":"update","channel":"c"}`, Error{0, BadRequest, ""}},
	{"missing state", `{"type":"state"}`, Error{0, BadRequest, ""}},
	{"missing status", `{"type":"status"}`, Error{0, BadRequest, ""}},
	{"missing users", `{"type":"follow"}`, Error{0, BadRequest, ""}},
	{"missing token", `{"type":"token"}`, Error{0, BadRequest, ""}},
	{"empty token", `{"type":"token","token":""}`, Error{0, BadRequest, ""}},
	{"a state that is a status", `{"type":"state","state":"busy"}`, Error{0, BadRequest, ""}},
	{"an empty state", `{"type":"hello","state":""}`, Error{0, BadRequest, ""}},
	{"an empty status", `{"type":"hello","status":""}`, Error{0, BadRequest, ""}},
	{"unknown mode", `{"type":"watch","channel":"c","mode":"all"}`, Error{0, BadRequest, ""}},
	{"users that are no array", `{"type":"follow","users":"a"}`, Error{0, BadRequest, ""}},
	{"a user that is no string", `{"type":"follow","users":["a",1]}`, Error{0, BadRequest, ""}},
	{"an empty user", `{"type":"follow","users":[""]}`, Error{0, BadRequest, ""}},
	{"empty channel", `{"type":"leave","channel":""}`, Error{0, BadRequest, ""}},
	{"a kept channel", `{"type":"join","channel":"@x"}`, Error{0, BadRequest, ""}},
	{"a kept channel, escaped", `{"type":"join","channel":"\u0040x"}`, Error{0, BadRequest, ""}},
	{"a channel of 256 bytes", `{"type":"leave","channel":"` + strings.Repeat("n", 256) + `"}`, Error{0, BadRequest, ""}},
	{"control character", `{"type":"leave","channel":"a\u0000"}`, Error{0, BadRequest, ""}},
	{"control character of the second kind", `{"type":"leave","channel":"a\u0085"}`, Error{0, BadRequest, ""}},
	{"raw control character", "{\"type\":\"leave\",\"channel\":\"a\tb\"}", Error{0, BadRequest, ""}},
	{"lone high surrogate", `{"id":3,"type":"leave","channel":"\ud83d"}`, Error{3, BadRequest, ""}},
	{"lone low surrogate", `{"type":"leave","channel":"\ude00"}`, Error{0, BadRequest, ""}},
	{"high surrogate and something else", `{"type":"leave","channel":"\ud83d\u0041"}`, Error{0, BadRequest, ""}},
	{"lone surrogate in data", `{"type":"join","channel":"c","data":{"a":"\ud83dx"}}`, Error{0, BadRequest, ""}},
	{"lone surrogate in a key of data", `{"type":"join","channel":"c","data":{"\udead":1}}`, Error{0, BadRequest, ""}},
	{"not UTF-8", "{\"type\":\"leave\",\"channel\":\"\xff\"}", Error{0, BadRequest, ""}},
	{"unknown escape", `{"type":"leave","channel":"\x41"}`, Error{0, BadRequest, ""}},
	{"id 0", `{"type":"time","id":0}`, Error{0, BadRequest, ""}},
	{"id below", `{"type":"time","id":-1}`, Error{0, BadRequest, ""}},
	{"id 2^53", `{"type":"time","id":9007199254740992}`, Error{0, BadRequest, ""}},
	{"id beyond all integers", `{"type":"time","id":99999999999999999999}`, Error{0, BadRequest, ""}},
	{"id with a fraction", `{"type":"time","id":1.0}`, Error{0, BadRequest, ""}},
	{"id with an exponent", `{"type":"time","id":1e3}`, Error{0, BadRequest, ""}},
	{"id as text", `{"type":"time","id":"1"}`, Error{0, BadRequest, ""}},
	{"id null", `{"type":"time","id":null}`, Error{0, BadRequest, ""}},
	{"id with a zero before it", `{"type":"time","id":01}`, Error{0, BadRequest, ""}},
	{"an age from the future", `{"type":"hello","idle":-1}`, Error{0, BadRequest, ""}},
	{"an age of minus nothing", `{"type":"hello","idle":-0}`, Error{0, BadRequest, ""}},
	{"an age older than anybody is idle", `{"type":"hello","idle":315360000001}`, Error{0, BadRequest, ""}},
	{"a number that is no double, in data", `{"type":"join","channel":"c","data":{"a":1e999}}`, Error{0, BadRequest, ""}},
	{"data too large", `{"type":"update","channel":"c","data":{"a":"` + strings.Repeat("n", DefaultMax-7) + `"}}`, Error{0, TooLarge, ""}},
	{"meta too large", `{"type":"hello","meta":{"a":"` + strings.Repeat("n", MaxMeta-7) + `"}}`, Error{0, TooLarge, ""}},
	{"text too large", `{"type":"status","id":3,"status":"busy","text":"` + strings.Repeat("ü", 129) + `"}`, Error{3, TooLarge, ""}},
	{"201 names", `{"type":"follow","users":["a"` + strings.Repeat(`,"a"`, 200) + `]}`, Error{0, LimitReached, ""}},
	{"nested too deep", `{"type":"join","channel":"c","data":{"a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}}`, Error{0, BadRequest, ""}},
	{"very deep", strings.Repeat(`{"a":`, 5000), Error{0, BadRequest, ""}},
}

func TestDecodeIsStrict(t *testing.T) {
	for _, tt := range decodeTests {
		r, err := Decoder{}.Decode([]byte(tt.line))
		var got any = r
		if err != nil {
			if err.Message == "" || r != nil {
				t.Errorf("%s: got request %v and error message %q, want no request and a message", tt.name, r, err.Message)
			}
			got = Error{err.ID, err.Code, ""}
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: Decode(%.80q) = %#v (%v), want %#v", tt.name, tt.line, got, err, tt.want)
		}
	}
}

func TestDeepestDataIsTaken(t *testing.T) {
	data := `{"a":` + strings.Repeat("[", MaxDepth-2) + strings.Repeat("]", MaxDepth-2) + `}`
	if _, err := (Decoder{}).Decode([]byte(`{"type":"update","channel":"c","data":` + data + `}`)); err != nil {
		t.Errorf("data that makes the request %d deep: %v", MaxDepth, err)
	}
}

func TestMaxDataIsConfigurable(t *testing.T) {
	line := []byte(`{"type":"update","channel":"c","data":{"a": 1}}`)
	if _, err := (Decoder{MaxData: 7}).Decode(line); err != nil {
		t.Errorf("data of 7 bytes without spaces, 7 allowed: %v", err)
	}
	if _, err := (Decoder{MaxData: 6}).Decode(line); err == nil || err.Code != TooLarge {
		t.Errorf("data of 7 bytes, 6 allowed: %v, want %s", err, TooLarge)
	}
}

func TestFrameIsReadLineByLine(t *testing.T) {
	frame := "{\"type\":\"pong\"}\n\n \r\n{broken\n{\"type\":\"bye\"}\n"
	var got []string
	for line := range Lines([]byte(frame)) {
		r, err := Decoder{}.Decode(line)
		got = append(got, fmt.Sprintf("%T %t", r, err != nil))
	}
	want := []string{"protocol.Pong false", "<nil> true", "protocol.Bye false"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("frame %q read as %q, want %q", frame, got, want)
	}
}

func TestRefusedHelloIsToldFromOtherLines(t *testing.T) {
	for line, want := range map[string]bool{
		`{"type":"hello","idle":-1}`:           true,
		`{"idle":1,"idle":2,"type":"hello"}`:   true,
		`{"type":"hello","resume":"\ud83d"}`:   true,
		`{"type":"hello","token":null,"id":-}`: false,
		`{"type":"hello"`:                      false,
		`{"TYPE":"hello"}`:                     false,
		`{"type":["hello"]}`:                   false,
		`{"type":"join"}`:                      false,
		`{"id":1}`:                             false,
		`"hello"`:                              false,
	} {
		if got := IsHello([]byte(line)); got != want {
			t.Errorf("IsHello(%s) = %v, want %v", line, got, want)
		}
		if _, err := (Decoder{}).Decode([]byte(line)); err == nil {
			t.Errorf("%s was not refused", line)
		}
	}
}

func TestTokenIsNeverPrinted(t *testing.T) {
	r := Hello{Token: "hunter2"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(format, r); strings.Contains(got, "hunter2") || strings.Contains(got, "68756e") {
			t.Errorf("%s prints the token: %s", format, got)
		}
	}
}

func TestDecodedRequestSharesNothingWithTheFrame(t *testing.T) {
	line := []byte(`{"type":"join","channel":"room","data":{"a":1}}`)
	r, err := Decoder{}.Decode(line)
	if err != nil {
		t.Fatal(err)
	}
	for i := range line {
		line[i] = 'x'
	}
	if want := (Join{0, "room", `{"a":1}`, Members}); r != want {
		t.Errorf("after the frame was overwritten the request is %v, want %v", r, want)
	}
}

func TestCompactKeepsProfilesInOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"{\n \"name\" : \"A  B\"\n}\n": `{"name":"A  B"}`,
		`{}`:                           `{}`,
		`{"a":1} {}`:                   "",
		`[]`:                           "",
		`{"a":"\ud800"}`:               "",
		"{\"a\":\"\xff\"}":             "",
	} {
		got, err := Compact([]byte(in))
		if got != want || (err != nil) != (want == "") {
			t.Errorf("Compact(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}
