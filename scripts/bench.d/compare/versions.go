package compare

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// versions tells what a peer consists of, such as "faye 1.4.3, Redis 7.0.15".
func (p Plan) versions(s System) (string, error) {
	var all []string
	for _, part := range s.parts {
		v, err := p.version(part)
		if err != nil {
			return "", fmt.Errorf("version of %s: %w", part, err)
		}
		all = append(all, part+" "+v)
	}
	return strings.Join(all, ", "), nil
}

// Parts of peers that are no packages of npm.
const (
	nodeJS = "Node.js"
	redis  = "Redis"
)

// programs are those that tell the versions of these parts.
var programs = map[string]string{nodeJS: "node", redis: "redis-server"}

func (p Plan) version(part string) (string, error) {
	if program := programs[part]; program != "" {
		return programVersion(program)
	}
	return packageVersion(p.Peers, part)
}

// programVersion asks a program.
func programVersion(program string) (string, error) {
	out, err := exec.Command(program, "--version").Output()
	if err != nil {
		return "", err
	}
	return parseVersion(string(out))
}

// parseVersion finds the version in "v20.19.2" or "Redis server v=7.0.15 sha=00000000:0 …".
func parseVersion(said string) (string, error) {
	for word := range strings.FieldsSeq(said) {
		if v, ok := strings.CutPrefix(word, "v"); ok {
			return strings.TrimPrefix(v, "="), nil
		}
	}
	return "", fmt.Errorf("none in %.80q", said)
}

// packageVersion reads what npm has installed.
func packageVersion(folder, name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(folder, "node_modules", name, "package.json"))
	if err != nil {
		return "", err
	}
	var p struct{ Version string }
	if err := json.Unmarshal(text, &p); err != nil {
		return "", err
	}
	return p.Version, nil
}
