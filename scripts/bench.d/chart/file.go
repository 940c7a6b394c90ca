package chart

import (
	"fmt"
	"os"
	"path/filepath"
)

// File is a chart that is to be shown somewhere.
type File struct {
	Name  string // of the file, without .svg
	Title string
	SVG   []byte
}

// Write puts charts into a folder, which is made if need be.
func Write(folder string, files []File) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder, f.Name+".svg"), f.SVG, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Markdown shows a chart that was written to a folder.
func (f File) Markdown(folder string) string {
	return fmt.Sprintf("![%s](%s/%s.svg)\n", f.Title, filepath.ToSlash(folder), f.Name)
}
