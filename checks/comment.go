package checks

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/callboard/callboard/ingest"
)

// How much of each part a comment has.
const (
	commentedRules    = 20
	commentedEntities = 20
	commentedBroken   = 10
	commentedMissing  = 20
	commentedRefused  = 20
)

// Mark stands in a comment on a pull request, so that the next one takes its place.
func Mark(source string) string { return "<!-- callboard/catalog " + source + " -->" }

// Comment is the outcome in Markdown, of at most [ingest.MaxComment] bytes, with a link to the page that
// tells more. Nothing in it that comes from files is read as Markdown, or calls anybody.
func (o *Outcome) Comment(page string) string {
	t := &strings.Builder{}
	line := func(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }
	line("%s", Mark(o.Source))
	line("**Callboard: %s**", escape(o.Says()))
	if len(o.Scores) > 0 {
		line("\n| Entity | Scorecard | Now | After the merge |\n|---|---|---|---|")
		for i, s := range o.Scores {
			if i == commentedEntities {
				line("| and %d more | | | |", len(o.Scores)-i)
				break
			}
			line("| %s | %s | %s | %s%s |", code(NameOf(s.Entity)), escape(s.CardTitle), escape(Standing(s.Before, s.Ladder)), escape(Standing(s.After, s.Ladder)), map[int]string{-1: " ▼", 1: " ▲"}[s.Moves])
		}
		o.rules(line)
	}
	if len(o.Refused) > 0 {
		line("\nDescriptors that could not be used:\n")
		items(line, o.Refused, commentedRefused, func(r Refused) string {
			p := r.first()
			return fmt.Sprintf("%s line %d, column %d: %s", code(r.Path), p.Line, p.Column, escape(strings.TrimSpace(p.Path+" "+p.Message)))
		})
	}
	if len(o.Missing) > 0 {
		line("\nNamed, and not there:\n")
		items(line, o.Missing, commentedMissing, func(m Missing) string {
			return fmt.Sprintf("%s %s: %s", code(m.where()), code(m.Field), escape(m.Message))
		})
	}
	if len(o.Entities) > 0 {
		line("\nCatalog:\n")
		items(line, o.Entities, commentedEntities, func(e Entity) string {
			return e.What + " " + code(e.Ref) + e.fields()
		})
	}
	if o.Owners != nil {
		says := "CODEOWNERS would be gone"
		if !o.Owners.Gone {
			says = "CODEOWNERS would be another one"
		}
		line("\n%s.", says)
	}
	if len(o.Broken) > 0 {
		line("\nRelations that would break:\n")
		items(line, o.Broken, commentedBroken, func(r Relation) string {
			return code(r.Entity) + " " + escape(r.Type) + " " + code(r.Target)
		})
	}
	if o.Held != "" {
		line("\n%s", escape(o.Held))
	}
	foot := fmt.Sprintf("As of event %d, for %.7s.", o.Position, o.Commit)
	if page != "" {
		foot += " [All of it](" + page + ")"
	}
	return fit(t.String(), "\n<sub>"+foot+"</sub>\n")
}

// fit leaves out the last lines of a comment for which there is no room beside its foot, and says so.
func fit(says, foot string) string {
	if len(says)+len(foot) <= ingest.MaxComment {
		return says + foot
	}
	foot = "\nThe rest does not fit into a comment.\n" + foot
	return says[:strings.LastIndexByte(says[:ingest.MaxComment-len(foot)], '\n')+1] + foot
}

// rules lists what would fail, with how to fix it, and then what would pass.
func (o *Outcome) rules(line func(string, ...any)) {
	var fails, others []string
	for _, s := range o.Scores {
		for _, r := range s.Rules {
			of := escape(s.CardTitle)
			if r.Level != "" {
				of += ", " + escape(r.Level)
			}
			says := fmt.Sprintf("%s %s (%s): %s → %s", code(r.ID), escape(r.Title), of, cmp.Or(r.Before, "not asked"), cmp.Or(r.After, "not asked"))
			if r.Message != "" && r.Fails() {
				says += ". " + escape(r.Message)
			}
			if r.Fails() && r.Fix != "" {
				says += ". How to fix: <" + address(r.Fix) + ">"
			}
			if r.Fails() {
				fails = append(fails, says)
			} else {
				others = append(others, says)
			}
		}
	}
	all := append(fails, others...)
	if len(all) == 0 {
		return
	}
	line("")
	items(line, all, commentedRules, func(says string) string { return says })
}

// items writes a list of the first of some, and counts the others.
func items[T any](line func(string, ...any), all []T, most int, says func(T) string) {
	for _, one := range all[:min(len(all), most)] {
		line("- %s", says(one))
	}
	if len(all) > most {
		line("- and %d more", len(all)-most)
	}
}

// fields names the fields that would change.
func (e Entity) fields() string {
	var paths []string
	for i, c := range e.Changes {
		if i == 5 {
			paths = append(paths, fmt.Sprintf("and %d more", len(e.Changes)-i))
			break
		}
		paths = append(paths, code(c.Path))
	}
	says := ""
	if len(paths) > 0 {
		says = ": " + strings.Join(paths, ", ")
	}
	if e.Before != "" && e.What != Removed {
		says += fmt.Sprintf(", owner %s → %s", code(e.Before), code(cmp.Or(e.Owner, "nobody")))
	}
	if e.NoOwner {
		says += fmt.Sprintf(", whose owner %s is not in the catalog", code(e.Owner))
	}
	return says
}

// address writes an address so that it is nothing else in Markdown: what would end it is
// percent-encoded.
func address(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == '<' || c == '>' || c == 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// code shows a text as it is, but for what would end it or, in a table, its cell.
func code(s string) string {
	return "`" + cmp.Or(strings.NewReplacer("`", "'", "|", "¦").Replace(cut(plain(s), 200)), " ") + "`"
}

// escape has Markdown and HTML take a text for text, and nobody be called by it.
func escape(s string) string {
	var b strings.Builder
	for _, r := range cut(plain(s), 300) {
		switch {
		case strings.ContainsRune("\\`*_{}[]()#+!|~", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '@':
			b.WriteString("@\u200b") // a space of no width: no name follows
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
