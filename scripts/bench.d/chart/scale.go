package chart

import (
	"math"
	"strconv"
)

// Axis says what stands along one side.
type Axis struct {
	Title string // with its unit
	Log   bool   // by factors of ten; then values are more than 0
}

// scale maps values to a part of the picture.
type scale struct {
	log      bool
	min, max float64 // values at the ends
	from, to float64 // where the ends are
}

// newScale returns a scale that holds all values, with round ends. Not by factors of ten, it
// begins at 0.
func newScale(log bool, values []float64, from, to float64) scale {
	s := scale{log: log, from: from, to: to}
	if log {
		s.min, s.max = math.Inf(1), 0
		for _, v := range values {
			if v > 0 {
				s.min, s.max = min(s.min, v), max(s.max, v)
			}
		}
		if s.max == 0 {
			s.min, s.max = 1, 10
		}
		s.min = math.Pow(10, math.Floor(math.Log10(s.min*0.999)))
		s.max = math.Pow(10, math.Ceil(math.Log10(s.max)))
		return s
	}
	for _, v := range values {
		s.max = max(s.max, v)
	}
	if s.max == 0 {
		s.max = 1
	}
	step := step(s.max)
	s.max = math.Ceil(s.max/step) * step
	return s
}

// step is the distance of ticks: 1, 2 or 5 of something, so that there are four to ten.
func step(most float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(most)))
	switch {
	case most/power <= 1:
		return power / 5
	case most/power <= 2:
		return power / 2
	case most/power <= 5:
		return power
	}
	return power * 2
}

// at returns where a value is. What is below the scale is at its beginning.
func (s scale) at(v float64) float64 {
	v = min(max(v, s.min), s.max)
	part := (v - s.min) / (s.max - s.min)
	if s.log {
		part = math.Log(v/s.min) / math.Log(s.max/s.min)
	}
	return s.from + part*(s.to-s.from)
}

// ticks are the values to write beside the axis.
func (s scale) ticks() []float64 {
	var all []float64
	if s.log {
		for v := s.min; v <= s.max*1.001; v *= 10 {
			all = append(all, v)
		}
		return all
	}
	d := step(s.max)
	for i := 0; float64(i)*d <= s.max*1.001; i++ {
		all = append(all, float64(i)*d)
	}
	return all
}

// Number writes a value with three digits that count, and thousands set apart.
func Number(v float64) string {
	if v == 0 {
		return "0"
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	text := strconv.FormatFloat(v, 'f', min(digits, 4), 64)
	if digits > 0 {
		return trim(text)
	}
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// trim cuts zeros after the point.
func trim(text string) string {
	for text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	if text[len(text)-1] == '.' {
		text = text[:len(text)-1]
	}
	return text
}
