package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const kubernetes = "kubernetes"

// manifest is what tests look at of a manifest, of whatever kind.
type manifest struct {
	Kind     string
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		MinReadySeconds          int
		Template                 struct{ Spec pod }
		ClusterIP                string
		PublishNotReadyAddresses bool
		Ports                    []port
		Ingress                  []struct{ Ports []port }
		MinReplicas              int
		Metrics                  []metric
		Endpoints                []endpoint
	}
}

type pod struct {
	TerminationGracePeriodSeconds int
	Containers                    []container
	Volumes                       []struct {
		Name   string
		Secret struct{ SecretName string }
	}
}

type container struct {
	Name                                        string
	Args                                        []string
	Env                                         []struct{ Name, Value string }
	Ports                                       []port
	StartupProbe, LivenessProbe, ReadinessProbe probe
	Lifecycle                                   struct {
		PreStop struct{ Sleep struct{ Seconds int } }
	}
	Resources    struct{ Limits struct{ Memory string } }
	VolumeMounts []struct{ Name, MountPath string }
}

// port is one of a container, of a service or of a network policy.
type port struct {
	Name, Protocol, TargetPort string
	Port                       string // a service's number, or a policy's name
	ContainerPort              string
}

type probe struct {
	HTTPGet struct{ Path, Port string }
}

type metric struct {
	Pods struct {
		Metric struct{ Name string }
		Target struct{ AverageValue int }
	}
}

type endpoint struct {
	Port, Path    string
	Authorization struct {
		Credentials struct{ Name, Key string }
	}
}

// UnmarshalYAML finds the names of fields as Kubernetes writes them: yaml expects them in lower case.
func (m *manifest) UnmarshalYAML(n *yaml.Node) error {
	type plain manifest
	lowerKeys(n)
	return n.Decode((*plain)(m))
}

func lowerKeys(n *yaml.Node) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			child.Value = strings.ToLower(child.Value)
		}
		lowerKeys(child)
	}
}

// manifests returns those of some folders of kubernetes, as their kustomization.yaml names them.
func manifests(t *testing.T, folders ...string) (all []manifest) {
	t.Helper()
	for _, folder := range folders {
		var list struct{ Resources []string }
		if err := yaml.Unmarshal(content(t, filepath.Join(kubernetes, folder, "kustomization.yaml")), &list); err != nil {
			t.Fatal(err)
		}
		for _, name := range list.Resources {
			all = append(all, readManifests(t, filepath.Join(kubernetes, folder, name))...)
		}
	}
	return all
}

func readManifests(t *testing.T, path string) (all []manifest) {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(content(t, path)))
	for {
		var m manifest
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, m)
	}
}

// theOnly returns the manifest of a kind, which has to be the only one.
func theOnly(t *testing.T, all []manifest, kind string) manifest {
	t.Helper()
	var found []manifest
	for _, m := range all {
		if m.Kind == kind {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d manifests of kind %s, want 1", len(found), kind)
	}
	return found[0]
}

// podOf returns the deployment's pod and its only container.
func podOf(t *testing.T) (pod, container) {
	t.Helper()
	p := theOnly(t, manifests(t, "base"), "Deployment").Spec.Template.Spec
	if len(p.Containers) != 1 {
		t.Fatalf("%d containers, want 1", len(p.Containers))
	}
	return p, p.Containers[0]
}

// flagsOf returns those of a command line that begins with serve, which all have a value.
func flagsOf(t *testing.T, args []string) map[string]string {
	t.Helper()
	if len(args) == 0 || args[0] != "serve" {
		t.Fatalf("the arguments are %q, want serve and flags", args)
	}
	all := map[string]string{}
	for _, arg := range args[1:] {
		name, value, ok := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if _, twice := all[name]; !ok || twice || !strings.HasPrefix(arg, "--") {
			t.Fatalf("argument %q, want --flag=value, once", arg)
		}
		all[name] = value
	}
	return all
}

// String is what a port is known by.
func (p port) String() string {
	protocol := p.Protocol
	if protocol == "" {
		protocol = "TCP"
	}
	return fmt.Sprintf("%s/%s", p.Name, protocol)
}

// names reports whether there is a port of that name and protocol.
func names(ports []port, name, protocol string) bool {
	want := port{Name: name, Protocol: protocol}.String()
	return slices.ContainsFunc(ports, func(p port) bool { return p.String() == want })
}
