package techdocs

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Decision is what a decision record in the form of MADR says of itself.
// See https://adr.github.io/madr/.
type Decision struct {
	Path   string `json:"path"`
	Number string `json:"number"` // "0004"
	Title  string `json:"title"`
	Status string `json:"status,omitempty"` // in lower case, as written: "accepted", "superseded by ADR-0005"
	Date   string `json:"date,omitempty"`   // 2006-01-02; "" if there is none in this form
}

var (
	decisionName   = regexp.MustCompile(`^(\d{4})-.+\.md$`)
	decisionTitle  = regexp.MustCompile(`(?m)^#[ \t]+(.+?)[ \t]*#*[ \t]*$`)
	decisionItem   = regexp.MustCompile(`(?i)^[ \t]{0,3}[*+-][ \t]+\**(status|date)\**[ \t]*:\**[ \t]*(.+?)[ \t]*$`)
	decisionStatus = regexp.MustCompile(`(?im)^##[ \t]+Status[ \t]*#*[ \t]*\n+[ \t]*([^\n#]+)`)
	decisionDate   = regexp.MustCompile(`(?im)^Date:[ \t]*(\d{4}-\d{2}-\d{2})[ \t]*$`)
	isoDate        = regexp.MustCompile(`\d{4}-\d{2}-\d{2}`)
	decisionState  = regexp.MustCompile(`^(draft|proposed|accepted|rejected|deprecated|superseded|superceded)\b`)
	successor      = regexp.MustCompile(`^super[sc]eded by\b\D*?(\d{1,4})\b`)
	marks          = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

func isDecision(name string) bool { return decisionName.MatchString(path.Base(name)) }

// State is the first word of the status, if that is one that records commonly have: draft,
// proposed, accepted, rejected, deprecated or superseded; else the status.
func (d Decision) State() string {
	switch state := decisionState.FindString(d.Status); state {
	case "":
		return d.Status
	case "superceded":
		return "superseded"
	default:
		return state
	}
}

// SupersededBy is the number of the record that took the place of this one, "0005"; "" if
// it names none.
func (d Decision) SupersededBy() string {
	m := successor.FindStringSubmatch(d.Status)
	if m == nil {
		return ""
	}
	return strings.Repeat("0", 4-len(m[1])) + m[1]
}

// ReadDecision reads a record: its front matter, else the items "Status: accepted"
// and "Date: 2026-01-31" of its first list, else the section Status and the line
// "Date: 2026-01-31" that records in the form of Nygard have.
func ReadDecision(name string, text []byte) Decision {
	d := Decision{Path: name}
	if m := decisionName.FindStringSubmatch(path.Base(name)); m != nil {
		d.Number = m[1]
	}
	body := strings.ReplaceAll(strings.ToValidUTF8(string(text[:min(len(text), 256<<10)]), "\ufffd"), "\r\n", "\n")
	if front, rest, ok := cutFrontMatter(body); ok {
		body = rest
		for key, v := range pairs(front) {
			switch strings.ToLower(key.Value) {
			case "status":
				d.Status = v.Value
			case "date":
				d.Date = isoDate.FindString(v.Value)
			case "title":
				d.Title = v.Value
			}
		}
	}
	if m := decisionTitle.FindStringSubmatch(body); m != nil {
		d.Title = marks.ReplaceAllString(m[1], "$1")
	}
	if d.Title == "" {
		d.Title = strings.TrimSuffix(path.Base(name), ".md")
	}
	inList := false
	for l := range strings.Lines(body) {
		l = strings.TrimRight(l, "\r\n")
		bullet := len(l) > 1 && strings.ContainsAny(strings.TrimLeft(l, " \t")[:min(1, len(strings.TrimLeft(l, " \t")))], "*+-")
		if inList && !bullet && strings.TrimSpace(l) != "" && l[0] != ' ' && l[0] != '\t' {
			break
		}
		inList = inList || bullet
		m := decisionItem.FindStringSubmatch(l)
		switch {
		case m == nil:
		case strings.EqualFold(m[1], "status") && d.Status == "":
			d.Status = m[2]
		case strings.EqualFold(m[1], "date") && d.Date == "":
			d.Date = isoDate.FindString(m[2])
		}
	}
	if m := decisionStatus.FindStringSubmatch(body); m != nil && d.Status == "" {
		d.Status = m[1]
	}
	if m := decisionDate.FindStringSubmatch(body); m != nil && d.Date == "" {
		d.Date = m[1]
	}
	d.Status = strings.ToLower(strings.TrimSpace(marks.ReplaceAllString(d.Status, "$1")))
	return d
}

func cutFrontMatter(body string) (front *yaml.Node, rest string, ok bool) {
	inner, ok := strings.CutPrefix(body, "---\n")
	if !ok {
		return nil, body, false
	}
	head, rest, ok := strings.Cut(inner, "\n---")
	var doc yaml.Node
	if !ok || yaml.Unmarshal([]byte(head), &doc) != nil || len(doc.Content) != 1 {
		return nil, body, false
	}
	return doc.Content[0], rest, true
}

// Decisions lists the decision records among the pages, oldest first.
func (s *Site) Decisions() []Decision {
	var all []Decision
	for _, p := range s.Pages {
		if p.Content.Decision != nil {
			d := *p.Content.Decision
			d.Path = p.Path
			all = append(all, d)
		}
	}
	slices.SortStableFunc(all, byNumber)
	return all
}

// ReadDecisions lists the decision records of a folder of a tree and of the folders
// in it, wherever that is, oldest first.
func ReadDecisions(ctx context.Context, t Tree, folder string) ([]Decision, error) {
	var all []Decision
	for _, f := range t.Files {
		if _, ok := below(f.Path, path.Clean(folder)); !ok || !isDecision(f.Path) {
			continue
		}
		text, err := t.Read(ctx, f.Path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.Path, err)
		}
		if len(strings.TrimSpace(string(text))) > 0 {
			all = append(all, ReadDecision(f.Path, text))
		}
	}
	slices.SortStableFunc(all, byNumber)
	return all, nil
}

func byNumber(a, b Decision) int {
	if c := strings.Compare(a.Number, b.Number); c != 0 {
		return c
	}
	return strings.Compare(a.Path, b.Path)
}
