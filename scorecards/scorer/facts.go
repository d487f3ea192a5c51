package scorer

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/scorecards"
)

// reportedFor is how long what was reported counts where the report does not say.
const reportedFor = 30 * 24 * time.Hour

// record folds what is known of a repository, or of an entity.
func (w *World) record(rec eventlog.Record, d event.FactRecorded, t *touched) (err error) {
	if d.Entity != "" {
		o := w.of(d.Entity)
		switch {
		case d.Fact == event.FactVerified:
			t.facts, t.entities[d.Entity] = []string{"verified"}, true
			if o.verified = nil; !isNull(d.Value) {
				since := sourceOf(rec)
				o.verified = &since
			}
		case strings.HasPrefix(d.Fact, event.FactReported):
			t.facts, t.entities[d.Entity] = []string{d.Fact}, true
			return o.reported.tell(rec, d)
		}
		return nil
	}
	if d.Repository.ID == "" {
		return nil
	}
	r := w.repository(place{d.Repository.Source, d.Repository.ID})
	switch {
	case d.Fact == event.FactCodeowners:
		t.facts = []string{"repo.codeowners"}
		since := sourceOf(rec)
		r.owners, r.ownedSince = &codeowners.Found{}, &since
		err = json.Unmarshal(d.Value, r.owners) // null leaves it empty: nobody owns anything
	case d.Fact == event.FactProtected:
		t.facts = []string{"repo.protected"}
		since := sourceOf(rec)
		if r.protected = nil; !isNull(d.Value) {
			r.protected = &scorecards.Fact{Value: string(d.Value) == "true", Source: &since}
		}
	case d.Fact == event.FactLanguages:
		t.facts = []string{"repo.languages"}
		r.languages, err = languagesOf(rec, d)
	case d.Fact == event.FactAlerts:
		t.facts = []string{"activity"}
		err = r.listAlerts(rec, d)
	case d.Fact == event.FactFiles:
		t.facts = []string{"repo", "docs"}
		err = r.list(rec, d)
	case strings.HasPrefix(d.Fact, event.FactReported):
		t.facts = []string{d.Fact}
		err = r.reported.tell(rec, d)
	default:
		return nil
	}
	r.touch(t)
	return err
}

func isNull(value json.RawMessage) bool { return len(value) == 0 || string(value) == "null" }

// languagesOf is which languages a repository is written in; nil if that is not known any
// more.
func languagesOf(rec eventlog.Record, d event.FactRecorded) (*scorecards.Fact, error) {
	if isNull(d.Value) {
		return nil, nil //nolint:nilnil // as promised
	}
	var found event.Languages
	if err := json.Unmarshal(d.Value, &found); err != nil {
		return nil, fmt.Errorf("decode the languages of %s: %w", d.Repository.FullName, err)
	}
	if found.Shares == nil {
		found.Shares = map[string]float64{}
	}
	since := sourceOf(rec)
	since.Commit = found.Commit
	return &scorecards.Fact{Value: found.Shares, Source: &since}, nil
}

// reports are what somebody reported, by the name of the variable. What was taken back stays
// without a value, so that an older report which comes late does not bring it back.
type reports map[string]scorecards.Fact

// tell keeps what somebody reported.
func (all reports) tell(rec eventlog.Record, d event.FactRecorded) error {
	if was, ok := all[d.Fact]; ok && rec.Time.Before(was.Source.At) {
		return nil // it came late
	}
	since := sourceOf(rec)
	if isNull(d.Value) {
		all[d.Fact] = scorecards.Fact{Source: &since}
		return nil
	}
	var value any
	if err := json.Unmarshal(d.Value, &value); err != nil {
		return fmt.Errorf("decode fact %s: %w", d.Fact, err)
	}
	stale := d.Until
	if stale.IsZero() {
		stale = rec.Time.Add(reportedFor)
	}
	all[d.Fact] = scorecards.Fact{Value: value, Source: &since, Stale: stale}
	return nil
}

// facts adds what was not taken back.
func (all reports) facts(to map[string]scorecards.Fact) {
	for name, f := range all {
		if f.Value != nil {
			to[name] = f
		}
	}
}

// confirmed adds when somebody said that the descriptor is still true; nil: nobody ever did.
func (o *own) confirmed(to map[string]scorecards.Fact) {
	at, by := scorecards.Fact{Value: scorecards.Never()}, scorecards.Fact{Value: ""}
	if o != nil && o.verified != nil {
		at = scorecards.Fact{Value: o.verified.At, Source: o.verified}
		by = scorecards.Fact{Value: o.verified.Actor, Source: o.verified}
	}
	to["verified.at"], to["verified.by"] = at, by
}

// files are those on the default branch, and when which docs changed last.
type files struct {
	event.Files
	since   *scorecards.Source
	read    map[string]*scorecards.Source // where what is said of a content is from
	updated map[string]scorecards.Fact    // of docs, by their folder
}

// list folds what changed among the files.
func (r *repository) list(rec eventlog.Record, d event.FactRecorded) error {
	if isNull(d.Value) {
		r.files = nil
		return nil
	}
	var change event.FilesChanged
	if err := json.Unmarshal(d.Value, &change); err != nil {
		return fmt.Errorf("decode what changed in the files of %s: %w", d.Repository.FullName, err)
	}
	since := sourceOf(rec)
	f := r.files
	if f == nil {
		f = &files{read: map[string]*scorecards.Source{}, updated: map[string]scorecards.Fact{}}
		r.files = f
	}
	f.Files, f.since = f.Apply(change), &since
	for file := range change.Contents {
		f.read[file] = &since
	}
	for _, file := range change.Removed {
		f.read[file] = &since
	}
	for _, root := range f.roots() {
		at, told := change.Docs[root]
		changed := func(file string) bool { return isDocs(root, file) }
		if !told && !slices.ContainsFunc(change.Added, changed) && !slices.ContainsFunc(change.Removed, changed) && !anyKey(change.Contents, changed) {
			continue
		}
		if !told {
			at = rec.Time
		}
		f.updated[root] = scorecards.Fact{Value: at, Source: &since}
	}
	return nil
}

func anyKey[V any](all map[string]V, is func(string) bool) bool {
	for key := range all {
		if is(key) {
			return true
		}
	}
	return false
}

// roots are the folders that have a configuration of MkDocs.
func (f *files) roots() []string {
	var all []string
	for _, file := range f.Paths {
		if base := path.Base(file); base == "mkdocs.yml" || base == "mkdocs.yaml" {
			all = append(all, folder(file))
		}
	}
	return slices.Compact(all)
}

// folder is that of a file; "" is the root.
func folder(file string) string {
	if dir := path.Dir(file); dir != "." {
		return dir
	}
	return ""
}

// isDocs is what the reader of repositories looks at as docs.
func isDocs(root, file string) bool {
	rest := file
	if root != "" {
		var ok bool
		if rest, ok = strings.CutPrefix(file, root+"/"); !ok {
			return false
		}
	}
	return rest == "mkdocs.yml" || rest == "mkdocs.yaml" || strings.HasPrefix(rest, "docs/")
}

// named are the paths of the files that rules read.
func (w *World) named() []string {
	if w.read == nil {
		w.read = []string{}
		for _, card := range w.cards {
			w.read = append(w.read, card.Files()...)
		}
		slices.Sort(w.read)
		w.read = slices.Compact(w.read)
	}
	return w.read
}

// fact is what the forge says of a repository, by the name of the variable. What is not known
// is none, so that rules about it are unknown.
func (r *repository) fact(name string) (scorecards.Fact, bool) {
	told := func(f *scorecards.Fact) (scorecards.Fact, bool) {
		if f == nil {
			return scorecards.Fact{}, false
		}
		return *f, true
	}
	s := r.state
	switch {
	case name == "repo.protected":
		return told(r.protected)
	case name == "repo.languages":
		return told(r.languages)
	case s == nil:
		return told(nil)
	}
	var value any
	switch name {
	case "repo.name":
		value = s.FullName
	case "repo.url":
		value = s.URL
	case "repo.description":
		value = s.Description
	case "repo.defaultBranch":
		value = s.DefaultBranch
	case "repo.archived":
		value = s.Archived
	case "repo.language":
		value = s.Language
	case "repo.topics":
		value = append([]string{}, s.Topics...)
	case "repo.visibility":
		value = s.Visibility
	}
	if value == nil || name == "repo.visibility" && s.Visibility == "" {
		return told(nil)
	}
	return scorecards.Fact{Value: value, Source: r.since}, true
}

// codeowners adds who owns the folder of a descriptor.
func (r *repository) codeowners(to map[string]scorecards.Fact, at event.Origin) {
	switch {
	case r.owners == nil && r.files != nil && r.files.TooMany == 0 && !r.files.ownership():
		to["repo.codeowners"] = scorecards.Fact{Value: []string{}, Source: r.files.since}
	case r.owners != nil:
		to["repo.codeowners"] = scorecards.Fact{Value: append([]string{}, r.owners.OwnersOfFolder(folder(at.Path))...), Source: r.ownedSince}
	}
}

// ownership reports whether there is a CODEOWNERS file where any forge reads it.
func (f *files) ownership() bool {
	return slices.ContainsFunc(slices.Concat(codeowners.Places(codeowners.GitHub), codeowners.Places(codeowners.GitLab)), f.Has)
}

// list adds the list of files.
func (f *files) list(to map[string]scorecards.Fact) {
	if f != nil && f.TooMany == 0 {
		paths := f.Paths // nobody writes to them: what changes makes a new list
		if paths == nil {
			paths = []string{}
		}
		to["repo.files"] = scorecards.Fact{Value: paths, Source: f.since}
	}
}

// contents adds what those files say that rules name.
func (f *files) contents(to map[string]scorecards.Fact, named []string) {
	if f == nil {
		return
	}
	for _, file := range named {
		c, known := f.Contents[file]
		since := f.read[file]
		if since == nil {
			since = f.since
		}
		switch {
		case known && c.Read:
			to[scorecards.FileFact(file)] = scorecards.Fact{Value: scorecards.File{Text: c.Text, Problem: c.Problem}, Source: since}
		case !known && !f.Has(file) && f.TooMany == 0:
			to[scorecards.FileFact(file)] = scorecards.Fact{Value: scorecards.File{Absent: true}, Source: since}
		}
	}
}

// license adds the licence: what the forge says, else by its text.
func (r *repository) license(to map[string]scorecards.Fact) {
	f := r.files
	switch {
	case r.state != nil && r.state.License != "":
		to["repo.license"] = scorecards.Fact{Value: r.state.License, Source: r.since}
		return
	case f == nil || f.TooMany > 0:
		return
	}
	license, since := "", f.since
	for _, file := range f.Paths { // sorted: the first that there is counts
		if c, ok := f.Contents[file]; ok && c.License != "" && license == "" {
			license, since = c.License, f.read[file]
		}
		if !strings.Contains(file, "/") && isLicense(file) && license == "" {
			return // there is one, and nobody knows which
		}
	}
	to["repo.license"] = scorecards.Fact{Value: license, Source: since}
}

func isLicense(file string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(file), ".")
	return slices.Contains([]string{"license", "licence", "copying", "unlicense"}, stem)
}
