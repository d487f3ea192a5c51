package backstage

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
)

// shownOfEach is how much of a group is listed for people who did not ask for all.
const shownOfEach = 20

// WriteText tells people: what came out first, then the details.
func (r *Report) WriteText(to io.Writer, verbose bool) error {
	w := &textWriter{Writer: bufio.NewWriter(to), most: shownOfEach}
	if verbose {
		w.most = len(r.Entities) + len(r.Locations)
	}
	fmt.Fprintf(w, "Backstage at %s, Callboard at %s\n\n", r.Backstage, r.Callboard)
	if r.DryRun {
		fmt.Fprintf(w, "A dry run: nothing was registered.\n\n")
	}
	n := r.Summary
	fmt.Fprintf(w, "%s at Backstage%s: %s.", counted(n.Backstage, "entity", "entities"), filtered(r.Filters), sentence(entityResults(), n.Entities))
	if only := n.Entities[OnlyHere]; only > 0 {
		fmt.Fprintf(w, " %d %s.", only, OnlyHere)
	}
	fmt.Fprintln(w)
	fmt.Fprintf(w, "%s: %s.\n", counted(len(r.Locations), "location", "locations"), sentence(locationResults(), n.Locations))
	if r.Matched {
		fmt.Fprintf(w, "\nEverything that Backstage has is here%s.\n", map[bool]string{true: ", or would come"}[r.DryRun])
	}
	for _, result := range []LocationResult{Refused, Unsupported, Pending, WouldRegister, Registered} {
		w.locations(r.Locations, result)
	}
	w.missing(r.Entities)
	w.differing(r.Entities)
	w.onlyHere(r.Entities)
	fmt.Fprintf(w, "\nNot compared: %s.\n", strings.Join(r.Ignored, ", "))
	return w.Flush()
}

func filtered(filters []string) string {
	if len(filters) == 0 {
		return ""
	}
	return " that match " + strings.Join(filters, " or ")
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

func sentence[R ~string](order []R, counts map[R]int) string {
	var parts []string
	for _, r := range order {
		if n := counts[r]; n > 0 {
			word := string(r)
			if word == string(Differs) && n > 1 {
				word = "differ"
			}
			parts = append(parts, fmt.Sprint(n, " ", word))
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

type textWriter struct {
	*bufio.Writer
	most int // of each group
}

// more tells that a list is cut.
func (w *textWriter) more(indent string, n int) {
	if n > 0 {
		fmt.Fprintf(w, "%s… and %d more: --verbose lists all\n", indent, n)
	}
}

func (w *textWriter) locations(all []*Location, result LocationResult) {
	of := slices.DeleteFunc(slices.Clone(all), func(l *Location) bool { return l.Result != result })
	if len(of) == 0 {
		return
	}
	fmt.Fprintf(w, "\nLocations: %s (%d)\n", result, len(of))
	shown := of[:min(len(of), w.most)]
	for i, l := range shown {
		fmt.Fprintf(w, "  %s (%s)\n", l.Shown, counted(l.Entities, "entity", "entities"))
		if l.Problem != "" {
			fmt.Fprintf(w, "      %s\n", l.Problem)
		}
		if last := i == len(shown)-1 || shown[i+1].Do != l.Do; l.Do != "" && last {
			fmt.Fprintf(w, "      → %s\n", l.Do)
		}
	}
	w.more("  ", len(of)-w.most)
}

// missing lists by reason, the most frequent first.
func (w *textWriter) missing(all []Entity) {
	byReason, total := map[string][]string{}, 0
	for _, e := range all {
		if e.Result == Missing {
			byReason[e.Reason] = append(byReason[e.Reason], e.Ref)
			total++
		}
	}
	if total == 0 {
		return
	}
	fmt.Fprintf(w, "\nEntities: missing here (%d)\n", total)
	reasons := make([]string, 0, len(byReason))
	for reason := range byReason {
		reasons = append(reasons, reason)
	}
	slices.SortFunc(reasons, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(byReason[b]), len(byReason[a])), cmp.Compare(a, b))
	})
	for _, reason := range reasons[:min(len(reasons), w.most)] {
		refs := byReason[reason]
		fmt.Fprintf(w, "  %s\n", reason)
		for _, ref := range refs[:min(len(refs), w.most)] {
			fmt.Fprintf(w, "      %s\n", ref)
		}
		w.more("      ", len(refs)-w.most)
	}
	w.more("  ", len(reasons)-w.most)
}

func (w *textWriter) differing(all []Entity) {
	of := slices.DeleteFunc(slices.Clone(all), func(e Entity) bool { return e.Result != Differs })
	if len(of) == 0 {
		return
	}
	fmt.Fprintf(w, "\nEntities: different (%d)\n", len(of))
	for _, e := range of[:min(len(of), w.most)] {
		fmt.Fprintf(w, "  %s\n", e.Ref)
		for _, f := range e.Fields[:min(len(e.Fields), w.most)] {
			fmt.Fprintf(w, "      %s\n", f.text())
		}
		w.more("      ", len(e.Fields)-w.most)
		if e.Reason != "" {
			fmt.Fprintf(w, "      %s\n", e.Reason)
		}
	}
	w.more("  ", len(of)-w.most)
}

func (w *textWriter) onlyHere(all []Entity) {
	of := slices.DeleteFunc(slices.Clone(all), func(e Entity) bool { return e.Result != OnlyHere })
	if len(of) == 0 {
		return
	}
	fmt.Fprintf(w, "\nEntities: only here (%d)\n", len(of))
	for _, e := range of[:min(len(of), w.most)] {
		fmt.Fprintf(w, "  %s\n", e.Ref)
	}
	w.more("  ", len(of)-w.most)
}

// text says how a field differs.
func (f Field) text() string {
	path := cmp.Or(f.Path, "it cannot be compared")
	switch {
	case f.Op == catalog.Added:
		return fmt.Sprintf("%s: only here: %s", path, value(f.Callboard))
	case f.Follows:
		return fmt.Sprintf("%s: not here: %s, as that is not here", path, value(f.Backstage))
	case f.Op == catalog.Removed:
		return fmt.Sprintf("%s: not here: %s", path, value(f.Backstage))
	default:
		return fmt.Sprintf("%s: %s at Backstage, %s here", path, value(f.Backstage), value(f.Callboard))
	}
}

// widest is how many letters of a value are shown.
const widest = 120

func value(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if letters := []rune(string(b)); len(letters) > widest {
		return string(letters[:widest]) + "…"
	}
	return string(b)
}
