package docs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// Version is a tag or release of a repository, and the moment that it stands for: when
// its commit was made, as far as a forge tells, else when it was tagged or published.
type Version struct {
	Tag      string            `json:"tag"`
	At       time.Time         `json:"at"`
	Position eventlog.Position `json:"position"` // of the event that said so
	Release  bool              `json:"release,omitempty"`
	Name     string            `json:"name,omitempty"` // of the release
	URL      string            `json:"url,omitempty"`  // of the release
}

const tagPrefix = "refs/tags/"

func (f *folding) tagged(d event.ActivityPush) error {
	tag, ok := strings.CutPrefix(d.Ref, tagPrefix)
	if !ok {
		return nil
	}
	at := f.rec.Time
	if !d.Committed.IsZero() {
		at = d.Committed
	}
	return f.version(d.Repository, Version{Tag: tag, At: at}, d.After == "")
}

func (f *folding) released(d event.ActivityRelease) error {
	at := f.rec.Time
	if !d.Published.IsZero() {
		at = d.Published
	}
	return f.version(d.Repository, Version{Tag: d.Tag, At: at, Release: true, Name: d.Name, URL: d.URL}, d.Action == "deleted")
}

func (f *folding) version(r event.Repository, v Version, gone bool) error {
	_, err := f.tx.Exec(`INSERT INTO versions (source, repository, tag, release, position, at, gone, name, url) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.Source, r.ID, v.Tag, v.Release, f.rec.Position, v.At.UnixNano(), gone, v.Name, v.URL)
	return err
}

// Versions lists the tags and releases of a repository, by what is known at a position
// (0: now), the newest first.
func (d *Docs) Versions(ctx context.Context, r event.Repository, known eventlog.Position) ([]Version, error) {
	rows, err := d.db.QueryContext(ctx, `SELECT tag, release, max(position), at, gone, name, url FROM versions
		WHERE source = ? AND repository = ? AND position <= ? GROUP BY tag, release ORDER BY tag, release`, r.Source, r.ID, upTo(known))
	if err != nil {
		return nil, fmt.Errorf("read the versions of %s: %w", r.FullName, err)
	}
	defer rows.Close()
	var all []Version
	for rows.Next() {
		var v Version
		var at int64
		var gone bool
		if err := rows.Scan(&v.Tag, &v.Release, &v.Position, &at, &gone, &v.Name, &v.URL); err != nil {
			return nil, err
		}
		v.At = time.Unix(0, at).UTC()
		switch last := len(all) - 1; {
		case gone:
		case last >= 0 && all[last].Tag == v.Tag: // the tag knows its commit
			all[last].Release, all[last].Name, all[last].URL = true, v.Name, v.URL
		default:
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, func(a, b Version) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Position, a.Position)) })
	return all, rows.Err()
}
