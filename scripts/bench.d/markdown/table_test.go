package markdown

import (
	"strings"
	"testing"
)

func TestColumnsAreAsWideAsTheirWidestCell(t *testing.T) {
	var b strings.Builder
	if err := Table(&b, [][]string{{"what", "µs"}, {"a | b", "1,000"}, {"c", "–"}}); err != nil {
		t.Fatal(err)
	}
	want := "| what   |    µs |\n| ------ | ----: |\n| a \\| b | 1,000 |\n| c      |     – |\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
