package node

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// document is the OpenAPI document as it is served, in its plainest form.
type document map[string]any

func readDocument(t *testing.T) document {
	t.Helper()
	var d map[string]any
	if err := yaml.Unmarshal(openapi, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// at returns what a path of keys leads to, as a map, and follows references; nil: there is
// nothing.
func (d document) at(from any, keys ...string) map[string]any {
	m := d.follow(from)
	for _, key := range keys {
		m = d.follow(m[key])
	}
	return m
}

func (d document) follow(v any) map[string]any {
	switch m := v.(type) {
	case document:
		return m
	case map[string]any:
		if ref, ok := m["$ref"].(string); ok {
			return d.at(d, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
		return m
	}
	return nil
}

// operation is one method of one path.
type operation struct{ method, path string }

func (o operation) String() string { return o.method + " " + o.path }

func (d document) operations() (all []operation) {
	for path, item := range d.at(d, "paths") {
		for method := range item.(map[string]any) {
			if method != "parameters" {
				all = append(all, operation{strings.ToUpper(method), path})
			}
		}
	}
	return all
}

func (d document) operation(o operation) map[string]any {
	return d.at(d, "paths", o.path, strings.ToLower(o.method))
}

// parameters returns the names of an operation's parameters in the path or the query.
func (d document) parameters(o operation, in string) (names []string) {
	both, _ := d.at(d, "paths", o.path)["parameters"].([]any)
	own, _ := d.operation(o)["parameters"].([]any)
	for _, p := range append(both, own...) {
		if p := d.follow(p); p["in"] == in {
			names = append(names, p["name"].(string))
		}
	}
	slices.Sort(names)
	return names
}

// check returns what is wrong with a value by a schema. Of JSON schema it knows what the document
// uses, and refuses to pass over anything else. Objects may have no other properties than
// those named, so that none is left out of the document.
func (d document) check(schema any, value any, where string) error {
	s := d.follow(schema)
	if all, ok := s["allOf"].([]any); ok {
		return d.check(d.merge(all), value, where)
	}
	for key := range s {
		if !slices.Contains([]string{"type", "required", "properties", "items", "enum", "minimum", "maximum", "minLength",
			"maxItems", "pattern", "description", "default"}, key) {
			return fmt.Errorf("%s: this test does not know %s", where, key)
		}
	}
	if enum, ok := s["enum"].([]any); ok && !slices.Contains(enum, value) {
		return fmt.Errorf("%s is %v, which is none of %v", where, value, enum)
	}
	switch s["type"] {
	case "object":
		return d.checkObject(s, value, where)
	case "array":
		list, ok := value.([]any)
		if !ok {
			return fmt.Errorf("%s is %v, which is no array", where, value)
		}
		for i, v := range list {
			if err := d.check(s["items"], v, fmt.Sprintf("%s[%d]", where, i)); err != nil {
				return err
			}
		}
	case "integer":
		n, ok := value.(float64)
		if least, is := s["minimum"].(int); !ok || n != math.Trunc(n) || is && n < float64(least) {
			return fmt.Errorf("%s is %v, want an integer of %v at least", where, value, s["minimum"])
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			return fmt.Errorf("%s is %v, want true or false", where, value)
		}
	case "string":
		text, ok := value.(string)
		least, _ := s["minLength"].(int)
		pattern, _ := s["pattern"].(string)
		if !ok || len(text) < least || !regexp.MustCompile(pattern).MatchString(text) {
			return fmt.Errorf("%s is %v, want text like %q of %d bytes at least", where, value, pattern, least)
		}
	default:
		return fmt.Errorf("%s: this test does not know the type %v", where, s["type"])
	}
	return nil
}

func (d document) checkObject(s map[string]any, value any, where string) error {
	object, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is %v, which is no object", where, value)
	}
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, there := object[name.(string)]; !there {
			return fmt.Errorf("%s has no %v", where, name)
		}
	}
	properties, ok := s["properties"].(map[string]any)
	if !ok {
		return nil // anybody's
	}
	for name, v := range object {
		if properties[name] == nil {
			return fmt.Errorf("%s has a %s, which the document does not know", where, name)
		}
		if err := d.check(properties[name], v, where+"."+name); err != nil {
			return err
		}
	}
	return nil
}

// merge makes one object schema of several.
func (d document) merge(all []any) map[string]any {
	properties, required := map[string]any{}, []any{}
	for _, one := range all {
		s := d.follow(one)
		if parts, ok := s["allOf"].([]any); ok {
			s = d.merge(parts)
		}
		for name, p := range s["properties"].(map[string]any) {
			properties[name] = p
		}
		required = append(required, s["required"].([]any)...)
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

// checkReply returns in what a reply differs from what the document says of the operation.
func (d document) checkReply(o operation, r reply) error {
	response := d.at(d.operation(o), "responses", fmt.Sprint(r.status))
	if response == nil {
		return fmt.Errorf("%v is answered %d, which the document does not know", o, r.status)
	}
	for name := range d.at(response, "headers") {
		if r.header.Get(name) == "" && name != "Retry-After" { // which one of two reasons gives
			return fmt.Errorf("%v is answered %d without %s", o, r.status, name)
		}
	}
	kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	content := d.at(response, "content", kind)
	if content == nil {
		return fmt.Errorf("%v is answered %d as %s, which the document does not know", o, r.status, kind)
	}
	if kind != "application/json" {
		return nil
	}
	var body any
	if err := json.Unmarshal(r.body, &body); err != nil {
		return fmt.Errorf("%v is answered %d %s: %v", o, r.status, r.body, err)
	}
	if err := d.check(content["schema"], body, "answer"); err != nil {
		return fmt.Errorf("%v is answered %d %s: %w", o, r.status, r.body, err)
	}
	return nil
}

func TestDocumentNamesEveryRouteAndItsParameters(t *testing.T) {
	d := readDocument(t)
	want := []operation{{"GET", "/healthz"}, {"GET", "/readyz"}, {"GET", "/"}, {"GET", "/openapi.yaml"}}
	for _, r := range (&Node{}).routes() {
		want = append(want, operation{r.method, r.path})
	}
	got := d.operations()
	byName := func(a, b operation) int { return strings.Compare(a.String(), b.String()) }
	slices.SortFunc(got, byName)
	slices.SortFunc(want, byName)
	if !slices.Equal(got, want) {
		t.Errorf("the document names\n%v\nwant\n%v", got, want)
	}
	query := map[operation][]string{
		{"GET", "/v1/channels"}:           {"after", "limit", "prefix", "sort"},
		{"GET", "/v1/channels/{channel}"}: {"after", "limit"},
		{"GET", "/v1/nodes"}:              {"ask"},
		{"GET", "/v1/sessions"}:           {"after", "limit"},
		{"GET", "/v1/events"}:             {"types"},
	}
	for _, o := range got {
		var inPath []string
		for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(o.path, -1) {
			inPath = append(inPath, m[1])
		}
		if names := d.parameters(o, "path"); !slices.Equal(names, inPath) {
			t.Errorf("%v: parameters in the path are %v, want %v", o, names, inPath)
		}
		if names := d.parameters(o, "query"); !slices.Equal(names, query[o]) {
			t.Errorf("%v: parameters in the query are %v, want %v", o, names, query[o])
		}
	}
	limit := d.at(d, "components", "parameters", "limit", "schema")
	if limit["default"] != defaultLimit || limit["maximum"] != maxLimit || limit["minimum"] != 1 {
		t.Errorf("limit is %v", limit)
	}
	users := d.at(d.operation(operation{"POST", "/v1/users/query"}), "requestBody", "content", "application/json", "schema", "properties", "users")
	if users["maxItems"] != maxQuery {
		t.Errorf("users of a query are %v", users)
	}
}
