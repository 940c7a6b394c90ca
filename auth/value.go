package auth

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxValueFile bounds a file read by [ReadValue], in bytes.
const maxValueFile = 1 << 20

// ReadValue returns what a flag's value stands for: the content of a file of at
// most 1 MiB if it is @ and a path, without one newline at its end, else the value
// itself. An empty value, or an empty file, is an error. The errors name the file,
// never a value.
func ReadValue(value string) (string, error) {
	path, isFile := strings.CutPrefix(value, "@")
	switch {
	case value == "":
		return "", errors.New("the value is empty")
	case !isFile:
		return value, nil
	case path == "":
		return "", errors.New("no file is named after the @")
	}
	content, err := readBounded(path)
	if err != nil {
		return "", err // names the operation and the path
	}
	text, trimmed := strings.CutSuffix(content, "\r\n")
	if !trimmed {
		text = strings.TrimSuffix(content, "\n")
	}
	if text == "" {
		return "", fmt.Errorf("file %s is empty", path)
	}
	return text, nil
}

func readBounded(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxValueFile+1))
	if err != nil {
		return "", err
	}
	if len(content) > maxValueFile {
		return "", fmt.Errorf("file %s is too large, want at most %d bytes", path, maxValueFile)
	}
	return string(content), nil
}
