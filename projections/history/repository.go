package history

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// stateKey names what an event is compared with: the newest about its subject,
// or about the repository, whose name passes on to others. What was backfilled is
// compared with what was backfilled before it of the same repository.
func stateKey(rec eventlog.Record, data event.Data) string {
	if at, ok := originOf(data); ok && rec.Backfilled() {
		return "backfill\n" + at.Source + "\n" + at.RepositoryID + "\n" + rec.Subject
	}
	repository := func(r event.Repository) string { return "repository\n" + r.Source + "\n" + r.ID }
	if d, ok := data.(event.FactRecorded); ok && rec.Backfilled() {
		return "backfill\n" + d.Fact + "\n" + repository(d.Repository)
	}
	switch d := data.(type) {
	case event.RepositoryObserved:
		return repository(d.Repository)
	case event.RepositoryRenamed:
		return repository(d.Repository)
	case event.RepositoryArchived:
		return repository(d.Repository)
	case event.RepositoryUnarchived:
		return repository(d.Repository)
	case event.RepositoryDeleted:
		return repository(d.Repository)
	case event.RepositoryLeft:
		return repository(d.Repository)
	case event.FactRecorded:
		return "fact\n" + d.Fact + "\n" + d.Entity + "\n" + repository(d.Repository)
	}
	return rec.Subject
}

// originOf is where a descriptor stands that an event is about.
func originOf(data event.Data) (event.Origin, bool) {
	switch d := data.(type) {
	case declared:
		return d.Origin, true
	case event.EntityRemoved:
		return d.Origin, true
	case event.EntityRejected:
		return d.Origin, true
	case event.EntityConflicted:
		return d.Origin, true
	}
	return event.Origin{}, false
}

func (s *state) observe(now event.RepositoryState) (t tale) {
	if s.Repository == nil {
		t.summary = seen(now)
	} else {
		t.changes = differences(*s.Repository, now)
		t.summary = summarise(t.changes)
	}
	s.Repository = &now
	return t
}

func (s *state) rename(d event.RepositoryRenamed) tale {
	if s.Repository == nil {
		was := d.RepositoryState
		was.FullName = d.From
		s.Repository = &was
	}
	t := s.observe(d.RepositoryState)
	t.summary = "renamed from " + d.From
	return t
}

// seen says what a repository is like when it is first seen.
func seen(r event.RepositoryState) string {
	var all []string
	for _, word := range []string{r.Visibility, r.Language} {
		if word != "" {
			all = append(all, word)
		}
	}
	if r.Archived {
		all = append(all, "archived")
	}
	if r.Fork {
		all = append(all, "a fork")
	}
	if len(all) == 0 {
		return "first seen"
	}
	return "first seen: " + strings.Join(all, ", ")
}

// differences compares two states as entities are compared, so that topics come
// and go like tags.
func differences(was, is event.RepositoryState) []catalog.Change {
	entity := func(r event.RepositoryState) *catalog.Entity {
		topics := make([]any, len(r.Topics))
		for i, t := range r.Topics {
			topics[i] = t
		}
		spec := map[string]any{"archived": r.Archived, "fork": r.Fork, "topics": topics}
		for name, text := range map[string]string{
			"fullName": r.FullName, "url": r.URL, "defaultBranch": r.DefaultBranch, "description": r.Description,
			"visibility": r.Visibility, "language": r.Language,
		} {
			if text != "" {
				spec[name] = text
			}
		}
		return &catalog.Entity{Spec: spec}
	}
	changes := catalog.Diff(entity(was), entity(is))
	for i := range changes {
		changes[i].Path = strings.TrimPrefix(changes[i].Path, "spec.")
	}
	return changes
}

// filesChanged tells of the files that came, went or changed. Nothing is remembered:
// each event says what is other than before.
func filesChanged(d event.FactRecorded) (t tale) {
	const shown = 20
	var c event.FilesChanged
	if err := json.Unmarshal(d.Value, &c); err != nil {
		return tale{summary: d.Fact}
	}
	if c.TooMany > 0 && c.Whole {
		return tale{summary: counted(c.TooMany, "file") + ", too many to be listed"}
	}
	if c.Whole {
		return tale{summary: counted(len(c.Added), "file")}
	}
	var says []string
	tell := func(op catalog.Op, verb string, files []string) {
		for i, file := range files {
			if i < shown {
				t.changes = append(t.changes, catalog.Change{Op: op, Path: catalog.FieldPath(d.Fact, file)})
			}
		}
		switch len(files) {
		case 0:
		case 1:
			says = append(says, files[0]+" "+verb)
		default:
			says = append(says, counted(len(files), "file")+" "+verb)
		}
	}
	var others []string
	for _, file := range slices.Sorted(maps.Keys(c.Contents)) {
		if !slices.Contains(c.Added, file) {
			others = append(others, file)
		}
	}
	tell(catalog.Added, "added", c.Added)
	tell(catalog.Removed, "removed", c.Removed)
	tell(catalog.Changed, "changed", others)
	t.summary = strings.Join(says, ", ")
	return t
}

func (s *state) record(d event.FactRecorded) (t tale) {
	switch d.Fact {
	case event.FactFiles:
		return filesChanged(d)
	case event.FactVerified:
		var said event.Verified
		if json.Unmarshal(d.Value, &said) != nil || said.Note == "" {
			return tale{summary: "it is still so"}
		}
		return tale{summary: "it is still so: " + said.Note}
	}
	before := s.Fact
	s.Fact = nil
	if err := json.Unmarshal(d.Value, &s.Fact); err != nil {
		return tale{summary: d.Fact}
	}
	change := catalog.Change{Path: d.Fact, Before: before, After: s.Fact}
	switch {
	case reflect.DeepEqual(before, s.Fact):
		return tale{summary: d.Fact + ": as before"}
	case before == nil:
		t.summary, change.Op = d.Fact+": recorded", catalog.Added
	case s.Fact == nil:
		t.summary, change.Op = d.Fact+": there is none any more", catalog.Removed
	default:
		t.summary, change.Op = d.Fact+": changed", catalog.Changed
	}
	t.changes = []catalog.Change{change}
	return t
}

func backfilled(d event.RepositoryBackfilled) string {
	if d.Events == 0 {
		return fmt.Sprintf("its history of %s tells nothing more", counted(d.Commits, "commit"))
	}
	return fmt.Sprintf("%s found in %s since %s", were(d.Events, "event"), counted(d.Commits, "commit"), d.Since.UTC().Format(time.DateOnly))
}

// counted is a number of things: 1 commit, 12 commits.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// were is that with the verb: 1 event was, 12 events were.
func were(n int, thing string) string {
	if n == 1 {
		return counted(n, thing) + " was"
	}
	return counted(n, thing) + " were"
}
