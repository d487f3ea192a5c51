package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// repositoryKey names a repository: its source, and the forge's id of it.
type repositoryKey struct{ source, id string }

// record is what a backfill has to know of the log.
type record struct {
	first map[string]firstEvent // of what happened live, by subject
	read  map[repositoryKey]firstRead
	state map[repositoryKey]event.RepositoryState
	done  map[repositoryKey]event.RepositoryBackfilled
	owned map[repositoryKey]time.Time // since when CODEOWNERS was recorded live

	recorded time.Time // of the newest event

	// What was backfilled, by ref, in the order of the log; and where that begins
	// for each repository.
	past  map[string][]held
	begun map[repositoryKey]eventlog.Position
}

// firstEvent is when a subject was first told of.
type firstEvent struct {
	time     time.Time
	declared time.Time // when it was first declared; zero if it never was
	commit   string    // that was read then
	uid      string    // that it has since then
}

// firstRead is the commit at which a repository was first read, and found to
// declare something.
type firstRead struct {
	commit   string
	recorded time.Time
}

// held is a backfilled event by which a repository came to hold an entity, or let
// go of it.
type held struct {
	position eventlog.Position
	time     time.Time
	lets     bool
	origin   event.Origin
}

func (h held) by() repositoryKey { return repositoryKey{h.origin.Source, h.origin.RepositoryID} }

func readRecord(ctx context.Context, log eventlog.Reader) (*record, error) {
	r := &record{
		first: map[string]firstEvent{}, read: map[repositoryKey]firstRead{}, state: map[repositoryKey]event.RepositoryState{},
		done: map[repositoryKey]event.RepositoryBackfilled{}, owned: map[repositoryKey]time.Time{}, past: map[string][]held{}, begun: map[repositoryKey]eventlog.Position{},
	}
	for rec, err := range log.Read(ctx, 0) {
		if err != nil {
			return nil, err
		}
		if err := r.see(rec); err != nil {
			return nil, fmt.Errorf("position %d: %w", rec.Position, err)
		}
	}
	return r, nil
}

// see takes note of an event.
func (r *record) see(rec eventlog.Record) error {
	if rec.Recorded.After(r.recorded) {
		r.recorded = rec.Recorded
	}
	if !strings.HasPrefix(string(rec.Type), "entity.") {
		return r.seeRepository(rec)
	}
	var d struct {
		Entity struct {
			Metadata struct {
				UID string `json:"uid"`
			} `json:"metadata"`
		} `json:"entity"`
		Origin event.Origin `json:"origin"`
	}
	if err := json.Unmarshal(rec.Data, &d); err != nil {
		return fmt.Errorf("decode %s: %w", rec.Type, err)
	}
	at := repositoryKey{d.Origin.Source, d.Origin.RepositoryID}
	declares := rec.Type == event.TypeEntityRegistered || rec.Type == event.TypeEntityChanged
	if rec.Backfilled() {
		if r.begun[at] == 0 {
			r.begun[at] = rec.Position
		}
		if declares || rec.Type == event.TypeEntityRemoved {
			r.past[rec.Subject] = append(r.past[rec.Subject], held{rec.Position, rec.Time, !declares, d.Origin})
		}
		return nil
	}
	if _, read := r.read[at]; !read && d.Origin.Commit != "" {
		r.read[at] = firstRead{d.Origin.Commit, rec.Recorded}
	}
	f, known := r.first[rec.Subject]
	if !known {
		f.time = rec.Time
	}
	if declares && f.declared.IsZero() {
		f.declared, f.commit, f.uid = rec.Time, d.Origin.Commit, d.Entity.Metadata.UID
	}
	r.first[rec.Subject] = f
	return nil
}

func (r *record) seeRepository(rec eventlog.Record) error {
	if !strings.HasPrefix(string(rec.Type), "repository.") && rec.Type != event.TypeFactRecorded {
		return nil
	}
	data, err := rec.Decode()
	if err != nil {
		return err
	}
	keep := func(s event.RepositoryState) { r.state[repositoryKey{s.Source, s.ID}] = s }
	switch d := data.(type) {
	case event.RepositoryObserved:
		keep(d.RepositoryState)
	case event.RepositoryRenamed:
		keep(d.RepositoryState)
	case event.RepositoryArchived:
		keep(d.RepositoryState)
	case event.RepositoryUnarchived:
		keep(d.RepositoryState)
	case event.RepositoryDeleted:
		delete(r.state, repositoryKey{d.Source, d.ID})
	case event.RepositoryLeft:
		delete(r.state, repositoryKey{d.Source, d.ID})
	case event.FactRecorded:
		at := repositoryKey{d.Repository.Source, d.Repository.ID}
		if _, known := r.owned[at]; !known && d.Fact == event.FactCodeowners && !rec.Backfilled() {
			r.owned[at] = rec.Time
		}
	case event.RepositoryBackfilled:
		r.done[repositoryKey{d.Source, d.ID}] = d
	}
	return nil
}

func (r *record) repositories(source string) []event.RepositoryState {
	var all []event.RepositoryState
	for at, s := range r.state {
		if at.source == source {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b event.RepositoryState) int { return cmp.Compare(a.FullName, b.FullName) })
	return all
}

// holder says which other repository held an entity at a time in the past, by the
// events before a position; 0 = all of them.
func (r *record) holder(ref string, of repositoryKey, at time.Time, before eventlog.Position) (event.Origin, bool) {
	all := slices.Clone(r.past[ref])
	slices.SortStableFunc(all, func(a, b held) int { return a.time.Compare(b.time) })
	var holder *held
	for i := range all {
		h := &all[i]
		switch {
		case h.by() == of || h.time.After(at) || before != 0 && h.position >= before:
		case !h.lets:
			holder = h
		case holder != nil && holder.by() == h.by():
			holder = nil
		}
	}
	if holder == nil {
		return event.Origin{}, false
	}
	return holder.origin, true
}
