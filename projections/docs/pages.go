package docs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/callboard/callboard/eventlog"
)

// PageVersion is a page with one content, from a publication to whatever ended it.
type PageVersion struct {
	Path string `json:"path"` // in the site
	Blob string `json:"blob"`
	Origin
	Ended eventlog.Position `json:"ended,omitzero"` // 0 while it stands
}

// PageVersions returns what an entity's page at a path was, by what is known at a
// position (0: now), the newest first. A page that moved has others at other paths.
func (d *Docs) PageVersions(ctx context.Context, entity, path string, known eventlog.Position) ([]PageVersion, error) {
	rows, err := d.db.QueryContext(ctx, `SELECT pages.blob, iif(pages.ended > ?3, 0, pages.ended), p.position, p.since, p.actor, p.cause FROM pages JOIN published p USING (position)
		WHERE entity = ?1 AND path = ?2 AND position <= ?3 ORDER BY position DESC`, entity, path, upTo(known))
	if err != nil {
		return nil, fmt.Errorf("read the versions of %s: %w", path, err)
	}
	defer rows.Close()
	var all []PageVersion
	for rows.Next() {
		v := PageVersion{Path: path}
		var since int64
		var actor, cause []byte
		if err := rows.Scan(&v.Blob, &v.Ended, &v.Position, &since, &actor, &cause); err != nil {
			return nil, err
		}
		v.Since = time.Unix(0, since).UTC()
		if err := errors.Join(json.Unmarshal(actor, &v.Actor), json.Unmarshal(cause, &v.Cause)); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// PagePaths lists the paths at which an entity ever had a page.
func (d *Docs) PagePaths(ctx context.Context, entity string) ([]string, error) {
	rows, err := d.db.QueryContext(ctx, `SELECT DISTINCT path FROM pages WHERE entity = ? ORDER BY path`, entity)
	if err != nil {
		return nil, fmt.Errorf("read the pages of %s: %w", entity, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var path string
		if err := rows.Scan(&path); err != nil {
			return nil, err
		}
		all = append(all, path)
	}
	return all, rows.Err()
}
