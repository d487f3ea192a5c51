package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// backfillCause is what ids of backfilled events derive from, besides what they say.
const backfillCause = "backfill"

// pastWalk goes through the past of one repository, oldest commit first.
type pastWalk struct {
	BackfillOf
	*Backfill
	at    repositoryKey
	blobs *blobs
	after eventlog.Position // where this repository's past begins in the log; 0 = nowhere yet

	known    known           // what the commits so far say
	read     map[string]bool // the files that the last reading looked at
	owners   File            // CODEOWNERS so far
	last     string          // commit, at which the past ends
	end      time.Time       // when the repository was first read: no clock counts that is later
	time     time.Time       // of the newest commit so far: a branch does not go back in time
	since    time.Time
	declared map[string]bool // refs that something which was appended declares
	appended int             // events, and found with those that were there already
	found    int
}

func (w *pastWalk) walk(ctx context.Context, shas []string) error {
	w.declared = map[string]bool{}
	if len(shas) > 0 {
		w.last = shas[len(shas)-1]
	}
	before := ""
	for i, sha := range shas {
		c, err := w.Past.Commit(ctx, sha)
		if err != nil {
			return err
		}
		if c.Time.After(w.time) && (w.end.IsZero() || !c.Time.After(w.end)) {
			w.time = c.Time
		}
		if i == 0 {
			w.since = c.Time
		}
		changed, err := w.Past.Changed(ctx, before, sha)
		if err != nil {
			return err
		}
		before = sha
		matters, err := w.matters(ctx, changed)
		if err != nil {
			return err
		}
		if matters {
			if err := w.step(ctx, c); err != nil {
				return err
			}
		}
		w.Progress(i+1, len(shas))
	}
	return nil
}

// matters reports whether files that changed may change what the repository says.
// While a descriptor is refused any file may: the one that it lacks.
func (w *pastWalk) matters(ctx context.Context, changed []string) (bool, error) {
	if len(changed) == 0 {
		return false, nil
	}
	places := codeowners.Places(w.Owners)
	if len(w.known.rejected) > 0 || slices.ContainsFunc(changed, func(path string) bool { return slices.Contains(places, path) }) {
		return true, nil
	}
	files := make([]File, len(changed))
	for i, path := range changed {
		if w.read[path] || slices.ContainsFunc(w.Selection.Descriptors, func(p string) bool { return doublestar.MatchUnvalidated(p, path) }) {
			return true, nil
		}
		files[i] = File{Path: path}
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	for _, d := range w.known.declared {
		if !isLocation(&d.Entity) {
			continue
		}
		led, _, err := follow(ctx, &d.Entity, d.Origin.Path, w.Repository, files)
		if err != nil || len(led) > 0 {
			return true, err
		}
	}
	return false, nil
}

func (w *pastWalk) gather(ctx context.Context, sha string) (reading, error) {
	g := gatherer{forge: w.Past, repo: w.Repository, patterns: w.Selection.Descriptors, kinds: w.kinds, known: w.known, blobs: w.blobs, dialect: w.Owners}
	return g.gather(ctx, w.Source, sha)
}

// step appends what a commit changed.
func (w *pastWalk) step(ctx context.Context, c Commit) error {
	r, err := w.gather(ctx, c.SHA)
	if err != nil {
		return err
	}
	changes, err := plan(w.known, r, func(ref string) (holder, bool, error) {
		o, ok := w.record.holder(ref, w.at, w.time, w.after)
		return holder{Declaration: event.Declaration{Origin: o}}, ok, nil
	})
	if err != nil {
		return err
	}
	for i, one := range changes {
		d, ok := one.data.(event.EntityRegistered)
		if first := w.record.first[one.ref]; ok && first.commit == w.last {
			d.Entity.Metadata.UID = first.uid // it goes on to be the present one
			changes[i].data = d
		}
	}
	events, err := w.seal(changes, r, c)
	if err != nil {
		return err
	}
	w.read = map[string]bool{}
	for _, f := range r.files {
		w.read[f.Path] = true
	}
	if err := w.know(events); err != nil {
		return err
	}
	owners, err := w.stepOwners(ctx, r, c)
	if err != nil {
		return err
	}
	return w.append(ctx, append(slices.DeleteFunc(events, w.isLive), owners...))
}

// stepOwners tells what a commit changed in CODEOWNERS.
func (w *pastWalk) stepOwners(ctx context.Context, r reading, c Commit) ([]event.Event, error) {
	if r.owners == w.owners {
		return nil, nil
	}
	w.owners = r.owners
	if live, ok := w.record.owned[w.at]; ok && !w.time.Before(live) {
		return nil, nil
	}
	value := []byte("null")
	if r.owners.Path != "" {
		now, err := readOwners(ctx, w.Past, w.blobs, r, w.Owners)
		if err != nil {
			return nil, err
		}
		if value, err = json.Marshal(now); err != nil {
			return nil, err
		}
	}
	e, err := event.New(event.SourcePrefix+w.Source, w.Repository.FullName, event.FactRecorded{
		Fact: event.FactCodeowners, Repository: w.Repository.State(w.Source).Repository, Value: value,
	})
	by := w.creditOf(c)
	e.ID, e.Time, e.Actor = event.DeriveID(0, backfillCause, w.Source, w.Repository.ID, c.SHA, event.FactCodeowners), by.at, by.actor
	e.Cause = event.Cause{Commit: by.sha, CommitURL: by.url}
	e.Extensions = map[string]string{event.Backfill: "true"}
	return []event.Event{e}, err
}

func (w *pastWalk) creditOf(c Commit) credit {
	by := creditOf(c)
	by.at = w.time
	if w.CommitPage != "" {
		by.url = w.CommitPage + c.SHA
	}
	return by
}

func (w *pastWalk) seal(changes []change, r reading, c Commit) ([]event.Event, error) {
	by := w.creditOf(c)
	credits := map[string]credit{}
	for _, path := range due(changes) {
		credits[path] = by
	}
	events, err := seal(changes, r, credits, backfillCause, event.Cause{})
	for i := range events {
		events[i].Extensions = map[string]string{event.Backfill: "true"}
	}
	return events, err
}

// isLive reports whether an event is of the time from which on its subject's
// story is told by live events. That something ends is told by these only if one of
// them declared it: where the first of them refuses it, the past has to say so.
func (w *pastWalk) isLive(e event.Event) bool {
	first, ok := w.record.first[e.Subject]
	since := first.time
	if e.Type == event.TypeEntityRemoved {
		ok, since = ok && !first.declared.IsZero(), first.declared
	}
	return ok && !e.Time.Before(since)
}

// know makes w.known what it is after the events: see [Known] for how.
func (w *pastWalk) know(events []event.Event) error {
	declared, rejected := maps.Clone(w.known.declared), maps.Clone(w.known.rejected)
	mend := func(path, ref string) {
		delete(rejected, place{path, ref})
		delete(rejected, place{path, ""})
	}
	declare := func(d event.Declaration) {
		ref := d.Entity.Ref().String()
		if was, ok := declared[ref]; ok {
			mend(was.Origin.Path, ref)
		}
		mend(d.Origin.Path, ref)
		d.Document = ""
		declared[ref] = d
	}
	for _, e := range events {
		data, err := e.Decode()
		if err != nil {
			return err
		}
		switch d := data.(type) {
		case event.EntityRegistered:
			declare(d.Declaration)
		case event.EntityChanged:
			declare(d.Declaration)
		case event.EntityRemoved:
			mend(d.Origin.Path, d.Ref)
			if declared[d.Ref].Origin.Path == d.Origin.Path {
				delete(declared, d.Ref)
			}
		case event.EntityRejected:
			rejected[place{d.Origin.Path, d.Ref}] = Rejection{EntityRejected: d}
		case event.EntityConflicted:
			rejected[place{d.Origin.Path, d.Ref}] = Rejection{EntityRejected: d.EntityRejected, With: &d.With}
		}
	}
	w.known = newKnown(w.kinds, slices.Collect(maps.Values(declared)), slices.Collect(maps.Values(rejected)))
	w.read = includesAlso(w.read, w.known)
	return nil
}

// includesAlso adds the files that placeholders bring in.
func includesAlso(read map[string]bool, k known) map[string]bool {
	for _, d := range k.declared {
		for _, i := range d.Origin.Includes {
			read[i.Path] = true
		}
	}
	return read
}

func (w *pastWalk) append(ctx context.Context, events []event.Event) error {
	if len(events) == 0 {
		return nil
	}
	appended, err := w.log.Append(ctx, events...)
	if err != nil {
		return err
	}
	for i, a := range appended {
		e := events[i]
		if e.Type == event.TypeEntityRegistered || e.Type == event.TypeEntityChanged {
			w.declared[e.Subject] = true
		}
		if w.found++; a.Duplicate {
			continue
		}
		w.appended++
		if err := w.record.see(eventlog.Record{Position: a.Position, Event: e}); err != nil {
			return err
		}
	}
	return nil
}

// finish ends what the past has and the present had not when it began, and
// records that the repository's past is complete.
func (w *pastWalk) finish(ctx context.Context, shas []string) error {
	if len(shas) == 0 {
		return nil
	}
	c, err := w.Past.Commit(ctx, w.last)
	if err != nil {
		return err
	}
	var changes []change
	for _, ref := range slices.Sorted(maps.Keys(w.declared)) {
		d, declared := w.known.declared[ref]
		if live := w.record.first[ref].declared; !declared || !live.IsZero() && !live.After(w.time) {
			continue
		}
		at := d.Origin
		at.Commit = w.last
		changes = append(changes, change{ref: ref, path: at.Path, due: at.Path, data: event.EntityRemoved{
			Ref: ref, Reason: at.Path + " could not be used when it was first read", Origin: at,
		}})
	}
	events, err := w.seal(changes, reading{source: w.Source, repo: w.Repository, commit: w.last}, c)
	if err != nil {
		return err
	}
	if err := w.append(ctx, events); err != nil {
		return err
	}
	e, err := event.New(event.SourcePrefix+w.Source, w.Repository.FullName, event.RepositoryBackfilled{
		Repository: w.Repository.State(w.Source).Repository, Commit: w.last, Since: w.since, Commits: len(shas), Events: w.found,
	})
	if err != nil {
		return err
	}
	e.ID = event.DeriveID(0, backfillCause, w.Source, w.Repository.ID, w.last)
	_, err = w.log.Append(ctx, e)
	return err
}
