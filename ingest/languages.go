package ingest

import (
	"context"
	"encoding/json"
	"maps"
	"math"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// LanguageLister is a [Forge] that counts the languages of repositories.
type LanguageLister interface {
	// Languages returns how much of a repository is written in each language, in one unit
	// or another; none: nothing of it is code. fault.NotFound, fault.Denied: it is not told.
	Languages(ctx context.Context, repo Repository) (map[string]float64, error)
}

// recordLanguages records which languages a repository is written in, where those are
// others than is on record. It is asked at looks, the first and those of each day, and of a
// commit once: a push changes little of it.
func (l *lane) recordLanguages(ctx context.Context, r reading, t task) ([]uint64, error) {
	forge, lists := l.forge.(LanguageLister)
	if !lists || l.Repositories == nil || t.received.Type != event.TypeRepositoryDue {
		return nil, nil
	}
	after, err := l.after(ctx)
	if err != nil {
		return nil, err
	}
	var was event.Languages
	known, err := l.Repositories.Fact(ctx, after, l.source.Name(), r.repo.ID, event.FactLanguages)
	if err != nil {
		return nil, err
	}
	if known != nil {
		if err := json.Unmarshal(known, &was); err != nil {
			return nil, err
		}
	}
	if was.Commit == r.commit {
		return nil, nil
	}
	sizes, err := forge.Languages(ctx, r.repo)
	if kind := fault.KindOf(err); err != nil && (kind == fault.NotFound || kind == fault.Denied) {
		return nil, nil
	}
	if err != nil {
		return nil, untold(ctx, err)
	}
	now := event.Languages{Commit: r.commit, Shares: shares(sizes)}
	if known != nil && maps.Equal(was.Shares, now.Shares) {
		return nil, nil
	}
	value, err := json.Marshal(now)
	if err != nil {
		return nil, err
	}
	e, err := event.New(event.SourcePrefix+r.source, r.repo.FullName, event.FactRecorded{
		Fact: event.FactLanguages, Repository: r.repo.State(r.source).Repository, Value: value,
	})
	if err != nil {
		return nil, err
	}
	e.ID, e.Time = event.DeriveID(0, t.cause, r.source, r.repo.ID, event.FactLanguages), t.received.Recorded
	e.Cause.Delivery = t.received.Subject
	l.appending.Lock()
	defer l.appending.Unlock()
	return l.append(ctx, e)
}

// shares are parts of the whole, to three digits: a word more or less is no news.
func shares(sizes map[string]float64) map[string]float64 {
	all := 0.0
	for _, size := range sizes {
		all += max(0, size)
	}
	out := map[string]float64{}
	for name, size := range sizes {
		if size > 0 && !math.IsInf(all, 0) {
			out[name] = math.Round(size/all*1000) / 1000
		}
	}
	return out
}
