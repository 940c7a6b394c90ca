package auth

// walker steps through the members of an object, or the elements of an array, of JSON that
// was found to be valid. It hands them out as they are written, without a copy.
type walker struct{ rest []byte }

// enter steps into an object ('{') or array ('['), if that is what comes next.
func (w *walker) enter(open byte) bool {
	w.skip("")
	if len(w.rest) == 0 || w.rest[0] != open {
		return false
	}
	w.rest = w.rest[1:]
	return true
}

// more reports whether there is another member or element, and steps to it.
func (w *walker) more() bool {
	w.skip(",")
	return len(w.rest) > 0 && w.rest[0] != '}' && w.rest[0] != ']'
}

// value steps over what comes next, be it the name of a member, and returns it.
func (w *walker) value() []byte {
	w.skip(":")
	end := endOfValue(w.rest)
	value := w.rest[:end:end]
	w.rest = w.rest[end:]
	return value
}

// skip steps over space, and over the separator where one stands.
func (w *walker) skip(separator string) {
	for i, c := range w.rest {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' && (separator == "" || c != separator[0]) {
			w.rest = w.rest[i:]
			return
		}
	}
	w.rest = nil
}

// endOfValue returns where the value ends that b begins with.
func endOfValue(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			i += endOfText(b[i+1:])
		case c == '{' || c == '[':
			depth++
			continue
		case depth > 0 && (c == '}' || c == ']'):
			depth--
		case depth > 0:
			continue
		case c == ',' || c <= ' ' || c == '}' || c == ']':
			return i // a number or a word ends before it
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(b)
}

// endOfText returns how many bytes of b belong to a string whose opening quote is before
// it, the closing one included.
func endOfText(b []byte) int {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}
