// Package manifests has no code. Its tests hold the manifests of scripts/deploy against Kubernetes. It is a module
// of its own: nothing else of Rollcall needs these dependencies.
package manifests

import (
	"slices"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	disruption "k8s.io/api/policy/v1"
	security "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const folder = "../deploy/kubernetes/"

// objects returns what each kind is read into.
var objects = map[string]func() any{
	"v1 ConfigMap":                            func() any { return new(core.ConfigMap) },
	"v1 Service":                              func() any { return new(core.Service) },
	"apps/v1 Deployment":                      func() any { return new(apps.Deployment) },
	"autoscaling/v2 HorizontalPodAutoscaler":  func() any { return new(autoscaling.HorizontalPodAutoscaler) },
	"networking.k8s.io/v1 NetworkPolicy":      func() any { return new(networking.NetworkPolicy) },
	"policy/v1 PodDisruptionBudget":           func() any { return new(disruption.PodDisruptionBudget) },
	"monitoring.coreos.com/v1 PrometheusRule": func() any { return new(monitoring.PrometheusRule) },
	"monitoring.coreos.com/v1 ServiceMonitor": func() any { return new(monitoring.ServiceMonitor) },
}

// build makes the manifests of a folder, as kubectl kustomize does.
func build(t *testing.T, name string) resmap.ResMap {
	t.Helper()
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder+name)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryFieldIsOneOfTheAPI(t *testing.T) {
	for name, kinds := range map[string][]string{
		"base": {"ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "Service", "Service"},
		"example": {"ConfigMap", "Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "NetworkPolicy", "PodDisruptionBudget",
			"PrometheusRule", "Service", "Service", "Service", "ServiceMonitor"},
	} {
		var found []string
		for _, r := range build(t, name).Resources() {
			found = append(found, r.GetKind())
			read(t, r)
		}
		slices.Sort(found)
		if !slices.Equal(found, kinds) {
			t.Errorf("%s has %v, want %v", name, found, kinds)
		}
	}
}

func TestPodsAreAsRestrictedAsTheStandardWants(t *testing.T) {
	checks, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	d := deployment(t, "base")
	for _, result := range checks.EvaluatePod(security.LevelVersion{Level: security.LevelRestricted, Version: security.LatestVersion()}, &d.Spec.Template.ObjectMeta, &d.Spec.Template.Spec) {
		if !result.Allowed {
			t.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
}

// What selects pods is written out in every manifest, and selects nothing if it is wrong.
func TestEverySelectorSelectsThePods(t *testing.T) {
	all := build(t, "example")
	labels := deployment(t, "example").Spec.Template.Labels
	for _, r := range all.Resources() {
		var selector map[string]string
		switch o := read(t, r).(type) {
		case *core.Service:
			selector = o.Spec.Selector
		case *apps.Deployment:
			selector = o.Spec.Selector.MatchLabels
		case *disruption.PodDisruptionBudget:
			selector = o.Spec.Selector.MatchLabels
		case *networking.NetworkPolicy:
			selector = o.Spec.PodSelector.MatchLabels
		default:
			continue
		}
		if len(selector) == 0 {
			t.Errorf("%s %s selects everything", r.GetKind(), r.GetName())
		}
		for name, value := range selector {
			if labels[name] != value {
				t.Errorf("%s %s selects %s: %q, and pods have %q", r.GetKind(), r.GetName(), name, value, labels[name])
			}
		}
	}
}

// The monitor selects the service for operators, and no other: else nodes would be counted twice.
func TestMonitorSelectsOneService(t *testing.T) {
	var monitor monitoring.ServiceMonitor
	var services []core.Service
	for _, r := range build(t, "example").Resources() {
		switch o := read(t, r).(type) {
		case *monitoring.ServiceMonitor:
			monitor = *o
		case *core.Service:
			services = append(services, *o)
		}
	}
	var selected []string
	for _, s := range services {
		matches := true
		for name, value := range monitor.Spec.Selector.MatchLabels {
			matches = matches && s.Labels[name] == value
		}
		if matches {
			selected = append(selected, s.Name)
		}
	}
	if !slices.Equal(selected, []string{"rollcall-admin"}) {
		t.Errorf("Prometheus scrapes what is behind %v, want rollcall-admin", selected)
	}
}

func deployment(t *testing.T, name string) *apps.Deployment {
	t.Helper()
	for _, r := range build(t, name).Resources() {
		if d, ok := read(t, r).(*apps.Deployment); ok {
			return d
		}
	}
	t.Fatal("no deployment")
	return nil
}

// read returns what the API makes of a manifest, and takes no field that it has not.
func read(t *testing.T, r *resource.Resource) any {
	t.Helper()
	empty := objects[r.GetApiVersion()+" "+r.GetKind()]
	if empty == nil {
		t.Fatalf("no type for %s %s", r.GetApiVersion(), r.GetKind())
	}
	object := empty()
	if err := yaml.UnmarshalStrict([]byte(r.MustYaml()), object); err != nil {
		t.Fatalf("%s %s: %v", r.GetKind(), r.GetName(), err)
	}
	return object
}
