package notices

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/sqlstore"
	"github.com/callboard/callboard/scorecards"
)

// folder folds one record.
type folder struct {
	*sqlstore.Tx
	rec   eventlog.Record
	grace time.Duration
}

func (f folder) fold() error {
	if err := f.settle(); err != nil {
		return err
	}
	if f.rec.Backfilled() {
		return nil
	}
	switch f.rec.Type {
	case event.TypeEntityRegistered:
		return with(f, func(d event.EntityRegistered) error { return f.declare(d.Declaration) })
	case event.TypeEntityChanged:
		return with(f, func(d event.EntityChanged) error { return f.declare(d.Declaration) })
	case event.TypeEntityRemoved:
		return with(f, f.remove)
	case event.TypeScoreChanged:
		return with(f, f.score)
	case event.TypeExemptionRequested, event.TypeExemptionGranted, event.TypeExemptionDenied, event.TypeExemptionRevoked, event.TypeExemptionExpired:
		var e event.Exemption
		if err := json.Unmarshal(f.rec.Data, &e); err != nil {
			return err
		}
		return f.exemption(e)
	case event.TypeInitiativeOpened, event.TypeInitiativeChanged, event.TypeInitiativeClosed:
		var i event.Initiative
		if err := json.Unmarshal(f.rec.Data, &i); err != nil {
			return err
		}
		return f.initiative(i)
	case event.TypeInitiativeAsked:
		return with(f, f.asked)
	}
	return nil
}

func with[D event.Data](f folder, do func(D) error) error {
	d, err := event.DecodeAs[D](f.rec.Event)
	if err != nil {
		return err
	}
	return do(d)
}

// clock is when the record was known: what grows from record to record.
func (f folder) clock() int64 { return f.rec.Recorded.UnixNano() }

// declare keeps what must be known of an entity, and where it is declared.
func (f folder) declare(d event.Declaration) error {
	e, at := d.Entity, d.Origin
	owner := ""
	if text := e.SpecString("owner"); text != "" {
		if r, err := catalog.ParseRef(text, catalog.Ref{Kind: "Group", Namespace: e.Metadata.Namespace}); err == nil {
			owner = r.String()
		}
	}
	says, err := cardSays(&e)
	if err != nil {
		return err
	}
	_, err = f.Exec(`INSERT INTO known (ref, source, repository, path, owner, title, says) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (ref) DO UPDATE
		SET source = excluded.source, repository = excluded.repository, path = excluded.path, owner = excluded.owner, title = excluded.title, says = excluded.says
		WHERE (source, repository, path, owner, title, says) <> (excluded.source, excluded.repository, excluded.path, excluded.owner, excluded.title, excluded.says)`,
		f.rec.Subject, at.Source, at.RepositoryID, at.Path, owner, e.Title(), says)
	if err != nil || e.Kind != scorecards.KindScorecard {
		return err
	}
	return f.remeasure()
}

// remove forgets an entity that is not declared any more. The end of a second, refused
// declaration elsewhere is not the entity's, and removes nothing.
func (f folder) remove(d event.EntityRemoved) error {
	if _, err := f.Exec(`DELETE FROM known WHERE ref = ? AND source = ? AND repository = ? AND path = ?`,
		f.rec.Subject, d.Origin.Source, d.Origin.RepositoryID, d.Origin.Path); err != nil {
		return err
	}
	return f.remeasure()
}

// of is what is known of an entity, and the card that it is, if it is one; nothing of one that
// is not there.
func (f folder) of(ref string) (owner, title string, card *scorecards.Card, err error) {
	var says []byte
	err = f.QueryRow(`SELECT owner, title, says FROM known WHERE ref = ?`, ref).Scan(&owner, &title, &says)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil, nil
	}
	if err == nil {
		card, err = readCard(says)
	}
	return owner, title, card, err
}

// add makes a notice, and returns its id. What is of one owner is grouped.
func (f folder) add(n Notice, owner string) (int64, error) {
	says, err := json.Marshal(n.Says)
	if err != nil {
		return 0, err
	}
	ripe, err := f.free(n.Ripe.UnixNano())
	if err != nil {
		return 0, err
	}
	if _, err := f.Exec(`INSERT INTO notices (kind, card, about, owner, position, time, shown, ripe, gathered, says) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		n.Kind, n.Card, n.About, owner, f.rec.Position, n.Time.UnixNano(), n.Shown.UnixNano(), ripe, n.Gathered, string(says)); err != nil {
		return 0, err
	}
	var id int64
	err = f.QueryRow(`SELECT max(id) FROM notices`).Scan(&id)
	return id, err
}

// atOnce is how much of the time after a moment belongs to the notices that are due at it:
// a nanosecond for each.
const atOnce = int64(time.Millisecond)

// free returns the first nanosecond from one on that comes after the notices of the same
// moment. Two are never ripe in the same: up to where somebody was sent all is kept as it.
func (f folder) free(ripe int64) (int64, error) {
	for ; ; ripe += atOnce {
		var last sql.NullInt64
		err := f.QueryRow(`SELECT max(ripe) FROM notices WHERE ripe >= ? AND ripe < ?`, ripe, ripe+atOnce).Scan(&last)
		if err != nil || !last.Valid {
			return ripe, err
		}
		if last.Int64+1 < ripe+atOnce {
			return last.Int64 + 1, nil
		}
	}
}

// begin is a notice of now, that waits for the grace.
func (f folder) begin(kind string) Notice {
	return Notice{Kind: kind, Time: f.rec.Time, Shown: f.rec.Recorded, Ripe: f.rec.Recorded.Add(f.grace), Says: Says{Actor: f.rec.Actor, Cause: f.rec.Cause}}
}

// on makes a notice one of a moment to come, that waits for nothing more; false if that
// is past, or centuries away.
func (f folder) on(n *Notice, at time.Time) bool {
	n.Time, n.Shown, n.Ripe = at, at, at
	return at.After(f.rec.Recorded) && at.Year() < farAway
}

// farAway is the first year of which moments are no nanoseconds since 1970 any more.
const farAway = 2262

// gather returns the notice that something belongs to that is of one owner, on a card. The
// first is sent when the grace is over; what follows within an hour after that is one more,
// at its end.
func (f folder) gather(n Notice, owner string) (int64, error) {
	var id, at, ripe int64
	err := f.QueryRow(`SELECT id, time, ripe FROM notices WHERE kind = ? AND card = ? AND owner = ? AND (gone = 0 OR gone_at > ripe) ORDER BY id DESC LIMIT 1`, n.Kind, n.Card, owner).
		Scan(&id, &at, &ripe)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return 0, err
	case !f.near(at, together):
	case ripe > f.clock():
		_, err := f.Exec(`UPDATE notices SET shown = ? WHERE id = ?`, f.clock(), id)
		return id, err
	case ripe+int64(together) > n.Ripe.UnixNano():
		n.Ripe, n.Gathered = time.Unix(0, ripe+int64(together)), true
	}
	return f.add(n, owner)
}

// concern has a notice concern somebody, as it may already.
func (f folder) concern(notice int64, ref string) error {
	if ref == "" {
		return nil
	}
	_, err := f.Exec(`INSERT OR IGNORE INTO concerns (ref, notice) VALUES (?, ?)`, ref, notice)
	return err
}

// take takes back the notices of some kinds about something.
func (f folder) take(about string, kinds ...string) error {
	for _, kind := range kinds {
		if _, err := f.Exec(`UPDATE notices SET gone = ?, gone_at = ? WHERE about = ? AND kind = ? AND gone = 0`, f.rec.Position, f.clock(), about, kind); err != nil {
			return err
		}
	}
	return nil
}
