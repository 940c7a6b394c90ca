package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// setting is one key of a configuration file, as text: what it means is for its
// flag to say, exactly as on the command line.
type setting struct {
	origin string   // file:line
	texts  []string // one unless list
	list   bool
}

// value returns the setting in the form in which the types of flags take it.
func (s setting) value(flag *kong.Flag) (any, error) {
	switch {
	case !s.list:
		return s.texts[0], nil
	case flag.Target.Kind() == reflect.Slice:
		return s.texts, nil
	default:
		return nil, &wrongValue{flag: flag.Name, value: "a list", want: "one value"}
	}
}

// readSettings reads a YAML file of flags without dashes and their values. No
// error holds a value, which may be a secret.
func readSettings(path string, keys map[string]bool) (map[string]setting, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, &wrongValue{flag: "config", value: path, want: "a file that can be read: " + reason(err)}
	}
	defer file.Close()
	decoder := yaml.NewDecoder(file)
	var document, more yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil // empty
	} else if err != nil {
		return nil, &wrongValue{flag: "config", value: path, want: "a YAML file: " + yamlReason(err)}
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, &wrongValue{flag: "config", value: path, want: "one YAML document"}
	}
	return readMapping(path, document.Content[0], keys)
}

// reason returns why an operation on a file failed, without its path.
func reason(err error) string {
	var failed *os.PathError
	if errors.As(err, &failed) {
		return failed.Err.Error()
	}
	return err.Error()
}

// yamlReason returns what is wrong with a file, without any word that it holds:
// a secret that begins with * and has no quotes is taken for the name of an anchor.
func yamlReason(err error) string {
	if strings.Contains(err.Error(), "'") {
		return "values that begin with * or & need quotes"
	}
	return strings.TrimPrefix(err.Error(), "yaml: ")
}

func readMapping(path string, root *yaml.Node, keys map[string]bool) (map[string]setting, error) {
	if isNull(root) {
		return nil, nil // comments only
	}
	if root.Kind != yaml.MappingNode {
		return nil, &wrongValue{flag: "config", value: path, want: "lines of the form key: value"}
	}
	settings := make(map[string]setting)
	for pair := range slices.Chunk(root.Content, 2) {
		key, node := pair[0], pair[1]
		origin := fmt.Sprintf("%s:%d", path, key.Line)
		if !keys[key.Value] {
			return nil, &wrongValue{flag: "config", value: path, want: fmt.Sprintf("the names of flags, not %q in line %d", key.Value, key.Line)}
		}
		if earlier, twice := settings[key.Value]; twice {
			return nil, &wrongValue{flag: "config", value: path, want: fmt.Sprintf("%q once, not at %s and %s", key.Value, earlier.origin, origin)}
		}
		texts, list, ok := readTexts(node)
		if !ok {
			return nil, &wrongValue{flag: "config", value: path, want: fmt.Sprintf("a value or a list of values for %q in line %d", key.Value, key.Line)}
		}
		if list || len(texts) > 0 {
			settings[key.Value] = setting{origin: origin, texts: texts, list: list}
		}
	}
	return settings, nil
}

// readTexts returns the scalars of a value, none if it is null.
func readTexts(node *yaml.Node) (texts []string, list, ok bool) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch {
	case isNull(node):
		return nil, false, true
	case node.Kind == yaml.ScalarNode:
		return []string{node.Value}, false, true
	case node.Kind != yaml.SequenceNode:
		return nil, false, false
	}
	texts = []string{}
	for _, item := range node.Content {
		if item.Kind != yaml.ScalarNode || isNull(item) {
			return nil, false, false
		}
		texts = append(texts, strings.TrimSpace(item.Value))
	}
	return texts, true, true
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }
