package main

import (
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeysAreMadeOnce(t *testing.T) {
	dir := t.TempDir()
	made := make(map[string]string)
	for range 2 {
		var out strings.Builder
		if err := run(t.Context(), []string{"keys", dir}, &out); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{gossipKey, jwtSecret, adminKey} {
			text, err := readKey(dir, name)
			if err != nil {
				t.Fatal(err)
			}
			if key, err := base64.StdEncoding.DecodeString(string(text)); err != nil || len(key) != 32 {
				t.Errorf("%s is no 32 bytes in base64: %v", name, err)
			}
			if before, ok := made[name]; ok && before != string(text) {
				t.Errorf("%s was made anew", name)
			}
			made[name] = string(text)
			if told := strings.Contains(out.String(), string(text)); told != (name == adminKey) {
				t.Errorf("%s told: %v; want that of operators alone to be told", name, told)
			}
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil || info.Mode().Perm() != 0o400 {
				t.Errorf("%s: mode %v, %v; want that its owner alone can read it", name, info.Mode(), err)
			}
		}
	}
	if made[gossipKey] == made[jwtSecret] {
		t.Error("both keys are the same")
	}
}

func TestWrongUseSaysWhatIsRight(t *testing.T) {
	for _, args := range [][]string{nil, {"serve"}, {"bake", "cake"}, {"serve", t.TempDir()}, {"keys", "/nowhere/at/all"}} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
