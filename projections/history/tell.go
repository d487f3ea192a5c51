package history

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
)

// tell says in words and fields what an event changed.
func tell(data event.Data, before state) (tale, error) {
	switch d := data.(type) {
	case event.EntityRegistered:
		return declared(d.Declaration, before)
	case event.EntityChanged:
		return declared(d.Declaration, before)
	case event.EntityRemoved:
		t := tale{summary: d.Reason}
		if before.entity == "" { // it never was in the catalog: only its error ends
			t.changes = []catalog.Change{{Path: "status", Op: catalog.Removed, Before: before.rejected}}
		}
		return t, nil
	case event.EntityRejected:
		lines := make([]string, len(d.Problems))
		for i, p := range d.Problems {
			lines[i] = d.Describe(p)
		}
		now := strings.Join(lines, "\n")
		t := tale{after: state{before.entity, now}}
		if len(d.Problems) > 0 {
			p := d.Problems[0]
			t.summary = strings.TrimSpace(fmt.Sprintf("line %d: %s %s", p.Line, p.Path, p.Message))
		}
		t.changes = statusChange(before.rejected, now)
		return t, nil
	default:
		return tale{after: before}, nil
	}
}

func declared(d event.Declaration, before state) (tale, error) {
	b, err := json.Marshal(d.Entity)
	if err != nil {
		return tale{}, err
	}
	t := tale{after: state{entity: string(b)}, changes: statusChange(before.rejected, "")}
	if before.entity == "" {
		t.summary = registered(d)
		return t, nil
	}
	var old catalog.Entity
	if err := json.Unmarshal([]byte(before.entity), &old); err != nil {
		return tale{}, fmt.Errorf("decode the version before: %w", err)
	}
	t.changes = append(t.changes, catalog.Diff(&old, &d.Entity)...)
	t.summary = summarise(t.changes)
	return t, nil
}

func registered(d event.Declaration) string {
	what := strings.ToLower(d.Entity.Kind)
	if typ := d.Entity.SpecString("type"); typ != "" {
		what = typ
	}
	if owner := d.Entity.SpecString("owner"); owner != "" {
		return fmt.Sprintf("%s, owned by %s", what, strings.TrimPrefix(owner, "group:"))
	}
	return what
}

// statusChange tells that a descriptor became unusable, differs in what is
// wrong, or is good again.
func statusChange(before, after string) []catalog.Change {
	switch {
	case before == after:
		return nil
	case before == "":
		return []catalog.Change{{Path: "status", Op: catalog.Added, After: after}}
	case after == "":
		return []catalog.Change{{Path: "status", Op: catalog.Removed, Before: before}}
	default:
		return []catalog.Change{{Path: "status", Op: catalog.Changed, Before: before, After: after}}
	}
}

// summarise names up to three fields that differ, in the words of the descriptor.
func summarise(changes []catalog.Change) string {
	var names []string
	seen := map[string]bool{}
	for _, c := range changes {
		name := strings.TrimPrefix(strings.TrimPrefix(c.Path, "spec."), "metadata.")
		if i := strings.IndexAny(name, "[."); i > 0 {
			name = name[:i]
		}
		if c.Path == "status" {
			name = "descriptor mended"
		}
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	switch {
	case len(names) == 0:
		return "moved to another place"
	case len(changes) == 1 && changes[0].Path == "spec.owner":
		return fmt.Sprintf("owner %v → %v", changes[0].Before, changes[0].After)
	case len(names) > 3:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	default:
		return strings.Join(names, ", ")
	}
}
