package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// samples returns three values for a flag of a type. The first and the last may
// be the same where a type has but two.
func samples(t *testing.T, target any) [3]string {
	t.Helper()
	switch target.(type) {
	case text, words, secrets, secret, keys:
		return [3]string{"one", "two", "three"}
	case tokenValue:
		return [3]string{"a.b.c", "d.e.f", "g.h.i"}
	case urls:
		return [3]string{"ws://one/x", "ws://two/x", "ws://three/x"}
	case adminURLs:
		return [3]string{"http://one:1", "two:2", "https://three"}
	case base64Keys:
		key := func(c string) string { return strings.Repeat(c, 22) + "==" }
		return [3]string{key("A"), "MDEyMzQ1Njc4OTAxMjM0NQ==", "NTQzMjEwOTg3NjU0MzIxMA=="}
	case pems:
		return [3]string{"-----BEGIN 1", "-----BEGIN 2", "-----BEGIN 3"}
	case files:
		return [3]string{write(t, "1", "one"), write(t, "2", "two"), write(t, "3", "three")}
	case pause, *pause:
		return [3]string{"11s", "0s", "13s"}
	case number:
		return [3]string{"11", "12KiB", "13"}
	case rate:
		return [3]string{"11", "12/13", "14/s burst 15"}
	case toggle:
		return [3]string{"true", "false", "true"}
	case object:
		return [3]string{`{"n":1}`, `{"n":2}`, `{"n":3}`}
	case status:
		return [3]string{"away", "busy", "offline"}
	case logLevel:
		return [3]string{"debug", "warn", "error"}
	case logFormat:
		return [3]string{"json", "text", "json"}
	}
	t.Fatalf("no samples of type %T", target)
	panic("unreachable")
}

// required are the flags without which a command cannot be parsed.
var required = map[string][]string{
	"load":  {"--secret=s", "idle"},
	"token": {"--secret=s", "--user=u"},
	"watch": {"--url=ws://h", "room"},
}

// parse returns the value of a flag after parsing a command line.
func parse(t *testing.T, command, name string, env map[string]string, args ...string) any {
	t.Helper()
	from := &sources{lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	parser, err := newParser(process{lookup: from.lookup}, from)
	if err != nil {
		t.Fatal(err)
	}
	line := append([]string{command}, args...)
	for _, arg := range required[command] {
		if !strings.HasPrefix(arg, "--"+name+"=") {
			line = append(line, arg)
		}
	}
	ctx, err := parser.Parse(line)
	if err != nil {
		t.Fatalf("%v with %v: %v", line, env, err)
	}
	for _, f := range ctx.Selected().Flags {
		if f.Name == name {
			return f.Target.Interface()
		}
	}
	t.Fatalf("no flag %s", name)
	return nil
}

// everyFlag calls do with every flag of every command.
func everyFlag(t *testing.T, do func(t *testing.T, command string, flag *kong.Flag)) {
	parser, err := newParser(process{}, &sources{})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range parser.Model.Children {
		for _, flag := range command.Flags {
			t.Run(command.Name+"/"+flag.Name, func(t *testing.T) { do(t, command.Name, flag) })
		}
	}
}

func TestFlagsWinOverVariablesOverTheFile(t *testing.T) {
	everyFlag(t, func(t *testing.T, command string, flag *kong.Flag) {
		if flag.Name == "config" {
			return // names the file
		}
		s := samples(t, flag.Target.Interface())
		env := map[string]string{variable(flag): s[1]}
		typed := func(value string) any { return parse(t, command, flag.Name, nil, "--"+flag.Name+"="+value) }
		same := func(what string, got, want any) {
			t.Helper()
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %v, want %v", what, got, want)
			}
		}
		if reflect.DeepEqual(typed(s[0]), typed(s[1])) || reflect.DeepEqual(typed(s[1]), typed(s[2])) {
			t.Fatalf("samples %v are read as the same", s)
		}
		same("variable", parse(t, command, flag.Name, env), typed(s[1]))
		same("flag over variable", parse(t, command, flag.Name, env, "--"+flag.Name+"="+s[0]), typed(s[0]))
		if command != "serve" {
			return
		}
		config := "--config=" + write(t, "c.yaml", fmt.Sprintf("%s: '%s'\n", flag.Name, s[2]))
		same("file", parse(t, command, flag.Name, nil, config), typed(s[2]))
		same("variable over file", parse(t, command, flag.Name, env, config), typed(s[1]))
		same("flag over both", parse(t, command, flag.Name, env, config, "--"+flag.Name+"="+s[0]), typed(s[0]))
		same("empty variable is none", parse(t, command, flag.Name, map[string]string{variable(flag): ""}, config), typed(s[2]))
	})
}

func TestSeveralValuesAreRepeatedOrCommaSeparatedOrListed(t *testing.T) {
	want := words{"a", "b", "c"}
	file := write(t, "c.yaml", "join: [a, b, c]\n")
	for name, got := range map[string]any{
		"repeated":  parse(t, "serve", "join", nil, "--join=a", "--join=b", "--join", "c"),
		"commas":    parse(t, "serve", "join", nil, "--join", "a,b, c,"),
		"variable":  parse(t, "serve", "join", map[string]string{"ROLLCALL_JOIN": "a,b,c"}),
		"yaml list": parse(t, "serve", "join", nil, "--config", file),
		"yaml text": parse(t, "serve", "join", nil, "--config", write(t, "c.yaml", "join: a, b, c\n")),
	} {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := parse(t, "serve", "jwt-secret", nil, "--jwt-secret", "a,b").(secrets); len(got) != 1 || string([]byte(got[0])) != "a,b" {
		t.Errorf("a secret with a comma is cut apart: %d parts", len(got))
	}
	if got := parse(t, "serve", "public-channels", nil, "--public-channels=").(words); got == nil || len(got) != 0 {
		t.Errorf("given but empty is %#v, want an empty list", got)
	}
	if got := parse(t, "serve", "public-channels", nil, "--config", write(t, "c.yaml", "public-channels: []\n")).(words); got == nil || len(got) != 0 {
		t.Errorf("an empty list in the file is %#v, want an empty list", got)
	}
}

func TestFile(t *testing.T) {
	for _, tt := range []struct{ name, yaml, want string }{ // want is part of the error; empty: none
		{"empty", "", ""},
		{"comments only", "# nothing\n", ""},
		{"null is not set", "join:\nname: ~\n", ""},
		{"numbers and booleans", "max-roster: 7\nallow-anonymous: yes\nname: 12\n", ""},
		{"aliases", "join: &seeds [a]\norigins: *seeds\n", ""},
		{"unknown key", "jion: [a]\n", `the names of flags, not "jion" in line 1`},
		{"underscores", "max_roster: 1\n", `not "max_roster" in line 1`},
		{"config in the file", "config: x\n", `not "config" in line 1`},
		{"help in the file", "help: true\n", `not "help" in line 1`},
		{"twice", "name: a\nname: b\n", `"name" once`},
		{"nested", "jwt:\n  secret: x\n", `not "jwt" in line 1`},
		{"mapping", "join: {a: b}\n", `a value or a list of values for "join" in line 1`},
		{"list of lists", "join: [[a]]\n", `a value or a list of values for "join" in line 1`},
		{"list for one", "\nname: [a, b]\n", `:2: --name is "a list", want one value`},
		{"a list itself", "- name\n", `lines of the form key: value`},
		{"two documents", "name: a\n---\nname: b\n", `one YAML document`},
		{"not YAML", "\tname: [\n", `a YAML file: `},
		{"wrong value", "interval: 10\n", `--interval is "10"`},
	} {
		s := shell{}
		code := s.run("serve", "--jwt-secret", "s", "--config", write(t, "c.yaml", tt.yaml))
		if tt.want == "" && code != exitOK || tt.want != "" && (code != exitUsage || !strings.Contains(s.stderr.String(), tt.want)) {
			t.Errorf("%s: exit %d, stderr %q; want %q", tt.name, code, s.stderr.String(), tt.want)
		}
	}
}

func FuzzReadSettings(f *testing.F) {
	f.Add("name: a\njoin: [a, b]\n")
	f.Add("a: &x [*x]\n? [b]\n: c\n")
	f.Add("<<: {name: a}\n---\n")
	path := filepath.Join(f.TempDir(), "c.yaml")
	f.Fuzz(func(t *testing.T, yaml string) {
		if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		settings, err := readSettings(path, map[string]bool{"name": true, "join": true})
		for key, s := range settings {
			if err != nil || key != "name" && key != "join" || !s.list && len(s.texts) != 1 {
				t.Fatalf("%q: %+v, %v", key, s, err)
			}
		}
	})
}
