package checks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
)

// Says is the outcome in one line of at most [ingest.MaxStatus] characters, the worst first.
func (o *Outcome) Says() string {
	fallen := o.Fallen()
	var parts []string
	room := ingest.MaxStatus
	if n := len(o.Refused); n > 0 {
		p := o.Refused[0].first()
		parts = append(parts, fmt.Sprintf("%s refused, %s:%d", counted(n, "descriptor"), o.Refused[0].Path, p.Line))
		room -= utf8.RuneCountInString(parts[0]) + 2
	}
	if len(fallen) > 0 {
		parts = slices.Insert(parts, 0, falls(fallen, room))
	}
	if n := len(o.Broken); n > 0 {
		parts = append(parts, counted(n, "relation")+" would break")
	}
	if n := len(o.Missing); n > 0 {
		parts = append(parts, counted(n, "name")+" would lead nowhere, "+o.Missing[0].where())
	}
	if o.Held != "" {
		parts = append(parts, "a person has to allow it")
	}
	if n := len(o.Entities); n > 0 {
		parts = append(parts, o.counts())
	}
	if n := len(o.Scores) - len(fallen); n > 0 && len(fallen) == 0 {
		parts = append(parts, counted(n, "score")+" would change, none falls")
	}
	switch {
	case len(parts) == 0 && o.Owners != nil:
		parts = append(parts, "CODEOWNERS would change, no score does")
	case len(parts) == 0:
		return "Nothing would change"
	}
	says := plain(parts[0])
	for _, part := range parts[1:] {
		if utf8.RuneCountInString(says)+utf8.RuneCountInString(part)+2 <= ingest.MaxStatus { // what does not fit is on the page
			says += "; " + plain(part)
		}
	}
	if len(fallen) != 1 { // else it begins with a name
		says = capital(says)
	}
	return cut(says, ingest.MaxStatus)
}

// falls names the scores that fall, as many as there is room for, and counts the others.
func falls(fallen []Score, room int) string {
	if len(fallen) == 1 {
		return fallen[0].sentence()
	}
	named := func(s Score) string { return NameOf(s.Entity) + " " + s.way() }
	says := fmt.Sprintf("%d scores fall: %s", len(fallen), named(fallen[0]))
	for i := 1; i < len(fallen); i++ {
		next := says + ", " + named(fallen[i])
		if utf8.RuneCountInString(next+more(len(fallen)-i-1)) > room {
			return says + more(len(fallen)-i)
		}
		says = next
	}
	return says
}

// more counts what is left out of a list; nothing if all of it is there.
func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// counts says how many entities come, change and go.
func (o *Outcome) counts() string {
	n := map[string]int{}
	for _, e := range o.Entities {
		n[e.What]++
	}
	var parts []string
	for _, what := range []string{Registered, Changed, Removed} {
		if n[what] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[what], what))
		}
	}
	return "entities: " + strings.Join(parts, ", ")
}

// sentence says what would become of a score: "payments-api falls from Silver to Bronze
// on Production readiness".
func (s Score) sentence() string {
	verb := map[int]string{-1: "falls", 0: "changes", 1: "rises"}[s.Moves]
	return NameOf(s.Entity) + " " + verb + " " + s.way()
}

// way is "from Silver to Bronze on Production readiness".
func (s Score) way() string {
	return fmt.Sprintf("from %s to %s on %s", Standing(s.Before, s.Ladder), Standing(s.After, s.Ladder), s.CardTitle)
}

// Standing is a score in a word: a step of a ladder, or points of how many.
func Standing(s *event.Score, ladder bool) string {
	switch {
	case s == nil:
		return "not judged"
	case ladder:
		return cmp.Or(s.Level, "None")
	case s.Of == 0:
		return "nothing to reach"
	}
	return fmt.Sprintf("%g of %g points", s.Points, s.Of)
}

// NameOf is the name in a full ref.
func NameOf(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// place is a place in a file, as compilers write it. A line or column of 0 is not known.
func place(path string, line, column int) string {
	if line > 0 {
		path += ":" + strconv.Itoa(line)
	}
	if line > 0 && column > 0 {
		path += ":" + strconv.Itoa(column)
	}
	return path
}

// first is what is wrong first with a descriptor.
func (r Refused) first() event.Problem {
	if len(r.Problems) == 0 {
		return event.Problem{Line: 1, Column: 1, Message: "it cannot be used"}
	}
	return r.Problems[0]
}

// Value is a field's value in short.
func Value(v any) string {
	text, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil { // it came from JSON
			return ""
		}
		text = string(b)
	}
	return cut(strings.Join(strings.Fields(text), " "), 80)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return strings.ToUpper(string(r)) + s[size:]
}

// cut shortens a text to at most so many characters.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// Write writes the outcome for a terminal. What comes from files is shown without what
// controls a terminal.
func (o *Outcome) Write(w io.Writer) error {
	t := &text{}
	for _, r := range o.Refused {
		for _, p := range r.Problems {
			t.line("%s: %s", place(r.Path, p.Line, p.Column), strings.TrimSpace(p.Path+" "+p.Message))
		}
	}
	t.gap()
	for _, m := range o.Missing {
		t.line("%s: %s: %s", m.where(), m.Field, m.Message)
	}
	t.gap()
	for _, e := range o.Entities {
		t.line("%-10s %s (%s)", e.What, e.Ref, e.Path)
		for _, c := range e.Changes {
			t.line("           %s: %s", c.Path, change(c))
		}
		if owner := e.owners(); owner != "" {
			t.line("           %s", owner)
		}
	}
	if o.Owners != nil {
		t.line("%s", o.Owners.sentence())
	}
	for _, r := range o.Broken {
		t.line("breaks     %s %s %s, which would not be there", r.Entity, r.Type, r.Target)
	}
	t.gap()
	for _, s := range o.Scores {
		t.line("%s: %s, %s -> %s", s.CardTitle, s.Entity, Standing(s.Before, s.Ladder), Standing(s.After, s.Ladder))
		for _, r := range s.Rules {
			t.line("  %s", r.sentence())
			if r.Fails() && r.Fix != "" {
				t.line("    how to fix: %s", r.Fix)
			}
		}
	}
	t.gap()
	if o.Held != "" {
		t.line("%s", o.Held)
	}
	t.line("%s. Judged as of event %d.", o.Says(), o.Position)
	_, err := io.WriteString(w, t.String())
	return err
}

// sentence says what a rule would come to.
func (r Rule) sentence() string {
	level := ""
	if r.Level != "" {
		level = " (" + r.Level + ")"
	}
	says := fmt.Sprintf("%s%s: %s -> %s", r.ID, level, cmp.Or(r.Before, "not asked"), cmp.Or(r.After, "not asked"))
	if text := cmp.Or(r.Message, r.Title); r.Fails() && text != "" {
		says += ": " + text
	}
	return says
}

func (c *Codeowners) sentence() string {
	switch {
	case c.Gone:
		return "owners     CODEOWNERS would be gone"
	case len(c.Owners) == 0:
		return fmt.Sprintf("owners     %s would be another one, and the repository as a whole nobody's", c.Path)
	}
	return fmt.Sprintf("owners     %s would have %s own the repository", c.Path, strings.Join(c.Owners, " "))
}

// owners says who would own an entity, where that is news.
func (e Entity) owners() string {
	says := ""
	switch {
	case e.What == Removed:
		return ""
	case e.Before != "":
		says = fmt.Sprintf("owner: %s -> %s", e.Before, cmp.Or(e.Owner, "nobody"))
	case e.What == Registered && e.Owner != "":
		says = "owner: " + e.Owner
	}
	if e.NoOwner && says != "" {
		says += ", which is not in the catalog"
	}
	return says
}

func change(c catalog.Change) string {
	switch c.Op {
	case catalog.Added:
		return "+ " + Value(c.After)
	case catalog.Removed:
		return "- " + Value(c.Before)
	}
	return Value(c.Before) + " -> " + Value(c.After)
}

// text is lines, with an empty one between parts.
type text struct {
	strings.Builder
	due bool
}

func (t *text) line(format string, args ...any) {
	if t.due && t.Len() > 0 {
		t.WriteByte('\n')
	}
	t.due = false
	t.WriteString(strings.TrimRight(plain(fmt.Sprintf(format, args...)), " ") + "\n")
}

func (t *text) gap() { t.due = true }

// plain takes out what is no text.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}
