package deploy

import (
	"net"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// beyondDrain is what "rollcall serve --help" asks of whoever kills processes that do not end, besides --drain.
const beyondDrain = 10 * time.Second

// known are the flags of rollcall serve, by what its help shows, which its own tests hold to be true.
func known(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^  --([a-z-]+)`).FindAllStringSubmatch(string(content(t, "../../cmd/rollcall/testdata/serve.help")), -1) {
		all[m[1]] = true
	}
	if len(all) < 30 {
		t.Fatalf("%d flags in the help", len(all))
	}
	return all
}

// settings are what a rollcall.yaml says.
func settings(t *testing.T, folder string) map[string]any {
	t.Helper()
	var all map[string]any
	if err := yaml.Unmarshal(content(t, filepath.Join(kubernetes, folder, "rollcall.yaml")), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPodsHaveNoFlagThatServeHasNot(t *testing.T) {
	flags := known(t)
	_, c := podOf(t)
	set := flagsOf(t, c.Args)
	for name := range set {
		if !flags[name] {
			t.Errorf("the pods are given --%s, which is no flag of rollcall serve", name)
		}
	}
	for _, folder := range []string{"base", "example"} {
		for name := range settings(t, folder) {
			if _, wins := set[name]; !flags[name] || wins {
				t.Errorf("%s/rollcall.yaml sets %s: is a flag %v; is set by the pods and has no effect: %v", folder, name, flags[name], wins)
			}
		}
	}
}

// Arguments and variables show in many places; files of a secret do not.
func TestKeysAreInFilesOfTheSecret(t *testing.T) {
	p, c := podOf(t)
	mounted := map[string]string{} // by path
	for _, v := range p.Volumes {
		for _, m := range c.VolumeMounts {
			if m.Name == v.Name {
				mounted[m.MountPath] = v.Secret.SecretName
			}
		}
	}
	set := flagsOf(t, c.Args)
	all := map[string]string{"admin-key": set["admin-key"], "gossip-key": set["gossip-key"], "jwt-secret": settings(t, "base")["jwt-secret"].(string)}
	for name, value := range all {
		file, ok := strings.CutPrefix(value, "@")
		if !ok || mounted[path.Dir(file)] == "" {
			t.Errorf("--%s is %q, want @ and a file of the secret", name, value)
		}
	}
	scraped := theOnly(t, manifests(t, "monitoring"), "ServiceMonitor").Spec.Endpoints[0].Authorization.Credentials
	if file := strings.TrimPrefix(all["admin-key"], "@"); scraped.Key != path.Base(file) || scraped.Name != mounted[path.Dir(file)] {
		t.Errorf("Prometheus is given the key %v, and nodes take %s", scraped, all["admin-key"])
	}
	if mounted[path.Dir(set["config"])] != "" || path.Base(set["config"]) != "rollcall.yaml" {
		t.Errorf("the settings are in %s, want rollcall.yaml of the config map", set["config"])
	}
}

func TestPortsAreThoseOfTheFlags(t *testing.T) {
	_, c := podOf(t)
	set := flagsOf(t, c.Args)
	flag := map[string]string{"http/TCP": "listen", "admin/TCP": "admin", "gossip-tcp/TCP": "gossip", "gossip-udp/UDP": "gossip"}
	for _, p := range c.Ports {
		_, want, err := net.SplitHostPort(set[flag[p.String()]])
		if err != nil || p.ContainerPort != want {
			t.Errorf("port %v is %s, want that of --%s=%s", p, p.ContainerPort, flag[p.String()], set[flag[p.String()]])
		}
		delete(flag, p.String())
	}
	if len(flag) > 0 {
		t.Errorf("the container lacks %v", flag)
	}
}

func TestServicesAndPoliciesNamePortsOfThePods(t *testing.T) {
	_, c := podOf(t)
	all := manifests(t, "base", "monitoring")
	opened := map[string]bool{}
	for _, m := range all {
		for _, p := range m.Spec.Ports {
			if !names(c.Ports, p.TargetPort, p.Protocol) {
				t.Errorf("service %s leads to %s, which pods have not", m.Metadata.Name, p.TargetPort)
			}
		}
		for _, rule := range m.Spec.Ingress {
			for _, p := range rule.Ports {
				if !names(c.Ports, p.Port, p.Protocol) {
					t.Errorf("policy %s opens %s, which pods have not", m.Metadata.Name, p.Port)
				}
				opened[p.Port] = true
			}
		}
	}
	for _, p := range c.Ports {
		if !opened[p.Name] {
			t.Errorf("no policy opens %s", p.Name)
		}
	}
	scraped := theOnly(t, all, "ServiceMonitor").Spec.Endpoints[0]
	if admin := service(t, all, "rollcall-admin"); !names(admin.Spec.Ports, scraped.Port, "TCP") || scraped.Path != "/metrics" {
		t.Errorf("Prometheus asks %s of port %s, which the service %s has not", scraped.Path, scraped.Port, admin.Metadata.Name)
	}
}

func service(t *testing.T, all []manifest, name string) manifest {
	t.Helper()
	for _, m := range all {
		if m.Kind == "Service" && m.Metadata.Name == name {
			return m
		}
	}
	t.Fatalf("no service %s", name)
	panic("unreachable")
}

// Pods that start together are all not ready, and have to find each other all the same.
func TestPodsFindEachOtherBeforeTheyAreReady(t *testing.T) {
	_, c := podOf(t)
	s := service(t, manifests(t, "base"), flagsOf(t, c.Args)["join"]).Spec
	if s.ClusterIP != "None" || !s.PublishNotReadyAddresses {
		t.Errorf("the service of --join has clusterIP %s, publishNotReadyAddresses %v", s.ClusterIP, s.PublishNotReadyAddresses)
	}
}

func TestPodsAreGivenTheTimeToStop(t *testing.T) {
	p, c := podOf(t)
	drain, err := time.ParseDuration(flagsOf(t, c.Args)["drain"])
	if err != nil {
		t.Fatal(err)
	}
	grace := time.Duration(p.TerminationGracePeriodSeconds) * time.Second
	if least := time.Duration(c.Lifecycle.PreStop.Sleep.Seconds)*time.Second + drain + beyondDrain; grace < least {
		t.Errorf("terminationGracePeriodSeconds is %v, want at least preStop, --drain and %v more: %v", grace, beyondDrain, least)
	}
	if between := theOnly(t, manifests(t, "base"), "Deployment").Spec.MinReadySeconds; between < p.TerminationGracePeriodSeconds {
		t.Errorf("minReadySeconds is %d, so that the next pod stops before the last has ended", between)
	}
}

// Beyond the limit the kernel kills; long before it the collector would work in vain.
func TestGoKnowsTheMemoryLimit(t *testing.T) {
	_, c := podOf(t)
	for _, e := range c.Env {
		if e.Name == "GOMEMLIMIT" {
			of, limit := bytesOf(t, strings.TrimSuffix(e.Value, "B")), bytesOf(t, c.Resources.Limits.Memory)
			if share := of / limit; share < 0.85 || share > 0.95 {
				t.Errorf("GOMEMLIMIT=%s is %.0f %% of %s, want some nine tenths", e.Value, share*100, c.Resources.Limits.Memory)
			}
			return
		}
	}
	t.Error("GOMEMLIMIT is not set")
}

func bytesOf(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(strings.TrimRight(text, "GMi"), 64)
	unit := map[string]float64{"Mi": 1 << 20, "Gi": 1 << 30}[strings.TrimLeft(text, "0123456789")]
	if err != nil || unit == 0 {
		t.Fatalf("%q is no size in Mi or Gi", text)
	}
	return n * unit
}

// One node of the fewest may go, and the others have to have room for its clients.
func TestAutoscalerLeavesRoomForTheClientsOfANodeThatGoes(t *testing.T) {
	spec := theOnly(t, manifests(t, "autoscaling"), "HorizontalPodAutoscaler").Spec
	m, most := spec.Metrics[0].Pods, settings(t, "base")["max-sessions"].(int)
	if held := m.Target.AverageValue * spec.MinReplicas / (spec.MinReplicas - 1); held > most {
		t.Errorf("%d nodes of %d sessions each: without one of them it is %d each, and max-sessions is %d", spec.MinReplicas, m.Target.AverageValue, held, most)
	}
	if ask(t)[m.Metric.Name] == nil {
		t.Errorf("%s is no metric of a node", m.Metric.Name)
	}
}
