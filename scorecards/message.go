package scorecards

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// How many items of a list or mapping, and how many characters of a text, are shown to
// people, and how many of a whole value, whatever is in it.
const (
	maxItems = 5
	maxText  = 200
	maxShown = maxItems * maxText
)

// message is a text in which expressions are filled in.
type message []messagePart

// messagePart is a text, or an expression.
type messagePart struct {
	text    string
	capture *expression
}

// message splits a text at its captures, and reports those that are wrong.
func (p *problems) message(path, text string) message {
	var m message
	for text != "" && !p.refused(path) {
		before, rest, found := strings.Cut(text, "{{")
		m = append(m, messagePart{text: before})
		if !found {
			break
		}
		inside, after, closed := strings.Cut(rest, "}}")
		if !closed {
			p.add(path, "has {{ without }} after it")
			break
		}
		inside = strings.TrimSpace(inside)
		e, err := compile(inside, nil)
		if err != nil {
			p.add(path, "{{%s}} is no expression that can be filled in: %v", inside, err)
		} else {
			m = append(m, messagePart{capture: e})
		}
		text = after
	}
	return m
}

func (m message) captures() []*expression {
	var all []*expression
	for _, part := range m {
		if part.capture != nil {
			all = append(all, part.capture)
		}
	}
	return all
}

// fill writes the text for a subject. What never happened is no time ago. A gap is left where
// something cannot be filled in: what that is stands behind the text, since no word would read
// well in every sentence.
func (m message) fill(v *view) string {
	var b strings.Builder
	var unknown, wrong []string
	for _, part := range m {
		if part.capture == nil {
			b.WriteString(part.text)
			continue
		}
		value, err := part.capture.eval(v)
		none, missing := value.(*types.Unknown)
		switch {
		case err != nil:
			wrong = append(wrong, part.capture.text)
		case missing:
			unknown = append(unknown, unknownNames(none)...)
		default:
			b.WriteString(show(value))
			continue
		}
		b.WriteString("…")
	}
	text := strings.ReplaceAll(b.String(), textNever+" ago", textNever)
	var gaps []string
	if len(unknown) > 0 {
		slices.Sort(unknown)
		gaps = append(gaps, notKnown(slices.Compact(unknown)))
	}
	if len(wrong) > 0 {
		gaps = append(gaps, "cannot be filled in: "+strings.Join(wrong, ", "))
	}
	if len(gaps) > 0 {
		text += " (" + strings.Join(gaps, "; ") + ")"
	}
	return text
}

func notKnown(names []string) string { return "not known: " + strings.Join(names, ", ") }

// show writes a value for people.
func show(value ref.Val) string {
	if text, ok := value.(types.String); ok { // as most are
		return cut(string(text), maxText)
	}
	s := shower{left: maxShown}
	s.value(value)
	return s.b.String()
}

// shower writes a value until it has written enough.
type shower struct {
	b    strings.Builder
	left int // characters that may follow; below zero nothing does
}

// write writes a text, or what fits of it.
func (s *shower) write(text string) {
	if s.left < 0 {
		return
	}
	text = cut(text, s.left)
	s.b.WriteString(text)
	s.left -= utf8.RuneCountInString(text) // the sign for the rest is one more than fits
}

func (s *shower) value(value ref.Val) {
	switch v := value.(type) {
	case *types.Unknown:
		s.write("unknown")
	case *types.Err:
		s.write("?")
	case types.String:
		s.write(cut(string(v), maxText))
	case types.Double:
		s.write(showNumber(float64(v)))
	case types.Timestamp:
		if v.Time.Equal(Never()) {
			s.write(textNever)
			return
		}
		s.write(v.UTC().Format("2 January 2006, 15:04:05 UTC"))
	case types.Duration:
		s.write(showSpan(v.Duration))
	case types.Null:
		s.write("nothing")
	case *types.Optional:
		if !v.HasValue() {
			s.write("nothing")
			return
		}
		s.value(v.GetValue())
	case traits.Mapper:
		s.mapping(v)
	case traits.Lister:
		s.list(v)
	default:
		s.write(cut(fmt.Sprint(value.Value()), maxText))
	}
}

// cut shortens a text to so many characters, and a sign that there were more.
func cut(text string, most int) string {
	n := 0
	for i := range text {
		if n == most {
			return text[:i] + "…"
		}
		n++
	}
	return text
}

func showNumber(n float64) string {
	text := strconv.FormatFloat(n, 'f', -1, 64)
	if _, decimals, _ := strings.Cut(text, "."); len(decimals) > 3 { // nobody reads more of a share
		return strconv.FormatFloat(n, 'g', 3, 64)
	}
	return text
}

func (s *shower) list(l traits.Lister) {
	size, _ := l.Size().(types.Int)
	if size == 0 {
		s.write("none")
	}
	for i := types.Int(0); i < min(size, maxItems) && s.left >= 0; i++ {
		if i > 0 {
			s.write(", ")
		}
		s.value(l.Get(i))
	}
	s.more(int(size))
}

func (s *shower) mapping(m traits.Mapper) {
	var keys []string
	for it := m.Iterator(); it.HasNext() == types.True; {
		keys = append(keys, fmt.Sprint(it.Next().Value()))
	}
	if len(keys) == 0 {
		s.write("nothing")
	}
	slices.Sort(keys)
	separator := ""
	for _, key := range keys[:min(len(keys), maxItems)] {
		value, _ := m.Find(types.String(key))
		if value == nil || s.left < 0 {
			continue
		}
		s.write(separator + key + " ")
		s.value(value)
		separator = ", "
	}
	s.more(len(keys))
}

// more tells of the items that are not shown.
func (s *shower) more(size int) {
	if size > maxItems {
		s.write(fmt.Sprintf(" and %d more", size-maxItems))
	}
}

// textNever is shown in place of [Never], and of how long ago that is.
const textNever = "never"

// showSpan writes a span of time in the largest unit that says enough.
func showSpan(d time.Duration) string { return writeSpan(d, false) }

// showSpanClosely adds the next unit, so that it can be compared with a limit.
func showSpanClosely(d time.Duration) string { return writeSpan(d, true) }

// Forty years are more than anything is old that a forge tells of: such an age is that of [Never].
func writeSpan(d time.Duration, closely bool) string {
	const day = 24 * time.Hour
	units := []struct {
		length time.Duration
		name   string
	}{{day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}}
	if d >= 40*365*day {
		return textNever
	}
	for i, unit := range units[:len(units)-1] {
		if d.Abs() < 2*unit.length {
			continue
		}
		text := fmt.Sprintf("%d %ss", d/unit.length, unit.name)
		next := units[i+1]
		switch rest := d.Abs() % unit.length / next.length; {
		case !closely || rest == 0:
			return text
		case rest == 1:
			return text + " 1 " + next.name
		default:
			return fmt.Sprintf("%s %d %ss", text, rest, next.name)
		}
	}
	return d.Round(time.Second).String()
}
