package deploy

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPanelsLieBesideEachOther(t *testing.T) {
	const width = 24
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	for _, p := range readDashboard(t).Panels {
		if ids[p.ID] {
			t.Errorf("%s has the id of another panel", p.Title)
		}
		ids[p.ID] = true
		at := p.GridPos
		if at.W < 1 || at.H < 1 || at.X < 0 || at.X+at.W > width {
			t.Errorf("%s lies outside: %+v", p.Title, at)
		}
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%s lies over %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

func TestPanelsAskTheChosenSourceAndNodes(t *testing.T) {
	for _, p := range readDashboard(t).Panels {
		if p.Type == "row" {
			continue
		}
		if p.Title == "" || p.Description == "" {
			t.Errorf("panel %d has no title or no description", p.ID)
		}
		if p.Datasource.UID != "${datasource}" {
			t.Errorf("%s asks the source %q", p.Title, p.Datasource.UID)
		}
		for _, target := range p.Targets {
			metrics, chosen := len(named.FindAllString(target.Expr, -1)), strings.Count(target.Expr, `instance=~"$node"`)
			if metrics != chosen {
				t.Errorf("%s asks for %d metrics, and for %d of the chosen nodes: %s", p.Title, metrics, chosen, target.Expr)
			}
		}
	}
}

// Whoever imports the dashboard has other sources than whoever made it.
func TestDashboardHasNothingOfOneGrafana(t *testing.T) {
	var d map[string]any
	if err := json.Unmarshal(content(t, dashboardFile), &d); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"id", "__inputs", "__requires", "iteration"} {
		if _, has := d[key]; has {
			t.Errorf("it has %q, which belongs to one Grafana", key)
		}
	}
}
