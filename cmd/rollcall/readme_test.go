package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/golang-jwt/jwt/v5"

	"github.com/rollcall-presence/rollcall/auth"
)

// root is the repository's, from here.
const root = "../.."

// fence is one block of code of the README: what stands behind its backticks,
// and its lines.
type fence struct{ kind, text string }

var fenced = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

// readme returns the README from one heading to the next of its kind; empty: all.
func readme(t *testing.T, heading string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if heading == "" {
		return string(data)
	}
	_, section, ok := strings.Cut(string(data), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("the README has no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}

// part returns what a section has under one heading of the next kind; empty: before the first.
func part(t *testing.T, section, heading string) string {
	t.Helper()
	if heading != "" {
		_, rest, ok := strings.Cut(section, "\n### "+heading+"\n")
		if !ok {
			t.Fatalf("the section has no part %q", heading)
		}
		section = rest
	}
	section, _, _ = strings.Cut(section, "\n### ")
	return section
}

// fences returns the blocks of a text, in order, whose kind begins as given.
func fences(t *testing.T, text, kind string) (found []fence) {
	t.Helper()
	for _, m := range fenced.FindAllStringSubmatch(text, -1) {
		if strings.HasPrefix(m[1], kind) {
			found = append(found, fence{m[1], m[2]})
		}
	}
	if len(found) == 0 {
		t.Fatalf("no block of kind %q", kind)
	}
	return found
}

func model(t *testing.T) *kong.Application {
	t.Helper()
	parser, err := newParser(process{stdout: io.Discard, stderr: io.Discard}, &sources{})
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model
}

// flagTable returns the flags of "rollcall serve" as a table.
func flagTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| flag | default | |\n| --- | --- | --- |\n")
	for _, command := range model(t).Children {
		if command.Name != "serve" {
			continue
		}
		for _, flag := range command.Flags {
			if flag.Hidden || flag.Name == "help" {
				continue
			}
			standard := flag.Tag.Get("otherwise")
			if flag.HasDefault {
				standard = "`" + flag.Default + "`"
			}
			row := fmt.Sprintf("| `--%s` | %s | %s |\n", flag.Name, standard, flag.Help)
			b.WriteString(strings.ReplaceAll(row, "*", `\*`))
		}
	}
	return b.String()
}

func TestReadmeShowsTheFlagsThatThereAre(t *testing.T) {
	const begin, end = "-update -->\n", "<!-- /flags -->"
	text := readme(t, "")
	head, rest, found := strings.Cut(text, begin)
	table, tail, ok := strings.Cut(rest, end)
	if !found || !ok {
		t.Fatalf("the README has no place for the flags, between %q and %q", begin, end)
	}
	want := flagTable(t)
	if *update {
		if err := os.WriteFile(filepath.Join(root, "README.md"), []byte(head+begin+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != want {
		t.Errorf("the README shows other flags than there are; go test -run Readme -update writes:\n%s", want)
	}
}

// typed matches a command line of rollcall, however it is started, in a block or
// between backticks.
var typed = regexp.MustCompile("(?m)(?:^|`)(?:\\./rollcall|rollcall|go run \\./cmd/rollcall) ([^`\n]+)")

func TestReadmeTypesCommandsThatThereAre(t *testing.T) {
	text := readme(t, "")
	t.Chdir(t.TempDir())
	key := "YWFhYWFhYWFhYWFhYWFhYQ=="
	for _, file := range regexp.MustCompile(`@([\w./-]+)`).FindAllStringSubmatch(text, -1) {
		if err := os.WriteFile(filepath.Base(file[1]), []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(line string, args []string) {
		t.Helper()
		from := &sources{lookup: func(string) (string, bool) { return "", false }}
		parser, err := newParser(process{stdout: io.Discard, stderr: io.Discard}, from)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(args); err != nil && !errors.Is(err, errHelp) {
			t.Errorf("%s: %s", line, explain(err, parser.Model, from))
		}
	}
	for _, block := range fences(t, text, "yaml") {
		config := strings.ReplaceAll(block.text, "@/etc/rollcall/", "@")
		if err := os.WriteFile("rollcall.yaml", []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		check(config, []string{"serve", "--config", "rollcall.yaml"})
	}
	lines := typed.FindAllStringSubmatch(text, -1)
	if len(lines) < 10 {
		t.Fatalf("only %d command lines were found", len(lines))
	}
	for _, m := range lines {
		words := strings.Fields(m[1])
		for i, word := range words { // what is for the shell, not for us
			if word == ">" || word == "2>" || word == "&" || word == "|" {
				words = words[:i]
				break
			}
		}
		if len(words) == 1 && slices.Contains([]string{"token", "watch", "load"}, words[0]) {
			words = append(words, "--help") // the command is named, not typed
		}
		check(m[0], words)
	}
}

func TestReadmeLinksToWhatThereIs(t *testing.T) {
	text := readme(t, "")
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		words := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		anchors["#"+strings.ReplaceAll(words, " ", "-")] = true
	}
	links := regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(text, -1)
	for _, m := range links {
		switch link := m[1]; {
		case strings.HasPrefix(link, "https://"):
		case strings.HasPrefix(link, "#"):
			if !anchors[link] {
				t.Errorf("no heading for %s", link)
			}
		default:
			if _, err := os.Stat(filepath.Join(root, link)); err != nil {
				t.Error(err)
			}
		}
	}
	for line := range strings.Lines(fences(t, text, "text layout")[0].text) {
		if info, err := os.Stat(filepath.Join(root, strings.Fields(line)[0])); err != nil || !info.IsDir() {
			t.Errorf("%s no folder: %v", line, err)
		}
	}
	if len(links) < 15 {
		t.Errorf("only %d links were found", len(links))
	}
}

func TestReadmeRunsTestsThatThereAre(t *testing.T) {
	lines := regexp.MustCompile("`go test (\\./[\\w/]*\\w)( [^`]*)?`").FindAllStringSubmatch(readme(t, "Testing"), -1)
	if len(lines) < 7 {
		t.Fatalf("only %d lines were found", len(lines))
	}
	for _, m := range lines {
		var sources strings.Builder
		files, _ := filepath.Glob(filepath.Join(root, m[1], "*_test.go"))
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(data)
		}
		words := strings.Fields(m[2])
		for i, word := range words {
			want := ""
			switch flag, isFlag := strings.CutPrefix(word, "-"); {
			case flag == "run":
				want = `\nfunc Test\w*` + words[i+1]
			case flag == "fuzz":
				want = `\nfunc ` + words[i+1] + `\(`
			case isFlag && flag != "v" && flag != "timeout":
				want = `"` + regexp.QuoteMeta(flag) + `"`
			}
			if !regexp.MustCompile(want).MatchString(sources.String()) {
				t.Errorf("%s: the tests there have nothing like %s", m[0], want)
			}
		}
	}
}

func TestReadmeShowsATokenThatIsGood(t *testing.T) {
	secret := randomBytes(32)
	verifier, err := auth.New(t.Context(), auth.Config{Secrets: []auth.Secret{secret}})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.MapClaims
	if err := json.Unmarshal([]byte(fences(t, readme(t, "Running it"), "json claims")[0].text), &claims); err != nil {
		t.Fatal(err)
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	id, err := verifier.Verify(token, time.Unix(1760000000, 0))
	if err != nil {
		t.Fatal(err)
	}
	rights := auth.Public{}.Rights(id.Rights)
	if id.User != "alice" || id.Profile != `{"name":"Alice"}` || !rights.MayJoin("room.1") || rights.MayJoin("news") || !rights.MayWatch("news") {
		t.Errorf("the token of the README says %+v", id)
	}
}
