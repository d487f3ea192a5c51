package search

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// document is something that can be found.
type document struct {
	typ, ref, place, owner string
	name, title            string // what people call it
	about, body            string // what it is about in a few words, and in many
	aside                  string // what it is found by, too, that says nothing to people
	says                   Details
}

// Details are what is shown of a document besides, as they are kept.
type Details struct {
	Name       string    `json:"name,omitempty"`       // of an entity as it is written, of an operation its path
	Namespace  string    `json:"namespace,omitempty"`  // of an entity as it is written
	Kind       string    `json:"kind,omitempty"`       // the same
	Type       string    `json:"type,omitempty"`       // spec.type
	Lifecycle  string    `json:"lifecycle,omitempty"`  //
	Definition string    `json:"definition,omitempty"` // digest of that of an API
	URL        string    `json:"url,omitempty"`        // of a page, below its site's
	Site       string    `json:"site,omitempty"`       // what the site of a page is called
	Verb       string    `json:"verb,omitempty"`       // of an operation
	Sections   []Section `json:"sections,omitempty"`   // of the body of a page
}

// Section is a part of a page's body that has a heading.
type Section struct {
	At    int    `json:"at"` // where it begins, in bytes
	ID    string `json:"id"` // of the heading
	Title string `json:"title"`
}

func (d document) kind() string { kind, _, _ := strings.Cut(d.ref, ":"); return kind }

// digest names all that is written down of a document, but for what it has of the entity
// that it belongs to: see rehome.
func (d document) digest(said []byte) string {
	h := sha256.New()
	parts := []string{d.name, d.title, d.about, d.body, d.aside, string(said)}
	if d.typ == Entities {
		parts = append(parts, d.owner)
	}
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// replace makes documents of one type all that there are of an entity. What is as it was
// is left alone.
func (f *folder) replace(ref, typ string, now []document) error {
	var written []byte
	if err := f.QueryRow(`SELECT json_group_object(place, json_array(id, digest)) FROM documents WHERE ref = ? AND type = ? AND ended = 0`, ref, typ).Scan(&written); err != nil {
		return err
	}
	type row struct {
		id     int64
		digest string
	}
	var lists map[string][2]any
	if err := json.Unmarshal(written, &lists); err != nil {
		return err
	}
	before := make(map[string]row, len(lists))
	for place, one := range lists {
		id, _ := one[0].(float64)
		digest, _ := one[1].(string)
		before[place] = row{int64(id), digest}
	}
	seen := make(map[string]bool, len(now))
	for _, d := range now {
		if seen[d.place] {
			continue // said twice; the first counts
		}
		seen[d.place] = true
		said, err := json.Marshal(d.says)
		if err != nil {
			return err
		}
		was, ok := before[d.place]
		if ok && was.digest == d.digest(said) {
			if typ == Entities { // what changed is not searched
				if _, err := f.Exec(`UPDATE documents SET changed = ? WHERE id = ?`, f.rec.Time.UnixNano(), was.id); err != nil {
					return err
				}
			}
			continue
		}
		if ok {
			if err := f.end(was.id); err != nil {
				return err
			}
		}
		if err := f.begin(d, said); err != nil {
			return err
		}
	}
	for place, was := range before {
		if seen[place] {
			continue
		}
		if err := f.end(was.id); err != nil {
			return err
		}
	}
	return nil
}

// begin writes a document down.
func (f *folder) begin(d document, said []byte) error {
	at := f.rec.Time.UnixNano()
	if _, err := f.Exec(`INSERT INTO documents (type, ref, kind, place, owner, called, titled, digest, changed, position, since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.typ, d.ref, d.kind(), d.place, d.owner, nameKey(d.name), key(d.title), d.digest(said), at, f.rec.Position, at); err != nil {
		return err
	}
	if _, err := f.Exec(`INSERT INTO texts (rowid, name, title, about, body, aside, says) VALUES (last_insert_rowid(), ?, ?, ?, ?, ?, ?)`,
		spelled(d.name), d.title, d.about, d.body, d.aside, string(said)); err != nil {
		return err
	}
	for _, word := range words(spelled(d.name) + " " + d.title) {
		if _, err := f.Exec(`INSERT INTO words (word, back, documents) VALUES (?, ?, 1) ON CONFLICT (word) DO UPDATE SET documents = documents + 1`, word, backward(word)); err != nil {
			return err
		}
	}
	return nil
}

// end ends a document: from now on it is one of the past.
func (f *folder) end(id int64) error {
	var name, title string
	if err := f.QueryRow(`SELECT name, title FROM texts WHERE rowid = ?`, id).Scan(&name, &title); err != nil {
		return err
	}
	for _, word := range words(name + " " + title) {
		if _, err := f.Exec(`UPDATE words SET documents = documents - 1 WHERE word = ?`, word); err != nil {
			return err
		}
		if _, err := f.Exec(`DELETE FROM words WHERE word = ? AND documents = 0`, word); err != nil {
			return err
		}
	}
	return f.bury(id)
}

func (f *folder) bury(id int64) error {
	if _, err := f.Exec(`INSERT INTO past (rowid, name, title, about, body, aside, says) SELECT rowid, name, title, about, body, aside, says FROM texts WHERE rowid = ?`, id); err != nil {
		return err
	}
	if _, err := f.Exec(`DELETE FROM texts WHERE rowid = ?`, id); err != nil {
		return err
	}
	// Clocks of commits go backward; what lasted does not.
	_, err := f.Exec(`UPDATE documents SET ended = ?, until = max(since, ?) WHERE id = ?`, f.rec.Position, f.rec.Time.UnixNano(), id)
	return err
}

// rehome gives what belongs to an entity to another owner.
func (f *folder) rehome(ref, owner string) error {
	var written []byte
	if err := f.QueryRow(`SELECT json_group_array(id) FROM documents WHERE ref = ? AND type <> ? AND ended = 0`, ref, Entities).Scan(&written); err != nil {
		return err
	}
	var all []int64
	if err := json.Unmarshal(written, &all); err != nil {
		return err
	}
	slices.Sort(all)
	for _, id := range all {
		if err := f.bury(id); err != nil {
			return err
		}
		if _, err := f.Exec(`INSERT INTO documents (type, ref, kind, place, owner, called, titled, digest, changed, position, since)
			SELECT type, ref, kind, place, ?, called, titled, digest, changed, ?, until FROM documents WHERE id = ?`, owner, f.rec.Position, id); err != nil {
			return err
		}
		if _, err := f.Exec(`INSERT INTO texts (rowid, name, title, about, body, aside, says) SELECT last_insert_rowid(), name, title, about, body, aside, says FROM past WHERE rowid = ?`, id); err != nil {
			return err
		}
	}
	return nil
}
