package compare

import (
	"errors"
	"maps"
	"reflect"
	"slices"
)

// Results are what was measured. The systems are in the order of the table.
type Results struct {
	Rounds  int        `json:"rounds"`
	Scale   Scale      `json:"scale"`
	Systems []Measured `json:"systems"`
	Parts   []string   `json:"parts"` // that were measured
}

// Measured is one system with its samples.
type Measured struct {
	Name     string               `json:"name"`
	Title    string               `json:"title"`
	Role     Role                 `json:"role"`
	Versions string               `json:"versions,omitempty"` // of what a peer consists of
	Samples  map[string][]float64 `json:"samples"`            // by key of the figure, one for each round
	Failed   map[string]string    `json:"failed,omitempty"`   // by part: why there is none of a round
}

// Median returns the middle of the samples of a figure, or the mean of the two in the middle;
// false: there is none.
func (m Measured) Median(key string) (float64, bool) {
	s := slices.Sorted(slices.Values(m.Samples[key]))
	n := len(s)
	if n == 0 {
		return 0, false
	}
	return (s[(n-1)/2] + s[n/2]) / 2, true
}

// Spread returns the least and the most.
func (m Measured) Spread(key string) (least, most float64) {
	if len(m.Samples[key]) == 0 {
		return 0, 0
	}
	return slices.Min(m.Samples[key]), slices.Max(m.Samples[key])
}

// Note sets the samples of a figure that was measured elsewhere, if the system was compared.
func (r *Results) Note(system, key string, samples ...float64) {
	for i := range r.Systems {
		if r.Systems[i].Name == system {
			r.Systems[i].Samples[key] = samples
		}
	}
}

// Add adds what was measured in another run at the same scale: other parts, other systems,
// or more rounds.
func (r *Results) Add(other *Results) error {
	if !reflect.DeepEqual(r.Scale, other.Scale) {
		return errors.New("results are of different scales")
	}
	r.Rounds = max(r.Rounds, other.Rounds)
	r.Parts = slices.DeleteFunc(slices.Clone(Parts), func(part string) bool {
		return !slices.Contains(r.Parts, part) && !slices.Contains(other.Parts, part)
	})
	for _, m := range other.Systems {
		i := slices.IndexFunc(r.Systems, func(own Measured) bool { return own.Name == m.Name })
		if i < 0 {
			r.Systems = append(r.Systems, m)
			continue
		}
		own := &r.Systems[i]
		for key, samples := range m.Samples {
			own.Samples[key] = append(own.Samples[key], samples...)
		}
		if own.Failed == nil {
			own.Failed = map[string]string{}
		}
		maps.Copy(own.Failed, m.Failed)
	}
	return nil
}

// measured reports whether there is a sample of a figure.
func (r *Results) measured(key string) bool {
	return slices.ContainsFunc(r.Systems, func(m Measured) bool { return len(m.Samples[key]) > 0 })
}

// best returns the least median of the systems in a role; 0: there is none.
func (r *Results) best(role Role, key string) float64 {
	best := 0.0
	for _, m := range r.Systems {
		if v, ok := m.Median(key); ok && m.Role == role && (best == 0 || v < best) {
			best = v
		}
	}
	return best
}
