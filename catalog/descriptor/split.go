package descriptor

import "strings"

// part is one document of a file, not yet parsed.
type part struct {
	line int    // of its first line, in the file, from 1
	text string // as written
}

// split divides a file into its documents. No text inside a document can look
// like the lines that divide them, so this is safe before parsing; and it keeps
// a syntax error, and the anchors, of one document out of the others.
//
// Documents of blanks, comments and directives alone are left out. Directives
// go with them: yaml.v3 refuses "%YAML 1.2", and nothing else needs one.
func split(text string) []part {
	var parts []part
	start, startLine, content := 0, 1, false
	end := func(at int) {
		if content {
			parts = append(parts, part{startLine, text[start:at]})
		}
		content = false
	}
	for at, line := 0, 1; at < len(text); line++ {
		next := len(text)
		if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		rest, isStart := marker(text[at:next], "---")
		_, isEnd := marker(text[at:next], "...")
		switch {
		case isStart:
			end(at)
			start, startLine = next, line+1
			if !blank(rest) {
				start, startLine, content = at, line, true
			}
		case isEnd:
			end(at)
			start, startLine = next, line+1
		case start == at && strings.TrimSpace(text[at:next]) == "":
			start, startLine = next, line+1
		case !blank(text[at:next]) && text[at] != '%':
			content = true
		}
		at = next
	}
	end(len(text))
	return parts
}

// marker reports whether a line is a marker, and what follows it.
func marker(line, marker string) (rest string, is bool) {
	rest, is = strings.CutPrefix(line, marker)
	return rest, is && (rest == "" || strings.ContainsAny(rest[:1], " \t\r\n"))
}

// blank reports whether a line says nothing.
func blank(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#'
}
