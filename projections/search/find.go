package search

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/projections"
)

// Looked is how many documents that hold what is looked for are put in order, those
// written down last first. Documents with the name itself are always among them.
const Looked = 2000

// Query is what somebody looks for. Empty fields select all.
type Query struct {
	Text   string
	Types  []string // see [Types]
	Kinds  []string // of the entity that a document is, or belongs to; in any letter case
	Owners []string // full refs; [NoOwner] for those of nobody
	Sites  []string // refs of entities whose pages to look at
	// What the entity says that a document is, or belongs to; in any letter case.
	Names, Namespaces, SpecTypes, Lifecycles []string
	// From and To bound when a document changed last: at From or later, before To.
	From, To time.Time
	// Moment is when a document said so; zero is now.
	projections.Moment
	Newest    bool // by the last change, instead of how well it fits
	Uncounted bool // values are not counted
	Offset    int
	Limit     int
}

// NoOwner stands for the owner of what nobody owns.
const NoOwner = "none"

// Results is what was found.
type Results struct {
	Hits   []Hit
	Total  int
	More   bool // there are more than Total
	Types  []Count
	Kinds  []Count
	Owners []Count
	Sites  []Count
	// Meant are words that nothing holds, each with those that were looked for instead.
	Meant []Meant
	// Some: nothing holds all words; these hold some of them.
	Some bool
	// Outside: something matches, but the filters leave it out.
	Outside bool
}

// Meant is a word with what it was taken for.
type Meant struct {
	Word string
	For  []string
}

// Count is a value, and how many of what was found have it.
type Count struct {
	Value string
	Count int
}

// Hit is a document that was found.
type Hit struct {
	Type    string
	Ref     string // full ref of the entity that it is, or belongs to
	Place   string // path of a page in its site; verb and name of an operation
	Owner   string // full ref
	Changed time.Time
	Title   []Piece
	Excerpt []Piece
	// Section is the heading that the excerpt stands under, by its anchor, and Heading what
	// it says; empty for the page as a whole.
	Section, Heading string
	Text             string // of the body, or of that section
	Details
}

// field is one that results are narrowed and counted by.
type field struct {
	column string
	wanted func(*Query) *[]string
	value  func(candidate) string
	counts func(*Results) *[]Count
}

func fields() []field {
	return []field{
		{"d.type", func(q *Query) *[]string { return &q.Types }, func(c candidate) string { return c.typ }, func(r *Results) *[]Count { return &r.Types }},
		{"d.kind", func(q *Query) *[]string { return &q.Kinds }, func(c candidate) string { return c.kind }, func(r *Results) *[]Count { return &r.Kinds }},
		{"d.owner", func(q *Query) *[]string { return &q.Owners }, func(c candidate) string { return cmp.Or(c.owner, NoOwner) }, func(r *Results) *[]Count { return &r.Owners }},
		{"iif(d.type = '" + Pages + "', d.ref, '')", func(q *Query) *[]string { return &q.Sites }, candidate.site, func(r *Results) *[]Count { return &r.Sites }},
	}
}

// site is the ref of the entity whose page it is; "" if it is none.
func (c candidate) site() string {
	if c.typ != Pages {
		return ""
	}
	return c.ref
}

// Find looks for what a query asks for.
func (s *Search) Find(ctx context.Context, q Query) (Results, error) {
	terms := parse(q.Text)
	if len(terms) == 0 && strings.TrimSpace(q.Text) != "" {
		return Results{}, nil // signs alone, which no text is found by
	}
	r, all, err := s.seek(ctx, q, terms, false)
	if err != nil || len(all) > 0 || len(terms) == 0 {
		return s.show(ctx, q, r, all, terms, err)
	}
	// Nothing holds all of it. Is it the filters, a slip, or that no document has all words?
	r.Outside, err = s.outside(ctx, q, terms)
	if err != nil || r.Outside {
		return r, err
	}
	mended, ok, err := s.mend(ctx, terms)
	if err != nil {
		return r, err
	}
	if ok {
		if r, all, err = s.seek(ctx, q, mended, false); err != nil || len(all) > 0 {
			return s.show(ctx, q, r, all, mended, err)
		}
	}
	if len(mended) > 1 {
		if r, all, err = s.seek(ctx, q, mended, true); len(all) > 0 {
			r.Some = true
		}
	}
	return s.show(ctx, q, r, all, mended, err)
}

// outside reports whether anything would be found without the filters.
func (s *Search) outside(ctx context.Context, q Query, terms []term) (bool, error) {
	free := Query{Text: q.Text, Moment: q.Moment}
	all, _, err := s.look(ctx, free, terms, false)
	return len(all) > 0, err
}

// seek finds candidates, the best first, and counts them.
func (s *Search) seek(ctx context.Context, q Query, terms []term, some bool) (r Results, all []candidate, err error) {
	all, r.More, err = s.look(ctx, q, terms, some)
	if err != nil {
		return r, nil, err
	}
	r.Total = len(all)
	for _, f := range fields() {
		if q.Uncounted {
			break
		}
		counted := all
		if len(*f.wanted(&q)) > 0 { // a choice leaves the others to choose
			free := q
			*f.wanted(&free) = nil
			if counted, _, err = s.look(ctx, free, terms, some); err != nil {
				return r, nil, err
			}
		}
		*f.counts(&r) = count(counted, f.value)
	}
	order := better
	if q.Newest || len(terms) == 0 {
		order = newer
	}
	slices.SortFunc(all, order)
	for _, t := range terms {
		if len(t.meant) > 0 {
			r.Meant = append(r.Meant, Meant{t.text, t.meant})
		}
	}
	return r, all, nil
}

// count counts values, the most frequent first; "" is none.
func count(all []candidate, value func(candidate) string) []Count {
	of := map[string]int{}
	for _, c := range all {
		if v := value(c); v != "" {
			of[v]++
		}
	}
	counts := make([]Count, 0, len(of))
	for v, n := range of {
		counts = append(counts, Count{v, n})
	}
	slices.SortFunc(counts, func(a, b Count) int { return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Value, b.Value)) })
	return counts
}

// look finds what matches, in no order, and reports whether there is more.
func (s *Search) look(ctx context.Context, q Query, terms []term, some bool) (all []candidate, more bool, err error) {
	where, args := narrowed(q)
	if len(terms) == 0 {
		all, err = s.candidates(ctx, "", `FROM documents d WHERE `+where+` ORDER BY d.changed DESC LIMIT `+fmt.Sprint(Looked+1), args)
		return all[:min(len(all), Looked)], len(all) > Looked, err
	}
	match, name := expression(terms, some), key(q.Text)
	seen := map[identity]bool{}
	take := func(found []candidate) {
		for _, c := range found {
			if !seen[c.identity] {
				seen[c.identity] = true
				c.fits(name, terms)
				all = append(all, c)
			}
		}
	}
	tables := []string{"texts"}
	if !q.Moment.Now() {
		tables = append(tables, "past")
	}
	for _, table := range tables {
		matches := func(match string) (found []candidate, err error) {
			return s.candidates(ctx, table, `FROM `+table+` JOIN documents d ON d.id = `+table+`.rowid WHERE `+table+` MATCH ? AND `+where+
				` ORDER BY `+table+`.rowid DESC LIMIT `+fmt.Sprint(Looked+1), append([]any{match}, args...))
		}
		found, err := matches(match)
		if err != nil {
			return nil, false, err
		}
		if len(found) > Looked { // those whose names fit are among the others, too
			more, found = true, found[:Looked]
			named, err := matches(named(match))
			if err != nil {
				return nil, false, err
			}
			found = append(found, named[:min(len(named), Looked)]...)
		}
		take(found)
	}
	if !q.Moment.Now() || name == "" || slices.ContainsFunc(terms, func(t term) bool { return !t.free || len(t.meant) > 0 }) {
		return all, more, nil
	}
	for _, column := range []string{"d.called", "d.titled"} { // the name itself, whatever else begins so
		found, err := s.candidates(ctx, "", `FROM documents d WHERE `+column+` >= ? AND `+column+` < ? AND `+where+` ORDER BY `+column+` LIMIT 100`,
			append([]any{name, name + "\U0010ffff"}, args...))
		if err != nil {
			return nil, false, err
		}
		take(found)
	}
	return all, more, nil
}

// narrowed is what a query leaves out, in SQL.
func narrowed(q Query) (where string, args []any) {
	if q.Moment.Now() {
		where = `d.ended = 0`
	} else {
		known, at := int64(math.MaxInt64), int64(math.MaxInt64)
		if q.Known > 0 {
			known = int64(q.Known) //nolint:gosec // a position
		}
		if !q.At.IsZero() {
			at = q.At.UnixNano()
		}
		where, args = `d.position <= ? AND d.since <= ? AND (d.ended = 0 OR d.ended > ? OR d.until > ?)`, []any{known, at, known, at}
	}
	for _, f := range fields() {
		wanted := *f.wanted(&q)
		if len(wanted) == 0 {
			continue
		}
		where += ` AND ` + f.column + ` IN (?` + strings.Repeat(`, ?`, len(wanted)-1) + `)`
		for _, value := range wanted {
			if value = strings.ToLower(value); value == NoOwner && f.column == "d.owner" {
				value = ""
			}
			args = append(args, value)
		}
	}
	for column, wanted := range map[string][]string{
		"substr(d.ref, instr(d.ref, '/') + 1)":                                            q.Names,
		"substr(d.ref, instr(d.ref, ':') + 1, instr(d.ref, '/') - instr(d.ref, ':') - 1)": q.Namespaces,
		said("type"):      q.SpecTypes,
		said("lifecycle"): q.Lifecycles,
	} {
		if len(wanted) > 0 {
			where += ` AND ` + column + ` IN (?` + strings.Repeat(`, ?`, len(wanted)-1) + `)`
			for _, value := range wanted {
				args = append(args, strings.ToLower(value))
			}
		}
	}
	if !q.From.IsZero() {
		where, args = where+` AND d.changed >= ?`, append(args, q.From.UnixNano())
	}
	if !q.To.IsZero() {
		where, args = where+` AND d.changed < ?`, append(args, q.To.UnixNano())
	}
	return where, args
}

// said is what an entity says now under a name, in lower case.
func said(name string) string {
	return `(SELECT lower(json_extract(texts.says, '$.` + name + `')) FROM documents e JOIN texts ON texts.rowid = e.id WHERE e.ref = d.ref AND e.type = '` + Entities + `' AND e.ended = 0)`
}

// candidates reads rows; table is the index that they come from, or "".
func (s *Search) candidates(ctx context.Context, table, from string, args []any) (all []candidate, err error) {
	score := `0.0`
	if table != "" {
		score = `bm25(` + table + `, ` + weights + `)`
	}
	rows, err := s.db.QueryContext(ctx, `SELECT d.type, d.ref, d.kind, d.place, d.position, d.owner, d.called, d.titled, d.changed, `+score+`,
		iif(d.place = '', coalesce((SELECT n FROM referred WHERE referred.ref = d.ref), 0), 0) `+from, args...)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c candidate
		if err := rows.Scan(&c.typ, &c.ref, &c.kind, &c.place, &c.position, &c.owner, &c.called, &c.titled, &c.changed, &c.score, &c.referred); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// show reads what is shown of the candidates of a page.
func (s *Search) show(ctx context.Context, q Query, r Results, all []candidate, terms []term, err error) (Results, error) {
	if err != nil {
		return r, err
	}
	from := min(max(q.Offset, 0), len(all))
	for _, c := range all[from:min(from+max(q.Limit, 0), len(all))] {
		hit, err := s.hit(ctx, c, terms)
		if errors.Is(err, sql.ErrNoRows) {
			continue // a crash took it back just now
		}
		if err != nil {
			return r, err
		}
		r.Hits = append(r.Hits, hit)
	}
	return r, nil
}

// hit reads one document.
func (s *Search) hit(ctx context.Context, c candidate, terms []term) (Hit, error) {
	var title, body string
	var said []byte
	err := s.db.QueryRowContext(ctx, `SELECT coalesce(texts.title, past.title), coalesce(texts.body, past.body), coalesce(texts.says, past.says)
		FROM documents d LEFT JOIN texts ON texts.rowid = d.id LEFT JOIN past ON past.rowid = d.id WHERE d.ref = ? AND d.type = ? AND d.place = ? AND d.position = ?`,
		c.ref, c.typ, c.place, c.position).Scan(&title, &body, &said)
	if err != nil {
		return Hit{}, err
	}
	h := Hit{Type: c.typ, Ref: c.ref, Place: c.place, Owner: c.owner, Changed: time.Unix(0, c.changed).UTC(), Text: body}
	if err := json.Unmarshal(said, &h.Details); err != nil {
		return h, err
	}
	h.Title = pieces(title, 0, len(title), marksOf(title, terms))
	excerpted, in := excerpt(body, marksOf(body, terms), h.Sections)
	h.Excerpt = excerpted
	if top := len(h.Sections) > 0 && in == h.Sections[0] && in.At < excerptSize; !top {
		h.Section, h.Heading = in.ID, in.Title
	}
	if in.ID != "" {
		_, end, _ := around(h.Sections, in.At, len(body))
		h.Text = body[in.At:end]
	}
	return h, nil
}
