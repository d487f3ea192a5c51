package notices

import (
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/scorecards"
)

// decisions are what may become of a request, by the event that says so.
func decisions() map[event.Type]string {
	return map[event.Type]string{event.TypeExemptionGranted: Granted, event.TypeExemptionDenied: Denied, event.TypeExemptionRevoked: Revoked}
}

// request puts what an event says of an exemption as one of a notice.
func (f folder) request(e event.Exemption, card *scorecards.Card) Request {
	return Request{
		Exemption: e.Ref, Entity: e.Entity, Rules: e.Rules, RuleTitles: titles(card, e.Rules), Reason: e.Reason, Until: e.Until, By: e.RequestedBy,
		Decision: decisions()[f.rec.Type], DecidedBy: e.DecidedBy, Note: e.Note, Time: f.rec.Time, Position: f.rec.Position,
		Actor: f.rec.Actor, Cause: f.rec.Cause,
	}
}

// requested tells those who decide that an exemption is asked for. What is asked for of one
// card is one notice, as drops of a team are.
func (f folder) requested(e event.Exemption, decides, title string, card *scorecards.Card) error {
	if _, err := f.closeRequests(e.Ref, Requested, 0); err != nil { // it was asked for on other terms
		return err
	}
	owner, _, _, err := f.of(e.Entity)
	if err != nil {
		return err
	}
	return f.ask(Requested, e, title, f.request(e, card), decides, owner)
}

// decided tells whoever asked for an exemption what became of it, and the owner of its
// entity. Of one that nobody asked for there is nothing to tell, unless something was told.
func (f folder) decided(e event.Exemption, title string, card *scorecards.Card) error {
	is := f.request(e, card)
	waited, err := f.closeRequests(e.Ref, Requested, 0)
	if err != nil {
		return err
	}
	replaced, err := f.closeRequests(e.Ref, Decided, f.clock())
	if err != nil {
		return err
	}
	told, err := f.lastDecision(e.Ref)
	if err != nil {
		return err
	}
	same := told.Decision == is.Decision && told.Until == is.Until
	switch {
	case is.Decision == "", waited && is.Decision == Revoked: // withdrawn
		return nil
	case !waited && (same || told.Decision == "" && !replaced):
		return nil
	}
	owner, _, _, err := f.of(e.Entity)
	if err != nil {
		return err
	}
	return f.ask(Decided, e, title, is, person(e.RequestedBy), owner)
}

// person is the full ref of somebody who is named by one; empty for a mere name.
func person(named string) string {
	if strings.HasPrefix(named, "user:") || strings.HasPrefix(named, "group:") {
		return named
	}
	return ""
}

// ask has a request be one of a notice for somebody, which concerns the owner of its entity, too.
func (f folder) ask(kind string, e event.Exemption, title string, r Request, whom, owner string) error {
	n := f.begin(kind)
	n.Card, n.CardTitle = e.Card, title
	n.Actor, n.Cause = event.Actor{}, event.Cause{} // each request has its own
	group := whom
	if group == "" {
		group = owner
	}
	if kind == Requested {
		group = "" // who decides follows from the card
	}
	id, err := f.gather(n, group)
	if err != nil {
		return err
	}
	for _, ref := range []string{whom, owner} {
		if err := f.concern(id, ref); err != nil {
			return err
		}
	}
	says, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = f.Exec(`INSERT INTO requests (notice, exemption, position, time, says) VALUES (?, ?, ?, ?, ?)`, id, e.Ref, f.rec.Position, f.rec.Time.UnixNano(), string(says))
	return err
}

// closeRequests takes what notices of a kind say of an exemption back, those that are sent
// only after a moment, and reports whether there was any.
func (f folder) closeRequests(ref, kind string, after int64) (bool, error) {
	var open int
	if err := f.QueryRow(`SELECT count(*) FROM requests AS r JOIN notices AS n ON n.id = r.notice WHERE r.exemption = ? AND r.ended = 0 AND n.kind = ? AND n.ripe > ?`, ref, kind, after).Scan(&open); err != nil || open == 0 {
		return false, err
	}
	if _, err := f.Exec(`UPDATE requests SET ended = ?, ended_at = ? WHERE exemption = ? AND ended = 0 AND notice IN (SELECT id FROM notices WHERE kind = ? AND ripe > ?)`,
		f.rec.Position, f.clock(), ref, kind, after); err != nil {
		return false, err
	}
	if _, err := f.Exec(`UPDATE notices SET gone = ?, gone_at = ? WHERE gone = 0 AND kind = ? AND id IN (SELECT notice FROM requests WHERE exemption = ?)
		AND NOT EXISTS (SELECT 1 FROM requests WHERE notice = notices.id AND ended = 0)`, f.rec.Position, f.clock(), kind, ref); err != nil {
		return false, err
	}
	return true, f.spare(ref)
}

// spare has notices that go on without a request concern none whom only that one did: the owner
// of its entity, and who asked.
func (f folder) spare(ref string) error {
	_, err := f.Exec(`DELETE FROM concerns WHERE (notice, ref) IN (
			SELECT r.notice, k.owner FROM requests AS r JOIN known AS k ON k.ref = json_extract(r.says, '$.entity') WHERE r.exemption = ? AND r.ended = ?
			UNION SELECT notice, json_extract(says, '$.by') FROM requests WHERE exemption = ? AND ended = ?)
		AND EXISTS (SELECT 1 FROM requests AS o WHERE o.notice = concerns.notice AND o.ended = 0)
		AND NOT EXISTS (SELECT 1 FROM requests AS o LEFT JOIN known AS k ON k.ref = json_extract(o.says, '$.entity')
			WHERE o.notice = concerns.notice AND o.ended = 0 AND (k.owner = concerns.ref OR json_extract(o.says, '$.by') = concerns.ref))
		AND NOT EXISTS (SELECT 1 FROM notices AS n JOIN known AS k ON k.ref = n.card WHERE n.id = concerns.notice AND k.owner = concerns.ref)`,
		ref, f.rec.Position, ref, f.rec.Position)
	return err
}

// lastDecision is what was told last of an exemption; zero if nothing was.
func (f folder) lastDecision(ref string) (r Request, err error) {
	var says []byte
	err = f.QueryRow(`SELECT r.says FROM requests AS r JOIN notices AS n ON n.id = r.notice
		WHERE r.exemption = ? AND r.ended = 0 AND n.kind = ? ORDER BY r.position DESC LIMIT 1`, ref, Decided).Scan(&says)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(says, &r)
	}
	return r, err
}
