package markdown

import (
	"regexp"
	"strings"
)

var (
	listMarker = regexp.MustCompile(`^(?:[-*+]|\d{1,9}[.)])([ \t]+)\S`)
	boxMarker  = regexp.MustCompile(`^(?:!!!|\?\?\?\+?)[ \t]*[\w"-]|^===[!+]*[ \t]+["']`)
)

// holder is something that holds the indented lines after it.
type holder struct {
	at      int // column of its marker, as written
	content int // column from which CommonMark counts its content, as written
	shift   int // columns that are added to its content
	list    bool
}

// indent settles what the two count differently. With mdx_truly_sane_lists, which
// techdocs-core switches on, two columns nest a list whatever the marker before it,
// and CommonMark wants the content's column: such lines are moved to the right.
// CommonMark takes a line that is not indented into the paragraph before it, and
// the box around that; Python-Markdown ends the box: it gets an empty line.
func (p *prepared) indent(lines []line) []line {
	out := make([]line, 0, len(lines))
	var stack []holder
	fence, fenceShift, empty := "", 0, true
	for _, l := range lines {
		body := strings.TrimLeft(l.text, " \t")
		if body == "" {
			out, empty = append(out, line{"", l.file, l.no}), true
			continue
		}
		column := columns(l.text[:len(l.text)-len(body)])
		if fence != "" {
			if strings.HasPrefix(body, fence) && strings.Trim(body, fence[:1]+" \t") == "" {
				fence = ""
			}
			out, empty = append(out, shifted(l, body, column, fenceShift)), false
			continue
		}
		if len(l.text) > MaxLine {
			p.refuse(l, "the line has %d KB, and a line may have %d KB outside of code: break it", len(l.text)>>10, MaxLine>>10)
		}
		if markers(body)+len(stack) > MaxNesting {
			p.refuse(l, "lists and quotes are inside one another more than %d deep", MaxNesting)
		}
		if p.refused != nil {
			return nil
		}
		var marker []int
		if c := body[0]; c == '-' || c == '*' || c == '+' || c >= '0' && c <= '9' {
			marker = listMarker.FindStringSubmatchIndex(body)
		}
		var ended bool
		stack, ended = pop(stack, column, marker != nil || empty)
		if ended && !empty {
			out = append(out, line{"", l.file, l.no})
			empty = true
		}
		shift := 0
		if n := len(stack); n > 0 {
			h := stack[n-1]
			shift = h.shift
			switch {
			case !h.list, marker == nil && !empty:
			case column < h.content:
				shift += h.content - column
			case marker != nil && !empty && column >= h.content+4:
				shift -= column - h.content
			}
		}
		out = append(out, shifted(l, body, column, shift))
		empty = false
		switch {
		case marker != nil && (column < 4 || len(stack) > 0):
			blanks := marker[3] - marker[2]
			if blanks > 4 {
				blanks = 1
			}
			stack = append(stack, holder{column, column + marker[2] + blanks, shift, true})
		case strings.IndexByte("!?=", body[0]) >= 0 && boxMarker.MatchString(body) && (column < 4 || len(stack) > 0):
			stack = append(stack, holder{column, column + 4, shift, false})
			empty = true // what follows begins anew
		}
		if m := fenceAt(body); m != "" && !strings.Contains(body[len(m):], m[:1]) {
			fence, fenceShift = m, shift
		} else if marker != nil {
			if m := fenceAt(body[marker[3]:]); m != "" {
				fence, fenceShift = m, shift
			}
		}
	}
	return out
}

// pop ends the holders that a line at the column is not in. begins: the line may
// begin something; otherwise it may go on with a paragraph of a list. ended: the
// content of a box is over.
func pop(stack []holder, column int, begins bool) (_ []holder, ended bool) {
	for len(stack) > 0 {
		h := stack[len(stack)-1]
		if h.list && (column >= h.at+2 || !begins) || !h.list && column >= h.content {
			break
		}
		ended = ended || !h.list
		stack = stack[:len(stack)-1]
	}
	if !begins { // a list that goes on lazily must not keep the box around it open
		for i, h := range stack {
			if !h.list && column < h.content {
				return stack[:i], true
			}
		}
	}
	return stack, ended
}

func shifted(l line, body string, column, by int) line {
	if by != 0 {
		l.text = strings.Repeat(" ", max(column+by, 0)) + body
	}
	return l
}

// columns is the width of blanks at the start of a line; tabs stop at multiples of 4.
func columns(blanks string) int {
	n := 0
	for i := range len(blanks) {
		if blanks[i] == '\t' {
			n += 4 - n%4
		} else {
			n++
		}
	}
	return n
}

// fenceAt returns the fence of a block of code that a line begins with.
func fenceAt(body string) string {
	if body == "" || body[0] != '`' && body[0] != '~' {
		return ""
	}
	rest := strings.TrimLeft(body, body[:1])
	if n := len(body) - len(rest); n >= 3 {
		return body[:n]
	}
	return ""
}

// markers counts the quotes, lists and definitions that a line begins.
func markers(body string) int {
	n := 0
	for n <= MaxNesting {
		switch {
		case strings.HasPrefix(body, ">"):
			body = body[1:]
		case strings.HasPrefix(body, ":") && len(body) > 1 && (body[1] == ' ' || body[1] == '\t'):
			body = body[1:]
		case strings.HasPrefix(body, "[^"):
			_, rest, ok := strings.Cut(body, "]:")
			if !ok {
				return n
			}
			body = rest
		case body == "" || strings.IndexByte("-*+0123456789", body[0]) < 0:
			return n
		default:
			m := listMarker.FindStringSubmatchIndex(body)
			if m == nil {
				return n
			}
			body = body[m[3]:]
		}
		body = strings.TrimLeft(body, " \t")
		n++
	}
	return n
}
