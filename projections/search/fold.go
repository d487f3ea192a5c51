package search

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/sqlstore"
)

// folder folds one record.
type folder struct {
	*sqlstore.Tx
	*Search
	ctx context.Context // of Apply
	rec eventlog.Record
}

func (f *folder) fold() error {
	switch f.rec.Type {
	case event.TypeEntityRegistered, event.TypeEntityChanged, event.TypeEntityRemoved, event.TypeDocsPublished, event.TypeDocsRemoved:
	default:
		return nil
	}
	if f.rec.Backfilled() {
		return nil
	}
	d, err := f.rec.Decode()
	if err != nil {
		return err
	}
	switch d := d.(type) {
	case event.EntityRegistered:
		return f.declare(&d.Declaration)
	case event.EntityChanged:
		return f.declare(&d.Declaration)
	case event.EntityRemoved:
		return f.undeclare(d)
	case event.DocsPublished:
		return f.publish(d)
	case event.DocsRemoved:
		return f.replace(d.Entity, Pages, nil)
	}
	return nil
}

// declare takes an entity in as it is from now on.
func (f *folder) declare(d *event.Declaration) error {
	e := &d.Entity
	ref := e.Ref().String()
	if err := f.Declare(ref, placeOf(d.Origin)); err != nil {
		return err
	}
	owner, targets := f.relations(e)
	if err := f.refer(ref, targets); err != nil {
		return err
	}
	before, err := f.current(ref)
	if err != nil {
		return err
	}
	now := entityDocument(e, owner)
	if err := f.replace(ref, Entities, []document{now}); err != nil {
		return err
	}
	if before.owner != owner {
		if err := f.rehome(ref, owner); err != nil {
			return err
		}
	}
	if now.says.Definition == before.says.Definition {
		return nil // its operations are what they were
	}
	return f.replace(ref, Operations, operationDocuments(e, owner))
}

// relations are an entity's owner and all that it refers to.
func (f *folder) relations(e *catalog.Entity) (owner string, targets []string) {
	self := e.Ref().String()
	for _, edge := range f.kinds.Edges(e) {
		if edge.From.String() != self {
			continue
		}
		target := edge.To.String()
		if edge.Type == "ownedBy" && owner == "" {
			owner = target
		}
		if target != self && !slices.Contains(targets, target) {
			targets = append(targets, target)
		}
	}
	return owner, targets
}

// refer counts who is referred to.
func (f *folder) refer(ref string, now []string) error {
	before, err := texts(f.QueryRow(`SELECT json_group_array(target) FROM refers WHERE ref = ?`, ref))
	if err != nil {
		return err
	}
	for _, target := range before {
		if slices.Contains(now, target) {
			continue
		}
		if _, err := f.Exec(`DELETE FROM refers WHERE ref = ? AND target = ?`, ref, target); err != nil {
			return err
		}
		if _, err := f.Exec(`UPDATE referred SET n = n - 1 WHERE ref = ?`, target); err != nil {
			return err
		}
	}
	for _, target := range now {
		if slices.Contains(before, target) {
			continue
		}
		if _, err := f.Exec(`INSERT INTO refers (ref, target) VALUES (?, ?)`, ref, target); err != nil {
			return err
		}
		if _, err := f.Exec(`INSERT INTO referred (ref, n) VALUES (?, 1) ON CONFLICT (ref) DO UPDATE SET n = n + 1`, target); err != nil {
			return err
		}
	}
	return nil
}

// texts reads a list that was written as JSON.
func texts(row sqlstore.Row) (all []string, err error) {
	var written []byte
	if err := row.Scan(&written); err != nil {
		return nil, err
	}
	return all, json.Unmarshal(written, &all)
}

// current is the row of an entity; the zero document if there is none.
func (f *folder) current(ref string) (d document, err error) {
	var says []byte
	err = f.QueryRow(`SELECT owner, says FROM documents d JOIN texts ON texts.rowid = d.id WHERE ref = ? AND type = ? AND place = '' AND ended = 0`, ref, Entities).Scan(&d.owner, &says)
	if errors.Is(err, sql.ErrNoRows) {
		return d, nil
	}
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(says, &d.says)
}

func placeOf(o event.Origin) sqlstore.Place {
	return sqlstore.Place{Source: o.Source, Repository: o.RepositoryID, Path: o.Path}
}

// undeclare takes an entity out that came to its end.
func (f *folder) undeclare(d event.EntityRemoved) error {
	if ended, err := f.Undeclare(d.Ref, placeOf(d.Origin)); err != nil || !ended {
		return err
	}
	return f.remove(d.Ref)
}

// remove ends all that belongs to an entity.
func (f *folder) remove(ref string) error {
	if err := f.refer(ref, nil); err != nil {
		return err
	}
	for _, typ := range Types() {
		if err := f.replace(ref, typ, nil); err != nil {
			return err
		}
	}
	return nil
}

// publish takes in the pages of a site.
func (f *folder) publish(d event.DocsPublished) error {
	before, err := f.current(d.Entity)
	if err != nil {
		return err
	}
	site, err := f.contents.Published(f.ctx, d)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		// What the pages hold is lost; their names are in the event.
		return f.replace(d.Entity, Pages, namedPages(d, before.owner))
	case err != nil:
		return fmt.Errorf("read the docs of %s: %w", d.Entity, err)
	}
	return f.replace(d.Entity, Pages, pageDocuments(d, site, before.owner))
}
